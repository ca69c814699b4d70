// What every page has: language, theme, sound, dialogs, messages and keys.

import { follow } from "./live.js";

const YEAR_S = 365 * 86400;
const TOAST_MS = 6000;

function keep(name, value) {
  document.cookie = `${name}=${value}; path=/; max-age=${YEAR_S}; samesite=lax`;
}

export function toast(text) {
  const place = document.getElementById("toasts");
  const line = document.createElement("p");
  line.className = "toast";
  line.textContent = text;
  place.append(line);
  setTimeout(() => line.remove(), TOAST_MS);
}

export function soundWanted() {
  try {
    return localStorage.getItem("anju.sound") !== "off";
  } catch {
    return true;
  }
}

function press(group, chosen) {
  for (const button of group) button.setAttribute("aria-pressed", String(button === chosen));
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button, summary");
  if (!button) return;
  if (button.dataset.languageChoice) {
    keep("anju_language", button.dataset.languageChoice);
    location.reload();
  } else if (button.dataset.themeChoice) {
    keep("anju_theme", button.dataset.themeChoice);
    document.documentElement.dataset.theme = button.dataset.themeChoice;
    press(document.querySelectorAll("[data-theme-choice]"), button);
    dispatchEvent(new Event("anju:theme"));
  } else if (button.dataset.soundChoice) {
    try {
      localStorage.setItem("anju.sound", button.dataset.soundChoice);
    } catch { /* private windows keep nothing */ }
    press(document.querySelectorAll("[data-sound-choice]"), button);
  } else if (button.dataset.logIn) {
    document.getElementById("name").value = button.dataset.logIn;
    document.getElementById("password").value = button.dataset.password;
    document.querySelector(".login-card form button[type=submit]").focus();
  } else if (button.dataset.dialogClose !== undefined) {
    button.closest("dialog").close();
  } else if (button.dataset.print !== undefined) {
    print();
  }
});

const sounds = document.querySelectorAll("[data-sound-choice]");
press(sounds, [...sounds].find((b) => b.dataset.soundChoice === (soundWanted() ? "on" : "off")));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => dispatchEvent(new Event("anju:theme")));

// on a phone the menu is wider than the screen: where one is must be in sight
document.querySelector(".menu [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });

// the account menu closes like a menu
const me = document.getElementById("me");
if (me) {
  document.addEventListener("click", (event) => { if (!me.contains(event.target)) me.open = false; });
  me.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && me.open) {
      me.open = false;
      me.querySelector("summary").focus();
    }
  });
}

// dialogs come as fragments; where the focus was, it returns
let before = null;
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.target?.id === "dialog-place" && !event.target.closest("dialog")) before = event.target.id;
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target?.id !== "dialog-place") return;
  const dialog = event.detail.target.querySelector("dialog[data-open]");
  if (dialog) {
    dialog.showModal();
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (before) document.getElementById(before)?.focus();
    });
  } else if (before) {
    document.getElementById(before)?.focus();
  }
});
// an answer without words (an act was done) empties the forms that ask for it
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful && event.target.matches?.("form[data-clear]")) event.target.reset();
});
for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, (event) => {
    const quiet = event.detail.requestConfig?.verb === "get" && event.detail.elt?.matches?.("[hx-trigger*='every']");
    // a refresh that failed is told by the banner; an act that failed is told at once
    if (quiet || event.detail.xhr?.getResponseHeader("HX-Redirect")) return;
    const text = event.detail.xhr?.status >= 400 && event.detail.xhr.responseText.startsWith("<p")
      ? new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html").body.textContent.trim()
      : document.body.dataset.problem;
    toast(text);
  });
}
// somebody else's change: the answer 409 to an act without a dialog comes as a line of text
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, target } = event.detail;
  const taken = xhr.status === 409 || xhr.status === 422;
  if (taken && !xhr.responseText.includes("<dialog") && !target.matches("#preview, [data-own-faults]")) {
    event.detail.shouldSwap = false;
    toast(new DOMParser().parseFromString(xhr.responseText, "text/html").body.textContent.trim());
    window.htmx.trigger(document.body, "alerts-changed");
  }
});
// nothing is swapped for these answers, so beforeSwap is not asked
document.addEventListener("htmx:afterRequest", (event) => {
  const { xhr, requestConfig } = event.detail;
  if (requestConfig?.verb === "post" && (xhr.status === 409 || xhr.status === 422) && event.target.getAttribute("hx-swap") === "none") {
    toast(new DOMParser().parseFromString(xhr.responseText, "text/html").body.textContent.trim());
    window.htmx.trigger(document.body, "alerts-changed");
  }
});

// a table that is wider than its place is scrolled with the keyboard, too
function reachTables() {
  for (const place of document.querySelectorAll(".table-wrap")) {
    const wide = place.scrollWidth > place.clientWidth;
    if (!wide && place.dataset.scrolls === undefined) continue;
    place.toggleAttribute("data-scrolls", wide);
    if (!wide) {
      place.removeAttribute("tabindex");
      continue;
    }
    const section = place.closest("[aria-labelledby]");
    place.tabIndex = 0;
    place.setAttribute("role", "group");
    if (section) place.setAttribute("aria-labelledby", section.getAttribute("aria-labelledby"));
    else place.setAttribute("aria-label", document.querySelector("h1")?.textContent.trim() ?? "");
  }
}
addEventListener("resize", reachTables);
document.addEventListener("htmx:afterSettle", reachTables);
reachTables();

// "/" goes to the page's own search box, else to the one in the bar
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, dialog")) return;
  const box = document.querySelector("main [data-key='/']") ?? document.getElementById("search-all");
  if (box) {
    event.preventDefault();
    box.focus();
    box.select();
  }
});

// what was found: arrows go along, Enter opens as links do, up from the first goes back to the box
document.addEventListener("keydown", (event) => {
  const down = event.key === "ArrowDown", up = event.key === "ArrowUp";
  if (!(down || up) || event.ctrlKey || event.metaKey || event.altKey) return;
  const hits = [...document.querySelectorAll("[data-hit]")];
  const box = document.getElementById("search-here"), at = hits.indexOf(event.target);
  if (!hits.length || (at < 0 && event.target !== box)) return;
  event.preventDefault();
  (hits[at + (down ? 1 : -1)] ?? (up ? box : hits.at(-1))).focus();
});

const live = document.querySelector("[data-live]");
if (live) {
  const building = live.dataset.building;
  follow(live.dataset.live, (changes) => {
    if (!building || !changes.length || changes.some((c) => c.building_id === building)) {
      window.htmx.trigger(document.body, "alerts-changed");
    }
  }, ["alert", "notice", "check-up"]);
}
