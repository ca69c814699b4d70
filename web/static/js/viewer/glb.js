// Read the shapes of a building out of a GLB: two batches, solid and clear, whatever came in how many.

/**
 * @typedef {object} Batch
 * @property {Float32Array} position  x, y, z, metres, building axes minus the origin
 * @property {Int8Array} normal  x, y, z, 0; 127 is 1; all 0 where the file has none
 * @property {Float32Array} feature  index into the features
 * @property {Uint8Array} tint  red, green, blue, alpha as they are shown
 * @property {Uint32Array} index
 *
 * @typedef {object} Shapes
 * @property {[number, number, number]} origin  of the local axes, metres, building axes
 * @property {[number, string, string][]} features  step id, GlobalId, class
 * @property {number[]} box  smallest and largest corner of all, local axes
 * @property {Batch} solid
 * @property {Batch} clear
 */

const MAGIC = 0x46546c67, JSON_CHUNK = 0x4e4f534a;
const ARRAYS = { 5120: Int8Array, 5121: Uint8Array, 5122: Int16Array, 5123: Uint16Array, 5125: Uint32Array, 5126: Float32Array };
const WHOLE = { 5120: 127, 5121: 255, 5122: 32767, 5123: 65535 };
const PARTS = { SCALAR: 1, VEC2: 2, VEC3: 3, VEC4: 4, MAT4: 16 };
const ONE = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];

/** Fetch a file and tell how far it is. */
export async function fetched(url, told, signal) {
  const answer = await fetch(url, { signal, credentials: "same-origin" });
  if (!answer.ok) throw new Error(`${answer.status}`);
  const known = answer.headers.get("Content-Encoding") ? 0 : Number(answer.headers.get("Content-Length"));
  if (!told || !answer.body) return answer.arrayBuffer();
  const reader = answer.body.getReader(), parts = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    size += value.byteLength;
    told(size, known);
  }
  if (parts.length === 1 && parts[0].byteLength === parts[0].buffer.byteLength) return parts[0].buffer;
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) { whole.set(part, at); at += part.byteLength; }
  return whole.buffer;
}

/** Multiply two matrices, column by column as glTF writes them. */
function times(a, b) {
  const made = new Array(16);
  for (let c = 0; c < 4; c++) for (let r = 0; r < 4; r++) {
    made[c * 4 + r] = a[r] * b[c * 4] + a[4 + r] * b[c * 4 + 1] + a[8 + r] * b[c * 4 + 2] + a[12 + r] * b[c * 4 + 3];
  }
  return made;
}

/** Make a matrix of place, turn (x, y, z, w) and size. */
function placed([x, y, z] = [0, 0, 0], [a, b, c, w] = [0, 0, 0, 1], [sx, sy, sz] = [1, 1, 1]) {
  return [
    (1 - 2 * (b * b + c * c)) * sx, 2 * (a * b + c * w) * sx, 2 * (a * c - b * w) * sx, 0,
    2 * (a * b - c * w) * sy, (1 - 2 * (a * a + c * c)) * sy, 2 * (b * c + a * w) * sy, 0,
    2 * (a * c + b * w) * sz, 2 * (b * c - a * w) * sz, (1 - 2 * (a * a + b * b)) * sz, 0,
    x, y, z, 1,
  ];
}

const shown = (linear) => Math.round(255 * (linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055));

/** What a GLB holds, its numbers read where they lie. */
class File {
  constructor(buffer) {
    const view = new DataView(buffer);
    if (buffer.byteLength < 20 || view.getUint32(0, true) !== MAGIC || view.getUint32(16, true) !== JSON_CHUNK) throw new Error("no GLB");
    const length = view.getUint32(12, true);
    this.buffer = buffer;
    this.json = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 20, length)));
    this.start = 20 + length + 8;
  }

  /** Read an accessor as an array without gaps. */
  read(number) {
    const accessor = this.json.accessors[number];
    const Type = ARRAYS[accessor.componentType], parts = PARTS[accessor.type];
    if (accessor.bufferView === undefined) return { values: new Type(accessor.count * parts), parts, whole: 1 };
    const view = this.json.bufferViews[accessor.bufferView];
    const from = this.start + (view.byteOffset ?? 0) + (accessor.byteOffset ?? 0);
    const step = view.byteStride ? view.byteStride / Type.BYTES_PER_ELEMENT : parts;
    const whole = accessor.normalized ? WHOLE[accessor.componentType] : 1;
    const length = (accessor.count - 1) * step + parts;
    const raw = from % Type.BYTES_PER_ELEMENT
      ? new Type(this.buffer.slice(from, from + length * Type.BYTES_PER_ELEMENT))
      : new Type(this.buffer, from, length);
    return { values: raw, parts, step, count: accessor.count, whole };
  }
}

/** List every primitive that is drawn, with its matrix below the root; instances one by one. */
function* drawn(file) {
  const { json } = file;
  const root = json.nodes.findIndex((node) => node.name === "anju");
  const first = root < 0 ? (json.scenes?.[json.scene ?? 0].nodes ?? []) : (json.nodes[root].children ?? []);
  const waiting = first.map((node) => [node, ONE]);
  if (json.nodes[root]?.mesh !== undefined) waiting.push([root, null]);
  while (waiting.length) {
    const [number, above] = waiting.pop();
    const node = json.nodes[number];
    const matrix = above === null ? ONE : times(above, node.matrix ?? placed(node.translation, node.rotation, node.scale));
    if (above !== null) for (const child of node.children ?? []) waiting.push([child, matrix]);
    if (node.mesh === undefined) continue;
    const many = node.extensions?.EXT_mesh_gpu_instancing?.attributes;
    for (const primitive of json.meshes[node.mesh].primitives) {
      if (!many) { yield { primitive, matrix, feature: null }; continue; }
      const rows = {};
      for (const name of Object.keys(many)) rows[name] = file.read(many[name]);
      const row = (name, i) => rows[name] && Array.from({ length: rows[name].parts }, (_, k) => rows[name].values[i * rows[name].step + k] / rows[name].whole);
      const count = Object.values(rows)[0].count;
      for (let i = 0; i < count; i++) {
        const feature = row("_FEATURE_ID", i) ?? row("_FEATURE_ID_0", i);
        yield { primitive, matrix: times(matrix, placed(row("TRANSLATION", i), row("ROTATION", i), row("SCALE", i))), feature: feature ? feature[0] : null };
      }
    }
  }
}

function room(vertices, corners) {
  return {
    position: new Float32Array(vertices * 3), normal: new Int8Array(vertices * 4), feature: new Float32Array(vertices),
    tint: new Uint8Array(vertices * 4), index: new Uint32Array(corners), vertices: 0, corners: 0,
  };
}

function add(batch, file, { primitive, matrix: m, feature }) {
  const { attributes } = primitive;
  const position = file.read(attributes.POSITION), n = position.count, at = batch.vertices;
  const scale = position.whole, p = position.values, out = batch.position;
  for (let i = 0; i < n; i++) {
    const x = p[i * position.step] / scale, y = p[i * position.step + 1] / scale, z = p[i * position.step + 2] / scale, o = (at + i) * 3;
    out[o] = m[0] * x + m[4] * y + m[8] * z + m[12];
    out[o + 1] = m[1] * x + m[5] * y + m[9] * z + m[13];
    out[o + 2] = m[2] * x + m[6] * y + m[10] * z + m[14];
  }
  if (attributes.NORMAL !== undefined) {
    const normal = file.read(attributes.NORMAL), v = normal.values;
    const even = Math.abs(m[0] - m[5]) < 1e-9 && Math.abs(m[0] - m[10]) < 1e-9 && m[0] > 0;
    for (let i = 0; i < n; i++) {
      const x = v[i * normal.step], y = v[i * normal.step + 1], z = v[i * normal.step + 2], o = (at + i) * 4;
      let a = x, b = y, c = z;
      if (!even) { a = m[0] * x + m[4] * y + m[8] * z; b = m[1] * x + m[5] * y + m[9] * z; c = m[2] * x + m[6] * y + m[10] * z; }
      if (!even || normal.whole !== 127) { const k = 127 / (Math.hypot(a, b, c) || 1); a *= k; b *= k; c *= k; }
      batch.normal[o] = a; batch.normal[o + 1] = b; batch.normal[o + 2] = c;
    }
  }
  if (feature !== null) batch.feature.fill(feature, at, at + n);
  else if (attributes._FEATURE_ID !== undefined || attributes._FEATURE_ID_0 !== undefined) {
    const ids = file.read(attributes._FEATURE_ID ?? attributes._FEATURE_ID_0);
    for (let i = 0; i < n; i++) batch.feature[at + i] = ids.values[i * ids.step];
  }
  const [r, g, b, a] = colour(file, primitive);
  new Uint32Array(batch.tint.buffer).fill((a << 24 | b << 16 | g << 8 | r) >>> 0, at, at + n);
  if (primitive.indices === undefined) for (let i = 0; i < n; i++) batch.index[batch.corners++] = at + i;
  else {
    const { values, step, count } = file.read(primitive.indices);
    for (let i = 0; i < count; i++) batch.index[batch.corners + i] = at + values[i * step];
    batch.corners += count;
  }
  batch.vertices += n;
}

/** Widen a box by the corners that an accessor tells of itself. */
function hold(box, { min, max, normalized, componentType }, m) {
  const whole = normalized ? WHOLE[componentType] : 1;
  for (let n = 0; n < 8; n++) {
    const [x, y, z] = [n & 1 ? max[0] : min[0], n & 2 ? max[1] : min[1], n & 4 ? max[2] : min[2]].map((value) => value / whole);
    for (let k = 0; k < 3; k++) {
      const at = m[k] * x + m[k + 4] * y + m[k + 8] * z + m[k + 12];
      box[k] = Math.min(box[k], at);
      box[k + 3] = Math.max(box[k + 3], at);
    }
  }
}

function colour(file, primitive) {
  const [r, g, b, a] = file.json.materials?.[primitive.material]?.pbrMetallicRoughness?.baseColorFactor ?? [0.6, 0.6, 0.6, 1];
  return [shown(r), shown(g), shown(b), Math.round(255 * a)];
}

/**
 * Read a GLB.
 * @param {ArrayBuffer} buffer
 * @returns {Shapes}
 */
export function shapesOf(buffer) {
  const file = new File(buffer), { json } = file;
  const told = json.asset.extras?.anju;
  if (!told || told.format !== 1) throw new Error("a GLB without our features");
  const rows = [...drawn(file)];
  const clear = (row) => json.materials?.[row.primitive.material]?.alphaMode === "BLEND";
  const made = { origin: told.origin, features: told.features, box: [Infinity, Infinity, Infinity, -Infinity, -Infinity, -Infinity] };
  for (const [name, own] of [["solid", rows.filter((row) => !clear(row))], ["clear", rows.filter(clear)]]) {
    let vertices = 0, corners = 0;
    for (const { primitive } of own) {
      const count = json.accessors[primitive.attributes.POSITION].count;
      vertices += count;
      corners += primitive.indices === undefined ? count : json.accessors[primitive.indices].count;
    }
    made[name] = room(vertices, corners);
    for (const row of own) {
      add(made[name], file, row);
      hold(made.box, json.accessors[row.primitive.attributes.POSITION], row.matrix);
    }
  }
  return made;
}
