// One building in three dimensions: what is shown, hidden, hinted at, chosen, cut and coloured.

import { Bodies } from "./bodies.js";
import { fetched, shapesOf } from "./glb.js";
import { Paint } from "./paint.js";
import { NotDrawable, Stage } from "./stage.js";

/**
 * @typedef {object} Picked
 * @property {number} feature
 * @property {number} step  number in the file
 * @property {[number, number, number]} point  metres, building axes
 * @property {[number, number, number]} normal
 */

const CLICK_PX = 5;
/** a place told on a surface may lie this deep in it, m */
const SURFACE_M = 0.45;
/** one element is shown with what is around it */
const AROUND = 2;
/** triangles of a model in which a free sight is looked for */
const LOOKED_AROUND_MAX = 300_000;
const AXES = { z: [0, 0, 1], x: [1, 0, 0], y: [0, 1, 0] };
/** colours that a theme gives, by the custom property that holds each */
const COLOURS = {
  plain: "--model-plain", watched: "--model-watched", blue: "--blue", yellow: "--yellow", orange: "--orange", red: "--red",
  new: "--blue", moved: "--orange", gone: "--red", chosen: "--accent", ghost: "--ink-2",
};
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export { NotDrawable };

/** Directions to look from, those first that need the least turning. */
function around(now) {
  const ways = [];
  for (const high of [0.35, 0.9, 0.05, -0.35]) for (let n = 0; n < 8; n++) {
    const turn = (n * Math.PI) / 4 + Math.PI / 8;
    ways.push([Math.cos(turn) * Math.cos(high), Math.sin(turn) * Math.cos(high), Math.sin(high)]);
  }
  const near = (way) => way.reduce((sum, v, k) => sum + v * now[k], 0);
  return ways.sort((a, b) => near(b) - near(a));
}

export class Viewer extends EventTarget {
  /**
   * Tells `pick` (detail: Picked, or `null` beside the building), `loading` (done, of) and `drawn`.
   * @param {HTMLElement} place  @param {{label?: string, early?: ReturnType<typeof import("./canvas.js").opened>}} [options]
   * @throws {NotDrawable}
   */
  constructor(place, { label = "", early } = {}) {
    super();
    this.stage = new Stage(place, early);
    this.stage.canvas.setAttribute("aria-label", label);
    this.stage.canvas.setAttribute("role", "application");
    this.shapes = null;
    this.origin = [0, 0, 0];
    /** feature by step id */
    this.features = new Map();
    this.hidden = new Set();
    this.alone = null;
    this.hinted = false;
    this.chosen = new Set();
    this.plane = null;
    this.stage.after.push(() => this.dispatchEvent(new Event("drawn")));
    this.themed();
    this.onTheme = () => this.themed();
    addEventListener("anju:theme", this.onTheme);
    this.dark = matchMedia("(prefers-color-scheme: dark)");
    this.dark.addEventListener("change", this.onTheme);
    this.clicks();
  }

  themed() {
    this.stage.themed(css("--sunken") || "#eef0f2", css("--ink") || "#1a2127");
    this.paint?.themed((tone) => css(COLOURS[tone]) || css("--line-strong"));
    this.stage.ask();
  }

  /**
   * Load the shapes of a revision.
   * @param {string | ArrayBuffer | Promise<ArrayBuffer>} from  address or content
   * @param {string} tone  of everything, until it is coloured
   */
  async load(from, tone = "source") {
    const told = (done, of) => this.dispatchEvent(new CustomEvent("loading", { detail: { done, of } }));
    const buffer = await (typeof from === "string" ? fetched(from, told) : from);
    const shapes = shapesOf(buffer);
    this.bodies = new Bodies(shapes);
    this.shapes = shapes;
    this.origin = shapes.origin;
    this.features = new Map(shapes.features.map(([step], feature) => [step, feature]));
    this.paint = new Paint(shapes.features.length);
    this.all = Array.from({ length: shapes.features.length }, (_, f) => f);
    this.whole = shapes.box;
    this.stage.fill(shapes, this.paint, this.whole);
    this.hidden.clear();
    this.chosen.clear();
    this.alone = this.plane = null;
    this.themed();
    this.paint.tone([], tone);
    this.marked();
    this.stage.look(this.whole, this.stage.start());
    this.stage.draw();
  }

  /** Which features are meant: step ids as the file numbers them. */
  of(steps) {
    const found = [];
    for (const step of steps) if (this.features.has(step)) found.push(this.features.get(step));
    return found;
  }

  marked() {
    if (!this.paint) return;
    const outside = (f) => this.alone !== null && !this.alone.has(f);
    this.paint.mark(
      (f) => this.hidden.has(f) || (outside(f) && !this.hinted),
      (f) => outside(f) && this.hinted && !this.chosen.has(f),
      (f) => this.chosen.has(f),
    );
    this.stage.outlined(this.chosen.size ? this.bodies.box(this.chosen) : null);
    this.stage.ask();
  }

  /** Tell whether a feature can be met by a click. */
  met(f) {
    return !this.hidden.has(f) && (this.alone === null || this.alone.has(f) || this.chosen.has(f));
  }

  hide(steps) {
    for (const f of this.of(steps)) this.hidden.add(f);
    this.marked();
  }

  show(steps) {
    for (const f of this.of(steps)) this.hidden.delete(f);
    this.marked();
  }

  /** Show these alone, the others not at all or as a hint; `null`: all again. */
  isolate(steps, hinted = this.hinted) {
    this.alone = steps === null ? null : new Set(this.of(steps));
    this.hinted = hinted;
    this.marked();
  }

  choose(steps) {
    this.chosen = new Set(this.of(steps));
    this.marked();
  }

  /**
   * Colour by tone, see `paint.js`; what is left out gets `otherwise`.
   * @param {Iterable<[number, string]>} rows  step id and tone
   */
  colour(rows, otherwise = "source") {
    if (!this.paint) return;
    const tones = [];
    for (const [step, tone] of rows) if (this.features.has(step)) tones.push([this.features.get(step), tone]);
    this.paint.tone(tones, otherwise);
    this.stage.ask();
  }

  /**
   * Cut the building open.
   * @param {"x" | "y" | "z" | null} axis  @param {number} share  0 to 1 of its length
   */
  cut(axis, share = 0.5, turned = false) {
    if (!this.paint) return;
    this.plane = null;
    if (axis !== null) {
      const k = "xyz".indexOf(axis), sign = turned ? -1 : 1, normal = AXES[axis].map((v) => v * sign);
      const at = this.whole[k] + (this.whole[k + 3] - this.whole[k]) * share;
      this.plane = { normal, at: at * sign + 1e-4 };
    }
    this.paint.cut(this.plane && [...this.plane.normal, this.plane.at]);
    this.stage.ask();
  }

  /** Bring elements into the middle of the picture; nothing told: everything that is shown. */
  fit(steps = null, direction = undefined) {
    if (!this.bodies) return;
    const shown = steps === null ? this.all.filter((f) => this.met(f)) : this.of(steps);
    const box = this.bodies.box(shown);
    this.stage.look(box ?? this.whole, direction, box && shown.length === 1 ? AROUND : undefined);
  }

  /**
   * Go where an element can be seen, turning as little as need be.
   * @returns {boolean} whether there is such a place
   */
  visit(step) {
    const [feature] = this.of([step]);
    const box = feature === undefined ? null : this.bodies.box([feature]);
    if (!box) return false;
    const now = this.stage.way(), size = this.bodies.batches.reduce((sum, batch) => sum + batch.index.length / 3, 0);
    const ways = size > LOOKED_AROUND_MAX ? [now] : [now, ...around(now)];
    const clear = ways.find((way) => {
      const { middle, from } = this.stage.stand(box, way, AROUND);
      const along = middle.clone().sub(from), far = along.length();
      const hit = this.bodies.hit(from.toArray(), along.divideScalar(far).toArray(), (f) => this.met(f), (point) => this.kept(point));
      // the middle of a frame or an angle may be empty: what is met behind it is as good
      return !hit || hit.feature === feature || hit.distance >= far;
    });
    this.stage.look(box, clear ?? now, AROUND);
    return clear !== undefined;
  }

  reset() {
    if (!this.paint) return;
    this.hidden.clear();
    this.alone = null;
    this.chosen.clear();
    this.cut(null);
    this.marked();
    this.stage.look(this.whole, this.stage.start());
  }

  /** Box of an element in building axes, or `null`. */
  boxOf(step) {
    const box = this.bodies?.box(this.of([step]));
    return box ? box.map((value, k) => value + this.origin[k % 3]) : null;
  }

  /** Where a place of the building is on the canvas. */
  spot(point) {
    const local = point.map((value, k) => value - this.origin[k]);
    return this.kept(local) ? this.stage.spot(local) : null;
  }

  /** Tell whether nothing stands before a place of the building. */
  sees(point) {
    const to = point.map((value, k) => value - this.origin[k]), from = this.stage.camera.position.toArray();
    const way = to.map((value, k) => value - from[k]), far = Math.hypot(...way);
    const hit = this.bodies.hit(from, way.map((value) => value / far), (f) => this.met(f), (spot) => this.kept(spot));
    return !hit || hit.distance > far - SURFACE_M;
  }

  kept(local) {
    return !this.plane || local.reduce((sum, v, k) => sum + v * this.plane.normal[k], 0) <= this.plane.at;
  }

  /**
   * Tell what is under a spot of the canvas.
   * @returns {Picked | null}
   */
  pickAt(x, y) {
    if (!this.bodies) return null;
    const { from, along } = this.stage.ray(x, y);
    const hit = this.bodies.hit(from, along, (f) => this.met(f), (point) => this.kept(point));
    if (!hit) return null;
    return {
      feature: hit.feature, step: this.shapes.features[hit.feature][0],
      point: hit.point.map((value, k) => value + this.origin[k]), normal: hit.normal,
    };
  }

  /** A click is a press that has hardly moved. */
  clicks() {
    const { canvas } = this.stage;
    let down = null, fingers = 0;
    canvas.addEventListener("pointerdown", (event) => {
      fingers++;
      down = event.isPrimary && fingers === 1 ? [event.clientX, event.clientY] : null;
    });
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, (event) => {
      fingers = Math.max(0, fingers - 1);
      const from = down;
      down = null;
      if (end === "pointercancel" || !from || event.button !== 0) return;
      if (Math.hypot(event.clientX - from[0], event.clientY - from[1]) > CLICK_PX) return;
      const box = canvas.getBoundingClientRect();
      this.dispatchEvent(new CustomEvent("pick", { detail: this.pickAt(event.clientX - box.left, event.clientY - box.top) }));
    });
  }

  dispose() {
    removeEventListener("anju:theme", this.onTheme);
    this.dark.removeEventListener("change", this.onTheme);
    this.stage.dispose();
  }
}
