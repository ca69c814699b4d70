// Sends what waits: forms first (a warning in one must not wait for its pictures), then pictures,
// then the form's receipt once more when all pictures are there. Whatever breaks off is begun again
// where it stood; sending everything twice changes nothing.

import { ask, Away, LoggedOut, Refused, whoAmI } from "./server.js";
import { all, changed, get, NoRoom, photosOf, put, update } from "./store.js";
import { sendPhoto } from "./upload.js";

const FIRST_MS = 2000;
const LAST_MS = 300000;

/** A full phone must be able to send, or it stays full: what cannot be noted is asked for again. */
export function full(error) {
  if (!(error instanceof NoRoom)) throw error;
}

/** What the app shows of the way to the server. */
export const line = { state: "unknown", text: "", me: null };
let again = 0;
let asked = false;
let misses = 0;

/** How long to wait after so many misses: twice as long each time, and not all phones at once. */
const rest = (tries) => Math.min(LAST_MS, FIRST_MS * 2 ** Math.min(Math.max(0, tries - 1), 8)) * (0.5 + Math.random() / 2);

/** Note who is logged in: without a network the last one counts. */
export async function known(me) {
  line.me = me;
  await put("meta", { user_id: me.user_id, name: me.name, language: me.language }, "me").catch(full);
}

/** Count what the server does not have yet. */
export async function unsent() {
  const [photos, forms, drafts] = await Promise.all([all("photos"), all("outbox"), all("drafts")]);
  const open = photos.filter((one) => one.state !== "ready" && one.state !== "dropped");
  const waiting = forms.filter((one) => one.state !== "done");
  return { photos: open, forms: waiting, drafts, count: open.length + waiting.length };
}

/** Try now, however lately it was tried. */
export async function sendNow() {
  misses = 0;
  for (const store of ["outbox", "photos"]) {
    for (const one of await all(store)) if (one.next_at) await update(store, one.id, (it) => ({ ...it, next_at: 0 }));
  }
  return send();
}

/** Send what is due; only one tab at a time does. */
export async function send() {
  asked = true;
  if (!navigator.locks) return round();
  return navigator.locks.request("anju-outbox", { ifAvailable: true }, (lock) => (lock ? round() : undefined));
}

async function round() {
  while (asked) {
    asked = false;
    try {
      const before = line.me?.user_id ?? (await get("meta", "me"))?.user_id;
      await known(await whoAmI());
      if (before && before !== line.me.user_id) dispatchEvent(new Event("inspect:who"));
      line.state = "sending";
      changed();
      await everything(line.me.user_id);
      line.state = "idle";
      misses = 0;
    } catch (error) {
      line.state = error instanceof LoggedOut ? "logged out" : "away";
      misses += 1;
      line.text = error instanceof Away ? "" : String(error?.message ?? error);
      if (!(error instanceof LoggedOut || error instanceof Away)) console.error(error);
    }
  }
  changed();
  clearTimeout(again);
  const { count } = await unsent();
  if (count && line.state !== "logged out") again = setTimeout(send, rest(misses));
}

async function everything(userId) {
  const now = Date.now();
  // a rest that is longer than any is one of a clock that was put right meanwhile
  const due = (one) => one.user_id === userId && ((one.next_at ?? 0) <= now || one.next_at > now + LAST_MS);
  for (const form of await all("outbox")) if (form.state === "waiting" && due(form)) await guarded("outbox", form, sendForm);
  for (const photo of await all("photos")) {
    if (["new", "sending"].includes(photo.state) && due(photo)) await guarded("photos", photo, sendPhoto);
  }
  for (const form of await all("outbox")) if (form.state === "received" && due(form)) await guarded("outbox", form, sendForm);
}

/** Do one thing; what is refused is kept with the reason, what broke off rests a while. */
async function guarded(store, one, step) {
  try {
    await step(one);
  } catch (error) {
    // no way to the server: the rest would fare the same, and none of it is to wait longer for that
    if (error instanceof LoggedOut || (error instanceof Away && !error.answered)) throw error;
    if (error instanceof Refused) {
      await update(store, one.id, (it) => ({ ...it, state: "stuck", error: error.message, status: error.status })).catch(full);
      return;
    }
    const tries = (one.tries ?? 0) + 1;
    await update(store, one.id, (it) => ({ ...it, tries, next_at: Date.now() + rest(tries), error: String(error?.message ?? error) })).catch(full);
  }
}

/** Send a form, and again until every picture of it is there. */
async function sendForm(form) {
  const pictures = await photosOf(form.check_up_id, form.user_id);
  const mine = pictures.filter((one) => form.body.attachments.includes(one.id));
  const open = mine.filter((one) => ["new", "sending"].includes(one.state));
  if (form.state === "received" && open.length) return;
  const body = { ...form.body, sent_at: new Date().toISOString() };
  const { data } = await ask("PUT", `/check-ups/${form.check_up_id}/submissions/${form.id}`, { json: body, as: form.user_id });
  const lost = new Set(data.missing);
  for (const one of mine) {
    // the server's word counts: what it misses is sent once more, what it has may go
    if (lost.has(one.id) && one.state === "ready" && one.blob) await update("photos", one.id, (it) => ({ ...it, state: "new" }));
    else if (!lost.has(one.id) && one.state === "ready") await update("photos", one.id, (it) => ({ ...it, blob: null, received: true }));
  }
  const left = mine.filter((one) => one.state !== "ready" && one.state !== "refused");
  const done = !data.missing.length && !left.length;
  await update("outbox", form.id, (it) => ({
    ...it, state: done ? "done" : "received", receipt: data, error: "", tries: 0, next_at: 0, received_at: Date.now(),
  }));
  const visit = await get("visits", form.check_up_id);
  if (visit) await put("visits", { ...visit, receipt: data });
}

/** Begin to send by itself: now, when the network comes back, and from time to time. */
export function keepSending() {
  addEventListener("online", () => sendNow());
  document.addEventListener("visibilitychange", () => { if (!document.hidden) send(); });
  setInterval(send, 30000);
  send();
}
