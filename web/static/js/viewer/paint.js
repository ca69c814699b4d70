// How features look: one texel of a small texture each, so that a new colour rewrites no shape.

import { DataTexture, DoubleSide, NearestFilter, RGBAFormat, ShaderMaterial, UnsignedByteType, Color, Vector4 } from "../../lib/three/three.module.js";

const WIDE = 256;
const HIDDEN = 1, GHOST = 2, CHOSEN = 4;

/** Tones that a feature may have; `source` is the file's own colour. */
export const TONES = ["source", "plain", "chosen", "watched", "blue", "yellow", "orange", "red", "new", "moved", "gone"];

/** tones up to this one say nothing of danger */
const CALM = TONES.indexOf("watched");

const VERTEX = `
precision highp float;
precision highp int;
in float feature;
in vec4 tint;
uniform sampler2D states;
uniform vec3 tones[${TONES.length}];
uniform vec3 chosen;
uniform vec3 ghostly;
uniform int part;
out vec4 vColour;
#ifdef CUT
out vec3 vPlace;
#endif
void main() {
  int f = int(feature + 0.5);
  vec4 state = texelFetch(states, ivec2(f % ${WIDE}, f / ${WIDE}), 0) * 255.0;
  int tone = int(state.r + 0.5), marks = int(state.g + 0.5);
  bool hidden = (marks & ${HIDDEN}) != 0, ghost = (marks & ${GHOST}) != 0;
  // part 0: what is shown in full; part 1: what is only hinted at
  if (hidden || ghost != (part == 1)) { gl_Position = vec4(2.0, 2.0, 2.0, 0.0); return; }
  vec3 colour = tone == 0 ? tint.rgb : tones[tone];
  float alpha = tone > 1 ? max(tint.a, 0.8) : tint.a;
  bool picked = (marks & ${CHOSEN}) != 0;
  // a level must stay to be seen: what is chosen is hatched then, else tinted
  if (picked && tone <= ${CALM}) colour = mix(colour, chosen, 0.6);
  if (picked) alpha = max(alpha, 0.85);
  vec3 n = normal, look = normalize(cameraPosition - position);
  // both sides are lit alike; here and not for each pixel, as most models are flat faces
  if (dot(n, look) < 0.0) n = -n;
  float light = dot(n, n) < 0.01 ? 0.85 : min(1.06, 0.64 + 0.2 * max(n.z, 0.0) + 0.06 * n.x + 0.18 * dot(n, look));
  if (part == 1) vColour = vec4(mix(ghostly, colour, 0.3), 0.13);
  // an opacity beyond 1 says that it is hatched
  else vColour = vec4(colour * light, picked && tone > ${CALM} ? 2.0 : alpha);
#ifdef CUT
  vPlace = position;
#endif
  gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
}`;

const FRAGMENT = `
precision highp float;
precision highp int;
in vec4 vColour;
uniform vec3 chosen;
#ifdef CUT
in vec3 vPlace;
uniform vec4 section;
#endif
out vec4 shown;
void main() {
#ifdef CUT
  if (dot(section.xyz, vPlace) > section.w) discard;
#endif
  shown = vColour;
  if (vColour.a > 1.5) shown = vec4(mod(gl_FragCoord.x + gl_FragCoord.y, 14.0) < 4.0 ? chosen : vColour.rgb, 1.0);
}`;

export class Paint {
  /** @param {number} count  of features */
  constructor(count) {
    this.count = count;
    this.rows = Math.max(1, Math.ceil(count / WIDE));
    this.states = new Uint8Array(WIDE * this.rows * 4);
    this.texture = new DataTexture(this.states, WIDE, this.rows, RGBAFormat, UnsignedByteType);
    this.texture.minFilter = this.texture.magFilter = NearestFilter;
    this.texture.needsUpdate = true;
    this.shared = {
      states: { value: this.texture },
      tones: { value: TONES.map(() => new Color()) },
      chosen: { value: new Color() },
      ghostly: { value: new Color() },
      section: { value: new Vector4(0, 0, 0, 1) },
    };
    this.ghosts = 0;
    this.made = [];
  }

  /** Make the material of one part: 0 in full, 1 as a hint; `clear`: one sees through it. */
  material(part, clear) {
    const made = new ShaderMaterial({
      glslVersion: "300 es",
      vertexShader: VERTEX,
      fragmentShader: FRAGMENT,
      defines: {},
      uniforms: { ...this.shared, part: { value: part } },
      side: DoubleSide,
      transparent: part === 1 || clear,
      depthWrite: part === 0 && !clear,
      polygonOffset: part === 0 && !clear,
      polygonOffsetFactor: 1,
      polygonOffsetUnits: 1,
    });
    this.made.push(made);
    return made;
  }

  /** Cut everything along a plane, or nothing. A shader that may drop pixels is slower: it is another one. */
  cut(plane) {
    if (plane) this.shared.section.value.set(...plane);
    for (const one of this.made) {
      if (Boolean(plane) === "CUT" in one.defines) continue;
      if (plane) one.defines.CUT = "";
      else delete one.defines.CUT;
      one.needsUpdate = true;
    }
  }

  /** Take the colours of the theme. */
  themed(read) {
    // they are shown as they are written: no colour space stands between
    const plain = (text) => new Color().setStyle(text, "srgb-linear");
    TONES.forEach((tone, n) => { if (n) this.shared.tones.value[n] = plain(read(tone)); });
    this.shared.chosen.value = plain(read("chosen"));
    this.shared.ghostly.value = plain(read("ghost"));
  }

  /** Give each feature a tone; those left out get `otherwise`. */
  tone(rows, otherwise = "source") {
    const number = (name) => Math.max(0, TONES.indexOf(name));
    const rest = number(otherwise);
    for (let f = 0; f < this.count; f++) this.states[f * 4] = rest;
    for (const [feature, tone] of rows) this.states[feature * 4] = number(tone);
    this.texture.needsUpdate = true;
  }

  /** Tell which features are hidden, hinted at and chosen. */
  mark(hidden, ghost, chosen) {
    this.ghosts = 0;
    for (let f = 0; f < this.count; f++) {
      const bits = (hidden(f) ? HIDDEN : 0) | (ghost(f) ? GHOST : 0) | (chosen(f) ? CHOSEN : 0);
      if (bits & GHOST) this.ghosts++;
      this.states[f * 4 + 1] = bits;
    }
    this.texture.needsUpdate = true;
  }

  dispose() {
    this.texture.dispose();
  }
}
