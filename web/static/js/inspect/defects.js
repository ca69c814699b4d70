// Defects of one item: what was found before, and what is found now; never written over.

import { again as drawn, atOnce, choices, dialog, field, fill, h } from "./dom.js";
import { newId } from "./ids.js";
import { photoStrip } from "./photos.js";
import { choosePlace, placeText } from "./place.js";
import { t } from "./words.js";

const CODES = ["crack", "lean", "settlement", "spalling", "rebar", "leak", "bulge", "other"];
const CARD_MM = [0.1, 0.2, 0.3, 0.5, 0.8, 1, 1.5, 2, 3, 5, 10];
const DIRECTIONS = ["vertical", "horizontal", "diagonal", "stepped", "along", "net"];

/** The list of an item, with what is known from before and a button for a new one. */
export function defectList(item, state, setNone) {
  const { draft, pack } = state;
  const mine = draft.defects.filter((one) => one.item_id === item.id);
  const told = new Set(draft.defects.map((one) => one.continues));
  const before = pack.defects.filter((one) => one.newest && one.status !== "mended" && one.status !== "dismissed" && !told.has(one.id));
  const none = draft.answers[item.id]?.value === "none";
  const box = h("div", { class: "defects" });
  const half = draft.editing?.one.item_id === item.id ? draft.editing : null;
  if (half) {
    box.append(h("div", { class: "notice", "data-half": half.one.id }, h("p", {}, t("inspect.half_defect", { what: nameOf(half.one), place: placeText(half.one.anchor) })),
      h("div", { class: "row-actions" },
        h("button", { type: "button", class: "button primary", onclick: () => edit(half.one, half.plumb) }, t("inspect.go_on")),
        h("button", { type: "button", class: "button", onclick: async () => { delete draft.editing; await state.keep(); state.redraw(); } }, t("inspect.leave")))));
  }
  if (before.length) {
    box.append(h("h4", {}, t("inspect.found_before")), ...before.map((one) => h("div", { class: "defect before" },
      one.thumbs[0] ? h("img", { src: one.thumbs[0], alt: "", class: "defect-thumb" }) : null,
      h("p", {}, h("strong", {}, nameOf(one)), ` · ${one.anchor ? placeText(one.anchor) : ""}`, h("br"), h("span", { class: "quiet" }, valueText(one))),
      h("div", { class: "row-actions" },
        h("button", { type: "button", class: "button", onclick: () => again(one, "same") }, t("inspect.same")),
        h("button", { type: "button", class: "button", onclick: () => again(one, "grown") }, t("inspect.grown")),
        h("button", { type: "button", class: "button", onclick: () => again(one, "gone") }, t("inspect.mended"))))));
  }
  if (mine.length) box.append(h("h4", {}, t("inspect.found_now")));
  for (const one of mine) {
    box.append(h("div", { class: "defect" },
      h("p", {}, h("strong", {}, nameOf(one)), ` · ${placeText(one.anchor)}`, h("br"), valueText(one), one.continues ? h("span", { class: "tag" }, t("inspect.continues")) : null),
      photoStrip({ state, photos: state.photos.filter((photo) => photo.defect_id === one.id), item_id: item.id, defect_id: one.id }),
      h("div", { class: "row-actions" },
        h("button", { type: "button", class: "button", onclick: () => edit(one) }, t("inspect.change")),
        h("button", { type: "button", class: "button", onclick: () => drop(one) }, t("inspect.drop")))));
  }
  box.append(h("div", { class: "row-actions" },
    h("button", { type: "button", class: "button primary", onclick: () => edit(fresh(item, state)) }, t("inspect.new_defect")),
    h("button", { type: "button", class: "button", role: "switch", "aria-checked": String(none), disabled: mine.length > 0, onclick: () => setNone(!none), onkeydown: atOnce }, t("inspect.no_defects"))));
  return box;

  async function again(one, how) {
    const now = {
      ...fresh(item, state), code: one.code, severity: one.severity, title: one.title, value: one.value, unit: one.unit,
      length_mm: one.length_mm, direction: one.direction, dangerous: one.dangerous, continues: one.id, sensor_ids: one.sensor_ids ?? [],
    };
    if (one.anchor) now.anchor = { ...plainAnchor(one.anchor), id: newId() };
    if (how === "gone") now.status = "mended";
    if (how === "grown") await edit(now);
    else await keep(now);
  }

  async function edit(one, plumbed) {
    const did = await editor(one, state, plumbed);
    if (did) await keep(did);
    // left by its button it is gone; closed in another way it can be gone on with
    else {
      if (did === null) delete draft.editing;
      await state.keep();
      state.redraw();
    }
  }

  async function keep(one) {
    draft.defects = [...draft.defects.filter((other) => other.id !== one.id), one];
    if (draft.editing?.one.id === one.id) delete draft.editing;
    if (draft.answers[item.id]?.value === "none") draft.answers[item.id].value = null;
    await state.keep();
    state.redraw();
  }

  async function drop(one) {
    draft.defects = draft.defects.filter((other) => other.id !== one.id);
    await state.keep();
    state.redraw();
  }
}

function fresh(item, { draft }) {
  return {
    id: newId(), item_id: item.id, code: "crack", severity: 2, title: "", note: "", value: null, unit: "mm", length_mm: null,
    direction: "", dangerous: false, status: "open", continues: "", sensor_ids: [], found_at: new Date().toISOString(),
    anchor: { ...(draft.defects.at(-1)?.anchor ?? { picked_by: "text", storey: "", room: "", side: "", note: "" }), id: newId(), note: "" },
  };
}

function plainAnchor(one) {
  const names = ["picked_by", "element_id", "revision_seen", "point", "normal", "local_uvw", "storey", "elevation_m", "room", "room_id", "side", "note", "wgs84", "accuracy_m"];
  return Object.fromEntries(names.map((name) => [name, one[name]]));
}

const nameOf = (one) => one.title || t(`inspect.code_${one.code}`);

function valueText(one) {
  const parts = [one.value === null || one.value === undefined ? "" : `${one.value} ${one.unit}`];
  if (one.length_mm) parts.push(`${t("inspect.length")} ${one.length_mm} mm`);
  if (one.direction) parts.push(t(`inspect.direction_${one.direction}`));
  if (one.dangerous) parts.push(t("inspect.dangerous_point"));
  if (one.status === "mended") parts.push(t("inspect.mended"));
  return parts.filter(Boolean).join(" · ");
}

/**
 * Fill a defect in; resolves with it, `null` when it is left, nothing when the dialog was closed.
 * Each stroke is in the draft at once: a killed tab loses no half of a defect.
 */
function editor(given, state, plumbed = { height: "", offset: "" }) {
  const one = structuredClone(given);
  const note = () => { state.draft.editing = { one, plumb: plumbed }; state.keep(); };
  return dialog(t("inspect.defect"), (close) => {
    const body = h("div", { oninput: note, onchange: note, onclick: note });
    const place = h("p", { class: "place-line" }, placeText(one.anchor));
    const fault = h("p", { class: "fault", role: "alert" });
    const number = (label, name, unit) => field(`${label} (${unit})`, h("input", {
      type: "text", inputMode: "decimal", autocomplete: "off", value: one[name] ?? "",
      oninput: (event) => { const value = Number(event.target.value.trim().replace(",", ".")); one[name] = event.target.value.trim() && Number.isFinite(value) ? value : null; },
    }));
    const paint = () => {
      const measures = one.code === "crack" ? [
        h("p", { class: "quiet small" }, t("inspect.crack_card")),
        h("div", { class: "card-steps" }, CARD_MM.map((mm) => h("button", { type: "button", class: "button", "aria-pressed": String(one.value === mm), onclick: () => { one.value = mm; one.unit = "mm"; paint(); } }, String(mm)))),
        number(t("inspect.width"), "value", "mm"), number(t("inspect.length"), "length_mm", "mm"),
        choices(t("inspect.direction"), DIRECTIONS.map((name) => [name, t(`inspect.direction_${name}`)]), one.direction, (value) => { one.direction = value; }),
      ] : one.code === "lean" ? plumb(one, plumbed) : [number(t("inspect.value"), "value", one.unit || "mm")];
      drawn(body, () => fill(body,
        choices(t("inspect.kind"), CODES.map((name) => [name, t(`inspect.code_${name}`)]), one.code, (value) => { one.code = value; if (value === "lean") one.unit = "‰"; else if (value === "crack") one.unit = "mm"; paint(); }),
        h("h3", {}, t("inspect.where")), place,
        h("button", { type: "button", class: "button", onclick: async () => { const found = await choosePlace(one.anchor, state.pack); if (found) { one.anchor = found; place.textContent = placeText(found); note(); } } }, t("inspect.choose_place")),
        ...measures,
        choices(t("inspect.severity"), [1, 2, 3].map((step) => [step, t(`inspect.severity_${step}`)]), one.severity, (value) => { one.severity = Number(value); }),
        h("label", { class: "tick" }, h("input", { type: "checkbox", checked: one.dangerous, onchange: (event) => { one.dangerous = event.target.checked; } }), ` ${t("inspect.dangerous_point")}`),
        field(t("inspect.title"), h("input", { type: "text", maxLength: 200, value: one.title, oninput: (event) => { one.title = event.target.value; } })),
        field(t("inspect.note"), h("textarea", { rows: 2, value: one.note, oninput: (event) => { one.note = event.target.value; } }))));
    };
    paint();
    return [body, fault, h("div", { class: "dialog-actions" },
      h("button", { type: "button", class: "button", onclick: () => close(null) }, t("inspect.leave")),
      h("button", { type: "button", class: "button primary", onclick: () => {
        const known = one.anchor.element_id || one.anchor.point || [one.anchor.storey, one.anchor.room, one.anchor.side, one.anchor.note, one.anchor.room_id].some((text) => (text ?? "").trim());
        if (known) close(one);
        else fault.textContent = t("inspect.place_wanted");
      } }, t("inspect.keep")))];
  });
}

/** Tilt by plumb: offset over height, in thousandths. */
function plumb(one, given) {
  const told = h("p", { role: "status" }, one.value === null ? "" : `${one.value} ‰`);
  const number = (text) => (text.trim() === "" ? NaN : Number(text.trim().replace(",", ".")));
  const take = (name) => (event) => {
    given[name] = event.target.value;
    const [height, offset] = [number(given.height), number(given.offset)];
    if (height > 0 && offset >= 0) {
      one.value = Math.round((offset / height) * 10) / 10;
      one.unit = "‰";
      told.textContent = `${one.value} ‰`;
    }
  };
  const input = (name) => h("input", { type: "text", inputMode: "decimal", autocomplete: "off", value: given[name], oninput: take(name) });
  return [field(`${t("inspect.plumb_height")} (m)`, input("height")), field(`${t("inspect.plumb_offset")} (mm)`, input("offset")), told];
}
