// The inspector's app: one page whose parts are told by the address after `#`.

import { h, toast } from "./dom.js";
import { letGo } from "./draft.js";
import { keepSending, line } from "./outbox.js";
import { clearAlong, room } from "./along.js";
import { onChange } from "./store.js";
import { badge, unsentPage } from "./unsent.js";
import { visitPage } from "./visit.js";
import { visitsPage } from "./visits.js";
import { t } from "./words.js";

const place = document.getElementById("inspect");
const bar = document.getElementById("inspect-bar");
let repaint = null;

/** Go somewhere; `anew` when that may be where we are. */
const go = (hash, anew = false) => {
  if (anew && location.hash === hash) show();
  else location.hash = hash;
};
addEventListener("inspect:lost", () => show());
// another inspector has logged in: what was open was somebody else's
addEventListener("inspect:who", () => show());

let showing = Promise.resolve();
/** Show where the address leads; one page after the other, so that the last one asked for stays. */
function show() {
  showing = showing.then(shown, shown);
  return showing;
}

async function shown() {
  const [, page = "", id = "", step = "0"] = location.hash.split("/");
  repaint = null;
  if (page !== "visit") await letGo();
  if (page === "visit" && id) await visitPage(place, decodeURIComponent(id), Number(step) || 0, go);
  else if (page === "unsent") repaint = await unsentPage(place);
  else await visitsPage(place, go);
  scrollTo(0, 0);
  place.querySelector("h1")?.focus({ preventScroll: true });
}

let waits = 0;
function changed() {
  if (waits) return;
  waits = setTimeout(async () => {
    waits = 0;
    await badge(bar);
    if (repaint) await repaint();
  }, 150);
}

addEventListener("hashchange", show);
addEventListener("online", changed);
addEventListener("offline", changed);
onChange(changed);

if ("serviceWorker" in navigator) {
  navigator.serviceWorker.register("/inspect/sw.js", { scope: "/inspect/", updateViaCache: "none" }).then((registration) => {
    if (registration.waiting && navigator.serviceWorker.controller) offer(registration.waiting);
    registration.addEventListener("updatefound", () => {
      const next = registration.installing;
      next?.addEventListener("statechange", () => {
        // what is being filled in is kept; the new version takes over when the page is loaded anew
        if (next.state === "installed" && navigator.serviceWorker.controller) offer(next);
      });
    });
  }).catch((error) => toast(t("inspect.no_offline", { why: error.message })));
} else toast(t("inspect.no_offline", { why: "" }));

/** Offer a new version; what is being filled in is on the phone, and is there after it. */
function offer(worker) {
  const take = () => {
    navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
    worker.postMessage("go");
  };
  const button = h("button", { type: "button", class: "button", onclick: take }, t("inspect.new_version_use"));
  document.getElementById("inspect-hint")?.replaceChildren(h("p", { class: "notice", id: "new-version" }, t("inspect.new_version"), " ", button));
}

const standalone = matchMedia("(display-mode: standalone)").matches || navigator.standalone;
if (/iPhone|iPad/.test(navigator.userAgent) && !standalone) {
  document.getElementById("inspect-hint")?.append(h("p", { class: "notice" }, t("inspect.home_screen")));
}

if (!isSecureContext) document.getElementById("inspect-hint")?.append(h("p", { class: "notice loud" }, t("inspect.insecure")));
await badge(bar);
await show();
keepSending();
room();
clearAlong({ old: true }).catch((error) => console.warn(error));
document.documentElement.dataset.ready = "yes";
globalThis.anjuInspect = { line };
