// The chart island: one uPlot chart a sensor, limits and events drawn in, cursors in step.

import uPlot from "../lib/uPlot.mjs";

const HEIGHT = 200;
const HEIGHT_BESIDE = 130;
const sync = uPlot.sync("building");
const zone = "Asia/Shanghai";
const shortTime = new Intl.DateTimeFormat("zh-CN", { timeZone: zone, month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const parts = (at) => Object.fromEntries(shortTime.formatToParts(at * 1000).map((p) => [p.type, p.value]));
export const moment = (at) => { const p = parts(at); return `${p.month}-${p.day} ${p.hour}:${p.minute}`; };

function css(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Join lines with times of their own into one table; `null` breaks a line, `undefined` does not. */
function align(lines) {
  const tables = lines.map((line) => [line.at, line.mean, line.low, line.high]);
  return uPlot.join(tables, tables.map((t) => t.map(() => 2)));
}

function range(data, reply, fit) {
  let low = Infinity;
  let high = -Infinity;
  for (const line of reply.lines) {
    if (line.role === "beside") continue;
    for (let i = 0; i < line.at.length; i++) {
      if (line.low[i] === null) continue;
      low = Math.min(low, line.low[i]);
      high = Math.max(high, line.high[i]);
    }
  }
  const empty = low > high;
  if (empty) [low, high] = [0, 0];
  const least = 10 ** -reply.digits * 4;
  if (high - low < least) [low, high] = [(low + high - least) / 2, (low + high + least) / 2];
  const span = high - low;
  if (!fit && reply.limits.length) {
    // the mildest limit is always in sight, and each one that the values come near to
    const first = Math.min(...reply.limits.map((l) => l.at));
    const near = reply.limits.map((l) => l.at).filter((at) => at <= Math.max(first, high + span * 0.5, high * 1.5));
    high = Math.max(high, ...near);
    if (reply.kind === "tilt" || reply.kind === "vibration") low = Math.min(low, 0);
  }
  const room = (high - low) * 0.1;
  return [low - room, high + room];
}

function limitsAndTicks(reply, words) {
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
    const taken = [];
    for (const limit of [...reply.limits].reverse()) {
      const y = u.valToPos(limit.at, "y", true);
      if (y < top || y > top + height) continue;
      ctx.strokeStyle = ctx.fillStyle = css(`--${limit.level === "none" ? "line-strong" : limit.level}`);
      ctx.lineWidth = 1.5 * ratio;
      ctx.setLineDash([6 * ratio, 4 * ratio]);
      ctx.beginPath();
      ctx.moveTo(left, y);
      ctx.lineTo(left + width, y);
      ctx.stroke();
      ctx.setLineDash([]);
      // labels keep clear of each other and of the ticks above; what finds no room is in the list
      const wide = ctx.measureText(limit.label).width + 6 * ratio;
      const foot = y - 15 * ratio < top ? y + 15 * ratio : y - 1 * ratio;
      const clear = (x) => x + wide < left + width && !taken.some((o) => Math.abs(o.foot - foot) < 14 * ratio && x < o.x + o.wide && o.x < x + wide);
      const x = [0.01, 0.35, 0.6].map((share) => left + share * width).find(clear);
      if (x !== undefined) {
        taken.push({ x, foot, wide });
        ctx.fillStyle = css("--surface");
        ctx.globalAlpha = 0.85;
        ctx.fillRect(x, foot - 13 * ratio, wide, 12 * ratio);
        ctx.globalAlpha = 1;
        ctx.fillStyle = css(`--${limit.level}-ink`) || css("--ink-2");
        ctx.fillText(limit.label, x + 3 * ratio, foot);
      }
    }
    let until = -Infinity;
    for (const tick of reply.ticks) {
      const x = Math.round(u.valToPos(tick.at, "x", true));
      if (x < left || x > left + width) continue;
      ctx.strokeStyle = ctx.fillStyle = tick.level ? css(`--${tick.level}`) : css("--ink-2");
      ctx.lineWidth = ratio;
      ctx.setLineDash(tick.kind === "alert" ? [] : [2 * ratio, 3 * ratio]);
      ctx.beginPath();
      ctx.moveTo(x, top);
      ctx.lineTo(x, top + height);
      ctx.stroke();
      ctx.setLineDash([]);
      const wide = ctx.measureText(tick.label).width + 8 * ratio;
      const at = Math.min(x, left + width - wide);
      if (at > until) {
        ctx.fillStyle = tick.level ? css(`--${tick.level}-ink`) : css("--ink-2");
        ctx.fillText(tick.label, at + 2 * ratio, top - 1 * ratio);
        until = at + wide;
      }
    }
    ctx.restore();
  };
}

function options(reply, words, width, fit) {
  const ink = css("--ink-2");
  const grid = { stroke: css("--line"), width: 1 };
  const font = `11px ${css("--font")}`;
  const series = [{ label: words.time, value: (u, at) => (at === null ? "–" : moment(at)) }];
  const bands = [];
  const beside = reply.lines.some((line) => line.role === "beside");
  for (const line of reply.lines) {
    const main = line.role === "main";
    const stroke = main ? css("--accent") : line.axis === "y" ? css("--line-strong") : ink;
    const scale = line.role === "beside" ? "hz" : "y";
    const at = series.length;
    const one = line.at.length < 60;
    series.push({
      label: `${line.label} ${line.role === "beside" ? "Hz" : reply.unit}`,
      scale,
      stroke,
      width: main ? 1.75 : 1,
      dash: line.axis === "y" ? [4, 3] : undefined,
      points: { show: one, size: 4, fill: stroke },
      spanGaps: false,
      value: (u, v) => (v === null || v === undefined ? "–" : v.toFixed(line.role === "beside" ? 1 : reply.digits).replace("-", "−")),
    });
    // lowest and highest of each span as a band behind the line
    const hidden = { scale, stroke: "transparent", width: 0, points: { show: false }, spanGaps: false };
    series.push({ ...hidden, label: "" }, { ...hidden, label: "" });
    if (main && line.thinned) bands.push({ series: [at + 2, at + 1], fill: `${css("--accent")}33` });
  }
  return {
    width,
    height: reply.kind === "temperature" ? HEIGHT_BESIDE : HEIGHT,
    padding: [16, beside ? 0 : 10, 0, 0],
    tzDate: (at) => uPlot.tzDate(new Date(at * 1000), zone),
    cursor: { sync: { key: sync.key, setSeries: false }, points: { size: 6 }, drag: { x: true, y: false } },
    legend: { show: true, live: true },
    series,
    bands,
    scales: {
      x: { time: true, range: () => [reply.start, reply.end] },
      y: { range: () => range(null, reply, fit) },
      hz: { range: (u, low, high) => [0, (high || 1) * 1.2] },
    },
    axes: [
      {
        stroke: ink, grid, ticks: grid, font, space: 64,
        values: (u, splits, i, space, step) => splits.map((at, j) => {
          const p = parts(at);
          if (step >= 86400) return `${p.month}-${p.day}`;
          const before = j ? parts(splits[j - 1]) : null;
          return before && before.day === p.day ? `${p.hour}:${p.minute}` : `${p.month}-${p.day}\n${p.hour}:${p.minute}`;
        }),
      },
      { scale: "y", stroke: ink, grid, ticks: grid, font, size: 56, label: reply.unit, labelSize: 16, labelFont: font, labelGap: 0, values: (u, splits, i, s, step) => { const d = Math.max(0, Math.min(4, Math.ceil(-Math.log10(step) - 1e-9))); return splits.map((v) => v.toFixed(d).replace("-", "−")); } },
      ...(beside ? [{ scale: "hz", side: 1, stroke: ink, grid: { show: false }, font, size: 44, label: "Hz", labelSize: 16, labelFont: font, labelGap: 0 }] : []),
    ],
    hooks: { draw: [limitsAndTicks(reply, words)] },
  };
}

function describe(reply, words) {
  const text = [];
  const main = reply.lines.find((line) => line.role === "main");
  if (reply.kind !== "temperature" && main?.readings) text.push(words.raw);
  if (main?.readings) text.push(main.thinned ? words.thinned : words.unthinned);
  const unfit = reply.lines.reduce((sum, line) => sum + line.unfit, 0);
  if (unfit) text.push(words.unfit.replace("{n}", unfit));
  if (reply.kind === "crack" && reply.absolute && reply.limits.length) text.push(words.baseline);
  if (["tilt", "crack", "settlement"].includes(reply.kind) && !reply.absolute) text.push(words.growth);
  return text.join(" ");
}

function table(reply, words, place) {
  const ROWS = 60;
  const made = document.createElement("table");
  made.className = "table";
  const head = made.createTHead().insertRow();
  const titles = [words.time];
  for (const line of reply.lines) {
    const name = `${line.label} (${line.role === "beside" ? "Hz" : reply.unit})`;
    titles.push(...(line.thinned ? [`${name} ${words.low}`, `${name} ${words.mean}`, `${name} ${words.high}`] : [name]));
  }
  for (const title of titles) {
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.textContent = title;
    head.append(cell);
  }
  const body = made.createTBody();
  const [times, ...columns] = align(reply.lines);
  const step = Math.max(1, Math.ceil(times.length / ROWS));
  for (let i = times.length - 1; i >= 0; i -= step) {
    const row = body.insertRow();
    row.insertCell().textContent = moment(times[i]);
    reply.lines.forEach((line, n) => {
      const [mean, low, high] = columns.slice(n * 3, n * 3 + 3);
      for (const column of line.thinned ? [low, mean, high] : [mean]) {
        const cell = row.insertCell();
        cell.className = "number";
        cell.textContent = column[i] === null || column[i] === undefined ? "–" : column[i].toFixed(reply.digits).replace("-", "−");
      }
    });
  }
  place.replaceChildren(made);
}

/** One chart in its article. */
export class Chart {
  constructor(article, words) {
    this.article = article;
    this.words = words;
    this.place = article.querySelector("[data-plot]");
    this.fit = false;
    this.reply = null;
    this.asked = 0;
    this.plot = null;
    article.querySelector("[data-png]").addEventListener("click", () => this.png());
    article.querySelector(".chart-table").addEventListener("toggle", () => this.table());
    new ResizeObserver(() => this.resize()).observe(this.place);
  }

  async load(name) {
    const asked = ++this.asked;
    this.article.querySelector("[data-csv]").href = this.article.dataset.src.replace("/series?", "/series.csv?") + `&range=${name}`;
    try {
      const answer = await fetch(`${this.article.dataset.src}&range=${name}`, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const reply = await answer.json();
      if (asked !== this.asked) return;
      this.reply = reply;
      this.draw();
    } catch {
      if (asked === this.asked && !this.plot) this.say(this.words.failed);
    }
  }

  say(text) {
    this.plot?.destroy();
    this.plot = null;
    const line = document.createElement("p");
    line.className = "plot-wait quiet";
    line.textContent = text;
    this.place.replaceChildren(line);
  }

  draw() {
    const { reply, words } = this;
    this.article.dataset.state = "drawn";
    if (!reply.lines.some((line) => line.at.length)) {
      this.say(words.empty);
      this.article.querySelector("[data-note]").textContent = "";
      return;
    }
    const zoom = this.plot && this.zoomed ? [this.plot.scales.x.min, this.plot.scales.x.max] : null;
    this.plot?.destroy();
    this.place.replaceChildren();
    this.plot = new uPlot(options(reply, words, this.place.clientWidth, this.fit), align(reply.lines), this.place);
    sync.sub(this.plot);
    if (zoom) this.plot.setScale("x", { min: zoom[0], max: zoom[1] });
    this.article.querySelector("[data-note]").textContent = describe(reply, words);
    this.limits();
    this.table();
  }

  limits() {
    const place = this.article.querySelector("[data-limits]");
    const all = [...this.reply.limits, ...this.reply.others];
    place.closest("details").hidden = !all.length;
    place.replaceChildren(...all.map((limit) => {
      const item = document.createElement("li");
      const label = document.createElement("span");
      label.className = `level-${limit.level}`;
      label.textContent = limit.label;
      item.append(label, ` — ${limit.source} (${limit.certainty})`);
      return item;
    }));
  }

  table() {
    const box = this.article.querySelector(".chart-table");
    if (box.open && this.reply) table(this.reply, this.words, box.querySelector("[data-table]"));
  }

  resize() {
    const width = this.place.clientWidth;
    if (this.plot && width && Math.abs(this.plot.width - width) > 1) this.plot.setSize({ width, height: this.plot.height });
  }

  png() {
    if (!this.plot) return;
    const from = this.plot.ctx.canvas;
    const canvas = document.createElement("canvas");
    canvas.width = from.width;
    canvas.height = from.height + 28 * devicePixelRatio;
    const context = canvas.getContext("2d");
    context.fillStyle = css("--surface");
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.fillStyle = css("--ink");
    context.font = `600 ${13 * devicePixelRatio}px ${css("--font")}`;
    context.fillText(`${document.querySelector("h1").textContent} · ${this.article.dataset.code} · ${moment(this.reply.start)} – ${moment(this.reply.end)}`, 8 * devicePixelRatio, 19 * devicePixelRatio);
    context.drawImage(from, 0, 28 * devicePixelRatio);
    canvas.toBlob((blob) => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(blob);
      link.download = `anju-${this.article.dataset.code}.png`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    });
  }
}
