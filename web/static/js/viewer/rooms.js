// The rooms of a house without a model: generated, or drawn on the plan, and saved as a whole.

import { change, fresh } from "./ask.js";
import { schemaOf } from "./generate.js";
import { el, filled, svg } from "./made.js";

const GRID_M = 0.1, UNDO_MAX = 50;
const snapped = (v) => Math.round(v / GRID_M) * GRID_M;
const tidy = (v) => Math.round(v * 1000) / 1000;

export class Rooms extends EventTarget {
  /**
   * Tells `changed` (the scene's schema is another) and `room` (one is chosen).
   * @param {HTMLElement} place  @param {import("./plan.js").Plan} plan
   */
  constructor(place, plan, scene, words, building) {
    super();
    Object.assign(this, { place, plan, scene, words, building, mode: "look", before: [], room: null, corners: [] });
    this.list = place.querySelector("[data-rooms]");
    this.editor = place.querySelector("#room-edit");
    this.saveButton = place.querySelector("#rooms-save");
    this.undoButton = place.querySelector("#rooms-undo");
    this.dirty = false;
    if (this.saveButton) this.listen();
    this.fill();
  }

  listen() {
    const by = (id) => this.place.querySelector(id);
    by("#rooms-generate").addEventListener("submit", (event) => { event.preventDefault(); this.generate(event.target); });
    for (const button of this.place.querySelectorAll("[data-draw-mode]")) button.addEventListener("click", () => this.go(button.dataset.drawMode));
    this.editor.addEventListener("submit", (event) => { event.preventDefault(); this.edited(); });
    this.editor.querySelector("[data-room-remove]").addEventListener("click", () => this.remove());
    by("#storey-edit").addEventListener("submit", (event) => { event.preventDefault(); this.addStorey(event.target.name); });
    this.saveButton.addEventListener("click", () => this.save());
    this.undoButton.addEventListener("click", () => this.undo());
    this.plan.addEventListener("point", (event) => this.clicked(event.detail));
    this.plan.addEventListener("room", (event) => this.choose(event.detail));
    this.plan.place.addEventListener("pointerdown", (event) => this.grab(event));
    this.plan.place.addEventListener("keydown", (event) => { if (event.key === "Escape" || event.key === "Enter") this.close(event); });
    addEventListener("beforeunload", (event) => { if (this.dirty) event.preventDefault(); });
  }

  get schema() {
    return this.scene.schema ?? { storeys: [], rooms: [], axes: [] };
  }

  /** Change the schema here; the server is told when it is saved. */
  take(schema, keep = true) {
    if (keep) this.before = [...this.before.slice(-UNDO_MAX), structuredClone(this.schema)];
    this.scene.schema = { ...schema, version: this.schema.version };
    this.dirty = true;
    this.shown();
  }

  shown() {
    if (this.saveButton) {
      this.saveButton.disabled = !this.dirty;
      this.undoButton.disabled = !this.before.length;
    }
    this.fill();
    this.dispatchEvent(new Event("changed"));
  }

  fill() {
    const { storeys } = this.schema;
    this.list.replaceChildren(...[...storeys].reverse().map((storey) => el("li", {}, el("details", { class: "tree-storey" },
      el("summary", {}, el("span", { class: "tree-name", text: storey.name }), el("span", { class: "quiet", text: `${storey.elevation_m.toFixed(2)} m` }), el("span", { class: "count", text: String(this.scene.roomsOn(storey.id).length) })),
      el("ul", { class: "tree-list" }, ...this.scene.roomsOn(storey.id).map((room) => el("li", {}, el("button", { type: "button", class: "tree-leaf", text: room.name, onclick: () => { this.dispatchEvent(new CustomEvent("floor", { detail: storey.id })); this.choose(room.id); } }))))))));
    if (!storeys.length) this.list.replaceChildren(el("li", { class: "quiet", text: this.words.no_rooms }));
  }

  generate(form) {
    const fault = this.place.querySelector("#gen-fault");
    fault.textContent = "";
    const storeys = Number(form.storeys.value), height = Number(form.height.value);
    if (!(Number.isInteger(storeys) && storeys >= 1 && storeys <= 60 && height >= 1.5 && height <= 20)) { fault.textContent = this.words.gen_wrong_numbers; return; }
    try {
      // a house that has a model keeps its axes
      const { shapes } = this.plan, from = shapes ? [0, 1].map((k) => tidy(shapes.whole[k] + shapes.origin[k])) : [0, 0];
      this.take(schemaOf({ from, storeys, height, x: form.x.value, y: form.y.value, rooms: form.rooms.value }, (n) => filled(this.words.storey_n, { n })));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      fault.textContent = filled(this.words.gen_wrong_span, { what: error.message });
    }
  }

  go(mode) {
    this.mode = mode;
    this.corners = [];
    for (const button of this.place.querySelectorAll("[data-draw-mode]")) button.setAttribute("aria-pressed", String(button.dataset.drawMode === mode));
    this.sketch();
  }

  choose(id) {
    this.room = this.schema.rooms.find((one) => one.id === id) ?? null;
    this.dispatchEvent(new CustomEvent("room", { detail: this.room }));
    if (!this.editor) return;
    this.editor.hidden = !this.room;
    if (!this.room) return;
    this.editor.name.value = this.room.name;
    this.editor.outline.value = this.room.outline.map(([x, y]) => `${tidy(x)},${tidy(y)}`).join(" ");
  }

  edited() {
    const outline = this.editor.outline.value.trim().split(/\s+/).map((pair) => pair.split(",").map(Number));
    const fault = this.place.querySelector("#rooms-fault");
    const good = outline.length >= 3 && outline.every((pair) => pair.length === 2 && pair.every(Number.isFinite));
    fault.textContent = good ? "" : this.words.outline_wrong;
    if (!good || !this.room) return;
    const { id } = this.room;
    this.take({ ...this.schema, rooms: this.schema.rooms.map((one) => (one.id === id ? { ...one, name: this.editor.name.value.trim() || one.name, outline } : one)) });
    this.choose(id);
  }

  remove() {
    const { id } = this.room;
    this.take({ ...this.schema, rooms: this.schema.rooms.filter((one) => one.id !== id) });
    this.choose(null);
  }

  addStorey(field) {
    const top = this.schema.storeys.at(-1);
    const name = field.value.trim() || filled(this.words.storey_n, { n: this.schema.storeys.length + 1 });
    const storey = { id: fresh(), name, elevation_m: top ? tidy(top.elevation_m + top.height_m) : 0, height_m: top?.height_m ?? 3 };
    field.value = "";
    this.take({ ...this.schema, storeys: [...this.schema.storeys, storey] });
    this.dispatchEvent(new CustomEvent("floor", { detail: storey.id }));
  }

  /** Two clicks draw a room, corner to corner. */
  clicked([x, y]) {
    if (this.mode !== "add" || !this.plan.floor) return;
    this.corners.push([tidy(snapped(x)), tidy(snapped(y))]);
    this.sketch();
    if (this.corners.length === 2) this.close();
  }

  close(event) {
    const [[a, b], [c, d]] = this.corners.length === 2 ? this.corners : [[0, 0], [0, 0]];
    if (event?.key === "Escape") this.corners = [];
    if (this.corners.length !== 2) { this.sketch(); return; }
    this.corners = [];
    if (Math.abs(a - c) < 0.3 || Math.abs(b - d) < 0.3) { this.sketch(); return; }
    const [x1, x2, y1, y2] = [Math.min(a, c), Math.max(a, c), Math.min(b, d), Math.max(b, d)];
    const count = this.scene.roomsOn(this.plan.floor.id).length + 1;
    const room = { id: fresh(), storey_id: this.plan.floor.id, name: filled(this.words.room_n, { n: count }), outline: [[x1, y1], [x2, y1], [x2, y2], [x1, y2]] };
    this.take({ ...this.schema, rooms: [...this.schema.rooms, room] });
    this.choose(room.id);
    this.editor.name.focus();
    this.editor.name.select();
  }

  sketch() {
    this.plan.drawing?.querySelector(".plan-sketch")?.remove();
    if (!this.corners.length || !this.plan.drawing) return;
    const [[x, y]] = this.corners;
    this.plan.drawing.append(svg("circle", { class: "plan-sketch", cx: x, cy: -y, r: this.plan.text / 2 }));
  }

  /** Drag a room while rooms are being moved. */
  grab(event) {
    const node = event.target.closest?.("[data-room]");
    if (this.mode !== "move" || !node) return;
    event.preventDefault();
    const matrix = this.plan.drawing.getScreenCTM().inverse();
    const at = (e) => { const p = new DOMPoint(e.clientX, e.clientY).matrixTransform(matrix); return [p.x, -p.y]; };
    const [x0, y0] = at(event), id = node.dataset.room;
    let by = [0, 0];
    const move = (e) => {
      const [x, y] = at(e);
      by = [snapped(x - x0), snapped(y - y0)];
      node.setAttribute("transform", `translate(${by[0]} ${-by[1]})`);
    };
    const up = () => {
      removeEventListener("pointermove", move);
      removeEventListener("pointerup", up);
      if (by[0] || by[1]) this.take({ ...this.schema, rooms: this.schema.rooms.map((one) => (one.id === id ? { ...one, outline: one.outline.map(([x, y]) => [tidy(x + by[0]), tidy(y + by[1])]) } : one)) });
      this.choose(id);
    };
    addEventListener("pointermove", move);
    addEventListener("pointerup", up);
  }

  undo() {
    const last = this.before.pop();
    if (last) this.take(last, false);
  }

  async save() {
    const say = this.place.querySelector("#rooms-say"), fault = this.place.querySelector("#rooms-fault");
    fault.textContent = say.textContent = "";
    this.saveButton.disabled = true;
    const { storeys, rooms, axes, version } = this.schema;
    try {
      const made = await change("PUT", `/buildings/${encodeURIComponent(this.building)}/rooms`, { storeys, rooms, axes }, version);
      this.dirty = false;
      this.before = [];
      this.scene.schema = { ...this.schema, version: made.version };
      say.textContent = this.words.saved;
      this.shown();
    } catch (error) {
      fault.textContent = filled(this.words.not_saved, { why: error.message });
      this.saveButton.disabled = false;
    }
  }
}
