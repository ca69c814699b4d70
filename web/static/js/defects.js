// One defect over the years: what people measured, its sensors on the same time, photos to wipe.

import { plot } from "./plot.js";

const card = document.getElementById("chosen");
const words = JSON.parse(card.dataset.words);
const place = card.querySelector("[data-charts]");
let plots = [];
let reply = null;

function draw() {
  for (const one of plots) one.destroy();
  plots = [];
  place.replaceChildren();
  for (const { kind, panel } of reply.charts) {
    const title = document.createElement("h4");
    title.textContent = panel.unit ? `${panel.title} (${panel.unit})` : panel.title;
    const box = document.createElement("div");
    box.className = "plot";
    place.append(title, box);
    if (!panel.lines.some((line) => line.at.length)) {
      box.className = "quiet small";
      box.textContent = words.empty;
      continue;
    }
    const whole = { ...reply, kind, flags: { known: true, runs: [] } };
    plots.push(plot(box, whole, panel, panel.lines.filter((line) => line.role !== "raw"), words, false));
  }
  card.dataset.state = "drawn";
}

async function load() {
  try {
    const answer = await fetch(card.dataset.growth, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    reply = await answer.json();
    draw();
  } catch {
    place.textContent = words.failed;
  }
}

let width = 0;
new ResizeObserver(() => {
  if (reply && Math.abs(place.clientWidth - width) > 1) draw();
  width = place.clientWidth;
}).observe(place);
addEventListener("anju:theme", () => reply && draw());
load();

const wipe = card.querySelector("[data-wipe]");
if (wipe) {
  const range = wipe.querySelector("[data-range]");
  const pictures = wipe.querySelector(".wipe-pictures");
  const set = () => pictures.style.setProperty("--at", `${range.value}%`);
  range.addEventListener("input", set);
  set();
  for (const select of wipe.querySelectorAll("[data-side]")) {
    const { side } = select.dataset;
    select.addEventListener("change", () => {
      const picture = wipe.querySelector(`[data-picture=${side}]`);
      const said = select.selectedOptions[0].textContent.trim();
      picture.src = select.value;
      picture.alt = said;
      wipe.querySelector(`[data-date=${side}]`).textContent = said.slice(0, 10);
    });
  }
  // the pictures themselves are a handle, too
  pictures.addEventListener("pointermove", (event) => {
    if (!event.buttons) return;
    const box = pictures.getBoundingClientRect();
    range.value = Math.round(((event.clientX - box.left) / box.width) * 100);
    set();
  });
}
