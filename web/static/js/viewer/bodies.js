// Bodies of the features: their triangles, boxes, where a ray meets them and where a plane cuts them.

/** @typedef {import("./glb.js").Shapes} Shapes */

const LITTLE = 1e-9;

export class Bodies {
  /** @param {Shapes} shapes */
  constructor(shapes) {
    const count = shapes.features.length;
    this.count = count;
    this.batches = [shapes.solid, shapes.clear].filter((batch) => batch.index.length);
    this.measured = this.lists = null;
  }

  /** Smallest and largest corner of each feature, measured when first asked for; infinite for one without triangles. */
  get boxes() {
    if (this.measured) return this.measured;
    const boxes = (this.measured = new Float32Array(this.count * 6));
    for (let f = 0; f < this.count; f++) boxes.fill(Infinity, f * 6, f * 6 + 3).fill(-Infinity, f * 6 + 3, f * 6 + 6);
    for (const { position, feature, vertices } of this.batches) {
      for (let v = 0, p = 0; v < vertices; v++, p += 3) {
        const o = feature[v] * 6, x = position[p], y = position[p + 1], z = position[p + 2];
        if (x < boxes[o]) boxes[o] = x;
        if (y < boxes[o + 1]) boxes[o + 1] = y;
        if (z < boxes[o + 2]) boxes[o + 2] = z;
        if (x > boxes[o + 3]) boxes[o + 3] = x;
        if (y > boxes[o + 4]) boxes[o + 4] = y;
        if (z > boxes[o + 5]) boxes[o + 5] = z;
      }
    }
    return boxes;
  }

  /** Box of some features together, or `null`. */
  box(features) {
    const made = [Infinity, Infinity, Infinity, -Infinity, -Infinity, -Infinity];
    for (const f of features) for (let k = 0; k < 3; k++) {
      made[k] = Math.min(made[k], this.boxes[f * 6 + k]);
      made[3 + k] = Math.max(made[3 + k], this.boxes[f * 6 + 3 + k]);
    }
    return made[0] <= made[3] ? made : null;
  }

  /** Sort the triangles by feature; done when first asked for, most pages never do. */
  sorted() {
    if (this.lists) return this.lists;
    this.lists = this.batches.map((batch) => {
      const { index, feature } = batch, triangles = index.length / 3;
      const starts = new Uint32Array(this.count + 1);
      for (let t = 0; t < triangles; t++) starts[feature[index[t * 3]] + 1]++;
      for (let f = 0; f < this.count; f++) starts[f + 1] += starts[f];
      const order = new Uint32Array(triangles), next = starts.slice();
      for (let t = 0; t < triangles; t++) order[next[feature[index[t * 3]]]++] = t;
      return { batch, starts, order };
    });
    return this.lists;
  }

  /** Every triangle of a feature, as three offsets into the positions. */
  *triangles(feature) {
    for (const { batch, starts, order } of this.sorted()) {
      for (let i = starts[feature]; i < starts[feature + 1]; i++) {
        const t = order[i] * 3;
        yield [batch.position, batch.index[t] * 3, batch.index[t + 1] * 3, batch.index[t + 2] * 3];
      }
    }
  }

  /**
   * Find what a ray meets first.
   * @param {number[]} from  @param {number[]} along  a unit vector
   * @param {(feature: number) => boolean} seen  whether a feature can be met at all
   * @param {(point: number[]) => boolean} kept  whether a point is on the side that is shown
   * @returns {{feature: number, point: number[], normal: number[], distance: number} | null}
   */
  hit(from, along, seen, kept) {
    let best = null;
    for (let f = 0; f < this.count; f++) {
      const near = this.enters(f, from, along);
      if (near === null || (best && near > best.distance) || !seen(f)) continue;
      for (const [p, a, b, c] of this.triangles(f)) {
        const distance = meets(from, along, p, a, b, c);
        if (distance === null || (best && distance >= best.distance)) continue;
        const point = from.map((value, k) => value + along[k] * distance);
        if (!kept(point)) continue;
        best = { feature: f, point, normal: facing(p, a, b, c, along), distance };
      }
    }
    return best;
  }

  /** Tell how far along a ray the box of a feature begins, or `null`. */
  enters(feature, from, along) {
    const o = feature * 6;
    let near = 0, far = Infinity;
    for (let k = 0; k < 3; k++) {
      const low = this.boxes[o + k], high = this.boxes[o + 3 + k];
      if (low > high) return null;
      if (Math.abs(along[k]) < LITTLE) {
        if (from[k] < low || from[k] > high) return null;
        continue;
      }
      const one = (low - from[k]) / along[k], other = (high - from[k]) / along[k];
      near = Math.max(near, Math.min(one, other));
      far = Math.min(far, Math.max(one, other));
    }
    return near <= far ? near : null;
  }

  /** Lines in which a level plane cuts a feature: x, y, x, y, … */
  cut(feature, z) {
    const o = feature * 6, lines = [];
    if (!(this.boxes[o + 2] < z && this.boxes[o + 5] > z)) return lines;
    for (const [p, a, b, c] of this.triangles(feature)) {
      const ends = [];
      for (const [i, j] of [[a, b], [b, c], [c, a]]) {
        const low = p[i + 2] - z, high = p[j + 2] - z;
        if (low < 0 === high < 0) continue;
        const share = low / (low - high);
        ends.push(p[i] + (p[j] - p[i]) * share, p[i + 1] + (p[j + 1] - p[i + 1]) * share);
      }
      if (ends.length === 4) lines.push(...ends);
    }
    return lines;
  }
}

/** Möller and Trumbore: how far along a ray it meets a triangle. */
function meets(from, along, p, a, b, c) {
  const e1x = p[b] - p[a], e1y = p[b + 1] - p[a + 1], e1z = p[b + 2] - p[a + 2];
  const e2x = p[c] - p[a], e2y = p[c + 1] - p[a + 1], e2z = p[c + 2] - p[a + 2];
  const hx = along[1] * e2z - along[2] * e2y, hy = along[2] * e2x - along[0] * e2z, hz = along[0] * e2y - along[1] * e2x;
  const det = e1x * hx + e1y * hy + e1z * hz;
  if (Math.abs(det) < 1e-12) return null;
  const sx = from[0] - p[a], sy = from[1] - p[a + 1], sz = from[2] - p[a + 2];
  const u = (sx * hx + sy * hy + sz * hz) / det;
  if (u < 0 || u > 1) return null;
  const qx = sy * e1z - sz * e1y, qy = sz * e1x - sx * e1z, qz = sx * e1y - sy * e1x;
  const v = (along[0] * qx + along[1] * qy + along[2] * qz) / det;
  if (v < 0 || u + v > 1) return null;
  const distance = (e2x * qx + e2y * qy + e2z * qz) / det;
  return distance > LITTLE ? distance : null;
}

/** The normal of a triangle that looks against a ray. */
function facing(p, a, b, c, along) {
  const x = p[b] - p[a], y = p[b + 1] - p[a + 1], z = p[b + 2] - p[a + 2];
  const u = p[c] - p[a], v = p[c + 1] - p[a + 1], w = p[c + 2] - p[a + 2];
  const n = [y * w - z * v, z * u - x * w, x * v - y * u];
  const length = Math.hypot(...n) || 1, against = n[0] * along[0] + n[1] * along[1] + n[2] * along[2] > 0 ? -1 : 1;
  return n.map((value) => (value / length) * against);
}
