// How a picture looks with its marks, and with the cross of one who draws by keyboard.

export const RED = "#e01b1b";

/** Paint a picture with its marks; points are shares of its width and height. */
export function draw(canvas, image, marks) {
  const context = canvas.getContext("2d");
  const { width, height } = canvas;
  context.drawImage(image, 0, 0, width, height);
  context.lineWidth = Math.max(3, width / 200);
  context.lineJoin = "round";
  for (const mark of marks) {
    context.strokeStyle = context.fillStyle = mark.colour || RED;
    const points = mark.points.map(([x, y]) => [x * width, y * height]);
    const [from, to = from] = points;
    context.beginPath();
    if (mark.kind === "circle") context.ellipse((from[0] + to[0]) / 2, (from[1] + to[1]) / 2, Math.abs(to[0] - from[0]) / 2, Math.abs(to[1] - from[1]) / 2, 0, 0, Math.PI * 2);
    else points.forEach(([x, y], index) => (index ? context.lineTo(x, y) : context.moveTo(x, y)));
    context.stroke();
    if (mark.kind === "arrow" && points.length > 1) head(context, from, to, width / 40);
    if (mark.text) {
      context.font = `600 ${Math.round(width / 28)}px sans-serif`;
      // a light edge: words are read on a dark wall, too
      context.strokeStyle = "rgb(255 255 255 / 85%)";
      context.strokeText(mark.text, from[0] + 6, from[1] - 6);
      context.fillText(mark.text, from[0] + 6, from[1] - 6);
    }
  }
}

/** Paint the cross that the keyboard moves: light on dark and dark on light. */
export function cross(canvas, [x, y]) {
  const context = canvas.getContext("2d");
  const [px, py, arm] = [x * canvas.width, y * canvas.height, canvas.width / 25];
  for (const [colour, wide] of [["#ffffff", canvas.width / 120], ["#111111", canvas.width / 300]]) {
    context.strokeStyle = colour;
    context.lineWidth = wide;
    context.beginPath();
    context.moveTo(px - arm, py);
    context.lineTo(px + arm, py);
    context.moveTo(px, py - arm);
    context.lineTo(px, py + arm);
    context.stroke();
  }
}

function head(context, from, to, size) {
  const angle = Math.atan2(to[1] - from[1], to[0] - from[0]);
  context.beginPath();
  context.moveTo(to[0], to[1]);
  for (const turn of [2.6, -2.6]) context.lineTo(to[0] + size * Math.cos(angle + turn), to[1] + size * Math.sin(angle + turn));
  context.closePath();
  context.fill();
}
