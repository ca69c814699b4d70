// What the server does not have yet, thing by thing, and what can be done about it.

import { dialog, fill, h, toast } from "./dom.js";
import { line, sendNow, unsent } from "./outbox.js";
import { clearAlong, room } from "./along.js";
import { newId } from "./ids.js";
import { thumb, whyNot } from "./photos.js";
import { all, get, together, update } from "./store.js";
import { sizeOf, t, timeOf } from "./words.js";

/** The badge that stands on every screen. */
export async function badge(place) {
  const { count, drafts } = await unsent();
  const state = line.state === "logged out" ? "logged_out" : navigator.onLine ? "on" : "off";
  fill(place, 
    h("a", { class: `unsent-badge ${count ? "waits" : ""}`, href: "#/unsent" }, t(count ? "inspect.unsent" : "inspect.all_sent", { count })),
    drafts.length ? h("span", { class: "tag" }, t("inspect.drafts", { count: drafts.length })) : "",
    h("span", { class: `net ${state}` }, t(`inspect.net_${state}`)));
}

/** The page of what is unsent. */
export async function unsentPage(place) {
  const paint = async () => {
    const { photos, forms } = await unsent();
    const sent = (await all("outbox")).filter((one) => one.state === "done");
    const space = await room();
    const me = (await get("meta", "me"))?.user_id;
    fill(place, 
      h("h1", {}, t("inspect.unsent_title")),
      line.state === "logged out" ? h("p", { class: "notice loud" }, t("inspect.logged_out"), " ", h("a", { href: "/login?next=%2Finspect%2F" }, t("inspect.log_in"))) : null,
      h("div", { class: "row-actions" },
        h("button", { type: "button", class: "button primary", onclick: () => sendNow().then(paint) }, t("inspect.send_now")),
        h("button", { type: "button", class: "button", onclick: exportAll }, t("inspect.export"))),
      h("ul", { class: "unsent-list" },
        ...forms.map((one) => formRow(one, me)), ...photos.map((one) => photoRow(one, me))),
      !forms.length && !photos.length ? h("p", { class: "well" }, t("inspect.all_sent")) : null,
      sent.length ? h("details", {}, h("summary", {}, t("inspect.received", { count: sent.length })), h("ul", {}, sent.map((one) => formRow(one, me)))) : null,
      h("section", { class: "card", id: "room" }, h("h2", {}, t("inspect.phone_room")),
        space ? h("p", { class: space.quota && space.usage / space.quota > 0.8 ? "notice" : "" }, t("inspect.room_left", { used: sizeOf(space.usage), left: sizeOf(Math.max(0, space.quota - space.usage)) }), " ", t(space.persisted ? "inspect.persisted" : "inspect.not_persisted")) : null,
        h("button", { type: "button", class: "button", onclick: () => clear().then(paint) }, t("inspect.clear_along"))));
  };

  async function clear() {
    const sure = await dialog(t("inspect.clear_along"), (close) => [h("p", {}, t("inspect.clear_sure")), h("div", { class: "dialog-actions" },
      h("button", { type: "button", class: "button", onclick: () => close(false) }, t("inspect.stop")),
      h("button", { type: "button", class: "button primary", onclick: () => close(true) }, t("inspect.clear_along")))]);
    if (sure) toast(t("inspect.cleared", { count: await clearAlong() }));
  }

  function formRow(one, me) {
    const receipt = one.receipt;
    return h("li", { class: `card unsent-row ${one.state}` },
      h("strong", {}, one.title || one.check_up_id), h("span", { class: "tag" }, t(`inspect.form_${one.state}`)),
      one.user_id !== me ? h("p", { class: "notice" }, t("inspect.others")) : null,
      receipt ? h("p", { class: "small" }, t("inspect.receipt", { at: timeOf(receipt.received_at), hash: receipt.sha256.slice(0, 12) })) : null,
      receipt?.standing === "conflict" ? h("p", { class: "notice loud" }, t("inspect.conflict")) : null,
      receipt?.consequences?.length ? h("ul", {}, receipt.consequences.map((each) => h("li", {}, each.text))) : null,
      receipt?.missing?.length ? h("p", { class: "small" }, t("inspect.missing", { count: receipt.missing.length })) : null,
      receipt?.notes?.length ? h("ul", { class: "small" }, receipt.notes.map((each) => h("li", {}, each))) : null,
      one.error ? h("p", { class: "fault" }, one.error) : null,
      one.user_id === me && (one.state === "stuck" || receipt) ? h("div", { class: "row-actions" }, h("button", { type: "button", class: "button", onclick: () => reopen(one) }, t(receipt ? "inspect.correct" : "inspect.reopen"))) : null);
  }

  function photoRow(one, me) {
    return h("li", { class: `unsent-row ${one.state}` },
      one.blob ? thumb(one) : null,
      h("span", {}, `${t(one.kind === "signature" ? "inspect.signature" : "inspect.photo")} · ${timeOf(one.taken_at)} · ${sizeOf(one.bytes)}`), " ",
      h("span", { class: "quiet" }, one.state === "sending" ? t("inspect.share", { share: Math.floor((one.offset / one.bytes) * 100) }) : t(`inspect.photo_${one.state}`)),
      one.user_id !== me ? h("span", { class: "tag" }, t("inspect.others")) : null,
      one.error ? h("p", { class: "fault" }, whyNot(one)) : null,
      one.user_id === me && (one.state === "stuck" || one.state === "refused") ? h("div", { class: "row-actions" },
        one.kind === "photo" ? h("button", { type: "button", class: "button primary", onclick: () => retake(one) }, t("inspect.retake")) : null,
        one.state === "stuck" ? h("button", { type: "button", class: "button", onclick: () => update("photos", one.id, (it) => ({ ...it, state: "new", next_at: 0 })).then(() => sendNow()) }, t("inspect.try_again")) : null,
        h("button", { type: "button", class: "button", onclick: () => update("photos", one.id, (it) => ({ ...it, state: "dropped" })).then(paint) }, t("inspect.drop"))) : null);
  }

  /** Go to where a picture was taken, to take another: in the draft, or in a correction of what was sent. */
  async function retake(photo) {
    const mine = [photo.check_up_id, photo.user_id];
    const sent = (await all("outbox")).filter((one) => one.check_up_id === mine[0] && one.user_id === mine[1]).sort((a, b) => a.queued_at - b.queued_at).at(-1);
    await update("photos", photo.id, (it) => ({ ...it, state: "dropped" }));
    if (sent && !(await get("drafts", mine))) await reopen(sent);
    const form = (await get("packages", photo.check_up_id))?.pack.template;
    const at = form ? form.parts.findIndex((part) => part.items.some((item) => item.id === photo.item_id)) + 1 : 0;
    location.hash = `#/visit/${photo.check_up_id}/${at}`;
  }

  /** A form is opened again under a new id: a refused one anew, a received one as its correction. */
  async function reopen(one) {
    const body = one.body;
    if (await get("drafts", [one.check_up_id, one.user_id])) { location.hash = `#/visit/${one.check_up_id}/999`; return; }
    const anchors = new Map(body.anchors.map((anchor) => [anchor.id, anchor]));
    const item = new Map(body.answers.flatMap((answer) => answer.defect_ids.map((id) => [id, answer.item_id])));
    const draft = {
      ...body, supersedes: one.receipt ? one.id : body.supersedes, check_up_id: one.check_up_id, user_id: one.user_id, user_name: line.me?.name ?? "", submission_id: newId(), step: 0, changed_at: Date.now(),
      answers: Object.fromEntries(body.answers.map((answer) => [answer.item_id, { value: answer.value, note: answer.note }])),
      defects: body.defects.map(({ anchor_id, ...defect }) => ({ ...defect, item_id: item.get(defect.id) ?? "", anchor: anchors.get(anchor_id) })),
      signatures: Object.fromEntries(body.signatures.map((sign) => [sign.role, { ...sign, refused: !sign.attachment_id }])),
      recheck_on: body.recheck_on ?? "", outcome: body.outcome ?? "",
    };
    // what the server has stays in the list, with its receipt
    await together([["drafts", draft]], one.receipt ? [] : [["outbox", one.id]]);
    location.hash = `#/visit/${one.check_up_id}/999`;
  }

  await paint();
  return paint;
}

/** The last resort: everything that is unsent, as one file. */
async function exportAll() {
  const { photos, forms, drafts } = await unsent();
  const pictures = await Promise.all(photos.filter((one) => one.blob).map(async ({ blob, ...one }) => ({ ...one, data: await base64(blob) })));
  const file = new Blob([JSON.stringify({ made_at: new Date().toISOString(), forms, drafts, pictures })], { type: "application/json" });
  const link = h("a", { href: URL.createObjectURL(file), download: `anju-unsent-${new Date().toISOString().slice(0, 16).replace(":", "")}.json` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  toast(t("inspect.exported"));
}

function base64(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).split(",", 2)[1]);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}
