// The page of a building's model: joins list, picture, plan, card, picker and what is live.

import { follow } from "../live.js";
import { ask, upload } from "./ask.js";
import { opened } from "./canvas.js";
import { DefectList } from "./defects.js";
import { fetched } from "./glb.js";
import { listen as listenKeys } from "./keys.js";
import { Look } from "./look.js";
import { el, filled } from "./made.js";
import { Markers, SHAPES } from "./markers.js";
import { Picker } from "./picker.js";
import { PlaceDesk } from "./places.js";
import { Plan } from "./plan.js";
import { Rooms } from "./rooms.js";
import { Scene, word } from "./scene.js";
import { Tree } from "./tree.js";
import { Trend } from "./trend.js";
import { listen as listenUpload } from "./upload.js";

const AGAIN_MS = 30000;
performance.mark("model-script");
const root = document.getElementById("model");
const { base, query, glb, building } = root.dataset;
const words = JSON.parse(root.dataset.words);
const by = (selector) => root.querySelector(selector);
const address = (name, more = "") => `${base}/${name}?${[query, more].filter(Boolean).join("&")}`;
const say = by("#model-say");

// both are on their way before anything else is done
const told = ask(address("scene.json"));
const shapes = glb ? fetched(glb, (done, of) => { if (!root.dataset.state) say.textContent = of ? filled(words.loading_n, { n: Math.round((100 * done) / of) }) : words.loading; }) : null;
shapes?.catch(() => {});
const early = glb ? opened() : undefined;

const scene = new Scene({ scene: address("scene.json"), live: address("live.json") });
const look = new Look(root, scene, words);
const plan = new Plan(by("#model-plan"), words);
const markers = new Markers(by("#model-marks"), words);
const trend = new Trend(by("#model-trend"), words, `${base}/trend`);
let viewer = null, flat = null, tree = null, picker = null, rooms = null, defects = null;

/** Show one of several parts of a place and press its button. */
function part(place, name, value) {
  pointing(name === "side" ? value : null);
  for (const button of place.querySelectorAll(`[data-${name}]`)) button.setAttribute("aria-pressed", String(button.getAttribute(`data-${name}`) === value));
  for (const one of place.querySelectorAll(`[data-${name}-part]`)) one.hidden = one.getAttribute(`data-${name}-part`) !== value;
}
/** While one points into the model, marks do not stand in the way. */
function pointing(shown) {
  const placing = shown === null ? !by('[data-side-part="place"]')?.hidden : shown === "place";
  root.classList.toggle("model-picking", placing && picker?.way === "3d");
}
const side = (name) => { part(root, "side", name); if (innerWidth <= 900) show("side"); };
const left = (name) => part(root, "left", name);
function show(name) {
  by(".model-grid").dataset.shown = name;
  for (const button of root.querySelectorAll("[data-part]")) button.setAttribute("aria-pressed", String(button.dataset.part === name));
  viewer?.stage.ask();
}
for (const button of root.querySelectorAll("[data-side]")) button.addEventListener("click", () => part(root, "side", button.dataset.side));
for (const button of root.querySelectorAll("[data-left]")) button.addEventListener("click", () => left(button.dataset.left));
for (const button of root.querySelectorAll("[data-part]")) button.addEventListener("click", () => show(button.dataset.part));

/** Choose an element: mark it, bring it into the picture, and tell what it is. */
async function choose(step, { look_at = true, card = true, focus = false } = {}) {
  look.chosen = step;
  viewer?.choose(step === null ? [] : [step]);
  if (step === null) return;
  // what stands in front becomes a hint where there is no free sight
  if (look_at && viewer?.shapes && !viewer.visit(step) && viewer.features.has(step)) look.alone([step]);
  tree?.mark(step, focus);
  if (!card) return;
  const place = by("#model-card");
  side("card");
  try {
    const html = await ask(address("card", `step=${step}`), "text/html");
    if (look.chosen === step) place.replaceChildren(document.createRange().createContextualFragment(html));
  } catch {
    place.textContent = words.failed;
  }
}

async function openSensor(id) {
  side("sensors");
  for (const row of by("#model-sensors").querySelectorAll("[data-sensor]")) row.setAttribute("aria-current", String(row.dataset.sensor === id));
  await trend.open(id);
}

function lookSensor(id) {
  const sensor = scene.sensor(id), element = sensor?.elements.map((one) => scene.byId.get(one)).find(Boolean);
  if (element) choose(element.step, { card: false });
  else if (sensor?.point && viewer?.shapes) viewer.stage.look(sensor.point.flatMap((v, k) => v - viewer.origin[k] - 1).concat(sensor.point.map((v, k) => v - viewer.origin[k] + 1)));
  if (innerWidth <= 900) show("view");
}

function listSensors() {
  const order = [...scene.sensors].sort((a, b) => b.level - a.level || a.code.localeCompare(b.code));
  const chosen = trend.sensor;
  by("#model-sensors").replaceChildren(...order.map((one) => el("li", {}, el(
    "button", { type: "button", class: `model-row${one.stale ? " stale" : ""}`, "data-sensor": one.id, "aria-current": String(one.id === chosen), onclick: () => openSensor(one.id) },
    el("span", { class: `level level-${word(one.level)}`, text: `${SHAPES[word(one.level)]} ${one.level ? words[`level.${word(one.level)}`] : ""}` }), el("strong", { text: one.code }), el("span", { class: "quiet", text: one.kind_word }),
    el("span", { class: "value", text: one.text || "—" }), el("small", { class: "quiet", text: [one.age || words.never, one.stale && words.stale].filter(Boolean).join(" · ") }),
    el("small", { class: "quiet wide", text: one.anchor ? [one.where, one.hold_word].filter(Boolean).join(" · ") : words.not_placed }),
  ))));
  if (!order.length) by("#model-sensors").replaceChildren(el("li", { class: "quiet", text: words.no_sensors }));
}

/** Put up again what has changed: colours, marks, lists. */
function renewed() {
  look.coloured();
  markers.fill(scene, (id) => { const element = scene.byId?.get(id); return !element || !viewer?.shapes || (viewer.features.has(element.step) ? viewer.met(viewer.features.get(element.step)) : true); });
  listSensors();
  defects?.fill();
  picker?.fill();
  look.fillStoreys();
  drawPlan();
  viewer?.stage.ask();
}

function drawPlan() {
  plan.given(scene, viewer?.shapes ? viewer : flat);
  if (!by("#model-plan").hidden) plan.show(look.floor() ?? scene.floors()[0] ?? null);
}

/** Shapes for the plan alone, where nothing can be drawn in three dimensions. */
async function flattened() {
  const { shapesOf } = await import("./glb.js"), { Bodies } = await import("./bodies.js");
  const read = shapesOf(await shapes), bodies = new Bodies(read);
  return { bodies, origin: read.origin, whole: read.box };
}

/** The picture, where the browser can draw it. */
async function picture() {
  const { Viewer, NotDrawable } = await import("./viewer.js");
  try {
    viewer = new Viewer(by("#model-stage"), { label: words.picture, early });
  } catch (error) {
    if (!(error instanceof NotDrawable)) throw error;
    say.textContent = words.no_webgl;
    root.dataset.state = "no webgl";
    flat = await flattened();
    return;
  }
  performance.mark("model-stage");
  look.viewer = viewer;
  look.markers = markers;
  // for who measures: benchmarks and tests read pictures and calls here
  root.viewer = viewer;
  await viewer.load(shapes, look.colour.value === "level" ? "plain" : "source");
  performance.mark("model-drawn");
  // a pixel that is read back: only then is the picture there
  viewer.stage.finish();
  performance.mark("model-first-frame");
  say.textContent = "";
  viewer.stage.after.push(() => markers.placeAll((point) => viewer.spot(point), (point) => viewer.sees(point)));
  viewer.addEventListener("pick", (event) => picked(event.detail));
  listenKeys(viewer.stage.canvas, viewer.stage, {
    fit: () => look.fit(), hide: () => look.hide(), middle: () => picked(viewer.pickAt(viewer.stage.place.clientWidth / 2, viewer.stage.place.clientHeight / 2)),
    list: () => { left("tree"); if (innerWidth <= 900) show("tree"); by("[data-search]").focus(); },
    escape: () => { if (look.chosen !== null) choose(null); else look.reset(); },
  });
  root.dataset.state = "drawn";
}

function picked(hit) {
  if (!hit) { choose(null); return; }
  const element = scene.byStep?.get(hit.step);
  if (picker && !by('[data-side-part="place"]').hidden && picker.way === "3d" && element) {
    choose(hit.step, { look_at: false, card: false });
    picker.fromModel(hit, element);
    return;
  }
  choose(hit.step, { look_at: false });
}

function placing(what, way) {
  if (!picker) return;
  part(root, "side", "place");
  picker.start(what, way);
  if (innerWidth <= 900 && way !== "3d" && way !== "plan") show("side");
}

function acts() {
  root.addEventListener("click", (event) => {
    const button = event.target.closest("[data-card]");
    if (!button) return;
    const { card, step, sensor, defect } = button.dataset;
    if (card === "fit") { viewer?.fit([Number(step)]); if (innerWidth <= 900) show("view"); }
    else if (card === "alone") { look.alone([Number(step)]); if (innerWidth <= 900) show("view"); }
    else if (card === "sensor") openSensor(sensor);
    else if (card === "look-sensor") lookSensor(sensor);
    else if (card === "defect") { side("defects"); defects.open(defect); }
    else if (card === "move-sensor") { placing(`sensor:${sensor}`, viewer?.shapes ? "3d" : "list"); side("place"); }
    else if (card === "place") { placing("", "list"); side("place"); picker.fromElement(scene.byStep.get(Number(step))); }
  });
  markers.addEventListener("sensor", (event) => openSensor(event.detail));
  markers.addEventListener("defect", (event) => { side("defects"); defects.open(event.detail); });
  plan.addEventListener("sensor", (event) => openSensor(event.detail));
  plan.addEventListener("defect", (event) => { side("defects"); defects.open(event.detail); });
  look.addEventListener("floor", drawPlan);
  look.addEventListener("centre", drawPlan);
  look.addEventListener("reset", () => { choose(null); tree?.fill(); });
}

function picking() {
  const desk = new PlaceDesk(building, async () => { await scene.refresh(); return scene.now; });
  picker = new Picker(by('[data-side-part="place"]'), scene, desk, words, { revision: scene.revision, shapes: () => (viewer?.shapes ? viewer : null), label: (element) => tree.label(element) });
  picker.addEventListener("draft", (event) => plan.point(event.detail));
  picker.addEventListener("chosen", (event) => choose(event.detail, { card: false }));
  picker.addEventListener("floor", (event) => { if (event.detail) look.go(event.detail.id); });
  picker.addEventListener("saved", () => scene.refresh());
  picker.addEventListener("way", (event) => {
    pointing(null);
    if (event.detail === "plan") look.centre("plan");
    if (event.detail === "3d" && viewer) look.centre("shapes");
  });
  plan.addEventListener("point", (event) => { if (picker.way === "plan" && !by('[data-side-part="place"]').hidden) picker.fromPlan(event.detail, plan.floor); });
}

/** A tag was scanned: show what it names, and ask what is to be placed there. */
function arrived(at) {
  if (!at) return;
  const [kind, id] = [at.slice(0, at.indexOf(":")), at.slice(at.indexOf(":") + 1)];
  const element = kind === "element" ? scene.byId.get(id) : null;
  if (element) choose(element.step);
  if (kind === "sensor" && scene.sensor(id)) { openSensor(id); lookSensor(id); return; }
  if (!picker) return;
  side("place");
  picker.start("", "qr");
  picker.form.qr.value = at;
  picker.fromTag(at);
}

/** Put what is seen beside a defect: it goes with its BCF topic. */
async function keepPicture(one) {
  const made = await look.picture();
  if (!made) return false;
  const form = new FormData();
  form.append("file", made.blob, "view.png");
  await upload(`/defects/${encodeURIComponent(one.id)}/snapshot`, form, () => {}, "PUT");
  return true;
}

async function start() {
  acts();
  const drawing = shapes ? picture() : Promise.resolve();
  await scene.load(told);
  tree = new Tree(by('[data-left-part="tree"]'), scene, words, { search: address("search.json") });
  tree.addEventListener("choose", (event) => { choose(event.detail.step); if (innerWidth <= 900) show("view"); });
  tree.addEventListener("alone", (event) => { look.alone(event.detail.steps); if (innerWidth <= 900 && event.detail.steps) show("view"); });
  tree.addEventListener("shown", (event) => { viewer?.[event.detail.on ? "show" : "hide"](event.detail.steps); });
  defects = new DefectList(by("#model-defects"), scene, words, { look: (one) => { const element = scene.byId.get(one.element); if (element) choose(element.step, { card: false }); if (innerWidth <= 900) show("view"); }, edit: by('[data-side-part="place"]') ? (one) => { placing(one ? `defect:${one.id}` : "defect:new", viewer?.shapes ? "3d" : "list"); side("place"); } : null, picture: by('[data-side-part="place"]') && shapes ? keepPicture : null });
  rooms = new Rooms(by("#model-rooms"), plan, scene, words, building);
  rooms.addEventListener("changed", () => { look.fillStoreys(); look.fillStoreys(); drawPlan(); picker?.fill(); });
  rooms.addEventListener("floor", (event) => { look.centre("plan"); look.go(event.detail); });
  rooms.addEventListener("room", (event) => plan.point(event.detail ? { room_id: event.detail.id } : null));
  if (by("#model-picker")) picking();
  if (by("#model-upload")) listenUpload(by("#model-upload"), building, words);
  if (!scene.revision) look.centre("plan");
  scene.addEventListener("changed", renewed);
  await drawing.catch(() => { say.textContent = words.not_loaded; root.dataset.state = "failed"; });
  renewed();
  arrived(root.dataset.at);
  root.dataset.ready = "yes";
  follow(root.dataset.live, (changes) => {
    const own = changes.filter((one) => one.building_id === building);
    if (!changes.length || own.some((one) => one.kind !== "model")) scene.refresh().catch(() => {});
    if (!changes.length || own.some((one) => one.kind === "model")) document.body.dispatchEvent(new Event("model-changed"));
  }, ["alert", "model", "place"]);
  setInterval(() => { if (!document.hidden) scene.refresh().catch(() => {}); }, AGAIN_MS);
  watchFiles();
}

/** When a newer revision has become ready, or the shapes of this one have, they are offered. */
function watchFiles() {
  const older = query.includes("revision=");
  let shown = `${root.dataset.revision} ${Boolean(glb)}`;
  document.body.addEventListener("htmx:afterSwap", () => {
    const list = by(".model-revisions"), place = by("#model-states");
    if (!list || !place) return;
    const trigger = `model-changed from:body, every ${list.dataset.busy ? "2s" : "30s"}`;
    if (place.getAttribute("hx-trigger") !== trigger) {
      place.setAttribute("hx-trigger", trigger);
      htmx.process(place);
    }
    const { liveRevision, liveMesh } = list.dataset, now = `${liveRevision} ${liveMesh === "ready"}`;
    if (older || !liveRevision || now === shown) return;
    shown = now;
    say.replaceChildren(words.newer_ready, " ", el("a", { class: "button", href: `${base}?${query}`, text: words.show_it }));
    by("#model-stage").hidden = false;
  });
}

start();
