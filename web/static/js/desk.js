// The duty desk: keep list and map in step, tell new alerts, walk the list with the keys.

import { showMap } from "./map.js";
import { soundWanted } from "./shell.js";

const RED = 4;
const seen = new Map();
let map = null;
let chosen = null;

function alerts() {
  return [...document.querySelectorAll("#queue .alert")];
}

function remember() {
  const fresh = [];
  for (const item of alerts()) {
    const level = Number(item.dataset.level);
    const before = seen.get(item.dataset.alert);
    if (before === undefined || level > before) fresh.push(item);
    seen.set(item.dataset.alert, level);
  }
  return fresh;
}

function beep() {
  if (!soundWanted()) return;
  try {
    const audio = new AudioContext();
    const gain = audio.createGain();
    gain.gain.setValueAtTime(0.18, audio.currentTime);
    gain.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + 0.7);
    gain.connect(audio.destination);
    const tone = audio.createOscillator();
    tone.frequency.setValueAtTime(880, audio.currentTime);
    tone.frequency.setValueAtTime(660, audio.currentTime + 0.25);
    tone.connect(gain);
    tone.start();
    tone.stop(audio.currentTime + 0.7);
    tone.onended = () => audio.close();
  } catch { /* a browser without sound still shows the alert */ }
}

function tell(fresh) {
  if (!fresh.length) return;
  const live = document.getElementById("live");
  live.textContent = fresh
    .map((item) => `${item.querySelector(".level").textContent.trim()} ${item.querySelector(".sentence").textContent.trim()}`)
    .join(" ");
  const red = fresh.filter((item) => Number(item.dataset.level) === RED && item.dataset.opened === "open");
  for (const item of red) item.classList.add("fresh");
  if (red.length) beep();
}

function mark(building) {
  chosen = building;
  for (const item of alerts()) item.classList.toggle("chosen", item.dataset.building === building);
}

function choose(building, from) {
  mark(building);
  if (from !== "map") map?.choose(building);
  if (from === "map") {
    const first = alerts().find((item) => item.dataset.building === building);
    first?.scrollIntoView({ block: "nearest", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  }
}

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.elt.id !== "queue" && event.detail.target?.id !== "queue") return;
  // closed alerts that a filter brings in are not new
  if (document.getElementById("filter-state").value !== "closed") tell(remember());
  if (chosen) mark(chosen);
});
document.body.addEventListener("alerts-changed", () => map?.refresh());

document.getElementById("main").addEventListener("focusin", (event) => {
  const item = event.target.closest?.(".alert");
  if (item && item.dataset.building !== chosen) choose(item.dataset.building, "list");
});
document.getElementById("main").addEventListener("click", (event) => {
  const item = event.target.closest?.(".alert");
  if (item && !event.target.closest("a, button")) choose(item.dataset.building, "list");
});
document.addEventListener("keydown", (event) => {
  const item = event.target.closest?.(".alert");
  if (!item || event.target.closest("button, input, textarea, dialog") || event.ctrlKey || event.metaKey || event.altKey) return;
  const all = alerts();
  const at = all.indexOf(item);
  const to = { ArrowDown: at + 1, j: at + 1, ArrowUp: at - 1, k: at - 1, Home: 0, End: all.length - 1 }[event.key];
  if (to !== undefined) {
    event.preventDefault();
    all[Math.max(0, Math.min(all.length - 1, to))].focus();
  } else if (event.key === "Enter" && event.target === item) {
    item.querySelector(".sentence a").click();
  } else if (event.key === "a") {
    item.querySelector("[data-act='acknowledge']")?.click();
  } else if (event.key === "c") {
    item.querySelector("[data-act='close']")?.click();
  }
});

remember();
showMap(document.getElementById("map"), (building) => choose(building, "map")).then((made) => {
  map = made;
  if (chosen) map?.choose(chosen);
});
