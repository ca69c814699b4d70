// Where something is: storey and room in words, a room of the schema, an element of the model, or
// the code on a tag. A house without a model is the usual case.

import { choices, dialog, field, fill, h } from "./dom.js";
import { modelPicker, NO_SPOT } from "./model.js";
import { t } from "./words.js";

const SHOWN_MAX = 60;

/** A place in words. */
export function placeText(anchor) {
  const parts = [anchor.storey, anchor.room, anchor.side, anchor.name, anchor.note].filter((text) => (text ?? "").trim());
  return parts.join(" · ") || t("inspect.no_place");
}

/** Choose a place; resolves with an anchor, or nothing when it is left. */
export async function choosePlace(given, pack) {
  const anchor = { ...given };
  const names = { storeys: storeysOf(pack), rooms: pack.rooms?.rooms ?? [], elements: pack.elements ?? [] };
  const listed = Boolean(names.elements.length || names.rooms.length);
  const drawn = Boolean(pack.glb && names.elements.length);
  let model = null;
  const found = await dialog(t("inspect.choose_place"), (close) => {
    let way = names.elements.length ? "list" : "text";
    const body = h("div", {});
    const said = h("p", { class: "small place-line", role: "status" });
    const done = h("button", { type: "button", class: "button primary", onclick: () => close(anchor) });
    const text = (label, name, list) => {
      const id = `place-${name}`;
      return [field(label, h("input", { type: "text", maxLength: 200, value: anchor[name] ?? "", list: null, oninput: (event) => told(name, event.target.value) })),
        list?.length ? h("div", { class: "quick", id }, list.slice(0, 30).map((value) => h("button", { type: "button", class: "button", onclick: () => { told(name, value); paint(); } }, value))) : null];
    };
    // another storey or room is another place; a side and a note only tell more of the same
    const told = (name, value) => Object.assign(anchor, name === "storey" || name === "room" ? { ...NO_SPOT, picked_by: "text" } : {}, { [name]: value });
    const paint = () => {
      model?.close();
      model = null;
      done.textContent = t(way === "3d" ? "inspect.here" : "inspect.keep");
      done.disabled = way === "3d";
      if (way === "text") {
        fill(body, ...[text(t("inspect.storey"), "storey", names.storeys), text(t("inspect.room"), "room", roomsOn(names.rooms, pack, anchor.storey)), text(t("inspect.side"), "side", [t("inspect.east"), t("inspect.south"), t("inspect.west"), t("inspect.north")]), text(t("inspect.place_note"), "note")].flat(2).filter(Boolean));
      } else if (way === "list") fill(body, ...elementList(anchor, pack, names, take));
      else if (way === "qr") fill(body, ...tagReader(anchor, pack, names, take, said));
      else {
        model = modelPicker(pack, (spot) => {
          done.disabled = !spot;
          if (spot) take(spot);
          else said.textContent = "";
        });
        fill(body, model.body);
      }
    };
    const take = (spot) => { Object.assign(anchor, NO_SPOT, spot); said.textContent = placeText(anchor); };
    const ways = [...(drawn ? [["3d", t("inspect.by_model")]] : []), ...(listed ? [["list", t("inspect.by_list")]] : []), ["text", t("inspect.by_words")], ...(listed ? [["qr", t("inspect.by_tag")]] : [])];
    paint();
    return [ways.length > 1 ? choices(t("inspect.how"), ways, way, (value) => { way = value; said.textContent = ""; paint(); }) : null, body, said,
      h("div", { class: "dialog-actions" },
        h("button", { type: "button", class: "button", onclick: () => close() }, t("inspect.leave")), done)].filter(Boolean);
  });
  model?.close();
  return found;
}

function storeysOf(pack) {
  const named = (pack.rooms?.storeys ?? pack.storeys ?? []).map((one) => one.name);
  if (named.length) return named;
  const { storeys_above: above, storeys_below: below } = pack.building;
  return [...Array.from({ length: above }, (_, step) => t("inspect.storey_n", { n: step + 1 })), ...Array.from({ length: below }, (_, step) => t("inspect.basement_n", { n: step + 1 }))];
}

function roomsOn(rooms, pack, storey) {
  const id = pack.rooms?.storeys?.find((one) => one.name === storey)?.id;
  return rooms.filter((one) => !id || one.storey_id === id).map((one) => one.name);
}

/** Elements and rooms with a search box; what is chosen bears the storey's name, too. */
function elementList(anchor, pack, names, take) {
  const storeyName = new Map((pack.storeys ?? []).map((one) => [one.id, one.name]));
  const list = h("div", { class: "element-list", role: "listbox", "aria-label": t("inspect.by_list") });
  const paint = (wanted) => {
    const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
    const rows = [
      ...names.rooms.map((one) => ({ label: `${one.name}`, found: { picked_by: "list", element_id: "", room: one.name, room_id: one.id, storey: pack.rooms.storeys.find((storey) => storey.id === one.storey_id)?.name ?? "" }, key: `room:${one.id}` })),
      ...names.elements.map((one) => ({ label: `${one.name || one.class} · ${storeyName.get(one.storey) ?? ""}${one.space ? ` · ${one.space}` : ""}`, found: { picked_by: "list", element_id: one.id, name: one.name || one.class, storey: storeyName.get(one.storey) ?? "", room: one.space ?? "" }, key: `element:${one.id}` })),
    ].filter((row) => words.every((word) => row.label.toLowerCase().includes(word)));
    fill(list, ...rows.slice(0, SHOWN_MAX).map((row) => h("button", {
      type: "button", class: "element", role: "option", "aria-selected": String(row.found.element_id ? row.found.element_id === anchor.element_id : row.found.room_id === anchor.room_id),
      onclick: (event) => { take(row.found); for (const other of list.children) other.setAttribute("aria-selected", String(other === event.currentTarget)); },
    }, row.label)));
    if (rows.length > SHOWN_MAX) list.append(h("p", { class: "quiet small" }, t("inspect.more", { count: rows.length - SHOWN_MAX })));
    if (!rows.length) list.append(h("p", { class: "quiet" }, t("inspect.none_found")));
  };
  paint("");
  return [field(t("inspect.search"), h("input", { type: "search", autocomplete: "off", oninput: (event) => paint(event.target.value) })), list];
}

/** The code on a tag: by the camera where the phone can read codes, else typed. */
function tagReader(anchor, pack, names, take, said) {
  const read = (text) => {
    const told = decodeURIComponent(text.split("at=").pop() ?? "");
    const [kind, id] = [told.slice(0, told.indexOf(":")), told.slice(told.indexOf(":") + 1)];
    const element = kind === "element" && names.elements.find((one) => one.id === id);
    const room = kind === "room" && names.rooms.find((one) => one.id === id);
    if (element) take({ picked_by: "qr", element_id: id, name: element.name || element.class, storey: pack.storeys.find((one) => one.id === element.storey)?.name ?? "", room: element.space ?? "" });
    else if (room) take({ picked_by: "qr", element_id: "", room: room.name, room_id: id, storey: pack.rooms.storeys.find((one) => one.id === room.storey_id)?.name ?? "" });
    else said.textContent = t("inspect.tag_unknown");
    return Boolean(element || room);
  };
  const typed = field(t("inspect.tag_text"), h("input", { type: "text", autocomplete: "off", onchange: (event) => read(event.target.value.trim()) }));
  if (!("BarcodeDetector" in globalThis)) return [h("p", { class: "quiet small" }, t("inspect.no_reader")), typed];
  const video = h("video", { class: "reader", muted: true, playsInline: true });
  const button = h("button", { type: "button", class: "button", onclick: () => scan(video, read, said) }, t("inspect.scan"));
  return [button, video, typed];
}

async function scan(video, read, said) {
  const detector = new globalThis.BarcodeDetector({ formats: ["qr_code"] });
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    video.srcObject = stream;
    await video.play();
    while (video.isConnected) {
      const [code] = await detector.detect(video);
      if (code && read(code.rawValue)) break;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  } catch (error) {
    said.textContent = t("inspect.no_camera", { why: error.name });
  }
}
