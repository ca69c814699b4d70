// The order of the way, and a small map of it. Works without tiles and without a network.

import { get } from "./store.js";
import { t } from "./words.js";

/** Sort visits by due day, or so that the way from where we are is short. */
export async function ordered(visits, order) {
  const rows = [...visits].sort((one, other) => (one.due_on + one.id < other.due_on + other.id ? -1 : 1));
  if (order !== "way") return rows;
  const placed = rows.filter((one) => one.building);
  const found = [];
  let at = (await get("meta", "at")) ?? placed[0]?.building;
  while (placed.length) {
    const next = placed.reduce((best, one) => (metres(at, one.building) < metres(at, best.building) ? one : best));
    placed.splice(placed.indexOf(next), 1);
    found.push(next);
    at = next.building;
  }
  return [...found, ...rows.filter((one) => !one.building)];
}

function metres(one, other) {
  const east = (one.longitude - other.longitude) * Math.cos((one.latitude * Math.PI) / 180);
  return Math.hypot(east, one.latitude - other.latitude) * 111_195;
}

let map = null;
let markers = [];

let drawn = null;
/** Whether this browser draws maps at all; the list tells the same. */
const drawable = () => (drawn ??= document.createElement("canvas").getContext("webgl2") !== null);

/** Draw the visits with their numbers, and the way between them. */
export async function showMap(place, visits, way) {
  const points = visits.filter((one) => one.building);
  place.hidden = !points.length || !drawable();
  if (place.hidden) return;
  const library = await import("../../lib/maplibre-gl.mjs");
  if (!map || map.getContainer() !== place) {
    library.setWorkerUrl(new URL("../../lib/maplibre-gl-worker.mjs", import.meta.url).href);
    const ground = getComputedStyle(document.documentElement).getPropertyValue("--map-ground").trim();
    map = new library.Map({
      container: place, attributionControl: false, center: at(points[0]), zoom: 13, maxZoom: 17,
      style: { version: 8, sources: { way: { type: "geojson", data: line([]) } }, layers: [
        { id: "ground", type: "background", paint: { "background-color": ground } },
        { id: "way", type: "line", source: "way", paint: { "line-color": "#0f7a75", "line-width": 3, "line-dasharray": [2, 1] } }] },
    });
    // the list tells the same: nothing in the picture takes the keyboard
    map.getCanvas().tabIndex = -1;
    markers = [];
  }
  for (const marker of markers) marker.remove();
  markers = points.map((visit, index) => {
    const mark = document.createElement("a");
    mark.className = "visit-mark";
    mark.textContent = String(index + 1);
    mark.href = `#/visit/${visit.id}`;
    mark.tabIndex = -1;
    mark.title = `${visit.building.name} · ${t("inspect.due", { day: visit.due_on })}`;
    return new library.Marker({ element: mark }).setLngLat(at(visit)).addTo(map);
  });
  const bounds = points.reduce((box, one) => box.extend(at(one)), new library.LngLatBounds(at(points[0]), at(points[0])));
  map.fitBounds(bounds, { padding: 40, maxZoom: 16, duration: 0 });
  const draw = () => map.getSource("way")?.setData(line(way ? points.map(at) : []));
  if (map.isStyleLoaded()) draw();
  else map.once("load", draw);
}

const at = (visit) => [visit.building.longitude, visit.building.latitude];
const line = (coordinates) => ({ type: "Feature", properties: {}, geometry: { type: "LineString", coordinates } });
