// A form that is being filled in: every change is on the phone before the next one.

import { newId } from "./ids.js";
import { all, get, NoRoom, onNewer, put, photosOf, together } from "./store.js";
import { toast } from "./dom.js";
import { t } from "./words.js";

let writing = Promise.resolve();
/** the draft that waits to be written */
let next = null;
/** whether the last change is on the phone: "no" while it is being written, "failed" without room */
let kept = "yes";

/** How far the keeping is; the event `inspect:kept` tells of each change. */
export const keptNow = () => kept;

function tell(how) {
  if (how === kept) return;
  kept = how;
  dispatchEvent(new Event("inspect:kept"));
}
/** check-up whose form this tab fills in, and how it is let go */
let mine = { id: "", letGo: () => {} };

/**
 * Be the one tab that fills a form in; two would write over each other.
 * @param {string} id  of the check-up  @param {boolean} [steal]  take it from the other tab
 * @returns {Promise<boolean>}
 */
export function held(id, steal = false) {
  if (!navigator.locks || (mine.id === id && !steal)) return Promise.resolve(true);
  mine.letGo();
  mine = { id: "", letGo: () => {} };
  return new Promise((resolve) => {
    navigator.locks.request(`anju-form-${id}`, steal ? { steal: true } : { ifAvailable: true }, async (lock) => {
      if (!lock) return resolve(false);
      const own = new Promise((letGo) => { mine = { id, letGo }; });
      resolve(true);
      await own;
    }).catch(() => {
      // another tab took it: what this one wrote is kept, it only looks on from now
      mine = { id: "", letGo: () => {} };
      dispatchEvent(new Event("inspect:lost"));
    });
  });
}

/** The drafts that others have of a check-up on this phone. */
export async function othersDrafts(checkUpId, me) {
  return (await all("drafts")).filter((one) => one.check_up_id === checkUpId && one.user_id !== me.user_id);
}

/** Whether somebody has a draft of a check-up. */
export const hasDraft = async (checkUpId, userId) => Boolean(await get("drafts", [checkUpId, userId]));

/** Find one's own draft of a check-up, or begin one. */
export async function draftOf(pack, me) {
  const kept = await get("drafts", [pack.check_up.id, me.user_id]);
  if (kept) return kept;
  const cause = pack.template?.parts.flatMap((part) => part.items).find((item) => item.id === "cause");
  const known = cause?.choices.some((choice) => choice.id === pack.check_up.cause);
  return {
    check_up_id: pack.check_up.id, user_id: me.user_id, user_name: me.name, submission_id: newId(), supersedes: pack.check_up.submission_id,
    template_id: pack.template?.id ?? "", template_version: pack.template?.version ?? 0, base_version: pack.check_up.version,
    begun_at: new Date().toISOString(), answers: known ? { cause: { value: pack.check_up.cause, note: "" } } : {},
    defects: [], members: [], soil_dangerous: false, result: 0, conclusion: "", measures: "", recheck_on: "",
    outcome: "", signatures: {}, step: 0, changed_at: Date.now(),
  };
}

/** Let another tab have the form; what was written is written first. */
export async function letGo() {
  await writing;
  mine.letGo();
  mine = { id: "", letGo: () => {} };
}

/** Keep a draft as it is now; changes are written one after the other. */
export function save(draft) {
  if (navigator.locks && mine.id !== draft.check_up_id) return writing;
  const copy = structuredClone({ ...draft, changed_at: Date.now() });
  // strokes that come while one is written go together into the next write; a draft is written
  // whole, so that what could not be written now is in that one too
  const first = next === null;
  next = copy;
  tell("no");
  if (first) writing = writing.then(write);
  return writing;
}

async function write() {
  const copy = next;
  next = null;
  try {
    await put("drafts", copy);
    if (next === null) tell("yes");
  } catch (error) {
    tell("failed");
    toast(error instanceof NoRoom ? t("inspect.no_room") : String(error?.message ?? error));
  }
}

/** Wait until all is written. */
export const saved = () => writing;
onNewer(saved);

/** Make of a draft what is sent. */
export async function bodyOf(draft, app) {
  const photos = (await photosOf(draft.check_up_id, draft.user_id)).filter((one) => one.state !== "dropped");
  const signs = Object.entries(draft.signatures).filter(([, one]) => one.attachment_id || one.refused);
  const signed = new Set(signs.map(([, one]) => one.attachment_id));
  const used = photos.filter((one) => one.kind === "photo" || signed.has(one.id));
  const ids = new Set([...Object.keys(draft.answers), ...used.filter((one) => one.item_id).map((one) => one.item_id), ...draft.defects.map((one) => one.item_id)]);
  const answers = [...ids].map((itemId) => ({
    item_id: itemId, value: draft.answers[itemId]?.value ?? null, note: draft.answers[itemId]?.note ?? "",
    attachment_ids: used.filter((one) => one.item_id === itemId).map((one) => one.id),
    defect_ids: draft.defects.filter((one) => one.item_id === itemId).map((one) => one.id),
  }));
  return {
    template_id: draft.template_id, template_version: draft.template_version, base_version: draft.base_version,
    begun_at: draft.begun_at, ended_at: new Date().toISOString(), answers, members: draft.members,
    soil_dangerous: draft.soil_dangerous, result: draft.result, conclusion: draft.conclusion, measures: draft.measures,
    recheck_on: draft.recheck_on || null, outcome: draft.outcome || null,
    // the element's name is for people; the server knows it by its id
    anchors: draft.defects.map(({ anchor: { name: _, ...anchor } }) => anchor),
    defects: draft.defects.map(({ anchor, item_id: _, ...defect }) => ({ ...defect, anchor_id: anchor.id })),
    attachments: used.map((one) => one.id),
    signatures: signs.map(([role, one]) => ({ role, name: one.refused ? `${one.name ?? ""} (${t("inspect.sign_refused")})`.trim() : (one.name ?? ""), signed_at: one.signed_at, attachment_id: one.attachment_id ?? "" })),
    supersedes: draft.supersedes ?? "", app,
  };
}

/** Hand a form over to be sent; the draft goes only when that is kept. */
export async function submit(draft, app, title) {
  await saved();
  const body = await bodyOf(draft, app);
  const form = { id: draft.submission_id, check_up_id: draft.check_up_id, user_id: draft.user_id, title, body, state: "waiting", queued_at: Date.now() };
  await together([["outbox", form]], [["drafts", [draft.check_up_id, draft.user_id]]]);
}
