// The chart of one sensor: its panels one below the other, what is said about them, and a table.

import { draw as drawDiagram } from "./diagram.js";
import { align, css, moment, plot, written } from "./plot.js";

function describe(reply, words) {
  const text = [];
  const value = reply.panels.find((panel) => panel.name === "value");
  const main = value?.lines.find((line) => line.role === "main");
  const moving = ["tilt", "crack", "settlement"].includes(reply.kind);
  if (moving && main?.readings) text.push(words[`state_${reply.compensation.replace(" ", "_")}`]);
  if (main?.readings) text.push(main.thinned ? words.thinned : words.unthinned);
  if (!reply.flags.known) text.push(words.flags_unknown);
  if (reply.kind === "crack" && value?.limits.some((limit) => limit.rule === "crack.growth")) text.push(words.baseline);
  if (reply.panels.some((panel) => panel.name.includes("/"))) text.push(words.rates);
  if (moving && !reply.absolute) text.push(words.growth);
  return text.join(" ");
}

/** Write a panel's lines as a table, newest first, at most so many rows. */
function table(reply, panel, lines, words) {
  const ROWS = 60;
  const made = document.createElement("table");
  made.className = "table";
  const caption = made.createCaption();
  caption.textContent = panel.title || words.values;
  const head = made.createTHead().insertRow();
  const titles = [words.time];
  for (const line of lines) {
    const name = `${line.label} (${panel.unit})`;
    titles.push(...(line.thinned ? [`${name} ${words.mean}`, `${name} ${words.low}`, `${name} ${words.high}`] : [name]));
  }
  for (const title of titles) {
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.textContent = title;
    head.append(cell);
  }
  const body = made.createTBody();
  const [times, ...columns] = align(lines);
  const step = Math.max(1, Math.ceil(times.length / ROWS));
  for (let i = times.length - 1; i >= 0; i -= step) {
    const row = body.insertRow();
    row.insertCell().textContent = moment(times[i]);
    for (const column of columns) {
      const cell = row.insertCell();
      cell.className = "number";
      cell.textContent = written(column[i], panel.digits);
    }
  }
  return made;
}

function limitItem(limit) {
  const item = document.createElement("li");
  const label = document.createElement("span");
  label.className = `level-${limit.level}`;
  label.textContent = `${limit.shape} ${limit.label}`;
  item.append(label, ` — ${limit.source} (${limit.certainty})`);
  return item;
}

/** One chart in its article. */
export class Chart {
  constructor(article, words) {
    this.article = article;
    this.words = words;
    this.place = article.querySelector("[data-plot]");
    this.fit = false;
    this.raw = true;
    this.reply = null;
    this.asked = 0;
    this.plots = [];
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
      if (asked === this.asked && !this.plots.length) this.say(this.words.failed);
    }
  }

  say(text) {
    this.clear();
    const line = document.createElement("p");
    line.className = "plot-wait quiet";
    line.textContent = text;
    this.place.replaceChildren(line);
  }

  clear() {
    for (const one of this.plots) one.destroy();
    this.plots = [];
  }

  /** Raw values stand beside the adjusted ones, in the place of a tilt's axes, unless put away. */
  wanted(panel, line) {
    const hasRaw = panel.lines.some((one) => one.role === "raw");
    return line.role === "main" || (hasRaw ? (line.role === "raw") === this.raw : true);
  }

  /** The panels that are shown, each with its lines. */
  shown() {
    return this.reply.panels
      .map((panel) => ({ panel, lines: panel.lines.filter((line) => this.wanted(panel, line)) }))
      .filter(({ panel, lines }) => panel.name === "value" || lines.some((line) => line.at.length));
  }

  draw() {
    const { reply, words } = this;
    this.article.dataset.state = "drawn";
    const note = this.article.querySelector("[data-note]");
    const value = reply.panels.find((panel) => panel.name === "value");
    if (!value?.lines.some((line) => line.at.length)) {
      this.say(words.empty);
      note.textContent = "";
      this.limits();
      this.flags();
      return;
    }
    this.clear();
    this.place.replaceChildren();
    for (const { panel, lines } of this.shown()) {
      const box = document.createElement("div");
      box.className = "panel";
      box.dataset.panel = panel.name;
      if (panel.title) {
        const title = document.createElement("h4");
        title.textContent = `${panel.title} (${panel.unit})`;
        box.append(title);
      }
      this.place.append(box);
      this.plots.push(plot(box, reply, panel, lines, words, this.fit));
    }
    if (reply.diagram?.curves.length) {
      const box = document.createElement("div");
      box.className = "panel";
      box.dataset.panel = "diagram";
      const title = document.createElement("h4");
      title.textContent = words.diagram;
      const room = document.createElement("div");
      box.append(title, room);
      this.place.append(box);
      drawDiagram(room, reply.diagram, words);
    }
    note.textContent = describe(reply, words);
    this.limits();
    this.flags();
    this.table();
  }

  limits() {
    const place = this.article.querySelector("[data-limits]");
    const drawn = this.reply.panels.flatMap((panel) => panel.limits);
    const { others, diagram } = this.reply;
    place.closest("details").hidden = !drawn.length && !others.length;
    place.replaceChildren(...drawn.map(limitItem));
    if (diagram) {
      const item = document.createElement("li");
      item.textContent = this.words.table_of.replace("{source}", diagram.source).replace("{certainty}", diagram.certainty);
      place.append(item);
    }
    if (others.length) {
      const item = document.createElement("li");
      item.className = "quiet";
      item.textContent = this.words.others;
      place.append(item, ...others.map(limitItem));
    }
  }

  flags() {
    const place = this.article.querySelector("[data-flags]");
    const { counts } = this.reply.flags;
    place.hidden = !counts.length;
    place.textContent = counts.length
      ? `${this.words.flags} ${counts.map((one) => `${one.unfit ? "×" : "▂"} ${one.label} ${one.count}`).join(" · ")}`
      : "";
  }

  table() {
    const box = this.article.querySelector(".chart-table");
    if (!box.open || !this.reply) return;
    const tables = this.shown().map(({ panel, lines }) => table(this.reply, panel, lines, this.words));
    box.querySelector("[data-table]").replaceChildren(...tables);
  }

  resize() {
    const width = this.place.clientWidth;
    for (const one of this.plots) {
      if (width && Math.abs(one.width - width) > 1) one.setSize({ width, height: one.height });
    }
    const room = this.place.querySelector("[data-panel=diagram] > div");
    if (room && width && Math.abs(room.querySelector("canvas").clientWidth - width) > 1) drawDiagram(room, this.reply.diagram, this.words);
  }

  png() {
    if (!this.plots.length) return;
    const ratio = devicePixelRatio;
    const head = 28 * ratio;
    const sheets = [...this.place.querySelectorAll(".panel")].map((box) => ({
      title: box.querySelector("h4")?.textContent ?? "",
      from: box.querySelector("canvas"),
    }));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(...sheets.map(({ from }) => from.width));
    canvas.height = head + sheets.reduce((sum, { from, title }) => sum + from.height + (title ? 20 * ratio : 0), 0);
    const context = canvas.getContext("2d");
    context.fillStyle = css("--surface");
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.fillStyle = css("--ink");
    context.font = `600 ${13 * ratio}px ${css("--font")}`;
    context.fillText(`${document.querySelector("h1").textContent} · ${this.article.dataset.code} · ${moment(this.reply.start)} – ${moment(this.reply.end)}`, 8 * ratio, 19 * ratio);
    let y = head;
    context.font = `${12 * ratio}px ${css("--font")}`;
    for (const { from, title } of sheets) {
      if (title) {
        context.fillText(title, 8 * ratio, y + 14 * ratio);
        y += 20 * ratio;
      }
      context.drawImage(from, 0, y);
      y += from.height;
    }
    canvas.toBlob((blob) => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(blob);
      link.download = `anju-${this.article.dataset.code}.png`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    });
  }
}
