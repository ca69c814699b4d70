// What is kept of a spot that was met in the model: as fine as one can point, no finer.

/** A point in metres, to the millimetre. */
export const fine = (point) => point.map((v) => Math.round(v * 1000) / 1000);

/** A direction, its length 1 or nearly. */
export const facing = (normal) => normal.map((v) => Math.round(v * 1e4) / 1e4);

/** Where a point is within a box, each 0 to 1; in the middle where the box has no width. */
export function within(point, box) {
  return point.map((v, k) => (box[k + 3] > box[k] ? Math.min(1, Math.max(0, (v - box[k]) / (box[k + 3] - box[k]))) : 0.5));
}

/** The storey whose floor is the last one at or below a height, m. */
export function floorAt(floors, z) {
  return floors.filter((one) => one.elevation <= z + 0.3).at(-1) ?? floors[0] ?? null;
}
