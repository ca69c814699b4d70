// A picture of what is seen, with its marks, legend and what it is of, as PNG.

const PAD = 12, HEAD = 30, FOOT = 26;

/**
 * @param {import("./viewer.js").Viewer} viewer  @param {HTMLElement} marks  the marks over it
 * @param {string} title  @param {string[]} legend
 * @returns {Promise<Blob>}
 */
export async function snapshot(viewer, marks, title, legend) {
  const { stage } = viewer, from = stage.canvas;
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const scale = from.width / from.clientWidth, canvas = document.createElement("canvas");
  canvas.width = from.width;
  canvas.height = from.height + Math.round((HEAD + (legend.length ? FOOT : 0)) * scale);
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  context.fillStyle = css("--surface");
  context.fillRect(0, 0, canvas.width, canvas.height);
  const font = css("--font");
  context.fillStyle = css("--ink");
  context.font = `600 14px ${font}`;
  context.fillText(title, PAD, 20, from.clientWidth - 2 * PAD);
  // drawn and copied in one go: the canvas keeps no picture once it is on the screen
  stage.draw();
  context.drawImage(from, 0, HEAD, from.clientWidth, from.clientHeight);
  const about = from.getBoundingClientRect();
  context.textBaseline = "middle";
  for (const mark of marks.querySelectorAll(".marker:not([hidden])")) {
    const shape = mark.querySelector(".marker-shape"), label = mark.querySelector(".marker-label");
    const at = shape.getBoundingClientRect(), x = at.left - about.left, y = at.top - about.top + HEAD;
    const look = getComputedStyle(shape);
    context.fillStyle = css("--surface");
    context.strokeStyle = look.color;
    context.lineWidth = 2;
    context.beginPath();
    context.arc(x + at.width / 2, y + at.height / 2, at.width / 2, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
    context.fillStyle = look.color;
    context.textAlign = "center";
    context.font = `600 13px ${font}`;
    context.fillText(shape.textContent, x + at.width / 2, y + at.height / 2);
    if (mark.classList.contains("marker-small")) continue;
    const box = label.getBoundingClientRect(), left = box.left - about.left, top = box.top - about.top + HEAD;
    context.fillStyle = css("--surface");
    context.globalAlpha = 0.9;
    context.fillRect(left, top, box.width, box.height);
    context.globalAlpha = 1;
    context.fillStyle = css("--ink");
    context.textAlign = "left";
    context.font = `12px ${font}`;
    context.fillText([...label.children].map((part) => part.textContent.trim()).join(" "), left + 4, top + box.height / 2, box.width - 8);
  }
  context.textAlign = "left";
  context.fillStyle = css("--ink-2");
  context.font = `12px ${font}`;
  if (legend.length) context.fillText(legend.join("   "), PAD, HEAD + from.clientHeight + FOOT / 2, from.clientWidth - 2 * PAD);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

export function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
