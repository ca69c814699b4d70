// Drawing on a picture: arrow, circle, line, words, and a known length for the scale. The picture
// itself is never changed; marks are kept beside it as shares of its width and height.

import { choices, dialog, field, h, toast } from "./dom.js";
import { cross, draw, RED } from "./mark_paint.js";
import { t } from "./words.js";

/** what one press of an arrow key moves the cross by, as shares of the picture; more with Shift */
const STEP = 0.02, LEAP = 0.1;
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
/** what the server takes of a picture: marks, and points of a line drawn freely */
const MARKS_MAX = 100, POINTS_MAX = 300;
/** marks that need a word: it is asked for below the picture */
const ASKS = { text: "inspect.what_text", scale: "inspect.what_length" };

/**
 * Draw on a picture. Each change is handed to `keep` at once: a tab may end at any moment, and what
 * is closed without its buttons (Escape, back) stays as it was drawn.
 * @param {{blob: Blob, marks?: any[], mm_per_px?: number|null, caption?: string}} photo
 * @param {(drawn: {marks: any[], mm_per_px: number|null, caption: string}) => void} keep
 */
export async function drawOn(photo, keep) {
  const image = await createImageBitmap(photo.blob);
  const before = { marks: photo.marks ?? [], mm_per_px: photo.mm_per_px ?? null, caption: photo.caption ?? "" };
  const marks = structuredClone(before.marks);
  let tool = "arrow";
  let open = null, at = null;
  await dialog(t("inspect.draw"), (close) => {
    const help = h("p", { class: "quiet small", id: "draw-help" }, t("inspect.draw_help"));
    const canvas = h("canvas", { class: "draw", width: image.width, height: image.height, tabIndex: 0, role: "application", "aria-label": t("inspect.draw"), "aria-describedby": help.id });
    const caption = h("input", { type: "text", maxLength: 200, value: before.caption, oninput: () => keep(drawn()) });
    const scale = h("p", { class: "small", role: "status" });
    const asked = h("form", { class: "mark-asked", hidden: true });
    const drawn = () => ({ marks: structuredClone(marks), mm_per_px: mmPerPx(marks, image), caption: caption.value });
    const paint = () => {
      draw(canvas, image, open ? [...marks, open] : marks);
      if (at) cross(canvas, at);
      const mm = mmPerPx(marks, image);
      scale.textContent = mm ? t("inspect.scale_is", { mm: (mm * image.width).toFixed(0) }) : "";
    };
    const change = () => { paint(); keep(drawn()); };
    const begin = (point) => {
      if (!told()) return;
      if (marks.length < MARKS_MAX) open = { kind: tool, points: [point], text: "", colour: RED };
      else toast(t("inspect.marks_full", { n: MARKS_MAX }));
    };
    const lead = (point) => {
      if (!open || !asked.hidden || open.kind === "text") return;
      if (open.kind === "pen") open.points.push(point);
      else open.points[1] = point;
      // a long line keeps its shape with every other point
      if (open.points.length > POINTS_MAX) open.points = open.points.filter((_, index) => index % 2 === 0);
      paint();
    };
    const end = () => {
      if (!open || !asked.hidden) return;
      const mark = open;
      if (mark.kind in ASKS && (mark.kind === "text" || mark.points[1])) { ask(mark); return; }
      open = null;
      if (mark.points.length > 1) marks.push(mark);
      change();
    };
    const ask = (mark) => {
      const word = h("input", mark.kind === "scale" ? { type: "text", inputMode: "decimal", required: true } : { type: "text", maxLength: 200, required: true });
      const fault = h("p", { class: "fault", role: "alert" });
      asked.replaceChildren(field(t(ASKS[mark.kind]), word), fault, h("button", { type: "submit", class: "button" }, t("inspect.put_mark")));
      asked.onsubmit = (event) => {
        event.preventDefault();
        const mm = Number(word.value.replace(",", "."));
        if (mark.kind === "scale" && !(mm > 0 && mm < Infinity)) { fault.textContent = t("inspect.length_wanted"); return; }
        marks.push({ ...mark, text: mark.kind === "scale" ? `${mm} mm` : word.value });
        open = null;
        asked.hidden = true;
        change();
        canvas.focus();
      };
      asked.hidden = false;
      word.focus();
    };
    // whether nothing waits for its word any more: one that was begun is put, one without is dropped
    const told = () => {
      if (!asked.hidden && asked.querySelector("input").value.trim()) asked.requestSubmit();
      else drop();
      return asked.hidden;
    };
    const drop = () => { open = null; asked.hidden = true; paint(); };
    const undo = () => {
      if (open) return drop();
      marks.pop();
      change();
    };
    const place = (event) => {
      const box = canvas.getBoundingClientRect();
      return [clip((event.clientX - box.left) / box.width), clip((event.clientY - box.top) / box.height)];
    };
    canvas.addEventListener("pointerdown", (event) => { canvas.setPointerCapture(event.pointerId); at = null; begin(place(event)); });
    canvas.addEventListener("pointermove", (event) => { if (event.buttons) lead(place(event)); });
    canvas.addEventListener("pointerup", end);
    canvas.addEventListener("pointercancel", drop);
    canvas.addEventListener("keydown", (event) => {
      const move = MOVES[event.key];
      if (move) {
        const by = event.shiftKey ? LEAP : STEP;
        at = at ? [clip(at[0] + move[0] * by), clip(at[1] + move[1] * by)] : [0.5, 0.5];
        lead(at);
        paint();
      } else if ((event.key === "Enter" || event.key === " ") && !event.repeat) {
        at ??= [0.5, 0.5];
        if (open) end();
        else begin(at);
        if (open?.kind === "text") end();
        paint();
      } else if (event.key === "Escape" && open) drop();
      else if (event.key === "Backspace") undo();
      else return;
      event.preventDefault();
    });
    canvas.addEventListener("blur", () => { at = null; paint(); });
    const tools = ["arrow", "circle", "pen", "text", "scale"].map((name) => [name, t(`inspect.tool_${name}`)]);
    queueMicrotask(paint);
    return [
      choices(t("inspect.tools"), tools, tool, (value) => { told(); tool = value; }),
      canvas, asked, help, scale, field(t("inspect.caption"), caption),
      h("div", { class: "dialog-actions" },
        h("button", { type: "button", class: "button", onclick: undo }, t("inspect.undo")),
        h("button", { type: "button", class: "button", onclick: () => { keep(before); close(); } }, t("inspect.leave")),
        h("button", { type: "button", class: "button primary", onclick: () => { if (told()) close(); } }, t("inspect.keep"))),
    ];
  });
  image.close();
}

/** The scale that the newest known length gives; nothing without one. */
function mmPerPx(marks, { width, height }) {
  const known = marks.findLast((one) => one.kind === "scale");
  if (!known) return null;
  const [[x, y], [x2, y2]] = known.points;
  return parseFloat(known.text) / Math.max(1, Math.hypot((x2 - x) * width, (y2 - y) * height));
}

const clip = (share) => Math.min(1, Math.max(0, share));
