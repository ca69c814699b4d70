// The elements as a list: by storey, class and type, or what a search has found.

import { ask } from "./ask.js";
import { el, filled } from "./made.js";

const FOUND_MAX = 200, WAIT_MS = 250;

export class Tree extends EventTarget {
  /**
   * Tells `choose`, `alone` and `shown` (detail: steps, and for `shown` whether they are).
   * @param {HTMLElement} place  @param {import("./scene.js").Scene} scene
   */
  constructor(place, scene, words, urls) {
    super();
    Object.assign(this, { place, scene, words, urls });
    this.list = place.querySelector("[data-tree]");
    this.input = place.querySelector("[data-search]");
    this.said = place.querySelector("[data-found]");
    this.off = new Set();
    this.input.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.search(), WAIT_MS);
    });
    this.list.addEventListener("keydown", (event) => this.walk(event));
    this.fill();
  }

  tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  kind(name) {
    return this.words[`ifc.${name}`] ?? name.replace(/^Ifc/, "");
  }

  label(element) {
    return element.name || `${this.kind(element.kind)} #${element.step}`;
  }

  fill() {
    const { elements, storeys } = this.scene;
    const by = grouped(elements, (one) => one.storey);
    const known = new Set(storeys.map((one) => one.id));
    const stray = elements.filter((one) => !known.has(one.storey));
    // the highest stands on top, as a house does
    const rows = [...storeys].reverse().map((one) => this.storey(one, by.get(one.id) ?? []));
    if (stray.length) rows.push(this.storey({ id: "", name: this.words.no_storey, elevation: null }, stray));
    this.list.replaceChildren(...rows);
    this.said.textContent = elements.length ? filled(this.words.elements_n, { n: elements.length }) : "";
  }

  storey(storey, elements) {
    const steps = elements.map((one) => one.step);
    const only = el("button", { type: "button", class: "tool", title: this.words.only_help, text: this.words.only, onclick: () => this.tell("alone", { steps, storey }) });
    const eye = el("button", {
      type: "button", class: "tool", "aria-pressed": "true", text: this.words.shown, "aria-label": `${this.words.shown}: ${storey.name}`,
      onclick: () => {
        const on = eye.getAttribute("aria-pressed") !== "true";
        eye.setAttribute("aria-pressed", String(on));
        this.tell("shown", { steps, on });
      },
    });
    const height = storey.elevation === null ? "" : `${storey.elevation >= 0 ? "+" : "−"}${Math.abs(storey.elevation).toFixed(2)} m`;
    return this.group(
      [el("span", { class: "tree-name", text: storey.name || storey.id }), el("span", { class: "quiet", text: height })],
      elements.length, () => this.classes(elements), "tree-storey", el("span", { class: "tree-acts" }, only, eye), storey.id,
    );
  }

  classes(elements) {
    // several classes of the file may be one word for people
    const by = grouped(elements, (one) => this.kind(one.kind));
    return [...by].sort(([a], [b]) => a.localeCompare(b)).map(([kind, own]) =>
      this.group([el("span", { class: "tree-name", text: kind })], own.length, () => this.types(own), "tree-class"));
  }

  types(elements) {
    const by = grouped(elements, (one) => one.type);
    if (by.size < 2 || by.size === elements.length) return this.leaves(elements);
    return [...by].map(([type, own]) => this.group([el("span", { class: "tree-name", text: type || this.words.no_type })], own.length, () => this.leaves(own), "tree-type"));
  }

  leaves(elements) {
    return elements.map((one) => this.leaf(one));
  }

  leaf(element, more = "") {
    return el("li", {}, el(
      "button", { type: "button", class: "tree-leaf", "data-step": String(element.step), onclick: () => this.tell("choose", { step: element.step }) },
      el("span", { text: this.label(element) }), more && el("span", { class: "quiet", text: more }),
    ));
  }

  /** A fold that is filled when it is first opened: thousands of rows are never all there. */
  group(title, count, inside, name, acts = null, id = null) {
    const list = el("ul", { class: "tree-list" });
    const fold = el("details", {
      class: name, "data-storey": id,
      ontoggle: () => { if (fold.open && !list.childElementCount) list.append(...inside()); },
    }, el("summary", {}, ...title, el("span", { class: "count", text: String(count) })), list);
    return el("li", { class: acts ? "tree-row" : null }, fold, acts);
  }

  /** Open the folds down to an element and mark it. */
  mark(step, focus = false) {
    for (const one of this.list.querySelectorAll("[aria-current]")) one.removeAttribute("aria-current");
    const element = this.scene.byStep?.get(step);
    if (!element) return;
    let leaf = this.list.querySelector(`[data-step="${step}"]`);
    if (!leaf && !this.input.value) {
      const storey = [...this.list.querySelectorAll("details[data-storey]")].find((one) => one.dataset.storey === element.storey) ?? this.list.querySelector('details[data-storey=""]');
      const open = (fold) => {
        fold.open = true;
        fold.dispatchEvent(new Event("toggle"));
      };
      if (!storey) return;
      open(storey);
      for (const [selector, name] of [[".tree-class", this.kind(element.kind)], [".tree-type", element.type || this.words.no_type]]) {
        const fold = [...storey.querySelectorAll(selector)].find((one) => one.querySelector(".tree-name").textContent === name);
        if (fold) open(fold);
      }
      leaf = this.list.querySelector(`[data-step="${step}"]`);
    }
    if (!leaf) return;
    leaf.setAttribute("aria-current", "true");
    const { offsetTop } = leaf, { parentElement: box } = this.list;
    if (box.scrollHeight > box.clientHeight) box.scrollTop = Math.max(0, offsetTop - box.clientHeight / 2);
    if (focus) leaf.focus({ preventScroll: true });
  }

  async search() {
    const text = this.input.value.trim();
    if (!text) {
      this.fill();
      this.tell("alone", { steps: null });
      return;
    }
    const asked = (this.asked = (this.asked ?? 0) + 1);
    let body;
    try {
      body = await ask(`${this.urls.search}${this.urls.search.includes("?") ? "&" : "?"}text=${encodeURIComponent(text)}`);
    } catch {
      this.said.textContent = this.words.failed;
      return;
    }
    if (asked !== this.asked) return;
    const names = new Map(this.scene.storeys.map((one) => [one.id, one.name]));
    const found = body.steps.map((step) => this.scene.byStep.get(step)).filter(Boolean);
    this.list.replaceChildren(...found.slice(0, FOUND_MAX).map((one) => this.leaf(one, [this.kind(one.kind), names.get(one.storey)].filter(Boolean).join(" · "))));
    this.said.textContent = filled(this.words.found_n, { n: found.length }) + (found.length > FOUND_MAX ? ` ${filled(this.words.found_first, { n: FOUND_MAX })}` : "");
    if (found.length) this.list.append(el("li", {}, el("button", { type: "button", class: "link", text: this.words.show_found, onclick: () => this.tell("alone", { steps: found.map((one) => one.step) }) })));
  }

  /** Up and down walk over what is open, left and right fold. */
  walk(event) {
    const rows = [...this.list.querySelectorAll("summary, .tree-leaf")].filter((one) => one.checkVisibility?.() ?? one.offsetParent);
    const at = rows.indexOf(document.activeElement);
    if (at < 0) return;
    const fold = rows[at].matches("summary") ? rows[at].parentElement : null;
    const to = { ArrowDown: rows[at + 1], ArrowUp: rows[at - 1], Home: rows[0], End: rows.at(-1) }[event.key];
    if (to) to.focus();
    else if (event.key === "ArrowRight" && fold && !fold.open) fold.open = true;
    else if (event.key === "ArrowLeft" && fold?.open) fold.open = false;
    else if (event.key === "ArrowLeft") rows[at].closest("ul")?.closest("li")?.querySelector("summary")?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

function grouped(rows, name) {
  const made = new Map();
  for (const row of rows) {
    const key = name(row);
    if (made.has(key)) made.get(key).push(row);
    else made.set(key, [row]);
  }
  return made;
}
