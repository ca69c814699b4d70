// What the keys do while the picture has the focus.

const DEGREES = 8, SHARE = 0.08, NEARER = 0.85;

/**
 * @param {HTMLElement} canvas  @param {import("./stage.js").Stage} stage
 * @param {{fit: () => void, hide: () => void, list: () => void, escape: () => void, middle: () => void}} does
 */
export function listen(canvas, stage, does) {
  const turn = (right, up) => (event) => {
    if (event.shiftKey) stage.shift(right * SHARE, up * SHARE);
    else stage.turn(right * DEGREES, up * DEGREES);
  };
  const acts = {
    ArrowLeft: turn(-1, 0), ArrowRight: turn(1, 0), ArrowUp: turn(0, 1), ArrowDown: turn(0, -1),
    "+": () => stage.zoom(NEARER), "=": () => stage.zoom(NEARER), "-": () => stage.zoom(1 / NEARER), _: () => stage.zoom(1 / NEARER),
    f: does.fit, h: does.hide, l: does.list, Escape: does.escape, Enter: does.middle,
  };
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = acts[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    act(event);
  });
}
