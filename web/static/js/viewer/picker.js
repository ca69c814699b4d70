// Telling where something is: in the model, from lists, on the plan, in words, or by a tag.

import { el, filled, metres } from "./made.js";
import { takenBack, turned } from "./places.js";
import { middle, within } from "./plan.js";
import { facing, fine, within as share } from "./spot.js";

/** all pages show and take the city's time */
const CITY = "+08:00";
const number = (text) => (text.trim() === "" ? null : Number(text.trim().replace("−", "-").replace(",", ".")));

export class Picker extends EventTarget {
  /**
   * Tells `draft` (detail: the draft), `way` (which way is chosen), `chosen` (step of an element),
   * `saved`.
   * @param {HTMLElement} place  @param {import("./places.js").PlaceDesk} desk
   */
  constructor(place, scene, desk, words, { revision, shapes, label }) {
    super();
    Object.assign(this, { place, scene, desk, words, revision, shapes, label, draft: null, way: "", defect: null });
    this.form = place.querySelector("#model-picker");
    this.said = place.querySelector("#pick-draft");
    this.fault = place.querySelector("#pick-fault");
    this.undoButton = place.querySelector("#pick-undo");
    for (const button of place.querySelectorAll("[data-way]")) button.addEventListener("click", () => this.go(button.dataset.way));
    this.form.what.addEventListener("change", () => this.what());
    for (const list of place.querySelectorAll("[data-floor]")) list.addEventListener("change", () => this.floorChosen(list));
    this.rooms = place.querySelector("[data-room-list]");
    this.elements = place.querySelector("[data-element-list]");
    this.rooms.addEventListener("change", () => { this.listElements(); this.fromList(); });
    this.elements.addEventListener("change", () => this.fromList());
    for (const axis of ["x", "y", "z"]) this.form[axis].addEventListener("input", () => this.fromNumbers());
    for (const name of ["storey", "room", "side", "note"]) this.form[name].addEventListener("input", () => this.fromText());
    this.form.qr.addEventListener("change", () => this.fromTag(this.form.qr.value));
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.save(); });
    this.undoButton.addEventListener("click", () => this.undo());
    this.fill();
  }

  fill() {
    const floors = this.scene.floors();
    for (const list of this.place.querySelectorAll("[data-floor]")) {
      const before = list.value;
      list.replaceChildren(el("option", { value: "", text: this.words.pick_choose }), ...floors.map((one) => el("option", { value: one.id, text: one.name })));
      list.value = before;
    }
    this.place.querySelector("#pick-storeys").replaceChildren(...floors.map((one) => el("option", { value: one.name })));
    const rooms = new Set([...(this.scene.schema?.rooms ?? []).map((one) => one.name), ...this.scene.elements.map((one) => one.space)]);
    this.place.querySelector("#pick-rooms").replaceChildren(...[...rooms].filter(Boolean).map((name) => el("option", { value: name })));
    this.listRooms();
  }

  /** Choose what is to be placed: `sensor:…`, `defect:new` or a defect that is there. */
  start(what, way = this.way) {
    this.defect = null;
    if (what.startsWith("defect:") && what !== "defect:new") this.defect = this.scene.defects.find((one) => `defect:${one.id}` === what) ?? null;
    this.form.what.value = this.defect ? "defect:new" : what;
    this.what();
    if (way) this.go(way);
  }

  what() {
    const { value } = this.form.what, defect = value.startsWith("defect:");
    this.place.querySelector("[data-for-sensor]").hidden = defect;
    this.place.querySelector("[data-for-defect]").hidden = !defect;
    this.place.querySelector("[data-defect-status]").hidden = !this.defect;
    this.fault.textContent = "";
    if (defect) this.fillDefect();
    this.history();
  }

  fillDefect() {
    const one = this.defect ?? { code: "crack", severity: 1, title: "", value: null, unit: "mm", status: "open", note: "" };
    this.form.code.value = one.code;
    this.form.severity.value = String(one.severity);
    this.form.title.value = one.title;
    this.form.value.value = one.value === null ? "" : String(one.value);
    this.form.unit.value = one.unit || "mm";
    this.form.status.value = one.status;
    this.form.defect_note.value = one.note;
    if (this.defect) this.told(null);
  }

  go(way) {
    this.way = way;
    for (const button of this.place.querySelectorAll("[data-way]")) button.setAttribute("aria-pressed", String(button.dataset.way === way));
    for (const part of this.place.querySelectorAll("[data-way-part]")) part.hidden = part.dataset.wayPart !== way;
    this.dispatchEvent(new CustomEvent("way", { detail: way }));
  }

  /** Take what has been told, say it, and let the picture show it. */
  told(draft) {
    this.draft = draft;
    this.said.textContent = draft ? this.describe(draft) : this.defect ? this.words.pick_keep : this.words.pick_none;
    this.dispatchEvent(new CustomEvent("draft", { detail: draft }));
  }

  describe(draft) {
    const element = draft.element_id ? this.scene.byId?.get(draft.element_id) : null;
    return [
      element && this.label(element), draft.point && `(${draft.point.map(metres).join(", ")}) m`,
      draft.storey, draft.room, draft.side, draft.note,
    ].filter(Boolean).join(" · ");
  }

  floorOf(id) {
    return this.scene.floors().find((one) => one.id === id) ?? null;
  }

  /** Fill in what follows from an element and a point. */
  made(picked_by, { element = null, point = null, normal = null, floor = null, room = null, more = {} }) {
    const draft = { picked_by, revision_seen: this.revision, ...more };
    if (element?.id) {
      draft.element_id = element.id;
      floor ??= this.floorOf(element.storey);
      if (element.space && !room) draft.room = element.space;
      const box = this.shapes()?.boxOf(element.step);
      if (box && point) draft.local_uvw = share(point, box);
    }
    if (point) {
      draft.point = fine(point);
      floor ??= this.scene.floorAt(point[2]);
      room ??= this.scene.roomsOn(floor?.id).find((one) => within(point, one.outline)) ?? null;
    }
    if (normal) draft.normal = facing(normal);
    if (floor) { draft.storey = floor.name; draft.elevation_m = floor.elevation; }
    if (room) { draft.room = room.name; draft.room_id = room.id; }
    return draft;
  }

  /** A click into the model. */
  fromModel(picked, element) {
    this.told(this.made("3d", { element, point: picked.point, normal: picked.normal }));
  }

  /** An element that is chosen elsewhere on the page. */
  fromElement(element, picked_by = "list") {
    this.told(this.made(picked_by, { element }));
  }

  floorChosen(list) {
    for (const other of this.place.querySelectorAll("[data-floor]")) other.value = list.value;
    this.listRooms();
    if (this.way === "plan") {
      const floor = this.floorOf(list.value);
      this.dispatchEvent(new CustomEvent("floor", { detail: floor }));
      this.fromNumbers();
    } else this.fromList();
  }

  listRooms() {
    const floor = this.place.querySelector("#pick-floor").value;
    const own = this.scene.roomsOn(floor).map((one) => [`room:${one.id}`, one.name]);
    const spaces = new Set(this.scene.elements.filter((one) => one.storey === floor && one.space).map((one) => one.space));
    const rows = [...own, ...[...spaces].sort().map((name) => [`space:${name}`, name])];
    this.rooms.replaceChildren(el("option", { value: "", text: this.words.any_room }), ...rows.map(([value, text]) => el("option", { value, text })));
    this.listElements();
  }

  listElements() {
    const floor = this.place.querySelector("#pick-floor").value, room = this.rooms.value;
    const rows = this.scene.elements.filter((one) => one.id && one.storey === floor && (!room.startsWith("space:") || one.space === room.slice(6)));
    const by = new Map();
    for (const one of rows) by.set(one.kind, [...(by.get(one.kind) ?? []), one]);
    this.elements.replaceChildren(el("option", { value: "", text: this.words.no_element }), ...[...by].map(([kind, own]) =>
      el("optgroup", { label: this.words[`ifc.${kind}`] ?? kind }, ...own.map((one) => el("option", { value: one.id, text: this.label(one) })))));
  }

  fromList() {
    const floor = this.floorOf(this.place.querySelector("#pick-floor").value);
    const element = this.scene.byId?.get(this.elements.value) ?? null;
    const room = this.rooms.value.startsWith("room:") ? this.scene.roomsOn(floor?.id).find((one) => `room:${one.id}` === this.rooms.value) : null;
    if (!floor) return this.told(null);
    const more = this.rooms.value.startsWith("space:") ? { room: this.rooms.value.slice(6) } : {};
    let point = null;
    if (room && !element) {
      const [x, y] = middle(room.outline);
      point = [x, y, floor.elevation + 1];
    }
    this.told(this.made("list", { element, point, floor, room, more }));
    if (element) this.dispatchEvent(new CustomEvent("chosen", { detail: element.step }));
    return undefined;
  }

  /** A click onto the plan. */
  fromPlan([x, y], floor) {
    this.form.x.value = x.toFixed(2);
    this.form.y.value = y.toFixed(2);
    if (floor) for (const list of this.place.querySelectorAll("[data-floor]")) list.value = floor.id;
    if (!this.form.z.value) this.form.z.value = ((floor?.elevation ?? 0) + 1).toFixed(2);
    this.fromNumbers();
  }

  fromNumbers() {
    const point = ["x", "y", "z"].map((axis) => number(this.form[axis].value));
    const floor = this.floorOf(this.place.querySelector("#pick-plan-floor").value);
    if (point[2] === null && floor) point[2] = floor.elevation + 1;
    if (!point.every((v) => v !== null && Number.isFinite(v))) return this.told(null);
    return this.told(this.made("plan", { point, floor }));
  }

  fromText() {
    const more = Object.fromEntries(["storey", "room", "side", "note"].map((name) => [name, this.form[name].value.trim()]));
    if (!Object.values(more).some(Boolean)) return this.told(null);
    const floor = this.scene.floors().find((one) => one.name === more.storey) ?? null;
    const room = floor ? this.scene.roomsOn(floor.id).find((one) => one.name === more.room) ?? null : null;
    return this.told({ ...this.made("text", { floor, room }), ...more });
  }

  /** A tag's address or its code: `element:…` or `room:…`. */
  fromTag(text) {
    const code = decodeURIComponent(text.match(/[?&]at=([^&#]+)/)?.[1] ?? text.trim());
    const [kind, id] = [code.slice(0, code.indexOf(":")), code.slice(code.indexOf(":") + 1)];
    const element = kind === "element" ? this.scene.byId?.get(id) : null;
    const room = kind === "room" ? (this.scene.schema?.rooms ?? []).find((one) => one.id === id) : null;
    this.fault.textContent = element || room ? "" : this.words.tag_unknown;
    if (element) {
      this.told(this.made("qr", { element }));
      this.dispatchEvent(new CustomEvent("chosen", { detail: element.step }));
    } else if (room) {
      const floor = this.floorOf(room.storey_id) ?? (this.scene.schema.storeys ?? []).map((one) => ({ id: one.id, name: one.name, elevation: one.elevation_m })).find((one) => one.id === room.storey_id);
      const [x, y] = middle(room.outline);
      this.told(this.made("qr", { point: [x, y, (floor?.elevation ?? 0) + 1], floor, room }));
    } else this.told(null);
  }

  async save() {
    const { value } = this.form.what;
    this.fault.textContent = "";
    if (!value) return this.wrong(this.words.pick_what_missing, this.form.what);
    if (!this.draft && !this.defect) return this.wrong(this.words.pick_where_missing, this.place.querySelector("[data-way]"));
    const button = this.form.querySelector("[type=submit]");
    button.disabled = true;
    try {
      if (value.startsWith("sensor:")) await this.saveSensor(value.slice(7));
      else await this.saveDefect();
      this.undoButton.disabled = false;
      this.dispatchEvent(new CustomEvent("saved", { detail: value }));
      this.told(null);
      await this.history();
    } catch (error) {
      this.fault.textContent = filled(this.words.not_saved, { why: error.message });
    } finally {
      button.disabled = false;
    }
    return undefined;
  }

  wrong(text, field) {
    this.fault.textContent = text;
    field.focus();
  }

  async saveSensor(sensor) {
    // the server's time, which in a simulated story is another than this computer's
    if (!this.form.from.value) await this.scene.refresh();
    const from = new Date(this.form.from.value ? `${this.form.from.value}${CITY}` : this.scene.now);
    const angles = ["yaw", "pitch", "roll"].map((name) => number(this.form[name].value));
    const orientation = angles.some((v) => v !== null) ? turned(...angles.map((v) => v ?? 0)) : null;
    return this.desk.place({ sensor, draft: this.draft, role: this.form.role.value, from: from.toISOString(), orientation });
  }

  async saveDefect() {
    const value = number(this.form.value.value);
    if (value !== null && !Number.isFinite(value)) throw new Error(this.words.value_wrong);
    const was = this.defect;
    await this.desk.defect({
      id: was?.id, code: this.form.code.value, severity: Number(this.form.severity.value), title: this.form.title.value.trim(), note: this.form.defect_note.value.trim(),
      value, unit: this.form.unit.value.trim(), status: was ? this.form.status.value : "open", anchor_id: was?.anchor, sensor_ids: was?.sensors, continues: was?.continues,
      version: was?.version,
    }, this.draft);
    this.defect = null;
    this.fillDefect();
  }

  async undo() {
    this.undoButton.disabled = true;
    try {
      await this.desk.undo();
      this.dispatchEvent(new CustomEvent("saved", { detail: "undo" }));
      await this.history();
    } catch (error) {
      this.fault.textContent = filled(this.words.not_saved, { why: error.message });
    }
    this.undoButton.disabled = !this.desk.acts.length;
  }

  /** Where a sensor has been, newest first; what was taken back says so. */
  async history() {
    const list = this.place.querySelector("#pick-history"), { value } = this.form.what;
    if (!value.startsWith("sensor:")) { list.replaceChildren(); return; }
    const [ties, anchors] = await Promise.all([this.desk.ties(value.slice(7)), this.desk.anchors()]).catch(() => [[], new Map()]);
    if (this.form.what.value !== value) return;
    const day = new Intl.DateTimeFormat("zh-CN", { timeZone: "Asia/Shanghai", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    const moment = (text) => day.format(new Date(text)).replaceAll("/", "-");
    list.replaceChildren(...ties.map((tie) => {
      const anchor = anchors.get(tie.anchor_id), gone = takenBack(tie);
      return el("li", { class: gone ? "quiet withdrawn" : null },
        el("span", { text: `${moment(tie.valid_from)} – ${tie.valid_to ? moment(tie.valid_to) : this.words.until_now}` }),
        el("span", { text: [this.words[`monitor_role.${tie.role.replace(" ", "_")}`], anchor && this.describe(anchor), anchor && this.words[`picked_by.${anchor.picked_by}`]].filter(Boolean).join(" · ") }),
        gone && el("span", { class: "tag", text: this.words.taken_back }));
    }), ...(ties.length ? [] : [el("li", { class: "quiet", text: this.words.no_history })]));
  }
}
