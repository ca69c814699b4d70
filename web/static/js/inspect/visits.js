// Today's visits: due first, or in the order of the way; each can be taken along.

import { choices, dialog, field, fill, h, toast } from "./dom.js";
import { carried, fetchAlong } from "./along.js";
import { ask, Away, clockAhead, LoggedOut } from "./server.js";
import { all, get, put, remove } from "./store.js";
import { ordered, showMap } from "./route.js";
import { dateOf, dayOf, fullOf, sizeOf, t, timeOf } from "./words.js";

/** a phone's clock that is so far off is worth a word; what is sent is put right by the server */
const CLOCK_WRONG_MS = 300_000;

/** Read the list anew, and keep it; without a network the list of before counts. */
export async function refresh() {
  const me = await get("meta", "me");
  const found = [];
  let cursor = "";
  do {
    const { data } = await ask("GET", `/check-ups?mine=true&state=planned&state=assigned&limit=200&cursor=${encodeURIComponent(cursor)}`);
    found.push(...data.items);
    cursor = data.next ?? "";
  } while (cursor);
  const ids = new Set(found.map((one) => one.id));
  const busy = new Set([...(await all("drafts")), ...(await all("outbox"))].map((one) => one.check_up_id));
  for (const visit of found) {
    const before = await get("visits", visit.id);
    await put("visits", { ...before, ...visit, user_id: me?.user_id ?? before?.user_id ?? "", gone: false });
  }
  // what is no longer ours is only marked while there is work on it
  for (const visit of await all("visits")) {
    if (ids.has(visit.id)) continue;
    if (busy.has(visit.id) || visit.receipt) await put("visits", { ...visit, gone: true });
    else await remove("visits", visit.id);
  }
  await put("meta", Date.now(), "listed_at");
}

/** The page of visits. */
export async function visitsPage(place, go) {
  const listed = h("p", { class: "quiet small", role: "status" });
  const list = h("ol", { class: "visits" });
  const map = h("div", { class: "visit-map", "aria-hidden": "true" });
  const clock = h("p", { class: "notice", id: "clock-wrong", hidden: true });
  let text = "";
  let order = localStorage.getItem("anju-inspect-order") ?? "due";
  const search = h("input", { type: "search", autocomplete: "off", placeholder: t("inspect.search_hint"), oninput: (event) => { text = event.target.value.trim().toLowerCase(); paint(); } });
  fill(place, 
    h("h1", {}, t("inspect.today")),
    h("div", { class: "visit-tools" },
      field(t("inspect.search"), search),
      choices(t("inspect.order"), [["due", t("inspect.by_due")], ["way", t("inspect.by_way")]], order, (value) => { order = value; localStorage.setItem("anju-inspect-order", value); paint(); })),
    h("div", { class: "row-actions" },
      h("button", { type: "button", class: "button primary", onclick: everything }, t("inspect.take_all")),
      h("button", { type: "button", class: "button", onclick: again }, t("inspect.read_again"))),
    clock, listed, map, list);

  async function everything(event) {
    event.target.disabled = true;
    try {
      const visits = await all("visits");
      let done = 0;
      /** visits by the large model that they need: asked about once, together */
      const large = new Map();
      for (const visit of visits.filter((one) => !one.gone)) {
        listed.textContent = t("inspect.taking", { done, of: visits.length });
        await fetchAlong(visit, (pack) => { large.set(pack.glb, [...(large.get(pack.glb) ?? []), { visit, bytes: pack.glb_bytes }]); return false; });
        done += 1;
      }
      if (large.size && (await askLarge([...large.values()].map(([one]) => one.bytes)))) {
        for (const [one] of large.values()) await fetchAlong(one.visit);
        for (const others of large.values()) for (const one of others.slice(1)) await fetchAlong(one.visit);
      }
      toast(t("inspect.taken", { count: done }));
    } catch (error) {
      toast(sayWhy(error));
    }
    event.target.disabled = false;
    paint();
  }

  async function again() {
    try {
      await refresh();
    } catch (error) {
      toast(sayWhy(error));
    }
    paint();
  }

  async function paint() {
    const visits = (await all("visits")).filter((one) => matches(one, text));
    const me = (await get("meta", "me"))?.user_id ?? "";
    // one's own stands before somebody else's
    const mineLast = (rows) => rows.sort((one, other) => Number(one.user_id === me) - Number(other.user_id === me));
    const drafts = new Map(mineLast(await all("drafts")).map((one) => [one.check_up_id, one]));
    const forms = new Map(mineLast(await all("outbox")).map((one) => [one.check_up_id, one]));
    const at = await get("meta", "listed_at");
    listed.textContent = at ? t("inspect.listed_at", { at: timeOf(at) }) : "";
    const wrong = Math.abs(clockAhead());
    clock.hidden = wrong < CLOCK_WRONG_MS;
    clock.textContent = clock.hidden ? "" : t("inspect.clock_wrong", { phone: fullOf(Date.now()), here: fullOf(Date.now() - clockAhead()) });
    const rows = await ordered(visits, order);
    fill(list, ...(await Promise.all(rows.map((visit, index) => row(visit, index, drafts, forms)))));
    if (!rows.length) list.append(h("li", { class: "empty" }, t(text ? "inspect.none_found" : "inspect.none")));
    showMap(map, rows, order === "way");
  }

  async function row(visit, index, drafts, forms) {
    const kept = await carried(visit.id);
    const sent = forms.get(visit.id);
    const today = dateOf(Date.now() - clockAhead());
    const late = visit.due_on < today && !sent;
    const take = h("button", {
      type: "button", class: "button", onclick: async (event) => {
        event.target.disabled = true;
        try {
          await fetchAlong(visit, (pack) => askLarge([pack.glb_bytes]));
          toast(t("inspect.taken", { count: 1 }));
        } catch (error) {
          toast(sayWhy(error));
        }
        paint();
      },
    }, kept ? t("inspect.take_again") : t("inspect.take"));
    return h("li", { class: "visit card", "data-visit": visit.id },
      h("a", { class: "visit-link", href: `#/visit/${visit.id}` },
        h("span", { class: "visit-number" }, String(index + 1)),
        h("span", { class: "visit-what" },
          h("strong", {}, visit.building?.name ?? visit.building_id),
          h("span", { class: "quiet" }, visit.building?.address ?? ""),
          h("span", {}, `${t(`inspect.class_${visit.check_class}`)} · ${t(`inspect.cause_${visit.cause.replace(/[ -]/g, "_")}`)}`),
          visit.cause_text ? h("span", { class: "visit-cause" }, visit.cause_text) : null)),
      h("div", { class: "visit-state" },
        h("span", { class: late ? "tag late" : "tag" }, t(late ? "inspect.overdue" : "inspect.due", { day: dayOf(visit.due_on) })),
        sent ? h("span", { class: "tag" }, t(`inspect.form_${sent.state}`)) : drafts.has(visit.id) ? h("span", { class: "tag" }, t("inspect.begun")) : null,
        visit.gone && !sent ? h("span", { class: "tag" }, t("inspect.gone")) : null,
        h("span", { class: "quiet small" }, kept ? t("inspect.along", { at: timeOf(kept.at), size: sizeOf(kept.bytes) }) : t("inspect.not_along")),
        kept?.pack.glb && kept.model !== "here" ? h("span", { class: "tag" }, t("inspect.model_left", { size: sizeOf(kept.pack.glb_bytes ?? 0) })) : null,
        kept?.lacks ? h("span", { class: "tag" }, t("inspect.lacks", { count: kept.lacks })) : null,
        take));
  }

  await paint();
  refresh().then(paint).catch((error) => {
    if (!(error instanceof Away)) toast(sayWhy(error));
  });
  void go;
  return paint;
}

/** Say how large models are before they are taken along. */
function askLarge(sizes) {
  const size = sizeOf(sizes.reduce((sum, one) => sum + one, 0));
  return dialog(t("inspect.model"), (close) => [h("p", {}, t("inspect.model_size", { count: sizes.length, size })), h("div", { class: "dialog-actions" },
    h("button", { type: "button", class: "button", onclick: () => close(false) }, t("inspect.model_without")),
    h("button", { type: "button", class: "button primary", onclick: () => close(true) }, t("inspect.model_with")))]);
}

function matches(visit, text) {
  const house = visit.building ?? {};
  return !text || [house.name, house.address, house.code, visit.cause_text, visit.id].some((one) => (one ?? "").toLowerCase().includes(text));
}

/** Say to people why something did not work. */
export function sayWhy(error) {
  if (error instanceof LoggedOut) return t("inspect.logged_out");
  if (error instanceof Away) return t("inspect.away");
  return String(error?.message ?? error);
}
