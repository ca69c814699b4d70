// Make the rooms of a house out of a few numbers: storeys, spans between axes, names.

import { fresh } from "./ask.js";

/** Read spans: `3.6 3.6 4.2` or `3x3.6 4.2`. */
export function spans(text) {
  const made = [];
  for (const part of text.trim().split(/[\s,，、;；]+/).filter(Boolean)) {
    const [, many, size] = part.match(/^(?:(\d+)\s*[x×*])?(\d+(?:\.\d+)?)$/i) ?? [];
    const length = Number(size);
    if (!size || !(length >= 0.3 && length <= 100) || Number(many ?? 1) > 100) throw new RangeError(part);
    for (let i = 0; i < Number(many ?? 1); i++) made.push(length);
  }
  if (!made.length || made.length > 100) throw new RangeError(text);
  return made;
}

const sums = (lengths, from) => lengths.reduce((made, one) => [...made, Math.round((made.at(-1) + one) * 1000) / 1000], [from]);

/** Name axes along y with letters as drawings do: I, O and Z are left out. */
const LETTERS = "ABCDEFGHJKLMNPQRSTUVWXY";
const letter = (n) => (n < LETTERS.length ? LETTERS[n] : `${LETTERS[n % LETTERS.length]}${Math.floor(n / LETTERS.length)}`);

/**
 * @param {{storeys: number, height: number, x: string, y: string, rooms: string, from?: number[]}} told
 *   `from`: where the first axes cross; `rooms`: a line a row of rooms from south to north, names from west to east; `-` leaves one out
 * @param {(n: number) => string} named  what the storeys are called
 */
export function schemaOf({ storeys, height, x, y, rooms, from = [0, 0] }, named) {
  const xs = sums(spans(x), from[0]), ys = sums(spans(y), from[1]);
  const lines = rooms.trim() ? rooms.trim().split(/\n/).map((line) => line.trim().split(/[\s,，、]+/)) : [];
  const made = {
    storeys: Array.from({ length: storeys }, (_, n) => ({ id: fresh(), name: named(n + 1), elevation_m: Math.round(n * height * 1000) / 1000, height_m: height })),
    rooms: [],
    axes: [...xs.map((at, n) => [String(n + 1), "x", at]), ...ys.map((at, n) => [letter(n), "y", at])],
  };
  made.storeys.forEach((storey, level) => {
    let count = 0;
    for (let row = 0; row + 1 < ys.length; row++) for (let column = 0; column + 1 < xs.length; column++) {
      const name = lines.length ? lines[row % lines.length]?.[column] : undefined;
      count++;
      if (name === "-" || (lines.length && name === undefined)) continue;
      const [a, b, c, d] = [xs[column], ys[row], xs[column + 1], ys[row + 1]];
      made.rooms.push({ id: fresh(), storey_id: storey.id, name: name ?? `${level + 1}${String(count).padStart(2, "0")}`, outline: [[a, b], [c, b], [c, d], [a, d]] });
    }
  });
  return made;
}
