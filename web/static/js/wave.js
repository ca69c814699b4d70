// The page of a vibration event: one course an axis, cursors in step, and the peaks on the curve.

import uPlot from "../lib/uPlot.mjs";

const HEIGHT = 150;
const CURVE_HEIGHT = 320;
const POINTS_A_PIXEL = 1;
const place = document.getElementById("wave");
const words = JSON.parse(place.dataset.words);
const event = JSON.parse(place.dataset.event);
const sync = uPlot.sync("wave");
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const font = () => `11px ${css("--font")}`;
const ratio = () => devicePixelRatio;

let signal = "velocity";
let reply = null;
let plots = [];

/** Mark the moment of the trigger and the peak of this axis. */
function marks(peak) {
  return (u) => {
    const { ctx, bbox } = u;
    ctx.save();
    const at = Math.round(u.valToPos(0, "x", true));
    if (at >= bbox.left && at <= bbox.left + bbox.width) {
      ctx.strokeStyle = css("--ink-2");
      ctx.lineWidth = ratio();
      ctx.setLineDash([2 * ratio(), 3 * ratio()]);
      ctx.beginPath();
      ctx.moveTo(at, bbox.top);
      ctx.lineTo(at, bbox.top + bbox.height);
      ctx.stroke();
      ctx.setLineDash([]);
    }
    if (signal === "velocity" && peak) {
      const low = u.data[1], high = u.data[2], times = u.data[0];
      // where the thinned course is furthest out; beside it stands what was judged
      let best = 0;
      for (let i = 0; i < times.length; i++) {
        const size = Math.max(Math.abs(low[i] ?? 0), Math.abs(high[i] ?? 0));
        if (size > Math.max(Math.abs(low[best] ?? 0), Math.abs(high[best] ?? 0))) best = i;
      }
      const value = Math.abs(high[best] ?? 0) >= Math.abs(low[best] ?? 0) ? high[best] : low[best];
      const x = u.valToPos(times[best], "x", true), y = u.valToPos(value, "y", true);
      if (x >= bbox.left && x <= bbox.left + bbox.width) {
        ctx.strokeStyle = ctx.fillStyle = css(peak.level === "none" ? "--ink" : `--${peak.level}`);
        ctx.lineWidth = 2 * ratio();
        ctx.beginPath();
        ctx.arc(x, y, 5 * ratio(), 0, 2 * Math.PI);
        ctx.stroke();
        ctx.font = `600 ${11 * ratio()}px ${css("--font")}`;
        ctx.textBaseline = "middle";
        ctx.textAlign = "left";
        const label = `${peak.peak.toFixed(2)} mm/s · ${peak.hertz.toFixed(1)} Hz`;
        const wide = ctx.measureText(label).width + 8 * ratio();
        const right = x + 10 * ratio() + wide < bbox.left + bbox.width;
        const left = right ? x + 10 * ratio() : x - 10 * ratio() - wide;
        const inside = Math.min(Math.max(y, bbox.top + 8 * ratio()), bbox.top + bbox.height - 8 * ratio());
        ctx.globalAlpha = 0.85;
        ctx.fillStyle = css("--surface");
        ctx.fillRect(left, inside - 8 * ratio(), wide, 16 * ratio());
        ctx.globalAlpha = 1;
        ctx.fillStyle = css(peak.level === "none" ? "--ink" : `--${peak.level}-ink`);
        ctx.fillText(label, left + 4 * ratio(), inside);
      }
    }
    ctx.restore();
  };
}

function digits(splits) {
  const step = Math.abs((splits[1] ?? 1) - (splits[0] ?? 0)) || 1;
  let n = 0;
  while (n < 5 && Math.abs(step * 10 ** n - Math.round(step * 10 ** n)) > 1e-6 * step * 10 ** n) n++;
  return n;
}
const plain = (u, splits) => splits.map((v) => v.toFixed(digits(splits)).replace("-", "−"));

function course(row, peak, width, reach, last) {
  const ink = css("--ink-2");
  const grid = { stroke: css("--line"), width: 1 };
  const stroke = css("--accent");
  const shown = (u, v) => (v === null || v === undefined ? "–" : v.toPrecision(3).replace("-", "−"));
  const low = row.low, high = row.high;
  const series = [{ label: "s", value: (u, v) => (v === null ? "–" : v.toFixed(3).replace("-", "−")) }];
  series.push({ label: reply.thinned ? "min" : reply.unit, stroke, width: 1, points: { show: false }, value: shown });
  series.push({ label: "max", stroke, width: 1, points: { show: false }, value: shown, show: true });
  return {
    opts: {
      width, height: HEIGHT, padding: [8, 8, 0, 0],
      legend: { show: false },
      cursor: { sync: { key: sync.key, setSeries: false }, drag: { x: true, y: false }, points: { size: 5 } },
      series,
      bands: [{ series: [2, 1], fill: `${stroke}55` }],
      scales: { x: { time: false }, y: { range: () => reach } },
      axes: [
        { stroke: ink, grid, ticks: grid, font: font(), space: 60, values: plain, ...(last ? { label: words.time, labelSize: 18, labelFont: font() } : {}) },
        { stroke: ink, grid, ticks: grid, font: font(), size: 58, label: reply.unit, labelSize: 16, labelFont: font(), labelGap: 0, values: plain },
      ],
      hooks: { draw: [marks(peak)] },
    },
    data: [reply.at_s, low, high],
  };
}

function draw() {
  for (const plot of plots) plot.destroy();
  plots = [];
  const sides = [...place.querySelectorAll(".wave-axis")];
  // velocity: one scale for all axes, so that they compare; as sent each axis has its own
  let all = 0;
  reply.axes.split("").forEach((_, n) => {
    for (const value of [...reply.low[n], ...reply.high[n]]) all = Math.max(all, Math.abs(value ?? 0));
  });
  sides.forEach((side, n) => {
    const at = reply.axes.indexOf(side.dataset.axis);
    const box = side.querySelector("[data-plot]");
    if (at < 0) return;
    const row = { low: reply.low[at], high: reply.high[at] };
    let reach = [-all * 1.15 || -1, all * 1.15 || 1];
    if (signal === "raw") {
      const values = [...row.low, ...row.high].filter((v) => v !== null);
      const [from, to] = [Math.min(...values), Math.max(...values)];
      const room = (to - from) * 0.1 || 1;
      reach = [from - room, to + room];
    }
    const peak = event.peaks.find((p) => p.axis === side.dataset.axis);
    const { opts, data } = course(row, peak, box.clientWidth, reach, n === sides.length - 1);
    box.replaceChildren();
    const plot = new uPlot(opts, data, box);
    sync.sub(plot);
    plots.push(plot);
  });
  place.dataset.state = "drawn";
}

async function load() {
  const width = place.querySelector("[data-plot]").clientWidth;
  const points = Math.max(200, Math.round(width * POINTS_A_PIXEL));
  try {
    const answer = await fetch(`${place.dataset.src}?signal=${signal}&points=${points}`, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    reply = await answer.json();
    draw();
  } catch {
    for (const box of place.querySelectorAll("[data-plot]")) {
      const line = document.createElement("p");
      line.className = "plot-wait quiet";
      line.textContent = words.failed;
      box.replaceChildren(line);
    }
  }
}

/** Draw the limit's curve over frequency, both logarithmic, with the peaks in it. */
function curve() {
  const box = place.querySelector("[data-curve]");
  const { hertz, limit, levels } = event.curve;
  const ink = css("--ink-2");
  const grid = { stroke: css("--line"), width: 1 };
  const seen = event.peaks.filter((p) => p.peak > 0);
  const values = [...seen.map((p) => p.peak), ...limit, ...(limit.length ? [Math.min(...limit) * 0.3] : [0.1, 1])];
  const low = Math.min(...values) / 1.6, high = Math.max(...values) * 1.8;
  const shownLevels = levels.map((l) => ({ ...l, values: limit.map((v) => v * l.share) }));
  const series = [{}];
  const data = [hertz.length ? hertz : [1, 100]];
  for (const one of shownLevels) {
    series.push({ stroke: css(`--${one.level}`), width: one.share >= 1 ? 2.5 : 1, dash: one.share >= 1 ? undefined : [4, 4], points: { show: false } });
    data.push(one.values.length ? one.values : [null, null]);
  }
  const peaks = (u) => {
    const { ctx, bbox } = u;
    ctx.save();
    ctx.font = `600 ${12 * ratio()}px ${css("--font")}`;
    ctx.textBaseline = "middle";
    ctx.textAlign = "left";
    let last = -Infinity;
    for (const one of [...shownLevels].reverse()) {
      if (!one.values.length) continue;
      const y = u.valToPos(one.values[0], "y", true);
      if (y < bbox.top || y > bbox.top + bbox.height) continue;
      if (Math.abs(y - last) < 13 * ratio()) continue;
      last = y;
      ctx.fillStyle = css(`--${one.level}-ink`);
      ctx.font = `${11 * ratio()}px ${css("--font")}`;
      ctx.fillText(one.share >= 1 ? `${words.limit_line} 100 %` : `${Math.round(one.share * 100)} %`, bbox.left + 4 * ratio(), y - 8 * ratio());
    }
    ctx.font = `600 ${12 * ratio()}px ${css("--font")}`;
    for (const peak of seen) {
      const hz = Math.min(100, Math.max(1, peak.hertz));
      const x = u.valToPos(hz, "x", true), y = u.valToPos(peak.peak, "y", true);
      ctx.fillStyle = ctx.strokeStyle = css(peak.level === "none" ? "--accent" : `--${peak.level}`);
      ctx.lineWidth = 2 * ratio();
      ctx.beginPath();
      ctx.arc(x, y, 6 * ratio(), 0, 2 * Math.PI);
      ctx.fill();
      ctx.strokeStyle = css("--surface");
      ctx.stroke();
      ctx.fillStyle = css("--ink");
      ctx.fillText(peak.axis, x + 10 * ratio(), y);
    }
    ctx.restore();
  };
  const steps = (from, to) => {
    const found = [];
    for (let power = -4; power < 5; power++) for (const k of [1, 2, 5]) {
      const v = k * 10 ** power;
      if (v >= from * 0.999 && v <= to * 1.001) found.push(v);
    }
    return found;
  };
  box.replaceChildren();
  return new uPlot({
    width: box.clientWidth, height: CURVE_HEIGHT, padding: [8, 12, 0, 0],
    legend: { show: false }, cursor: { show: false },
    series,
    scales: { x: { time: false, distr: 3, range: () => [1, 100] }, y: { distr: 3, range: () => [low, high] } },
    axes: [
      { stroke: ink, grid, ticks: grid, font: font(), label: words.frequency_axis, labelSize: 18, labelFont: font(), splits: () => steps(1, 100), values: (u, s) => s.map(String), filter: (u, s) => s },
      { stroke: ink, grid, ticks: grid, font: font(), size: 48, label: words.peak_axis, labelSize: 18, labelFont: font(), splits: () => steps(low, high), values: (u, s) => s.map((v) => String(Number(v.toPrecision(2)))), filter: (u, s) => s },
    ],
    hooks: { draw: [peaks] },
  }, data, box);
}

let drawn = curve();
for (const button of place.querySelectorAll("[data-signal]")) {
  button.addEventListener("click", () => {
    signal = button.dataset.signal;
    for (const other of place.querySelectorAll("[data-signal]")) other.setAttribute("aria-pressed", String(other === button));
    load();
  });
}
let width = place.clientWidth;
new ResizeObserver(() => {
  if (Math.abs(place.clientWidth - width) < 2) return;
  width = place.clientWidth;
  drawn.destroy();
  drawn = curve();
  if (reply) draw();
}).observe(place);
addEventListener("anju:theme", () => {
  drawn.destroy();
  drawn = curve();
  if (reply) draw();
});
load();
