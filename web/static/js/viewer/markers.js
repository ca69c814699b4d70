// Sensors and defects as marks over the picture: shape, code, value and age; each is a button.

import { el } from "./made.js";
import { word } from "./scene.js";

/** shapes of the levels; never colour alone */
export const SHAPES = { none: "○", blue: "●", yellow: "▲", orange: "◆", red: "■" };
const HIGH = 24, HALF = 12, REST_MS = 120;

export class Markers extends EventTarget {
  /** @param {HTMLElement} place  lies over the picture */
  constructor(place, words) {
    super();
    Object.assign(this, { place, words, rows: [], on: true });
  }

  /**
   * @param {import("./scene.js").Scene} scene
   * @param {(id: string) => boolean} seen  whether what hangs on an element is shown
   */
  fill(scene, seen) {
    const focused = document.activeElement?.dataset?.marker;
    this.rows = [];
    for (const sensor of scene.sensors) {
      const point = sensor.point;
      if (!point) continue;
      const level = word(sensor.level);
      const button = el("button", {
        type: "button", class: `marker marker-${level}${sensor.stale ? " marker-stale" : ""}`, "data-marker": `sensor:${sensor.id}`,
        onclick: () => this.dispatchEvent(new CustomEvent("sensor", { detail: sensor.id })),
      }, el("span", { class: "unseen", text: [sensor.code, sensor.kind_word, sensor.level ? this.words[`level.${level}`] : "", sensor.text, sensor.age].filter(Boolean).join(", ") }), el("span", { class: "marker-shape", "aria-hidden": "true", text: SHAPES[level] }), el(
        "span", { class: "marker-label", "aria-hidden": "true" }, el("b", { text: sensor.code }), el("span", { text: ` ${sensor.brief || "—"}` }),
        el("small", { text: sensor.age || this.words.never }),
      ));
      this.rows.push({ button, point, rank: 10 + sensor.level * 10, seen: () => !sensor.elements.length || sensor.elements.some(seen) });
    }
    for (const defect of scene.defects) {
      if (!defect.point || defect.closed) continue;
      const button = el("button", {
        type: "button", class: `marker marker-defect severity-${defect.severity}`, "data-marker": `defect:${defect.id}`,
        onclick: () => this.dispatchEvent(new CustomEvent("defect", { detail: defect.id })),
      }, el("span", { class: "unseen", text: [this.words.defect, defect.code_word, defect.severity_word, defect.title].filter(Boolean).join(", ") }), el("span", { class: "marker-shape", "aria-hidden": "true", text: "✕" }), el(
        "span", { class: "marker-label", "aria-hidden": "true" }, el("b", { text: defect.code_word }), el("span", { text: ` ${defect.text || defect.severity_word}` }),
      ));
      this.rows.push({ button, point: defect.point, rank: 5 + defect.severity, seen: () => !defect.element || seen(defect.element) });
    }
    this.rows.sort((a, b) => b.rank - a.rank);
    this.place.replaceChildren(...this.rows.map((row) => row.button));
    if (focused) this.rows.find((row) => row.button.dataset.marker === focused)?.button.focus({ preventScroll: true });
  }

  /** Put the marks where their places are; labels that would cover another's give way. */
  placeAll(spot, sees) {
    // what stands before a place is looked for when the picture rests
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.behind(sees), REST_MS);
    const wide = this.place.clientWidth, high = this.place.clientHeight, shown = [], taken = [];
    for (const row of this.rows) {
      const at = this.on && row.seen() ? spot(row.point) : null;
      row.button.hidden = !(at && at[0] >= 0 && at[1] >= 0 && at[0] <= wide && at[1] <= high);
      if (!row.button.hidden) shown.push({ row, at });
    }
    for (const one of shown) {
      const { row, at: [x, y] } = one, { classList, style } = row.button;
      if (!row.wide) {
        classList.remove("marker-small");
        row.wide = row.button.offsetWidth - HALF;
      }
      // no label over another one, over another mark, or out of the picture
      const free = (from, to) => from >= 0 && to <= wide && !taken.some(([a, b, c]) => from < b && a < to && Math.abs(c - y) < HIGH)
        && !shown.some((other) => other !== one && other.at[0] > from - HALF && other.at[0] < to + HALF && Math.abs(other.at[1] - y) < HIGH);
      const right = free(x + HALF, x + row.wide), left = !right && free(x - row.wide, x - HALF);
      if (right) taken.push([x + HALF, x + row.wide, y]);
      if (left) taken.push([x - row.wide, x - HALF, y]);
      const turned = left || (!right && x + row.wide > wide);
      classList.toggle("marker-small", !right && !left);
      classList.toggle("marker-left", turned);
      style.transform = `translate(${turned ? `calc(${Math.round(x) + HALF}px - 100%)` : `${Math.round(x) - HALF}px`}, ${Math.round(y) - HALF}px)`;
    }
  }

  behind(sees) {
    for (const { button, point } of this.rows) if (!button.hidden) button.classList.toggle("marker-behind", !sees(point));
  }
}
