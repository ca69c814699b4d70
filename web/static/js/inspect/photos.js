// A strip of pictures with their state, and the button that takes more.

import { dialog, h, toast } from "./dom.js";
import { drawOn } from "./marks.js";
import { keepPhoto } from "./photo.js";
import { NoRoom, update } from "./store.js";
import { send } from "./outbox.js";
import { t } from "./words.js";

/** Draw a strip. */
export function photoStrip({ state, photos, item_id = "", defect_id = "", wanted = 0 }) {
  const shown = photos.filter((one) => one.state !== "dropped");
  const short = wanted > shown.length;
  const input = h("input", { type: "file", accept: "image/*", capture: "environment", multiple: true, class: "unseen-input", onchange: (event) => take(event.target) });
  const album = h("input", { type: "file", accept: "image/*", multiple: true, class: "unseen-input", onchange: (event) => take(event.target) });
  const said = h("span", { class: "small", role: "status" }, short ? t("inspect.photos_wanted", { wanted, came: shown.length }) : "");

  async function take(control) {
    let done = 0;
    const files = [...control.files];
    for (const file of files) {
      try {
        await keepPhoto(file, { check_up_id: state.draft.check_up_id, user_id: state.draft.user_id, item_id, defect_id });
        done += 1;
        if (files.length > 3) said.textContent = t("inspect.keeping", { done, of: files.length });
      } catch (error) {
        failed(error);
        break;
      }
    }
    control.value = "";
    send();
    state.redraw();
  }

  return h("div", { class: `photos ${short ? "short" : ""}` },
    h("div", { class: "photo-row" }, shown.map((photo) => tile(photo, state))),
    h("div", { class: "row-actions" },
      h("label", { class: "button take" }, t("inspect.take_photo"), input),
      h("label", { class: "button" }, t("inspect.from_album"), album), said));
}

function tile(photo, state) {
  const picture = photo.unpacked === false ? h("span", { class: "no-picture" }, t("inspect.unreadable")) : h("img", { alt: photo.caption || t("inspect.photo"), loading: "lazy" });
  if (picture instanceof HTMLImageElement) {
    const done = () => { if (photo.blob) URL.revokeObjectURL(picture.src); };
    picture.addEventListener("load", done, { once: true });
    picture.addEventListener("error", () => { done(); picture.replaceWith(h("span", { class: "no-picture" }, t("inspect.no_picture"))); }, { once: true });
    picture.src = photo.blob ? URL.createObjectURL(photo.blob) : `/api/v1/attachments/${photo.id}/image?size=thumb`;
  }
  const mark = { ready: "✓", refused: "!", stuck: "!" }[photo.state] ?? "↑";
  return h("button", { type: "button", class: `thumb ${photo.state}`, title: photo.error ? whyNot(photo) : t(`inspect.photo_${photo.state}`), onclick: () => open(photo, state) },
    picture, h("span", { class: "thumb-mark", "aria-label": t(`inspect.photo_${photo.state}`) }, mark));
}

async function open(photo, state) {
  const did = await dialog(t("inspect.photo"), (close) => [
    large(photo),
    photo.error ? h("p", { class: "notice" }, whyNot(photo)) : null,
    h("div", { class: "dialog-actions" },
      photo.blob && photo.unpacked !== false ? h("button", { type: "button", class: "button primary", onclick: () => close("marks") }, t("inspect.draw")) : null,
      h("button", { type: "button", class: "button", onclick: () => close("drop") }, t("inspect.drop")),
      h("button", { type: "button", class: "button", onclick: () => close() }, t("inspect.close")))].filter(Boolean));
  if (did === "marks") {
    let kept = Promise.resolve();
    await drawOn(photo, (drawn) => { kept = keepMarks(photo, drawn).catch(failed); });
    await kept;
    send();
  }
  if (did === "drop") {
    const before = photo.state;
    await update("photos", photo.id, (it) => ({ ...it, state: "dropped" }));
    undo(t("inspect.dropped"), async () => { await update("photos", photo.id, (it) => ({ ...it, state: before })); state.redraw(); });
  }
  state.redraw();
}

const failed = (error) => toast(error instanceof NoRoom ? t("inspect.no_room") : String(error?.message ?? error));

/** Keep what is drawn on a picture; the server is told of it after the picture, and asks for nothing anew. */
function keepMarks(photo, drawn) {
  return update("photos", photo.id, (it) => (JSON.stringify(drawn) === JSON.stringify({ marks: it.marks ?? [], mm_per_px: it.mm_per_px ?? null, caption: it.caption ?? "" })
    ? undefined : { ...it, ...drawn, edited_at: Date.now(), state: it.state === "ready" ? "new" : it.state }));
}

/** The picture itself, as large as the phone is. */
function large(photo) {
  if (photo.unpacked === false) return h("p", { class: "quiet" }, t("inspect.unreadable"));
  const picture = h("img", { class: "photo-large", alt: photo.caption || t("inspect.photo") });
  picture.addEventListener("load", () => { if (photo.blob) URL.revokeObjectURL(picture.src); }, { once: true });
  picture.addEventListener("error", () => picture.replaceWith(h("p", { class: "quiet" }, t(photo.blob ? "inspect.unreadable" : "inspect.no_picture"))), { once: true });
  picture.src = photo.blob ? URL.createObjectURL(photo.blob) : `/api/v1/attachments/${photo.id}/image`;
  return picture;
}

/** Why the server did not take a picture, in words; what it said itself where there are none. */
export function whyNot(photo) {
  const key = `inspect.refused_${photo.reason_code}`;
  const told = photo.reason_code ? t(key) : key;
  return told === key ? photo.error : told;
}

/** A small picture of one that is on this phone. */
export function thumb({ blob, unpacked }) {
  if (unpacked === false) return h("span", { class: "no-picture small quiet" }, t("inspect.unreadable"));
  const picture = h("img", { alt: "", class: "unsent-thumb", src: URL.createObjectURL(blob) });
  const done = () => URL.revokeObjectURL(picture.src);
  picture.addEventListener("load", done, { once: true });
  picture.addEventListener("error", () => { done(); picture.replaceWith(h("span", { class: "no-picture small quiet" }, t("inspect.unreadable"))); }, { once: true });
  return picture;
}

function undo(text, back) {
  const place = document.getElementById("toasts");
  const one = h("p", { class: "toast" }, text, " ", h("button", { type: "button", class: "link", onclick: () => { one.remove(); back(); } }, t("inspect.undo")));
  place?.append(one);
  setTimeout(() => one.remove(), 15000);
}
