// A signature, drawn by finger; its picture is sent like a photo.

import SignaturePad from "../../lib/signature_pad.mjs";
import { dialog, field, h } from "./dom.js";
import { keepPhoto } from "./photo.js";
import { update } from "./store.js";
import { t, timeOf } from "./words.js";

/** The box of one role that signs. */
export function signBox(role, state) {
  const { draft, me } = state;
  const kept = draft.signatures[role];
  const name = h("input", { type: "text", maxLength: 100, autocomplete: "name", value: kept?.name ?? (role === "inspector" ? me.name : ""), oninput: (event) => { if (draft.signatures[role]) { draft.signatures[role].name = event.target.value; state.keep(); } } });
  const said = h("p", { class: "small", role: "status" }, kept ? t(kept.refused ? "inspect.sign_refused_at" : "inspect.signed_at", { at: timeOf(kept.signed_at) }) : t("inspect.not_signed"));
  const sign = async () => {
    const blob = await pad(t(`inspect.sign_${role}`), name.value);
    if (!blob) return;
    if (kept?.attachment_id) await update("photos", kept.attachment_id, (it) => ({ ...it, state: "dropped" }));
    const photo = await keepPhoto(blob, { check_up_id: draft.check_up_id, user_id: draft.user_id, kind: "signature" });
    draft.signatures[role] = { name: name.value, signed_at: new Date().toISOString(), attachment_id: photo.id };
    await state.keep();
    state.refresh();
  };
  const refuse = async () => {
    draft.signatures[role] = { name: name.value, signed_at: new Date().toISOString(), refused: true };
    await state.keep();
    state.refresh();
  };
  return h("section", { class: "sign", "data-role": role },
    h("h3", {}, t(`inspect.sign_${role}`)), field(t("inspect.sign_name"), name), said,
    h("div", { class: "row-actions" },
      h("button", { type: "button", class: "button", onclick: sign }, t(kept?.attachment_id ? "inspect.sign_again" : "inspect.sign")),
      role === "owner" ? h("button", { type: "button", class: "button", onclick: refuse }, t("inspect.sign_refused")) : null));
}

/** Let somebody sign; resolves with the picture. `name` is what stands in letters when no finger can. */
function pad(title, name) {
  return dialog(title, (close) => {
    const canvas = h("canvas", { class: "sign-pad", width: 640, height: 280, tabIndex: 0, "aria-label": title });
    const drawn = new SignaturePad(canvas, { backgroundColor: "#ffffff", penColor: "#111111", minWidth: 1.5, maxWidth: 4 });
    const fault = h("p", { class: "fault", role: "alert" });
    // signing by keyboard: the name in letters stands for it, and says so
    const typed = h("button", { type: "button", class: "button", onclick: () => {
      drawn.clear();
      fault.textContent = name.trim() ? "" : t("inspect.sign_nameless");
      canvas.dataset.typed = name.trim();
      const context = canvas.getContext("2d");
      context.fillStyle = "#111111";
      context.font = "italic 48px serif";
      context.fillText(name.trim(), 30, 150, canvas.width - 60);
    } }, t("inspect.sign_typed"));
    return [canvas, fault, h("div", { class: "dialog-actions" },
      h("button", { type: "button", class: "button", onclick: () => { drawn.clear(); canvas.dataset.typed = ""; } }, t("inspect.clear")), typed,
      h("button", { type: "button", class: "button", onclick: () => close() }, t("inspect.leave")),
      h("button", { type: "button", class: "button primary", onclick: () => {
        if (drawn.isEmpty() && !canvas.dataset.typed) fault.textContent = t("inspect.sign_empty");
        else canvas.toBlob((blob) => close(blob), "image/png");
      } }, t("inspect.keep")))];
  });
}
