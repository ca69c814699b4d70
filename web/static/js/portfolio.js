// The portfolio: map and table in step, and a form that answers as soon as something is chosen.

import { showMap } from "./map.js";

const place = document.getElementById("map");
const rows = () => [...document.querySelectorAll("#buildings tr[data-building]")];
let map = null;

function mark(building) {
  for (const row of rows()) row.classList.toggle("chosen", row.dataset.building === building);
}

if (place) {
  showMap(place, (building) => {
    mark(building);
    const row = rows().find((one) => one.dataset.building === building);
    row?.scrollIntoView({ block: "nearest", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  }).then((made) => { map = made; });
}

document.getElementById("buildings")?.addEventListener("focusin", (event) => {
  const row = event.target.closest("tr[data-building]");
  if (!row) return;
  mark(row.dataset.building);
  map?.choose(row.dataset.building);
});

for (const one of document.querySelectorAll("[data-submits]")) {
  one.addEventListener("change", () => one.form.requestSubmit());
}
