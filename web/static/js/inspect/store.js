// What the phone keeps: visits, packages, drafts, pictures, forms on their way. Nothing of it is
// deleted before the server has said that it has it.

import { openDB } from "../../lib/idb.mjs";

/** The phone has no room left; what was kept before is still there. */
export class NoRoom extends Error {}

/** what is to be written before a newer page gets the database */
let beforeNewer = async () => {};

/** Be asked to write what waits, when a newer page wants the database. */
export function onNewer(does) {
  beforeNewer = does;
}

const opened = openDB("anju-inspect", 2, {
  async upgrade(db, from, _to, transaction) {
    if (from < 1) {
      db.createObjectStore("visits", { keyPath: "id" });
      db.createObjectStore("packages", { keyPath: "id" });
      db.createObjectStore("photos", { keyPath: "id" }).createIndex("check_up_id", "check_up_id");
      db.createObjectStore("outbox", { keyPath: "id" });
      db.createObjectStore("meta");
    }
    // up to version 1 a check-up had one draft on a phone; now each inspector has an own one
    const before = from === 1 ? await transaction.objectStore("drafts").getAll() : [];
    if (from === 1) db.deleteObjectStore("drafts");
    const drafts = db.createObjectStore("drafts", { keyPath: ["check_up_id", "user_id"] });
    for (const one of before) drafts.put({ ...one, user_id: one.user_id ?? "" });
  },
  // a newer page wants the database: this one lets go and is loaded anew
  blocking: (_old, _new, event) => beforeNewer().finally(() => { event.target.close(); location.reload(); }),
});

/** What is kept is on the disk when it is said to be: a phone's battery may end at any moment. */
const SURE = { durability: "strict" };
const named = (error) => (error?.name === "QuotaExceededError" ? new NoRoom(error.message) : error);

const listeners = new Set();

/** Be told whenever something that counts as unsent may have changed. */
export function onChange(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function changed() {
  for (const listener of listeners) listener();
}

const channel = "BroadcastChannel" in globalThis ? new BroadcastChannel("anju-inspect") : null;
channel?.addEventListener("message", changed);

/** Keep something; `NoRoom` when the phone refuses. */
export async function put(store, value, key) {
  const transaction = (await opened).transaction(store, "readwrite", SURE);
  try {
    await Promise.all([transaction.store.put(value, key), transaction.done]);
  } catch (error) {
    throw named(error);
  }
  if (store === "photos" || store === "outbox" || store === "drafts") {
    changed();
    channel?.postMessage(store);
  }
}

export const get = async (store, key) => (await opened).get(store, key);
export const all = async (store) => (await opened).getAll(store);

export async function remove(store, key) {
  await (await opened).delete(store, key);
  changed();
  channel?.postMessage(store);
}

/** Keep and remove several things at once: all of it or nothing. */
export async function together(kept, gone = []) {
  const transaction = (await opened).transaction([...new Set([...kept, ...gone].map(([store]) => store))], "readwrite", SURE);
  try {
    await Promise.all([
      ...kept.map(([store, value]) => transaction.objectStore(store).put(value)),
      ...gone.map(([store, key]) => transaction.objectStore(store).delete(key)), transaction.done,
    ]);
  } catch (error) {
    throw named(error);
  }
  changed();
  channel?.postMessage("together");
}

/** Change one record in one transaction; `change` gets it and returns it, or nothing to leave it. */
export async function update(store, key, change) {
  const transaction = (await opened).transaction(store, "readwrite", SURE);
  const before = await transaction.store.get(key);
  const after = before === undefined ? undefined : change(before);
  try {
    if (after !== undefined) await transaction.store.put(after);
    await transaction.done;
  } catch (error) {
    throw named(error);
  }
  if (after !== undefined) {
    changed();
    channel?.postMessage(store);
  }
  return after;
}

/** Pictures that somebody took on one check-up, in the order in which they were taken. */
export async function photosOf(checkUpId, userId) {
  const found = (await (await opened).getAllFromIndex("photos", "check_up_id", checkUpId)).filter((one) => one.user_id === userId);
  return found.sort((one, other) => (one.id < other.id ? -1 : 1));
}
