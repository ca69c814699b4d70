// Places, ties and defects as the API takes them, and undoing what was just done.

import { ask, change, fresh, Refused } from "./ask.js";

/** A tie that was taken back has held for no longer; nothing is ever erased. */
const TAKEN_BACK_MS = 1;

/** Tell whether a tie was taken back as soon as it was made. */
export const takenBack = (tie) => Boolean(tie.valid_to) && new Date(tie.valid_to) - new Date(tie.valid_from) <= TAKEN_BACK_MS;

/** Turn degrees about z, y, x into a quaternion (w, x, y, z). */
export function turned(yaw, pitch, roll) {
  const [a, b, c] = [yaw, pitch, roll].map((d) => (d * Math.PI) / 360);
  const [cy, sy, cp, sp, cr, sr] = [Math.cos(a), Math.sin(a), Math.cos(b), Math.sin(b), Math.cos(c), Math.sin(c)];
  return [
    cr * cp * cy + sr * sp * sy, sr * cp * cy - cr * sp * sy, cr * sp * cy + sr * cp * sy, cr * cp * sy - sr * sp * cy,
  ].map((v) => Math.round(v * 1e6) / 1e6);
}

export class PlaceDesk {
  /** @param {string} building  @param {() => Promise<number>} clock  the server's time, ms */
  constructor(building, clock) {
    this.building = building;
    this.clock = clock;
    /** what takes back each act, newest last */
    this.acts = [];
  }

  /** Write a place. */
  async anchor(draft) {
    const id = fresh();
    const body = { building_id: this.building, picked_by: draft.picked_by };
    for (const name of ["element_id", "revision_seen", "point", "normal", "local_uvw", "storey", "elevation_m", "room", "room_id", "side", "note"]) {
      const value = draft[name];
      if (value !== undefined && value !== null && value !== "") body[name] = value;
    }
    return change("PUT", `/anchors/${id}`, body);
  }

  /** Ties of a sensor, newest first. */
  async ties(sensor) {
    const rows = await ask(`/api/v1/buildings/${encodeURIComponent(this.building)}/monitors?sensor_id=${encodeURIComponent(sensor)}`);
    return rows.sort((a, b) => (a.valid_from < b.valid_from ? 1 : -1));
  }

  async anchors() {
    const rows = await ask(`/api/v1/buildings/${encodeURIComponent(this.building)}/anchors?withdrawn=true`);
    return new Map(rows.map((one) => [one.id, one]));
  }

  tie(one, more = {}) {
    const { id, sensor_id, anchor_id, role, valid_from, valid_to, orientation, version } = { ...one, ...more };
    return change("PUT", `/monitors/${id}`, { sensor_id, anchor_id, role, valid_from, valid_to: valid_to ?? null, orientation: orientation ?? null }, version);
  }

  /**
   * Tie a sensor to a new place from a moment on; the tie of the same role before it ends then.
   * @param {{sensor: string, draft: object, role: string, from: string, orientation: number[] | null}} told
   */
  async place({ sensor, draft, role, from, orientation }) {
    const open = (tie) => tie.role === role && !tie.valid_to && new Date(tie.valid_from) < new Date(from);
    const before = role === "mounted on" ? (await this.ties(sensor)).filter(open) : [];
    const anchor = await this.anchor(draft);
    const ended = [];
    for (const one of before) ended.push(await this.tie(one, { valid_to: from }));
    const tie = await this.tie({ id: fresh(), sensor_id: sensor, anchor_id: anchor.id, role, valid_from: from, orientation });
    this.acts.push(async () => {
      const end = new Date(tie.valid_from).getTime() + TAKEN_BACK_MS;
      await this.tie(tie, { valid_to: new Date(end).toISOString() });
      for (const one of ended) await this.tie(one, { valid_to: null });
      // a tie that is still to begin holds its place until it is over
      if (end <= await this.clock()) await this.withdraw(anchor.id);
    });
    return tie;
  }

  /** Take a place back; one that something else hangs on by now stays. */
  async withdraw(id) {
    try {
      await change("DELETE", `/anchors/${id}`);
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 409) throw error;
    }
  }

  /** Write a defect, new or changed, with a new place where one is told. */
  async defect(defect, draft) {
    const anchor = draft ? await this.anchor(draft) : null;
    const id = defect.id ?? fresh();
    const { code, severity, title, note, value, unit, status, sensor_ids, continues, version, anchor_id } = defect;
    const body = {
      building_id: this.building, anchor_id: anchor?.id ?? anchor_id, code, severity, title, note, value, unit: value === null ? "" : unit, status,
      sensor_ids: sensor_ids ?? [], continues: continues ?? "",
    };
    const made = await change("PUT", `/defects/${id}`, body, version);
    if (anchor && !defect.id) this.acts.push(async () => {
      await change("PUT", `/defects/${id}`, { ...body, status: "dismissed" }, made.version);
    });
    return made;
  }

  async undo() {
    await this.acts.pop()?.();
  }
}
