// Peaks of vibration by their frequency, with the curve of each level's limit.

import { css, written } from "./plot.js";

const HEIGHT = 190;
const TICKS_HZ = [0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500];

/** Draw the diagram into a canvas of its own; the limits rise with the frequency, so must the axis. */
export function draw(place, diagram, words) {
  const ratio = devicePixelRatio;
  const canvas = document.createElement("canvas");
  const width = place.clientWidth;
  canvas.width = Math.round(width * ratio);
  canvas.height = HEIGHT * ratio;
  canvas.className = "diagram";
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", words.diagram_of.replace("{n}", diagram.peaks.length));
  place.replaceChildren(canvas);
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  context.font = `11px ${css("--font")}`;
  const box = { left: 56, top: 8, right: width - 10, foot: HEIGHT - 36 };
  const tops = [...diagram.peaks.map((p) => p[1]), ...diagram.curves.flatMap((c) => c.points.map((p) => p[1]))];
  // the mildest curve and every peak are in sight, and the others as far as half as much again
  const most = Math.max(...diagram.peaks.map((p) => p[1]), 0);
  const mild = Math.min(...diagram.curves.map((c) => Math.max(...c.points.map((p) => p[1]))), Infinity);
  const high = Math.min(Math.max(...tops, 1e-6), Math.max(most * 1.3, Number.isFinite(mild) ? mild * 2.2 : most)) * 1.08;
  const [low, top] = [Math.log(diagram.low), Math.log(diagram.high)];
  const x = (hz) => box.left + ((Math.log(Math.max(hz, diagram.low)) - low) / (top - low)) * (box.right - box.left);
  const y = (value) => box.foot - (value / high) * (box.foot - box.top);
  context.lineWidth = 1;
  context.textBaseline = "top";
  context.textAlign = "center";
  let until = -Infinity;
  for (const hz of TICKS_HZ.filter((f) => f >= diagram.low * 0.999 && f <= diagram.high * 1.001)) {
    context.strokeStyle = css("--line");
    context.beginPath();
    context.moveTo(x(hz), box.top);
    context.lineTo(x(hz), box.foot);
    context.stroke();
    if (x(hz) - until < 26) continue;
    until = x(hz);
    context.fillStyle = css("--ink-2");
    context.fillText(String(hz), x(hz), box.foot + 4);
  }
  context.fillText("Hz", (box.left + box.right) / 2, box.foot + 19);
  context.textAlign = "right";
  context.textBaseline = "middle";
  const step = 10 ** Math.floor(Math.log10(high));
  const by = high / step > 5 ? step * 2 : high / step > 2 ? step : step / 2;
  for (let value = 0; value <= high; value += by) {
    context.strokeStyle = css("--line");
    context.beginPath();
    context.moveTo(box.left, y(value));
    context.lineTo(box.right, y(value));
    context.stroke();
    context.fillStyle = css("--ink-2");
    context.fillText(written(value, by < 1 ? Math.ceil(-Math.log10(by)) : 0), box.left - 6, y(value));
  }
  context.save();
  context.translate(10, (box.top + box.foot) / 2);
  context.rotate(-Math.PI / 2);
  context.textAlign = "center";
  context.fillText("mm/s", 0, 0);
  context.restore();
  context.save();
  context.beginPath();
  context.rect(box.left, box.top, box.right - box.left, box.foot - box.top);
  context.clip();
  context.fillStyle = css("--accent");
  context.globalAlpha = 0.55;
  for (const [hz, peak] of diagram.peaks) {
    context.beginPath();
    context.arc(x(hz), y(peak), 2.2, 0, Math.PI * 2);
    context.fill();
  }
  context.globalAlpha = 1;
  const above = [];
  for (const [order, curve] of diagram.curves.entries()) {
    context.strokeStyle = css(`--${curve.level}`);
    context.lineWidth = 1.5;
    context.setLineDash([6, 4]);
    context.beginPath();
    curve.points.forEach(([hz, limit], i) => context[i ? "lineTo" : "moveTo"](x(hz), y(limit)));
    context.stroke();
    context.setLineDash([]);
  }
  for (const [order, curve] of diagram.curves.entries()) {
    // side by side, so that names of curves that lie close do not meet
    const from = box.left + 4 + (order / diagram.curves.length) * (box.right - box.left);
    const near = curve.points.find((p) => x(p[0]) >= from) ?? curve.points[0];
    if (y(near[1]) < box.top + 15) { above.push(curve); continue; }
    const text = `${curve.shape} ${curve.value}`;
    const wide = context.measureText(text).width + 6;
    context.textAlign = "left";
    context.textBaseline = "bottom";
    context.fillStyle = css("--surface");
    context.globalAlpha = 0.85;
    context.fillRect(from, y(near[1]) - 14, wide, 13);
    context.globalAlpha = 1;
    context.fillStyle = css(`--${curve.level}-ink`) || css("--ink-2");
    context.fillText(text, from + 3, y(near[1]) - 1);
  }
  context.textAlign = "right";
  context.textBaseline = "top";
  let right = box.right - 4;
  for (const curve of above.reverse()) {
    context.fillStyle = css(`--${curve.level}-ink`) || css("--ink-2");
    context.fillText(`↑ ${curve.shape} ${curve.value}`, right, box.top + 3);
    right -= context.measureText(`↑ ${curve.shape} ${curve.value}`).width + 10;
  }
  context.restore();
}
