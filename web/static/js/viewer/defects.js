// The defects of a building as a list: what they are, how bad, where, and changing them.

import { el, filled } from "./made.js";

export class DefectList {
  /**
   * @param {HTMLElement} place
   * @param {{look: (defect: object) => void, edit: ((defect: object | null) => void) | null, picture: ((defect: object) => Promise<boolean>) | null}} does
   */
  constructor(place, scene, words, does) {
    Object.assign(this, { place, scene, words, does, opened: null });
    this.fill();
  }

  fill() {
    const order = [...this.scene.defects].sort((a, b) => a.closed - b.closed || b.severity - a.severity || a.id.localeCompare(b.id));
    const head = el("div", { class: "card-head" }, el("p", { class: "quiet", text: filled(this.words.defects_n, { n: order.filter((one) => !one.closed).length }) }),
      this.does.edit && el("button", { type: "button", class: "button", "data-defect-new": "", text: this.words.defect_new, onclick: () => this.does.edit(null) }));
    const rows = order.map((one) => this.row(one));
    this.place.replaceChildren(head, rows.length ? el("ul", { class: "model-list" }, ...rows) : el("p", { class: "quiet", text: this.words.no_defects }));
  }

  row(one) {
    const open = this.opened === one.id;
    const sensors = one.sensors.map((id) => this.scene.sensor(id)?.code).filter(Boolean);
    return el("li", { class: one.closed ? "quiet" : null },
      el("button", { type: "button", class: "model-row", "data-defect": one.id, "aria-expanded": String(open), onclick: () => { this.opened = open ? null : one.id; this.fill(); if (!open) this.does.look(one); this.focus(one.id); } },
        el("span", { class: `severity severity-${one.severity}`, text: `✕ ${one.severity_word}` }), el("strong", { text: one.code_word }), el("span", { class: "value", text: one.text }),
        el("span", { text: one.title }), el("small", { class: "quiet wide", text: [one.status_word, one.where, one.hold_word].filter(Boolean).join(" · ") })),
      open && el("div", { class: "model-defect" },
        one.note && el("p", { text: one.note }), el("p", { class: "quiet small", text: `${one.found} · ${one.age}` }),
        sensors.length > 0 && el("p", { class: "small", text: `${this.words.sensors}: ${sensors.join(", ")}` }),
        el("div", { class: "model-card-acts" },
          el("button", { type: "button", class: "button", text: this.words.look_at, onclick: () => this.does.look(one) }),
          this.does.picture && el("button", { type: "button", class: "button", "data-defect-picture": one.id, text: this.words.defect_picture, onclick: (event) => this.keep(one, event.currentTarget) }),
          this.does.edit && el("button", { type: "button", class: "button", "data-defect-edit": one.id, text: this.words.edit, onclick: () => this.does.edit(one) }))));
  }

  /** Keep what is seen as the picture that goes with a defect. */
  async keep(one, button) {
    button.disabled = true;
    const kept = await this.does.picture(one).catch(() => false);
    button.disabled = false;
    button.textContent = kept ? this.words.defect_picture_kept : this.words.defect_picture_failed;
  }

  focus(id) {
    [...this.place.querySelectorAll("[data-defect]")].find((one) => one.dataset.defect === id)?.focus();
  }

  /** Open one, as its mark was chosen. */
  open(id) {
    this.opened = id;
    this.fill();
    this.focus(id);
  }
}
