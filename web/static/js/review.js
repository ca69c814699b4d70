// The review of claims: keys, choosing many alike, and both revisions side by side in 3D.

const review = document.getElementById("review");
const views = document.getElementById("views");

/* ---- keys ---- */

const typing = (at) => at?.matches?.("input, textarea, select, summary, [contenteditable]");
const rows = () => [...review.querySelectorAll(".review-row")];

function step(by) {
  const all = rows(), at = all.findIndex((one) => one.getAttribute("aria-current"));
  const next = all[Math.min(all.length - 1, Math.max(0, at + by))];
  if (next && next !== all[at]) next.click();
}

function keyed(event) {
  if (event.altKey || event.ctrlKey || event.metaKey || event.isComposing || document.querySelector("dialog[open]")) return;
  if (typing(event.target)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (event.key === "j") step(1);
  else if (event.key === "k") step(-1);
  else if (event.key === "u") document.getElementById("review-undo")?.click();
  else if (event.key === "/") document.getElementById("review-text")?.focus();
  else if (event.key === "Enter" && event.target.matches("a, button")) return;
  else {
    const button = review.querySelector(`#review-acts [data-key="${CSS.escape(event.key)}"]`);
    if (!button) return;
    button.click();
  }
  event.preventDefault();
}

/* ---- many alike ---- */

const picks = () => [...review.querySelectorAll('input[name="pick"]')];

function picked() {
  const bar = document.getElementById("review-bulk");
  if (!bar) return;
  const n = picks().filter((one) => one.checked).length;
  bar.hidden = n === 0;
  document.getElementById("review-picked").textContent = n;
}

/** Choose all rows of the page whose reasons are those of the chosen ones. */
function alike() {
  const row = (one) => one.closest("li").dataset.alike;
  const kinds = new Set(picks().filter((one) => one.checked).map(row));
  for (const one of picks()) if (kinds.has(row(one))) one.checked = true;
  picked();
}

/* ---- both revisions in 3D ---- */

const sides = {};
let opened = false;
const said = (name) => { document.getElementById("views-said").textContent = name ? JSON.parse(views.dataset.words)[name] ?? "" : ""; };

/** Let the other side be looked at from the same direction; each keeps its distance. */
function together(from, to) {
  from.viewer.addEventListener("drawn", () => {
    const a = from.viewer.stage, b = to.viewer.stage;
    const way = a.way(), other = b.way();
    if (way.every((value, k) => Math.abs(value - other[k]) < 1e-5)) return;
    const away = b.camera.position.distanceTo(b.target);
    b.camera.position.set(...way).multiplyScalar(away).add(b.target);
    b.aimed();
  });
}

async function side(name, mesh, steps) {
  const place = views.querySelector(`[data-side="${name}"]`);
  place.parentElement.hidden = !mesh;
  if (!mesh) return;
  const { Viewer } = await import("./viewer/viewer.js");
  const one = (sides[name] ??= { viewer: new Viewer(place, { label: place.previousElementSibling.textContent }), mesh: "" });
  if (one.mesh !== mesh) {
    one.mesh = mesh;
    await one.viewer.load(mesh, "plain");
  }
  place.viewer = one.viewer;
  one.viewer.colour(steps.map((number) => [number, "watched"]), "plain");
  one.viewer.choose(steps);
  one.viewer.isolate(steps.length ? steps : null, true);
  one.viewer.fit(steps.length ? steps : null);
}

async function drawn() {
  const pair = document.getElementById("pair");
  const { oldMesh, newMesh } = pair.dataset;
  views.hidden = !oldMesh && !newMesh;
  if (!opened || views.hidden) return;
  const numbers = (text) => (text ?? "").split(" ").filter(Boolean).map(Number);
  said("loading");
  try {
    const linked = Object.keys(sides).length === 2;
    await side("old", oldMesh, numbers(pair.dataset.oldStep));
    await side("new", newMesh, numbers(pair.dataset.newSteps));
    if (!linked && sides.old && sides.new) {
      together(sides.old, sides.new);
      together(sides.new, sides.old);
    }
    said("");
    views.dataset.drawn = `${pair.dataset.oldStep}|${pair.dataset.newSteps}`;
  } catch (error) {
    // without 3D the sketches below say the same
    console.warn("review: no 3D", error);
    document.getElementById("views-both").hidden = true;
    said("none");
  }
}

if (review) {
  document.addEventListener("keydown", keyed);
  review.addEventListener("change", (event) => { if (event.target.name === "pick") picked(); });
  review.addEventListener("click", (event) => { if (event.target.closest("#review-alike")) alike(); });
  document.getElementById("views-open").addEventListener("click", (event) => {
    opened = !opened;
    event.currentTarget.setAttribute("aria-expanded", String(opened));
    event.currentTarget.textContent = JSON.parse(views.dataset.words)[opened ? "close" : "open"];
    document.getElementById("views-both").hidden = !opened;
    drawn();
  });
  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target !== review) return;
    document.querySelector(".review-rows .on")?.scrollIntoView({ block: "nearest" });
    picked();
    drawn();
  });
  drawn();
}
