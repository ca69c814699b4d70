// One uPlot panel: lines with their limits, flags and events drawn in, cursors in step.

import uPlot from "../lib/uPlot.mjs";

const HEIGHTS = { value: 200, temperature: 130, weather: 96, small: 128 };
export const sync = uPlot.sync("building");
const zone = "Asia/Shanghai";
const shortTime = new Intl.DateTimeFormat("zh-CN", { timeZone: zone, month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const parts = (at) => Object.fromEntries(shortTime.formatToParts(at * 1000).map((p) => [p.type, p.value]));
export const moment = (at) => { const p = parts(at); return `${p.month}-${p.day} ${p.hour}:${p.minute}`; };
export const written = (value, digits) => (value === null || value === undefined ? "–" : value.toFixed(digits).replace("-", "−"));

export function css(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Join lines with times of their own into one table; `null` breaks a line, `undefined` does not. */
export function align(lines) {
  const tables = lines.map((line) => (line.thinned ? [line.at, line.mean, line.low, line.high] : [line.at, line.mean]));
  return uPlot.join(tables, tables.map((t) => t.map(() => 2)));
}

function range(panel, lines, fit) {
  let low = Infinity;
  let high = -Infinity;
  for (const line of lines) {
    const [lows, highs] = line.thinned ? [line.low, line.high] : [line.mean, line.mean];
    for (let i = 0; i < lows.length; i++) {
      if (lows[i] === null) continue;
      low = Math.min(low, lows[i]);
      high = Math.max(high, highs[i]);
    }
  }
  if (low > high) [low, high] = [0, 0];
  const least = 10 ** -panel.digits * 4;
  if (high - low < least) [low, high] = [(low + high - least) / 2, (low + high + least) / 2];
  const span = high - low;
  if (!fit && panel.limits.length) {
    // the mildest limit is always in sight, and each one that the values come near to; the
    // others are named at the upper edge
    const heights = panel.limits.map((limit) => limit.at);
    const first = Math.min(...heights);
    high = Math.max(high, ...heights.filter((at) => at <= Math.max(first, high + span * 0.5, high * 1.5)));
    if (panel.name !== "value" || panel.zero) low = Math.min(low, 0);
  }
  const room = (high - low) * 0.1;
  const heights = fit ? [] : panel.limits.map((limit) => limit.at);
  // where limits lie outside, there is room for their names at the edge
  const above = heights.some((at) => at > high + room);
  const below = heights.some((at) => at < low - room);
  return [low - room * (below ? 2.4 : 1), high + room * (above ? 2.8 : 1)];
}

function colour(level) {
  return css(`--${level === "none" ? "line-strong" : level}`);
}

function boxed(context, text, x, foot, ink, ratio) {
  const wide = context.measureText(text).width + 6 * ratio;
  context.fillStyle = css("--surface");
  context.globalAlpha = 0.85;
  context.fillRect(x, foot - 13 * ratio, wide, 13 * ratio);
  context.globalAlpha = 1;
  context.fillStyle = ink;
  context.fillText(text, x + 3 * ratio, foot);
}

/** Draw each limit as a line with what it is; those above the axis are named at its upper edge. */
function drawLimits(u, panel) {
  const { ctx } = u;
  const ratio = devicePixelRatio;
  const { left, top, width, height } = u.bbox;
  const taken = [];
  const drawn = new Map();
  const place = (limit) => u.valToPos(limit.at, "y", true);
  const edges = [
    ["↑", (limit) => place(limit) < top, top + 14 * ratio],
    ["↓", (limit) => place(limit) > top + height, top + height - 9 * ratio],
  ];
  for (const [arrow, outside, foot] of edges) {
    let edge = left + width - 4 * ratio;
    const said = new Set();
    for (const limit of panel.limits.filter(outside).reverse()) {
      const text = `${arrow} ${limit.shape} ${limit.value}`;
      if (said.has(limit.level + text)) continue;
      said.add(limit.level + text);
      const wide = ctx.measureText(text).width + 8 * ratio;
      if (edge - wide < left) break;
      edge -= wide;
      taken.push({ x: edge, foot, wide });
      boxed(ctx, text, edge, foot, css(`--${limit.level}-ink`) || css("--ink-2"), ratio);
    }
  }
  for (const limit of [...panel.limits].reverse()) {
    const y = u.valToPos(limit.at, "y", true);
    if (y < top || y > top + height) continue;
    // limits of one height share its line, their dashes by turns
    const before = drawn.get(limit.at) ?? [];
    if (!before.includes(limit.level)) {
      ctx.strokeStyle = colour(limit.level);
      ctx.lineWidth = 1.5 * ratio;
      ctx.setLineDash([6 * ratio, 6 * ratio]);
      ctx.lineDashOffset = before.length * 6 * ratio;
      ctx.beginPath();
      ctx.moveTo(left, y);
      ctx.lineTo(left + width, y);
      ctx.stroke();
      ctx.setLineDash([]);
      ctx.lineDashOffset = 0;
    }
    drawn.set(limit.at, [...before, limit.level]);
    // labels keep clear of each other; the longest that finds room is taken
    const feet = y - 15 * ratio < top ? [y + 15 * ratio] : [y - 1 * ratio, y + 15 * ratio];
    const texts = [`${limit.shape} ${limit.label} · ${limit.source}`, `${limit.shape} ${limit.label}`, `${limit.shape} ${limit.value}`];
    const clear = (x, foot, wide) => x + wide < left + width && foot < top + height && !taken.some((o) => Math.abs(o.foot - foot) < 14 * ratio && x < o.x + o.wide && o.x < x + wide);
    place: for (const text of texts) {
      const wide = ctx.measureText(text).width + 6 * ratio;
      for (const foot of feet) {
        for (const share of [0.01, 0.3, 0.6, 0.78]) {
          const x = left + share * width;
          if (!clear(x, foot, wide)) continue;
          taken.push({ x, foot, wide });
          boxed(ctx, text, x, foot, css(`--${limit.level}-ink`) || css("--ink-2"), ratio);
          break place;
        }
      }
    }
  }
}

/** Mark runs of flagged readings: a strip at the foot, and a cross at those that are left out. */
function drawFlags(u, flags) {
  const { ctx } = u;
  const ratio = devicePixelRatio;
  const { left, top, width, height } = u.bbox;
  const foot = top + height;
  for (const run of flags.runs) {
    const from = Math.max(left, u.valToPos(run.start, "x", true));
    const to = Math.min(left + width, Math.max(u.valToPos(run.end, "x", true), from + 3 * ratio));
    if (to < left || from > left + width) continue;
    ctx.fillStyle = run.unfit ? css("--ink") : css("--line-strong");
    ctx.fillRect(from, foot - (run.unfit ? 8 : 4) * ratio, to - from, (run.unfit ? 8 : 4) * ratio);
    if (!run.unfit || run.value === null) continue;
    const y = Math.min(Math.max(u.valToPos(run.value, "y", true), top + 5 * ratio), foot - 12 * ratio);
    const r = 4 * ratio;
    ctx.strokeStyle = css("--ink");
    ctx.lineWidth = 1.5 * ratio;
    ctx.beginPath();
    ctx.moveTo(from - r, y - r); ctx.lineTo(from + r, y + r);
    ctx.moveTo(from - r, y + r); ctx.lineTo(from + r, y - r);
    ctx.stroke();
  }
}

function drawTicks(u, ticks, named) {
  const { ctx } = u;
  const ratio = devicePixelRatio;
  const { left, top, width, height } = u.bbox;
  let until = -Infinity;
  for (const tick of ticks) {
    const x = Math.round(u.valToPos(tick.at, "x", true));
    if (x < left || x > left + width) continue;
    ctx.strokeStyle = tick.level ? css(`--${tick.level}`) : css("--ink-2");
    ctx.lineWidth = ratio;
    ctx.setLineDash(tick.kind === "alert" ? [] : [2 * ratio, 3 * ratio]);
    ctx.beginPath();
    ctx.moveTo(x, top);
    ctx.lineTo(x, top + height);
    ctx.stroke();
    ctx.setLineDash([]);
    if (!named) continue;
    const wide = ctx.measureText(tick.label).width + 8 * ratio;
    const at = Math.min(x, left + width - wide);
    if (at > until) {
      ctx.fillStyle = tick.level ? css(`--${tick.level}-ink`) : css("--ink-2");
      ctx.fillText(tick.label, at + 2 * ratio, top - 1 * ratio);
      until = at + wide;
    }
  }
}

/** Draw with the panel's own clip and letters. */
function drawing(what) {
  return (u) => {
    const { ctx } = u;
    const ratio = devicePixelRatio;
    const { left, top, width, height } = u.bbox;
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, top - 14 * ratio, width, height + 14 * ratio);
    ctx.clip();
    ctx.font = `${11 * ratio}px ${css("--font")}`;
    ctx.textBaseline = "bottom";
    ctx.textAlign = "left";
    what(u);
    ctx.restore();
  };
}

/** Make the plot of a panel in a place; `shown` are those of its lines that are drawn. */
export function plot(place, reply, panel, shown, words, fit) {
  // what comes later is drawn over what came before: the strong line over the raw one
  const lines = [...shown].sort((a, b) => (b.role === "raw") - (a.role === "raw"));
  const ink = css("--ink-2");
  const grid = { stroke: css("--line"), width: 1 };
  const font = `11px ${css("--font")}`;
  const first = panel.name === "value";
  const series = [{ label: words.time, class: first ? undefined : "u-unseen", value: (u, at) => (at === null ? "–" : moment(at)) }];
  const bands = [];
  for (const line of lines) {
    const main = line.role === "main";
    const stroke = main ? css("--accent") : line.role === "raw" || line.axis === "y" ? css("--line-strong") : ink;
    const at = series.length;
    series.push({
      label: line.label,
      stroke,
      width: main ? 1.75 : 1,
      dash: line.role === "part" && line.axis === "y" ? [4, 3] : undefined,
      points: { show: line.at.length < 60, size: 4, fill: stroke },
      spanGaps: false,
      value: (u, v) => written(v, panel.digits),
    });
    if (!line.thinned) continue;
    // lowest and highest of each span as a band behind the line
    const hidden = { stroke: "transparent", width: 0, points: { show: false }, spanGaps: false, class: "u-unseen", label: "" };
    series.push({ ...hidden }, { ...hidden });
    if (main) bands.push({ series: [at + 2, at + 1], fill: `${css("--accent")}33` });
  }
  const height = first ? HEIGHTS[reply.kind] ?? HEIGHTS.value : HEIGHTS[panel.name] ?? HEIGHTS.small;
  const made = new uPlot({
    width: place.clientWidth,
    height,
    padding: [first ? 16 : 8, 10, 0, 0],
    tzDate: (at) => uPlot.tzDate(new Date(at * 1000), zone),
    cursor: { sync: { key: sync.key, setSeries: false }, points: { size: 6 }, drag: { x: true, y: false } },
    legend: { show: true, live: true },
    series,
    bands,
    scales: {
      x: { time: true, range: () => [reply.start, reply.end] },
      y: { range: () => range(panel, lines, fit) },
    },
    axes: [
      {
        stroke: ink, grid, ticks: grid, font, space: 64, size: first ? 40 : 36,
        values: (u, splits, i, space, step) => splits.map((at, j) => {
          const p = parts(at);
          if (step >= 86400) return `${p.month}-${p.day}`;
          const before = j ? parts(splits[j - 1]) : null;
          return before && before.day === p.day ? `${p.hour}:${p.minute}` : `${p.month}-${p.day}\n${p.hour}:${p.minute}`;
        }),
      },
      { scale: "y", stroke: ink, grid, ticks: grid, font, size: 56, space: first ? 30 : 22, label: panel.unit, labelSize: 16, labelFont: font, labelGap: 0, values: (u, splits, i, s, step) => { const d = Math.max(0, Math.min(4, Math.ceil(-Math.log10(step) - 1e-9))); return splits.map((v) => written(v, d)); } },
    ],
    hooks: {
      // the lines of values run over the names of limits, never under them
      drawAxes: [drawing((u) => drawLimits(u, panel))],
      draw: [drawing((u) => {
        if (first) drawFlags(u, reply.flags);
        drawTicks(u, reply.ticks, first);
      })],
    },
  }, align(lines), place);
  sync.sub(made);
  return made;
}
