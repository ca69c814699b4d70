// The building page: its charts, loaded when they come into sight and kept up while they are.

import { Chart } from "./chart.js";

const AGAIN_MS = 60000;
const place = document.getElementById("charts");

if (place) {
  const words = JSON.parse(place.dataset.words);
  const charts = new Map();
  const inSight = new Set();
  let range = place.dataset.range;

  const watch = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      const chart = charts.get(entry.target);
      if (entry.isIntersecting) {
        inSight.add(chart);
        if (chart.range !== range) { chart.range = range; chart.load(range); }
      } else inSight.delete(chart);
    }
  }, { rootMargin: "300px" });
  for (const article of place.querySelectorAll(".chart")) {
    charts.set(article, new Chart(article, words));
    watch.observe(article);
  }
  const again = () => {
    for (const chart of inSight) { chart.range = range; chart.load(range); }
  };
  const buttons = [...document.querySelectorAll("[data-range][type='button']")];
  for (const button of buttons) {
    button.addEventListener("click", () => {
      range = button.dataset.range;
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
      again();
    });
  }
  for (const name of ["fit", "raw"]) {
    const button = document.getElementById(name);
    button.addEventListener("click", () => {
      const on = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(on));
      for (const chart of charts.values()) {
        chart[name] = on;
        if (chart.reply) chart.draw();
      }
    });
  }
  addEventListener("anju:theme", () => { for (const chart of charts.values()) if (chart.reply) chart.draw(); });
  document.body.addEventListener("alerts-changed", again);
  setInterval(() => { if (!document.hidden) again(); }, AGAIN_MS);
}
