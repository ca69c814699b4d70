// The canvas and its context, opened before the libraries are there: the renderer begins meanwhile.

/** @returns {{canvas: HTMLCanvasElement, context: WebGL2RenderingContext | null}} */
export function opened() {
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("webgl2", { alpha: true, depth: true, stencil: false, antialias: false, powerPreference: "high-performance" });
  return { canvas, context };
}
