// The count of dangerous members, with what it comes to while one counts.

import { fill, h } from "./dom.js";
import { tally, WrongCount } from "./jgj125.js";
import { language, own, t } from "./words.js";

/** The table of storeys and kinds of members. */
export function membersField(state) {
  const { draft, pack } = state;
  const house = pack.building;
  const said = h("div", { class: "tally", role: "status" });
  const rows = h("div", { class: "member-rows" });
  const kinds = pack.jgj.weights;
  const storeys = [0, ...range(-house.storeys_below, -1), ...range(1, house.storeys_above)];

  const row = (member) => {
    const number = (name) => h("input", {
      type: "text", inputMode: "numeric", size: 4, value: member[name], "aria-label": t(`inspect.member_${name}`),
      oninput: (event) => { member[name] = Math.max(0, Math.trunc(Number(event.target.value) || 0)); keep(); },
    });
    const kind = h("select", { "aria-label": t("inspect.member_kind"), onchange: (event) => { member.kind = event.target.value; if (kinds.find((one) => one.kind === member.kind).foundation) member.storey = 0; else if (member.storey === 0) member.storey = 1; paint(); } },
      kinds.map((one) => h("option", { value: one.kind, selected: one.kind === member.kind }, `${own(one)} ×${one.tenths / 10}`)));
    const storey = h("select", { "aria-label": t("inspect.storey"), onchange: (event) => { member.storey = Number(event.target.value); keep(); } },
      storeys.map((one) => h("option", { value: one, selected: one === member.storey }, storeyName(one))));
    return h("div", { class: "member" }, storey, kind,
      h("label", {}, t("inspect.member_total"), number("total")), h("label", {}, t("inspect.member_dangerous"), number("dangerous")),
      h("button", { type: "button", class: "button", "aria-label": t("inspect.drop"), onclick: () => { draft.members.splice(draft.members.indexOf(member), 1); paint(); } }, "×"));
  };
  const keep = () => { state.keep(); count(); };
  const paint = () => { fill(rows, ...draft.members.map(row)); keep(); };
  const count = () => {
    try {
      const found = tally(draft.members, house.storeys_above, house.storeys_below, draft.soil_dangerous, pack.jgj);
      fill(said, ...result(found));
    } catch (error) {
      if (!(error instanceof WrongCount)) throw error;
      fill(said, h("p", { class: "fault" }, t("inspect.count_wrong", { why: error.message })));
    }
  };
  const soil = h("label", { class: "tick" }, h("input", { type: "checkbox", checked: draft.soil_dangerous, onchange: (event) => { draft.soil_dangerous = event.target.checked; keep(); } }), ` ${t("inspect.soil_dangerous")}`);
  fill(rows, ...draft.members.map(row));
  count();
  return h("div", { class: "members" }, soil, rows,
    h("button", { type: "button", class: "button", onclick: () => { const last = draft.members.at(-1); draft.members.push({ storey: last?.storey ?? 1, kind: last?.storey === 0 ? "foundation" : "bearing_wall", total: 0, dangerous: 0 }); paint(); } }, t("inspect.member_add")), said);
}

function result(found) {
  const share = (ratio) => `${(ratio * 100).toFixed(2)} %`;
  return [
    h("ul", {}, found.layers.map((one) => h("li", {}, `${storeyName(one.storey)}: ${one.storey === 0 ? "Rf" : "Rs"} = ${share(one.ratio)} → ${one.grade}`))),
    h("p", {}, h("strong", {}, found.ratio === null ? t("inspect.count_nothing") : `R = ${share(found.ratio)}`), found.computed ? ` → ${t("inspect.computed", { letter: found.computed.slice(-1) })}` : ""),
    found.missing.length ? h("p", { class: "quiet small" }, t("inspect.count_missing", { storeys: found.missing.map(storeyName).join(language === "zh" ? "、" : ", ") })) : null,
    h("p", { class: "quiet small" }, t("inspect.no_grade")),
  ].filter(Boolean);
}

function storeyName(storey) {
  if (storey === 0) return t("inspect.foundation");
  return storey > 0 ? t("inspect.storey_n", { n: storey }) : t("inspect.basement_n", { n: -storey });
}

const range = (from, to) => Array.from({ length: Math.max(0, to - from + 1) }, (_, step) => from + step);
