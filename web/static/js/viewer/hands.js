// Fingers, mouse and wheel on the canvas: turn, move, go nearer.

const DEGREES_PER_PX = 0.4, WHEEL = 0.0012, STEP_MAX = 0.5;

export class Hands {
  /**
   * @param {HTMLElement} canvas
   * @param {{turn: (right: number, up: number) => void, shift: (right: number, up: number) => void, zoom: (factor: number, x?: number, y?: number) => void}} stage
   */
  constructor(canvas, stage) {
    this.canvas = canvas;
    this.stage = stage;
    this.down = new Map();
    this.left = new AbortController();
    const on = (name, does, options) => canvas.addEventListener(name, does, { signal: this.left.signal, ...options });
    on("pointerdown", (event) => this.begin(event));
    on("pointermove", (event) => this.move(event));
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) on(end, (event) => this.down.delete(event.pointerId));
    on("wheel", (event) => this.wheel(event), { passive: false });
    on("contextmenu", (event) => event.preventDefault());
  }

  begin(event) {
    this.down.set(event.pointerId, { x: event.clientX, y: event.clientY });
    try {
      this.canvas.setPointerCapture(event.pointerId);
    } catch { /* the finger has gone already */ }
  }

  move(event) {
    const from = this.down.get(event.pointerId);
    if (!from) return;
    const { clientX: x, clientY: y } = event;
    const wide = this.canvas.clientWidth, high = this.canvas.clientHeight;
    if (this.down.size === 1) {
      const sideways = event.shiftKey || event.ctrlKey || event.metaKey || (event.buttons & 6) !== 0;
      if (sideways) this.stage.shift(-(x - from.x) / high, (y - from.y) / high);
      else this.stage.turn(-(x - from.x) * DEGREES_PER_PX, (y - from.y) * DEGREES_PER_PX);
    } else if (this.down.size === 2) {
      const other = [...this.down.entries()].find(([id]) => id !== event.pointerId)[1];
      const before = Math.hypot(from.x - other.x, from.y - other.y), after = Math.hypot(x - other.x, y - other.y);
      const box = this.canvas.getBoundingClientRect();
      if (before > 1 && after > 1) this.stage.zoom(before / after, (x + other.x) / 2 - box.left, (y + other.y) / 2 - box.top);
      this.stage.shift(-(x - from.x) / 2 / high, (y - from.y) / 2 / high);
    }
    this.down.set(event.pointerId, { x, y });
    if (wide) event.preventDefault();
  }

  wheel(event) {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 16 : 1, box = this.canvas.getBoundingClientRect();
    const step = Math.max(-STEP_MAX, Math.min(STEP_MAX, event.deltaY * lines * WHEEL));
    this.stage.zoom(Math.exp(step), event.clientX - box.left, event.clientY - box.top);
  }

  dispose() {
    this.left.abort();
  }
}
