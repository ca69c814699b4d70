// The end of a visit: result, measures, signatures, what is still wrong, and sending.

import { again, choices, dialog, field, fill, h, toast } from "./dom.js";
import { submit } from "./draft.js";
import { severityOf } from "./form_rules.js";
import { send } from "./outbox.js";
import { signBox } from "./signing.js";
import { NoRoom, photosOf } from "./store.js";
import { answersOf, faultsOf } from "./visit.js";
import { own, t } from "./words.js";

const LONG = 20000;

/** The last step. */
export async function finishPage(place, state, go) {
  const { draft, pack } = state;
  state.refresh = async () => { state.photos = await photosOf(draft.check_up_id, draft.user_id); paint(); };
  const text = (label, name, rows) => field(label, h("textarea", { rows, maxLength: LONG, value: draft[name], oninput: (event) => { draft[name] = event.target.value; state.keep(); } }));

  let missing = 0;

  function paint() {
    const worst = severityOf(pack.template, answersOf(draft));
    const hint = [1, 2, 2, 3, 4][worst];
    const wrong = h("div", { role: "status" });
    const button = h("button", { type: "button", class: "button primary wide", onclick: () => done(button) }, t("inspect.submit"));
    const judge = () => {
      const faults = everyFault();
      fill(wrong, ...faultList(faults));
      // who cannot take a photo must still be able to tell of a danger
      button.disabled = !draft.result;
      missing = faults.length;
    };
    again(place, () => fill(place,
      h("section", { class: "card" }, h("h2", {}, t("inspect.result")),
        h("p", { class: "quiet small" }, t("inspect.result_hint")),
        worst && (!draft.result || hint > draft.result) ? h("p", { class: "notice" }, t("inspect.result_worst", { result: t(`inspect.result_${hint}`) })) : null,
        choices(t("inspect.result"), [1, 2, 3, 4].map((step) => [step, t(`inspect.result_${step}`), `result-${step}`]), draft.result || "", (value) => { draft.result = Number(value); state.keep(); paint(); }),
        draft.result === 4 ? h("p", { class: "notice loud" }, t("inspect.result_4_call")) : null,
        text(t("inspect.conclusion"), "conclusion", 3), text(t("inspect.measures"), "measures", 2),
        field(t("inspect.recheck"), h("input", { type: "date", value: draft.recheck_on, oninput: (event) => { draft.recheck_on = event.target.value; state.keep(); } }))),
      h("section", { class: "card" }, h("h2", {}, t("inspect.signatures")), ...roles().map((role) => signBox(role, state))),
      h("section", { class: "card" }, h("h2", {}, t("inspect.last_look")), wrong,
        h("p", { class: "quiet small" }, t("inspect.pictures_of", { count: state.photos.filter((one) => one.state !== "dropped" && one.kind === "photo").length })), button)));
    judge();
  }

  const roles = () => [...new Set([...pack.template.signatures, "owner"])];

  function everyFault() {
    const own = faultsOf(state).map((one) => ({ ...one, title: titleOf(one.item_id) }));
    if (!draft.result) own.unshift({ item_id: "", code: "result missing", title: t("inspect.result") });
    if (draft.editing) own.push({ item_id: draft.editing.one.item_id, code: "half", title: titleOf(draft.editing.one.item_id) });
    if (pack.alert && !draft.outcome) own.unshift({ item_id: "start", code: "missing", title: t("inspect.outcome") });
    return own;
  }

  function titleOf(id) {
    if (id.startsWith("signature:")) return t(`inspect.sign_${id.slice(10)}`);
    const item = pack.template.parts.flatMap((part) => part.items).find((one) => one.id === id);
    return item ? own(item) : id;
  }

  function faultList(faults) {
    if (!faults.length) return [h("p", { class: "well" }, t("inspect.complete"))];
    return [h("p", {}, t("inspect.to_do", { count: faults.length })),
      h("ul", { class: "faults" }, faults.map((one) => h("li", {}, h("a", { href: `#/visit/${draft.check_up_id}/${stepOf(one.item_id)}` }, `${one.title}: ${t(`inspect.fault_${one.code.replace(/ /g, "_")}`, one)}`))))];
  }

  function stepOf(id) {
    if (id === "start") return 0;
    const index = pack.template.parts.findIndex((part) => part.items.some((item) => item.id === id));
    return index < 0 ? 999 : index + 1;
  }

  async function done(button) {
    button.disabled = true;
    if (missing && !(await sure(missing))) {
      button.disabled = false;
      return;
    }
    try {
      await submit(draft, document.documentElement.dataset.app ?? "", pack.building.name);
    } catch (error) {
      toast(error instanceof NoRoom ? t("inspect.no_room") : String(error?.message ?? error));
      button.disabled = false;
      return;
    }
    send();
    toast(t("inspect.kept_to_send"));
    go("#/unsent");
  }

  paint();
}

/** Ask whether a form goes with something missing. */
function sure(count) {
  return dialog(t("inspect.submit"), (close) => [h("p", {}, t("inspect.submit_missing", { count })), h("div", { class: "dialog-actions" },
    h("button", { type: "button", class: "button", onclick: () => close(false) }, t("inspect.leave")),
    h("button", { type: "button", class: "button primary", onclick: () => close(true) }, t("inspect.submit_anyway")))]);
}
