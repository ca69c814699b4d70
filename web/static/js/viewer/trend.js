// The course of one sensor, opened from its mark: the same chart as on the building's page.

import { ask } from "./ask.js";

const RANGE = "7d", AGAIN_MS = 60000;

export class Trend {
  constructor(place, words, url) {
    Object.assign(this, { place, words, url, chart: null });
    addEventListener("anju:theme", () => { if (this.chart?.reply) this.chart.draw(); });
    setInterval(() => { if (this.chart && !document.hidden) this.chart.load(RANGE); }, AGAIN_MS);
  }

  /** Show a sensor's chart; its frame comes from the server with its words. */
  async open(sensor) {
    if (this.sensor === sensor && this.chart) return;
    this.sensor = sensor;
    this.chart = null;
    let html;
    try {
      html = await ask(`${this.url}?sensor=${encodeURIComponent(sensor)}`, "text/html");
    } catch {
      this.place.textContent = this.words.failed;
      return;
    }
    if (this.sensor !== sensor) return;
    this.place.replaceChildren(document.createRange().createContextualFragment(html));
    const article = this.place.querySelector(".chart");
    if (!article) return;
    const { Chart } = await import("../chart.js");
    this.chart = new Chart(article, JSON.parse(article.dataset.words));
    await this.chart.load(RANGE);
  }

  close() {
    this.sensor = this.chart = null;
    this.place.replaceChildren();
  }
}
