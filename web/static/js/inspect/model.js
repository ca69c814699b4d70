// The building's model as a way to say where something is: tap an element, take it. The shapes and
// the names were taken along; what draws them is the viewer of the model's page.

import { field, fill, h } from "./dom.js";
import { modelHere, modelOf } from "./along.js";
import { sizeOf, t } from "./words.js";

/** What an anchor says of a spot of the model, emptied: another way of telling puts its own in. */
export const NO_SPOT = { element_id: "", revision_seen: "", point: null, normal: null, local_uvw: null, elevation_m: null, room_id: "", name: "" };

/**
 * Draw the model and tell what is tapped on.
 * @param {any} pack  @param {(found: any) => void} take  told an anchor's part, or nothing
 * @returns {{body: HTMLElement, close: () => void}}
 */
export function modelPicker(pack, take) {
  const stage = h("div", { class: "pick-stage" });
  const said = h("p", { class: "small", role: "status" });
  const body = h("div", { class: "pick-model" }, said);
  let viewer = null, closed = false;

  const open = async () => {
    said.textContent = t("inspect.model_opening");
    try {
      const [{ Viewer, NotDrawable }, keys, spot] = await Promise.all([import("../viewer/viewer.js"), import("../viewer/keys.js"), import("../viewer/spot.js")]);
      const shapes = await modelOf(pack, (done, of) => { said.textContent = of ? t("inspect.model_loading", { share: Math.round((100 * done) / of) }) : t("inspect.model_opening"); });
      if (closed) return;
      fill(body, tools(), stage, said);
      try {
        viewer = new Viewer(stage, { label: t("inspect.model_picture") });
      } catch (error) {
        if (!(error instanceof NotDrawable)) throw error;
        fill(body, h("p", { class: "notice" }, t("inspect.no_webgl")));
        return;
      }
      await viewer.load(shapes, "source");
      if (closed) { viewer.dispose(); return; }
      // for who measures: tests read pictures here
      /** @type {any} */ (stage).viewer = viewer;
      said.textContent = t("inspect.model_tap");
      viewer.addEventListener("pick", (event) => picked(event.detail, spot));
      const { clientWidth: wide, clientHeight: high } = stage;
      keys.listen(viewer.stage.canvas, viewer.stage, {
        fit: () => viewer.fit(), hide, escape: () => picked(null, spot), middle: () => picked(viewer.pickAt(wide / 2, high / 2), spot),
        list: () => /** @type {any} */ (body.querySelector("select"))?.focus(),
      });
    } catch (error) {
      console.warn(error);
      fill(body, h("p", { class: "notice" }, t("inspect.model_failed")));
    }
  };

  const floors = (pack.storeys ?? []).map((one) => ({ id: one.id, name: one.name, elevation: one.elevation_m }));
  const elements = new Map(pack.elements.map((one) => [one.step, one]));
  let storey = "", chosen = null;

  const tools = () => {
    const list = h("select", { onchange: (event) => {
      storey = event.target.value;
      const steps = pack.elements.filter((one) => one.storey === storey).map((one) => one.step);
      viewer?.isolate(storey ? steps : null, true);
      viewer?.fit(storey ? steps : null);
    } }, h("option", { value: "" }, t("inspect.all_storeys")), [...floors].reverse().map((one) => h("option", { value: one.id }, one.name || one.id)));
    return h("div", { class: "pick-tools" }, field(t("inspect.storey"), list),
      h("div", { class: "row-actions" },
        h("button", { type: "button", class: "button", onclick: hide }, t("inspect.model_hide")),
        h("button", { type: "button", class: "button", onclick: () => { list.value = storey = ""; viewer?.reset(); take(null); chosen = null; said.textContent = t("inspect.model_tap"); } }, t("inspect.model_all"))));
  };

  /** What stands in front is taken away, so that one comes to what is behind it. */
  function hide() {
    if (chosen === null) { said.textContent = t("inspect.model_hide_what"); return; }
    viewer.hide([chosen]);
    viewer.choose([]);
    chosen = null;
    take(null);
    said.textContent = t("inspect.model_tap");
  }

  function picked(hit, spot) {
    const element = hit && elements.get(hit.step);
    chosen = element ? hit.step : null;
    viewer.choose(element ? [hit.step] : []);
    if (!element) {
      take(null);
      said.textContent = t("inspect.model_tap");
      return;
    }
    const floor = floors.find((one) => one.id === element.storey) ?? spot.floorAt(floors, hit.point[2]);
    const box = viewer.boxOf(hit.step);
    const found = {
      ...NO_SPOT, picked_by: "3d", element_id: element.id, name: element.name || element.class, revision_seen: pack.revision ?? "",
      point: spot.fine(hit.point), normal: spot.facing(hit.normal), local_uvw: box ? spot.within(hit.point, box) : null,
      storey: floor?.name ?? "", elevation_m: floor?.elevation ?? null, room: element.space ?? "", side: "",
    };
    said.textContent = "";
    take(found);
  }

  /** What was not taken along, being large, is asked for with its size. */
  modelHere(pack).then((here) => {
    if (closed) return;
    if (here || !pack.glb_bytes) { open(); return; }
    const size = sizeOf(pack.glb_bytes);
    fill(body, h("p", {}, t("inspect.model_not_here", { size })),
      h("button", { type: "button", class: "button", onclick: open }, t("inspect.model_load", { size })), said);
  });

  return { body, close: () => { closed = true; viewer?.dispose(); viewer = null; } };
}
