// The tools over the picture: what is shown, cut, coloured and marked, and the legend.

import { el } from "./made.js";
import { SHAPES } from "./markers.js";
import { word } from "./scene.js";
import { download, snapshot } from "./snapshot.js";

const TONE = ["watched", "blue", "yellow", "orange", "red"];

export class Look extends EventTarget {
  /** Tells `floor` (detail: the storey that is chosen, or `null`) and `centre`. */
  constructor(root, scene, words) {
    super();
    Object.assign(this, { root, scene, words, viewer: null, markers: null });
    const by = (name) => root.querySelector(`[data-${name}]`);
    this.storey = by("storey");
    this.colour = by("colour");
    this.section = by("section");
    this.at = by("section-at");
    this.turn = by("section-turn");
    this.ghost = by("ghost");
    this.marksButton = by("marks");
    this.legendPlace = root.querySelector("#model-legend");
    this.colour.value = root.dataset.colour || "source";
    this.storey.addEventListener("change", () => this.storeyChosen());
    this.colour.addEventListener("change", () => this.coloured());
    for (const [one, name] of [[this.section, "change"], [this.at, "input"]]) one.addEventListener(name, () => this.cut());
    this.turn.addEventListener("click", () => { this.press(this.turn); this.cut(); });
    this.ghost.addEventListener("click", () => { this.press(this.ghost); this.alone(this.steps); });
    this.marksButton.addEventListener("click", () => {
      this.press(this.marksButton);
      if (this.markers) this.markers.on = this.on(this.marksButton);
      root.classList.toggle("model-unmarked", !this.on(this.marksButton));
      this.viewer?.stage.ask();
    });
    by("hide").addEventListener("click", () => this.hide());
    by("fit").addEventListener("click", () => this.fit());
    by("reset").addEventListener("click", () => this.reset());
    by("snapshot").addEventListener("click", () => this.snap());
    for (const button of root.querySelectorAll("[data-centre]")) button.addEventListener("click", () => this.centre(button.dataset.centre));
    this.steps = null;
    this.chosen = null;
  }

  on(button) {
    return button.getAttribute("aria-pressed") === "true";
  }

  press(button) {
    button.setAttribute("aria-pressed", String(!this.on(button)));
  }

  /** Show the shapes or the plan. */
  centre(name) {
    this.centred = name;
    for (const button of this.root.querySelectorAll("[data-centre]")) button.setAttribute("aria-pressed", String(button.dataset.centre === name));
    this.root.querySelector("#model-stage").hidden = name !== "shapes";
    this.root.querySelector("#model-plan").hidden = name !== "plan";
    this.root.querySelector('[data-for="shapes"]').hidden = name !== "shapes";
    this.legendPlace.hidden = name !== "shapes";
    this.dispatchEvent(new CustomEvent("centre", { detail: name }));
    this.viewer?.stage.ask();
  }

  fillStoreys() {
    const before = this.storey.value;
    this.storey.replaceChildren(this.storey.options[0], ...[...this.scene.floors()].reverse().map((one) => el("option", { value: one.id, text: one.name || one.id })));
    this.storey.value = before;
  }

  floor() {
    return this.scene.floors().find((one) => one.id === this.storey.value) ?? null;
  }

  /** Go to a storey, as its name was chosen or its room asked for. */
  go(id) {
    this.storey.value = id ?? "";
    this.storeyChosen();
  }

  storeyChosen() {
    const floor = this.floor();
    this.alone(floor ? this.scene.elements.filter((one) => one.storey === floor.id).map((one) => one.step) : null);
    this.dispatchEvent(new CustomEvent("floor", { detail: floor }));
  }

  /** Show these elements alone; the rest is a hint or nothing. */
  alone(steps) {
    this.steps = steps;
    this.viewer?.isolate(steps, this.on(this.ghost));
    if (steps) this.viewer?.fit(steps);
  }

  hide() {
    if (this.chosen === null) return;
    this.viewer?.hide([this.chosen]);
  }

  fit() {
    this.viewer?.fit(this.chosen !== null ? [this.chosen] : null);
  }

  reset() {
    this.storey.value = "";
    this.section.value = "";
    this.ghost.setAttribute("aria-pressed", "true");
    this.steps = null;
    this.chosen = null;
    this.cut();
    this.viewer?.reset();
    this.dispatchEvent(new CustomEvent("floor", { detail: null }));
    this.dispatchEvent(new Event("reset"));
  }

  cut() {
    const axis = this.section.value || null;
    this.root.querySelector("[data-section-place]").hidden = !axis;
    this.turn.hidden = !axis;
    this.viewer?.cut(axis, Number(this.at.value), this.on(this.turn));
  }

  coloured() {
    const levels = this.scene.byStep ? this.scene.levels() : new Map();
    if (this.colour.value === "level") this.viewer?.colour([...levels].map(([step, level]) => [step, TONE[level]]), "plain");
    else this.viewer?.colour([], "source");
    this.legend();
  }

  /** Tell what the colours mean, with their shapes and how many elements have each. */
  legend() {
    const counts = this.scene.byStep ? this.scene.counts() : [0, 0, 0, 0, 0], rows = [];
    if (this.colour.value === "level" || this.centred === "plan") {
      for (let level = 4; level >= 0; level--) {
        const name = word(level), text = level ? this.words[`level.${name}`] : this.words.watched;
        rows.push(el("li", { class: `legend-${TONE[level]}` }, el("span", { class: "legend-shape", "aria-hidden": "true", text: SHAPES[name] }), el("span", { text }), el("span", { class: "count", text: String(counts[level]) })));
      }
      rows.push(el("li", { class: "legend-plain" }, el("span", { class: "legend-shape", "aria-hidden": "true", text: "□" }), el("span", { text: this.words.unwatched })));
    }
    if (this.scene.defects.some((one) => !one.closed)) rows.push(el("li", {}, el("span", { class: "legend-shape", "aria-hidden": "true", text: "✕" }), el("span", { text: this.words.defect })));
    this.legendPlace.replaceChildren(...rows);
  }

  /** A picture of what is seen; null while there are no shapes. */
  async picture() {
    if (!this.viewer?.shapes) return null;
    const legend = [...this.legendPlace.querySelectorAll("li")].map((one) => [...one.children].map((part) => part.textContent).join(" "));
    const day = new Date().toISOString().slice(0, 16).replace(/[:T]/g, "-");
    const blob = await snapshot(this.viewer, this.root.querySelector("#model-marks"), [this.root.dataset.title, this.floor()?.name, day.slice(0, 10)].filter(Boolean).join(" · "), legend);
    return { blob, day };
  }

  async snap() {
    const made = await this.picture();
    if (made) download(made.blob, `anju-model-${made.day}.png`);
  }
}
