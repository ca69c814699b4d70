// One picture's way to the server, in pieces; it goes on where the server says that it stands.

import { ask, Away, Refused } from "./server.js";
import { NoRoom, update } from "./store.js";

const PIECE_BYTES = 256 * 1024;
/** places that the server may put right in one go */
const DOUBTS_MAX = 5;
const PIECE_LIMIT_MS = 120000;

/** Send a picture, or what is left of it. */
export async function sendPhoto(photo) {
  let told = (await ask("PUT", `/attachments/${photo.id}`, { json: declared(photo), as: photo.user_id })).data;
  await note(photo, told);
  for (let doubts = 0; told.state === "receiving";) {
    // all is there, but the server has not looked at it yet
    if (told.offset >= photo.bytes) throw new Away("the server looks at it", true);
    if (!photo.blob) throw new Refused(410, { detail: "the picture is no longer on this phone" });
    const piece = photo.blob.slice(told.offset, told.offset + PIECE_BYTES);
    try {
      told = (await ask("PATCH", `/attachments/${photo.id}`, {
        bytes: piece, as: photo.user_id, limit: PIECE_LIMIT_MS,
        headers: { "Upload-Offset": String(told.offset), "Content-Type": "application/offset+octet-stream" },
      })).data;
    } catch (error) {
      if (!(error instanceof Refused && error.status === 409 && Number.isInteger(error.problem.offset)) || (doubts += 1) > DOUBTS_MAX) throw error;
      told = { ...told, offset: error.problem.offset };
    }
    await note(photo, told);
  }
}

/** What the server is told of a picture before its bytes. */
export function declared(photo) {
  return {
    check_up_id: photo.check_up_id, kind: photo.kind, sha256: photo.sha256, bytes_total: photo.bytes,
    content_type: photo.type, taken_at: new Date(photo.taken_at).toISOString(), wgs84: photo.wgs84 ?? null,
    accuracy_m: photo.accuracy_m ?? null, item_id: photo.item_id ?? "", defect_id: photo.defect_id ?? "",
    caption: photo.caption ?? "", marks: photo.marks?.length ? photo.marks : null, mm_per_px: photo.mm_per_px ?? null,
  };
}

async function note(photo, told) {
  const state = told.state === "ready" ? "ready" : told.state === "refused" ? "refused" : "sending";
  const marked = photo.edited_at ?? 0;
  await update("photos", photo.id, (it) => ({
    ...it, offset: told.offset, tries: 0, next_at: 0,
    // marks that were drawn meanwhile have to be told, too
    state: state === "ready" && (it.edited_at ?? 0) > marked ? "new" : state,
    error: told.reason ?? "", reason_code: told.reason_code ?? "",
  })).catch((error) => {
    // a full phone goes on sending: the server knows how far it is
    if (!(error instanceof NoRoom)) throw error;
  });
}
