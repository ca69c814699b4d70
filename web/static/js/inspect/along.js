// What is taken along to a visit: package, shapes, small pictures, so that no network is needed.

import { fetched } from "../viewer/glb.js";
import { ask } from "./server.js";
import { all, get, put, remove } from "./store.js";

const CACHE = "anju-along";
/** shapes larger than this are taken only when the inspector says so, bytes */
export const LARGE_BYTES = 5_000_000;

/**
 * Take a visit along, or bring it up to date; tells its package.
 * @param {{id: string}} visit
 * @param {(pack: any) => boolean | Promise<boolean>} [wants]  asked before large shapes are taken
 */
export async function fetchAlong(visit, wants = () => true) {
  const before = await get("packages", visit.id);
  const answer = await ask("GET", `/check-ups/${visit.id}/package`, { headers: before?.etag ? { "If-None-Match": before.etag } : {} });
  const pack = answer.status === 304 ? before.pack : answer.data;
  const row = {
    id: visit.id, pack, etag: answer.status === 304 ? before.etag : (answer.headers.get("ETag") ?? ""), at: Date.now(),
    bytes: new Blob([JSON.stringify(pack)]).size, lacks: 0, model: pack.glb ? "left" : "none", forms: formsOf(before, pack),
  };
  // the words are there, whatever becomes of the pictures
  await put("packages", row);
  if (!("caches" in globalThis)) return pack;
  const cache = await caches.open(CACHE);
  for (const address of pack.defects.flatMap(thumbsOf)) {
    const bytes = await taken(cache, address);
    row.bytes += bytes;
    row.lacks += bytes ? 0 : 1;
  }
  if (pack.glb && ((await cache.match(pack.glb)) || (pack.glb_bytes ?? 0) <= LARGE_BYTES || (await wants(pack)))) {
    const bytes = await taken(cache, pack.glb);
    row.bytes += bytes;
    row.model = bytes ? "here" : "lacking";
  }
  await put("packages", row);
  await swept();
  return pack;
}

/** Every version of the form that was taken along: a draft goes on with its own. */
function formsOf(before, { template }) {
  const known = before?.forms ?? [before?.pack.template];
  return [...known, template].filter((form, at, all) => form && all.findLastIndex((one) => one && one.id === form.id && one.version === form.version) === at);
}

/** The form under an id and a version that was taken along to a visit, or nothing. */
export async function formOf(visitId, id, version) {
  return (await get("packages", visitId))?.forms?.find((one) => one.id === id && one.version === version);
}

const thumbsOf = (defect) => defect.thumbs.slice(0, 4);

/** Bytes of what stands under an address here, fetched if need be; 0: it could not be had. */
async function taken(cache, address) {
  const kept = await cache.match(address);
  if (kept) return (await kept.blob()).size;
  try {
    const answer = await fetch(address);
    if (!answer.ok) return 0; // the form works without a picture
    await cache.put(address, answer.clone());
    return (await answer.blob()).size;
  } catch {
    return 0;
  }
}

/** Let go of files that no visit on this phone needs. */
async function swept() {
  const cache = await caches.open(CACHE);
  const needed = new Set((await all("packages")).flatMap(({ pack }) => [pack.glb, ...pack.defects.flatMap(thumbsOf)]));
  for (const { url } of await cache.keys()) {
    const { pathname, search } = new URL(url);
    if (!needed.has(pathname + search)) await cache.delete(url);
  }
}

/** days after its receipt, or after it left the list, that a visit's files stay on the phone */
const KEPT_DAYS = 7;
const DAY_MS = 86_400_000;

/** Check-ups with work on this phone that the server does not have yet: nothing of them may go. */
async function worked() {
  const [drafts, forms, photos] = await Promise.all([all("drafts"), all("outbox"), all("photos")]);
  return new Set([
    ...drafts, ...forms.filter((one) => one.state !== "done"), ...photos.filter((one) => one.state !== "ready" && one.state !== "dropped"),
  ].map((one) => one.check_up_id));
}

/**
 * Let go of what was taken along: of everything that no unsent work is on, or only of what has been
 * over for days. Tells how many visits' files have gone.
 * @param {{old?: boolean}} [which]
 */
export async function clearAlong({ old = false } = {}) {
  const [busy, packages] = [await worked(), await all("packages")];
  const visits = new Map((await all("visits")).map((one) => [one.id, one]));
  const forms = new Map((await all("outbox")).map((one) => [one.check_up_id, one]));
  const before = Date.now() - KEPT_DAYS * DAY_MS;
  let gone = 0;
  for (const one of packages) {
    if (busy.has(one.id)) continue;
    const visit = visits.get(one.id), over = visit?.receipt || !visit || visit.gone;
    if (old && !(over && Math.max(one.at, forms.get(one.id)?.received_at ?? 0) < before)) continue;
    await remove("packages", one.id);
    gone += 1;
  }
  // pictures that were taken out of a form that is sent: the server was never to have them
  for (const one of await all("photos")) {
    if (one.state === "dropped" && !busy.has(one.check_up_id)) await remove("photos", one.id);
  }
  if ("caches" in globalThis) await swept();
  return gone;
}

/** Whether the shapes of a package are on this phone. */
export async function modelHere(pack) {
  return "caches" in globalThis && Boolean(await (await caches.open(CACHE)).match(pack.glb));
}

/** The shapes of a package, from this phone, else from the server; those are kept from then on. */
export async function modelOf(pack, told) {
  const cache = "caches" in globalThis ? await caches.open(CACHE) : null;
  const kept = await cache?.match(pack.glb);
  if (kept) return kept.arrayBuffer();
  const shapes = await fetched(pack.glb, told);
  // a full phone shows them all the same
  await cache?.put(pack.glb, new Response(shapes, { headers: { "Content-Type": "model/gltf-binary" } })).catch(() => {});
  return shapes;
}

/** Tell what of a visit is on the phone: `{at, bytes, lacks, model}`, or nothing. */
export async function carried(visitId) {
  return get("packages", visitId);
}

/** Find a visit's package: from the phone, else from the server. */
export async function packageOf(visitId) {
  const kept = await get("packages", visitId);
  if (kept) return kept.pack;
  return fetchAlong({ id: visitId }, () => false);
}

/** Ask the browser to keep what it has, and tell how much room there is. */
export async function room() {
  const storage = navigator.storage;
  if (!storage?.estimate) return null;
  const persisted = (await storage.persisted?.()) || (await storage.persist?.().catch(() => false)) || false;
  const { usage = 0, quota = 0 } = await storage.estimate();
  return { usage, quota, persisted };
}
