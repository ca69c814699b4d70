// The plan of one storey as a drawing: walls where the model is cut, rooms, axes and marks.

import { metres, svg } from "./made.js";
import { SHAPES } from "./markers.js";
import { word } from "./scene.js";

/** height above the floor at which plans are cut, m */
const CUT_M = 1.2;
const ROOM_M = 1.5, TEXT_PX = 14, STEPS = [0.5, 1, 2, 5, 10, 20, 50, 100];

/** What a plan shows at least when nothing has a size yet. */
const EMPTY = [0, 0, 10, 8];

export class Plan extends EventTarget {
  /**
   * Tells `point` (detail: [x, y], metres, building axes), `room`, `sensor` and `defect` (ids).
   * @param {HTMLElement} place
   */
  constructor(place, words) {
    super();
    Object.assign(this, { place, words, floor: null, draft: null, bounds: EMPTY });
    this.cuts = new Map();
  }

  /** @param {import("./scene.js").Scene} scene  @param {{bodies: import("./bodies.js").Bodies, origin: number[], whole: number[]} | null} shapes */
  given(scene, shapes) {
    this.scene = scene;
    if (shapes !== this.shapes) this.cuts.clear();
    this.shapes = shapes;
  }

  /** Lines of the model at the cut, in building axes. */
  lines(floor) {
    if (!this.shapes || !floor) return [];
    if (this.cuts.has(floor.id)) return this.cuts.get(floor.id);
    const { bodies, origin } = this.shapes, made = [];
    for (let f = 0; f < bodies.count; f++) {
      const own = bodies.cut(f, floor.elevation + CUT_M - origin[2]);
      for (let i = 0; i < own.length; i += 2) made.push(own[i] + origin[0], own[i + 1] + origin[1]);
    }
    this.cuts.set(floor.id, made);
    return made;
  }

  /** What the drawing must hold: the whole building, so that storeys lie over each other. */
  measure() {
    const box = [Infinity, Infinity, -Infinity, -Infinity];
    const hold = (x, y) => {
      box[0] = Math.min(box[0], x); box[1] = Math.min(box[1], y);
      box[2] = Math.max(box[2], x); box[3] = Math.max(box[3], y);
    };
    for (const room of this.scene.schema?.rooms ?? []) for (const [x, y] of room.outline) hold(x, y);
    for (const [, direction, at] of this.scene.schema?.axes ?? []) {
      if (direction === "x") { box[0] = Math.min(box[0], at); box[2] = Math.max(box[2], at); }
      else { box[1] = Math.min(box[1], at); box[3] = Math.max(box[3], at); }
    }
    if (this.shapes) {
      const { whole, origin } = this.shapes;
      hold(whole[0] + origin[0], whole[1] + origin[1]);
      hold(whole[3] + origin[0], whole[4] + origin[1]);
    }
    const known = box.every(Number.isFinite) && box[2] > box[0] && box[3] > box[1];
    return known ? box : EMPTY;
  }

  show(floor) {
    this.floor = floor;
    const [x1, y1, x2, y2] = (this.bounds = this.measure());
    const size = Math.max(x2 - x1, y2 - y1), margin = Math.max(ROOM_M, size * 0.09);
    // letters as tall on the screen as elsewhere, whatever the size of the house
    const wide = x2 - x1 + 2 * margin, high = y2 - y1 + 2 * margin;
    this.text = Math.max(wide / Math.max(200, this.place.clientWidth), high / Math.max(200, this.place.clientHeight)) * TEXT_PX;
    this.edge = x2 + margin;
    const drawing = svg("svg", {
      class: "plan", viewBox: [x1 - margin, -y2 - margin, wide, high].map((v) => v.toFixed(3)).join(" "),
      role: "group", "aria-label": `${this.words.plan} ${floor?.name ?? ""}`, preserveAspectRatio: "xMidYMid meet",
      onclick: (event) => this.clicked(event),
    });
    if (floor) drawing.append(svg("text", { class: "plan-title", x: x1 - margin + this.text, y: -y2 - margin + this.text * 1.4, "font-size": this.text * 1.1, text: floor.name }));
    drawing.append(...this.axes(x1, y1, x2, y2, margin), ...this.rooms(), this.walls(), ...this.marks());
    this.drawing = drawing;
    this.drafted = null;
    this.place.replaceChildren(drawing);
    this.point(this.draft);
  }

  walls() {
    const lines = this.lines(this.floor), parts = [];
    for (let i = 0; i < lines.length; i += 4) parts.push(`M${lines[i].toFixed(3)} ${(-lines[i + 1]).toFixed(3)}L${lines[i + 2].toFixed(3)} ${(-lines[i + 3]).toFixed(3)}`);
    return svg("path", { class: "plan-walls", d: parts.join("") });
  }

  /** The schema's axes with their names, or a ruler in metres. */
  axes(x1, y1, x2, y2, margin) {
    const own = this.scene.schema?.axes ?? [], made = [];
    const line = (name, direction, at, bubble) => {
      const out = margin * 0.45, radius = this.text * 0.75;
      const [a, b, c, d] = direction === "x" ? [at, -y1 + out, at, -y2] : [x1 - out, -at, x2, -at];
      made.push(svg("line", { class: bubble ? "plan-axis" : "plan-ruler", x1: a, y1: b, x2: c, y2: d }));
      const [x, y] = direction === "x" ? [at, -y1 + out + radius] : [x1 - out - radius, -at];
      if (bubble) made.push(svg("circle", { class: "plan-bubble", cx: x, cy: y, r: radius }));
      made.push(svg("text", { class: "plan-axis-name", x, y, "font-size": this.text * 0.85, text: name }));
    };
    if (own.length) for (const [name, direction, at] of own) line(name, direction, at, true);
    else {
      const size = Math.max(x2 - x1, y2 - y1), step = STEPS.find((s) => size / s <= (this.place.clientWidth < 500 ? 6 : 12)) ?? 200;
      for (let x = Math.ceil(x1 / step) * step; x <= x2 + 1e-6; x += step) line(`${+x.toFixed(1)}`, "x", x, false);
      for (let y = Math.ceil(y1 / step) * step; y <= y2 + 1e-6; y += step) line(`${+y.toFixed(1)}`, "y", y, false);
    }
    return made;
  }

  rooms() {
    const made = [];
    for (const room of this.scene.roomsOn(this.floor?.id)) {
      const act = () => this.dispatchEvent(new CustomEvent("room", { detail: room.id }));
      const [x, y] = middle(room.outline);
      made.push(svg("g", {
        class: `plan-room${this.draft?.room_id === room.id ? " plan-chosen" : ""}`, "data-room": room.id, tabindex: "0", role: "button", "aria-label": `${this.words.room} ${room.name}`,
        onkeydown: (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); act(); } },
        onclick: act,
      }, svg("polygon", { points: room.outline.map(([a, b]) => `${a},${-b}`).join(" ") }), svg("text", { x, y: -y, "font-size": this.text, text: room.name })));
    }
    return made;
  }

  /** Whether something with a place belongs on the storey that is shown. */
  here(one) {
    if (one.storey && this.floor && one.storey === this.floor.name) return true;
    return Boolean(one.point) && this.scene.floorAt(one.point[2])?.id === this.floor?.id;
  }

  /** Where something is on the plan: its point, or the middle of its room. */
  at(one) {
    if (one.point) return one.point;
    const room = (this.scene.schema?.rooms ?? []).find((r) => r.id === one.room_id || (r.name === one.room && r.storey_id === this.floor?.id));
    return room ? middle(room.outline) : null;
  }

  marks() {
    const made = [], taken = [];
    const put = (one, name, shape, level, text, kind) => {
      const at = this.here(one) ? this.at(one) : null;
      if (!at) return;
      let [x, y] = at;
      while (taken.some(([a, b]) => Math.hypot(a - x, b - y) < this.text * 1.6)) y -= this.text * 1.7;
      taken.push([x, y]);
      // a label that would run out of the picture stands on the other side
      const far = length(`${name} ${text}`) * this.text * 0.8 + this.text * 1.2, left = x + far > this.edge;
      const act = (event) => { event.stopPropagation(); this.dispatchEvent(new CustomEvent(kind, { detail: one.id })); };
      made.push(svg("g", {
        class: `plan-mark plan-${level}`, tabindex: "0", role: "button", "aria-label": `${name} ${text}`, "data-mark": `${kind}:${one.id}`, transform: `translate(${x} ${-y})`,
        onclick: act, onkeydown: (event) => { if (event.key === "Enter") act(event); },
      }, svg("rect", { class: "plan-back", x: left ? -far : this.text * 0.8, y: -this.text * 0.6, width: far - this.text * 0.8, height: this.text * 1.2, rx: this.text * 0.2 }), svg("circle", { r: this.text * 0.8 }), svg("text", { class: "plan-shape", "font-size": this.text * 0.95, text: shape }),
      svg("text", { class: `plan-label${left ? " plan-left" : ""}`, x: left ? -this.text : this.text, "font-size": this.text * 0.8, text: `${name} ${text}` })));
    };
    for (const one of this.scene.sensors) put(one, one.code, SHAPES[word(one.level)], word(one.level), [one.brief, one.age].filter(Boolean).join(" · "), "sensor");
    for (const one of this.scene.defects) if (!one.closed) put(one, one.code_word, "✕", `severity-${one.severity}`, one.text || one.severity_word, "defect");
    return made;
  }

  clicked(event) {
    const matrix = this.drawing.getScreenCTM();
    if (!matrix) return;
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
    this.dispatchEvent(new CustomEvent("point", { detail: [Math.round(at.x * 100) / 100, Math.round(-at.y * 100) / 100] }));
  }

  /** Mark the place that is being told. */
  point(draft) {
    this.draft = draft;
    this.drafted?.remove();
    this.drafted = null;
    for (const room of this.drawing?.querySelectorAll("[data-room]") ?? []) room.classList.toggle("plan-chosen", draft?.room_id === room.dataset.room);
    if (!draft?.point || !this.drawing) return;
    const [x, y] = draft.point, r = this.text;
    this.drafted = svg("g", { class: "plan-draft", transform: `translate(${x} ${-y})` },
      svg("circle", { r }), svg("line", { x1: -r * 1.6, x2: r * 1.6 }), svg("line", { y1: -r * 1.6, y2: r * 1.6 }),
      svg("text", { x: r * 1.2, y: -r * 1.2, "font-size": r * 0.8, text: `${metres(x)}, ${metres(y)}` }));
    this.drawing.append(this.drafted);
  }
}

/** About how wide a text is, in its own height: Chinese letters are square. */
const length = (text) => [...text].reduce((sum, letter) => sum + (letter.codePointAt(0) > 0x2e7f ? 1 : 0.56), 0);

/** Middle of an outline, weighed by area. */
export function middle(outline) {
  let area = 0, x = 0, y = 0;
  outline.forEach(([x1, y1], i) => {
    const [x2, y2] = outline[(i + 1) % outline.length], cross = x1 * y2 - x2 * y1;
    area += cross;
    x += (x1 + x2) * cross;
    y += (y1 + y2) * cross;
  });
  if (Math.abs(area) < 1e-9) return outline[0];
  return [x / (3 * area), y / (3 * area)];
}

/** Tell whether a point lies in an outline. */
export function within([x, y], outline) {
  let inside = false;
  outline.forEach(([x1, y1], i) => {
    const [x2, y2] = outline[(i + 1) % outline.length];
    if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) inside = !inside;
  });
  return inside;
}
