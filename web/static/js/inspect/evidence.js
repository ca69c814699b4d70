// What the alert says, with its curves, and the question what it turned out to be.

import { choices, h } from "./dom.js";
import { language, t } from "./words.js";

/** The card of the alert that sent us. */
export function evidence(alert, draft, keep) {
  return h("section", { class: "card evidence" },
    h("h2", {}, t("inspect.evidence")),
    h("p", { class: `alert-line level-${alert.level}` }, alert.sentences[language] ?? alert.sentences.zh),
    h("ul", { class: "values" }, alert.values.map((one) => h("li", {}, `${one.name}: ${digits(one.value)} ${one.unit} (${t("inspect.limit")} ${digits(one.limit)} ${one.unit})`))),
    ...alert.series.filter((one) => one.points.length > 1).map(curve),
    h("h3", {}, t("inspect.outcome")),
    h("p", { class: "quiet small" }, t("inspect.outcome_hint")),
    choices(t("inspect.outcome"), [["confirmed", t("inspect.outcome_confirmed")], ["benign", t("inspect.outcome_benign")], ["sensor fault", t("inspect.outcome_fault")]],
      draft.outcome, (value) => { draft.outcome = value; keep(); }));
}

const digits = (value) => Number(value).toPrecision(4).replace(/\.?0+$/, "");

const WIDTH = 640;
const HEIGHT = 180;

/** A small curve; what it shows is said in words below it, too. */
function curve(series) {
  const times = series.points.map(([at]) => at);
  const values = series.points.map(([, value]) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const told = t("inspect.curve", { name: series.name, low: digits(low), high: digits(high), last: digits(values.at(-1)), unit: series.unit });
  const canvas = h("canvas", { class: "curve", width: WIDTH, height: HEIGHT, role: "img", "aria-label": told });
  const context = canvas.getContext("2d");
  context.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue("--accent").trim();
  context.lineWidth = 3;
  context.beginPath();
  series.points.forEach(([at, value], index) => {
    const x = 8 + ((at - times[0]) / Math.max(1, times.at(-1) - times[0])) * (WIDTH - 16);
    const y = HEIGHT - 16 - ((value - low) / Math.max(1e-9, high - low)) * (HEIGHT - 40);
    if (index) context.lineTo(x, y);
    else context.moveTo(x, y);
  });
  context.stroke();
  return h("figure", { class: "curve-box" }, canvas, h("figcaption", { class: "quiet small" }, told));
}
