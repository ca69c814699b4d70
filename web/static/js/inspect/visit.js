// One visit: the cause with its evidence, the building, then the form step by step.

import { again, fill, h } from "./dom.js";
import { formOf, packageOf } from "./along.js";
import { draftOf, hasDraft, held, keptNow, othersDrafts, save, saved } from "./draft.js";
import { evidence } from "./evidence.js";
import { asked, faults } from "./form_rules.js";
import { itemField } from "./items.js";
import { finishPage } from "./finish.js";
import { known, line } from "./outbox.js";
import { all, get, photosOf } from "./store.js";
import { whoAmI } from "./server.js";
import { dayOf, own, t, timeOf } from "./words.js";
import { sayWhy } from "./visits.js";

/** The page of a visit; `step` is 0 for the cause, then a part each, then the end. */
export async function visitPage(place, visitId, step, go) {
  let pack;
  try {
    pack = await packageOf(visitId);
  } catch (error) {
    fill(place, h("h1", {}, t("inspect.not_here")), h("p", {}, sayWhy(error)), back());
    return;
  }
  const me = await whose();
  if (!me.user_id) {
    fill(place, h("h1", {}, pack.building.name), h("p", { class: "notice loud" }, t("inspect.who")), back());
    return;
  }
  // what was told on the step before is read again from the phone: it has to be there first
  await saved();
  const sent = (await all("outbox")).find((one) => one.check_up_id === visitId && one.user_id === me.user_id && one.state !== "done" && one.state !== "stuck");
  const [other] = (await hasDraft(visitId, me.user_id)) ? [] : await othersDrafts(visitId, me);
  if (other && !begunBeside.has(visitId)) {
    const begin = h("button", { type: "button", class: "button primary", onclick: () => { begunBeside.add(visitId); go(`#/visit/${visitId}/0`, true); } }, t("inspect.own_draft"));
    fill(place, h("h1", {}, pack.building.name),
      h("p", { class: "notice", id: "others-draft" }, t("inspect.others_draft", { name: other.user_name || t("inspect.somebody"), at: timeOf(other.changed_at) })),
      h("div", { class: "row-actions" }, begin, back()));
    return;
  }
  const draft = await draftOf(pack, me);
  const newest = pack.template;
  const form = (await formOf(visitId, draft.template_id, draft.template_version)) ?? newest;
  pack = { ...pack, template: form };
  // one that is no longer here cannot be asked by: the answers go on under the newest
  if (form) [draft.template_id, draft.template_version] = [form.id, form.version];
  if (!(await held(visitId))) {
    const here = h("button", { type: "button", class: "button primary", onclick: () => held(visitId, true).then(() => go(`#/visit/${visitId}/${step}`, true)) }, t("inspect.take_here"));
    fill(place, h("h1", {}, pack.building.name), h("p", { class: "notice", id: "other-tab" }, t("inspect.other_tab")), here, back());
    return;
  }
  const state = { pack, draft, me, photos: await photosOf(visitId, me.user_id), keep: () => save(draft), redraw };
  const parts = openParts(state);
  const steps = ["start", ...parts.map((part) => part.id), "finish"];
  const at = Math.min(Math.max(0, step), steps.length - 1);
  const head = h("header", { class: "visit-head" },
    back(),
    h("h1", {}, pack.building.name),
    h("p", { class: "quiet" }, `${t(`inspect.class_${pack.check_up.check_class}`)} · ${t("inspect.due", { day: dayOf(pack.check_up.due_on) })}`),
    h("progress", { max: steps.length - 1, value: at, "aria-label": t("inspect.progress", { at: at + 1, of: steps.length }) }),
    h("nav", { class: "steps", "aria-label": t("inspect.parts") }, steps.map((id, index) =>
      h("a", { href: `#/visit/${visitId}/${index}`, "aria-current": index === at ? "step" : null, class: "step" },
        stepTitle(id, parts)))));
  const body = h("div", { class: "visit-body" });
  fill(place, head, sent ? h("p", { class: "notice" }, t("inspect.already_sent")) : null,
    form !== undefined && newest && (form.id !== newest.id || form.version !== newest.version) ? h("p", { class: "notice", id: "older-form" }, t("inspect.older_form", { came: form.version, now: newest.version })) : null, body, foot());
  head.querySelector("[aria-current]").scrollIntoView({ block: "nearest", inline: "center" });
  if (steps[at] === "start") body.append(start(state));
  else if (steps[at] === "finish") await finishPage(body, state, go);
  else drawPart(body, state, parts[at - 1]);
  place.querySelector("h1").tabIndex = -1;

  function foot() {
    return h("footer", { class: "visit-foot" },
      at > 0 ? h("a", { class: "button", href: `#/visit/${visitId}/${at - 1}` }, t("inspect.before")) : h("span"),
      keptMark(),
      at < steps.length - 1 ? h("a", { class: "button primary", href: `#/visit/${visitId}/${at + 1}` }, t("inspect.next")) : h("span"));
  }

  async function redraw() {
    state.photos = await photosOf(visitId, me.user_id);
    if (steps[at] !== "finish" && steps[at] !== "start") drawPart(body, state, parts[at - 1]);
  }
}

/** a weak signal is not waited for: the last one who was logged in here counts then */
const WHO_MS = 1500;

/** visits that are filled in beside somebody else's draft: that was asked once */
const begunBeside = new Set();

/** Who fills in: the one who was logged in last, known without a network; a draft is always somebody's. */
async function whose() {
  if (line.me) return line.me;
  const told = await Promise.race([whoAmI().catch(() => null), new Promise((resolve) => setTimeout(resolve, WHO_MS, null))]);
  if (told) await known(told);
  return told ?? (await get("meta", "me")) ?? { user_id: "", name: "" };
}

const back = () => h("a", { class: "back", href: "#/" }, `‹ ${t("inspect.today")}`);

/** Says whether the last stroke is on the phone yet; it goes when its page goes. */
function keptMark() {
  const mark = h("span", { class: "kept-mark quiet small", role: "status" });
  const show = () => {
    mark.dataset.kept = keptNow();
    mark.textContent = t(`inspect.kept_${keptNow()}`);
  };
  const listen = () => (mark.isConnected ? show() : removeEventListener("inspect:kept", listen));
  addEventListener("inspect:kept", listen);
  show();
  return mark;
}

function stepTitle(id, parts) {
  if (id === "start") return t("inspect.step_start");
  if (id === "finish") return t("inspect.step_finish");
  return own(parts.find((part) => part.id === id));
}

/** The answers as the rules want them. */
export function answersOf(draft) {
  const ids = new Set([...Object.keys(draft.answers), ...draft.defects.map((one) => one.item_id)]);
  return [...ids].map((id) => ({
    item_id: id, value: draft.answers[id]?.value ?? null, note: draft.answers[id]?.note ?? "",
    defect_ids: draft.defects.filter((one) => one.item_id === id).map((one) => one.id),
  }));
}

/** What is still wrong, by the rules of the form. */
export function faultsOf({ pack, draft, photos }) {
  const counts = {};
  for (const one of photos) if (one.kind === "photo" && one.item_id && one.state !== "dropped") counts[one.item_id] = (counts[one.item_id] ?? 0) + 1;
  const signed = Object.entries(draft.signatures).filter(([, one]) => one.attachment_id || one.refused).map(([role]) => role);
  return faults(pack.template, answersOf(draft), counts, { members: draft.members.length, signed });
}

function openParts({ pack, draft }) {
  const items = new Set(asked(pack.template, answersOf(draft)).map((item) => item.id));
  return pack.template.parts.filter((part) => part.items.some((item) => items.has(item.id)));
}

function drawPart(body, state, part) {
  const items = new Set(asked(state.pack.template, answersOf(state.draft)).map((item) => item.id));
  again(body, () => fill(body, h("h2", {}, own(part)), ...part.items.filter((item) => items.has(item.id)).map((item) => itemField(item, state))));
}

function start({ pack, draft, keep }) {
  const check = pack.check_up;
  const house = pack.building;
  return h("div", {},
    h("section", { class: "card" }, h("h2", {}, t("inspect.why")),
      h("p", {}, h("strong", {}, t(`inspect.cause_${check.cause.replace(/[ -]/g, "_")}`)), check.cause_text ? ` ${check.cause_text}` : "")),
    pack.alert ? evidence(pack.alert, draft, keep) : null,
    h("section", { class: "card" }, h("h2", {}, t("inspect.house")),
      h("dl", { class: "facts" }, facts([
        [t("inspect.address"), house.address], [t("inspect.structure"), t(`inspect.structure_${house.structure}`)],
        [t("inspect.built"), house.build_year ?? t("inspect.unknown")],
        [t("inspect.storeys"), `${house.storeys_above}${house.storeys_below ? ` + ${house.storeys_below}` : ""}`],
        [t("inspect.grade"), house.grade ? t("inspect.grade_is", { grade: house.grade }) : t("inspect.grade_none")]]))),
    h("section", { class: "card" }, h("h2", {}, t("inspect.before_now")),
      pack.last_check_ups.length
        ? h("ul", {}, pack.last_check_ups.map((one) => h("li", {}, `${one.done_at ? dayOf(one.done_at) : ""} ${t(`inspect.class_${one.check_class}`)} · ${t(`inspect.result_${one.result}`)}`)))
        : h("p", { class: "quiet" }, t("inspect.no_last")),
      h("p", {}, t("inspect.known_defects", { count: pack.defects.length }))));
}

function facts(rows) {
  return rows.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, String(value))]);
}

