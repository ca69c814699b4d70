// One item of a form: its question, its answer, its pictures, its note.

import { choices, field, h } from "./dom.js";
import { defectList } from "./defects.js";
import { membersField } from "./members.js";
import { photoStrip } from "./photos.js";
import { photosWanted } from "./form_rules.js";
import { answersOf } from "./visit.js";
import { own, t } from "./words.js";

/** Draw an item. */
export function itemField(item, state) {
  const { draft, photos } = state;
  const kept = draft.answers[item.id] ?? { value: null, note: "" };
  const set = (value, again) => {
    draft.answers[item.id] = { ...(draft.answers[item.id] ?? { note: "" }), value };
    state.keep();
    if (again) state.redraw();
  };
  const box = h("section", { class: "item card", "data-item": item.id },
    h("h3", { tabIndex: -1 }, own(item), item.required ? null : h("span", { class: "quiet small" }, ` ${t("inspect.optional")}`)),
    hint(item));
  if (item.kind === "choice") {
    box.append(choices(own(item), item.choices.map((one) => [one.id, own(one), `severity-${one.severity}`]), kept.value, (value) => set(value, true)));
  } else if (item.kind === "number") box.append(numberField(item, kept, set));
  else if (item.kind === "text") {
    box.append(field(own(item), h("textarea", { rows: 3, value: kept.value ?? "", oninput: (event) => set(event.target.value) })));
  } else if (item.kind === "defects") box.append(defectList(item, state, (none) => set(none ? "none" : null, true)));
  else if (item.kind === "members") box.append(membersField(state));
  const wanted = photosWanted(item, answersOf(draft).find((one) => one.item_id === item.id) ?? { item_id: item.id });
  if (item.kind !== "members" && item.kind !== "defects") {
    box.append(photoStrip({ state, photos: photos.filter((one) => one.item_id === item.id && !one.defect_id), item_id: item.id, wanted }));
  }
  if (item.kind !== "text" && item.kind !== "photo") {
    const note = h("textarea", { rows: 2, value: kept.note ?? "", oninput: (event) => { draft.answers[item.id] = { ...(draft.answers[item.id] ?? { value: null }), note: event.target.value }; state.keep(); } });
    box.append(h("details", { open: Boolean(kept.note) }, h("summary", {}, t("inspect.note")), field(t("inspect.note"), note)));
  }
  return box;
}

function hint(item) {
  const text = [own({ zh: item.hint_zh, en: item.hint_en }), item.source].filter(Boolean).join(" · ");
  return text ? h("p", { class: "quiet small" }, text) : null;
}

function numberField(item, kept, set) {
  const input = h("input", {
    type: "text", inputMode: "decimal", autocomplete: "off", value: kept.value ?? "",
    oninput: (event) => {
      const text = event.target.value.trim().replace(",", ".");
      const value = text === "" ? null : Number(text);
      const given = value !== null && Number.isFinite(value) ? value : text || null;
      set(given);
      mark(given);
    },
  });
  const said = h("p", { class: "small", role: "status" });
  const mark = (value) => {
    const number = typeof value === "number";
    const out = number && ((item.low !== null && value < item.low) || (item.high !== null && value > item.high));
    input.setAttribute("aria-invalid", String(Boolean(value !== null && (!number || out))));
    said.textContent = value !== null && !number ? t("inspect.not_a_number")
      : out ? t("inspect.out_of_range", { low: item.low ?? "", high: item.high ?? "", unit: item.unit })
        : number && item.attention !== null && value >= item.attention ? t("inspect.attention", { value: item.attention, unit: item.unit, source: item.source }) : "";
  };
  mark(kept.value ?? null);
  return h("div", {}, field(`${t("inspect.value")} (${item.unit})`, input), said);
}
