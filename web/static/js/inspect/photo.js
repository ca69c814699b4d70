// A picture from the camera or the album: made smaller, kept, and sent as it is kept.

import { newId, sha256 } from "./ids.js";
import { put } from "./store.js";

const LONG_SIDE_PX = 1600;
const QUALITY = 0.85;

/** Keep a picture; what cannot be made smaller here is kept and sent as it is. */
export async function keepPhoto(file, { check_up_id, user_id, item_id = "", defect_id = "", kind = "photo" }) {
  const unpacked = kind !== "photo" || !(await huge(file));
  const blob = kind === "photo" && unpacked ? await smaller(file) : file;
  const place = kind === "photo" ? await here() : null;
  const photo = {
    id: newId(), check_up_id, user_id, item_id, defect_id, kind, blob, bytes: blob.size, sha256: await sha256(blob),
    type: blob.type || "application/octet-stream", taken_at: file.lastModified && kind === "photo" ? file.lastModified : Date.now(),
    wgs84: place?.wgs84 ?? null, accuracy_m: place?.accuracy_m ?? null, caption: "", marks: [], mm_per_px: null,
    state: "new", offset: 0, unpacked,
  };
  await put("photos", photo);
  return photo;
}

/** Scale a picture to a long side of 1600 px; its own turning is taken in. */
async function smaller(file) {
  let image;
  try {
    image = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    return file; // HEIC on a phone that cannot read it, or no picture: the server looks at it
  }
  const scale = Math.min(1, LONG_SIDE_PX / Math.max(image.width, image.height));
  if (scale === 1 && file.type === "image/jpeg" && file.size < 1_500_000) {
    image.close();
    return file.slice(0, file.size, file.type);
  }
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(image.width * scale)), Math.max(1, Math.round(image.height * scale)));
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  image.close();
  return canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY });
}

/** pixels that are not unpacked here: a small file may hold more than a phone has memory for */
const PIXELS_MAX = 64_000_000;

/** Whether a PNG says that it is larger than that: the server looks at it, the phone never does. */
async function huge(file) {
  const head = new DataView(await file.slice(0, 24).arrayBuffer());
  if (head.byteLength < 24 || head.getUint32(0) !== 0x89504e47) return false;
  return head.getUint32(16) * head.getUint32(20) > PIXELS_MAX;
}

let last = null;
let wanted = true;
/** a question that the phone, or the person it asks, has not answered yet */
let pending = null;

/** Tell where we are, if that is allowed and quick; a photo waits for it once, and never long. */
async function here() {
  if (!wanted || !navigator.geolocation) return last;
  if (pending || (last && Date.now() - last.at < 60000)) return last;
  pending = new Promise((resolve) => {
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        last = { at: Date.now(), wgs84: [coords.longitude, coords.latitude], accuracy_m: coords.accuracy };
        resolve(last);
      },
      (error) => { if (error.code === 1) wanted = false; resolve(last); },
      { maximumAge: 60000, timeout: 10000, enableHighAccuracy: true },
    );
  }).finally(() => { pending = null; });
  return Promise.race([pending, new Promise((resolve) => setTimeout(resolve, 1500, last))]);
}
