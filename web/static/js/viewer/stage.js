// The canvas: renderer, camera and controls. It draws when something has changed, never by itself.

import { BufferAttribute, BufferGeometry, LineBasicMaterial, LineSegments, Mesh, PerspectiveCamera, Scene, Sphere, Vector3, WebGLRenderer, Color, LinearSRGBColorSpace } from "../../lib/three/three.module.js";
import { opened } from "./canvas.js";
import { Hands } from "./hands.js";

const ANGLE_DEG = 40, RATIO_MAX = 2, RATIO_MIN = 1.5, ROOM = 1.12;
const START = new Vector3(-0.62, -0.78, 0.55).normalize();

/** The browser does not draw in three dimensions. */
export class NotDrawable extends Error {}

/** Tell whether a program does the work of a graphics card. */
function bySoftware(context) {
  const named = context.getExtension("WEBGL_debug_renderer_info");
  return /swiftshader|llvmpipe|software|basic render/i.test(context.getParameter(named ? named.UNMASKED_RENDERER_WEBGL : context.RENDERER));
}

export class Stage {
  /** @param {HTMLElement} place  filled by the canvas  @param {ReturnType<typeof opened>} [early] */
  constructor(place, early) {
    this.place = place;
    const { canvas, context } = early ?? opened();
    this.canvas = canvas;
    if (!context) throw new NotDrawable("no WebGL 2");
    this.renderer = new WebGLRenderer({ canvas, context });
    // edges are smooth through finer pixels; a program that does a card's work cannot afford them
    this.ratio = Math.min(RATIO_MAX, bySoftware(context) ? devicePixelRatio : Math.max(RATIO_MIN, devicePixelRatio));
    // asking for errors would wait for the shaders
    this.renderer.debug.checkShaderErrors = false;
    // colours are shown as they are written, those of the theme and those of the file
    this.renderer.outputColorSpace = LinearSRGBColorSpace;
    this.canvas.tabIndex = 0;
    place.prepend(this.canvas);
    this.scene = new Scene();
    this.camera = new PerspectiveCamera(ANGLE_DEG, 1, 0.1, 1000);
    this.camera.up.set(0, 0, 1);
    this.target = new Vector3();
    this.hands = new Hands(this.canvas, this);
    this.outline = null;
    this.meshes = [];
    /** told after each picture */
    this.after = [];
    this.asked = 0;
    this.pictures = 0;
    this.watch = new ResizeObserver(() => this.sized());
    this.watch.observe(place);
    this.sized();
    this.canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    this.canvas.addEventListener("webglcontextrestored", () => this.ask());
  }

  sized() {
    const { clientWidth: w, clientHeight: h } = this.place;
    if (!w || !h || (this.wide === w && this.high === h)) return;
    [this.wide, this.high] = [w, h];
    this.renderer.setPixelRatio(this.ratio);
    this.renderer.setSize(w, h);
    this.camera.aspect = w / h;
    this.camera.updateProjectionMatrix();
    // a canvas of a new size is empty until the next picture: make it at once
    if (this.pictures) this.draw();
  }

  themed(ground, line) {
    this.ground = ground;
    this.renderer.setClearColor(new Color().setStyle(ground, "srgb-linear"), 1);
    this.line = new Color().setStyle(line, "srgb-linear");
    if (this.outline) this.outline.material.color = this.line;
    this.ask();
  }

  /** Put the batches up, each in full and as a hint. */
  fill(shapes, paint, box) {
    this.empty();
    this.paint = paint;
    this.box = box;
    [shapes.solid, shapes.clear].forEach((batch, clear) => {
      if (!batch.index.length) return;
      const geometry = new BufferGeometry();
      geometry.setAttribute("position", new BufferAttribute(batch.position, 3));
      geometry.setAttribute("normal", new BufferAttribute(batch.normal, 4, true));
      geometry.setAttribute("feature", new BufferAttribute(batch.feature, 1));
      geometry.setAttribute("tint", new BufferAttribute(batch.tint, 4, true));
      geometry.setIndex(new BufferAttribute(batch.index, 1));
      // known already: it would be measured corner by corner
      geometry.boundingSphere = new Sphere(new Vector3(), Infinity);
      for (const part of [0, 1]) {
        const mesh = new Mesh(geometry, paint.material(part, Boolean(clear)));
        mesh.frustumCulled = false;
        mesh.matrixAutoUpdate = false;
        mesh.renderOrder = part + clear;
        mesh.userData.part = part;
        this.scene.add(mesh);
        this.meshes.push(mesh);
      }
    });
  }

  empty() {
    for (const mesh of this.meshes) {
      this.scene.remove(mesh);
      mesh.geometry.dispose();
      mesh.material.dispose();
    }
    this.meshes = [];
    this.outlined(null);
    this.paint?.dispose();
  }

  /** Draw the edges of a box around what is chosen. */
  outlined(box) {
    if (this.outline) {
      this.scene.remove(this.outline);
      this.outline.geometry.dispose();
      this.outline.material.dispose();
      this.outline = null;
    }
    if (!box) return;
    const corner = (n) => [box[n & 1 ? 3 : 0], box[n & 2 ? 4 : 1], box[n & 4 ? 5 : 2]];
    const edges = [];
    for (let n = 0; n < 8; n++) for (const bit of [1, 2, 4]) if (!(n & bit)) edges.push(...corner(n), ...corner(n | bit));
    const geometry = new BufferGeometry();
    geometry.setAttribute("position", new BufferAttribute(new Float32Array(edges), 3));
    this.outline = new LineSegments(geometry, new LineBasicMaterial({ color: this.line, toneMapped: false }));
    this.outline.frustumCulled = false;
    this.outline.renderOrder = 3;
    this.scene.add(this.outline);
  }

  /** Ask for a picture; many wishes of one moment make one. */
  ask() {
    this.asked ||= requestAnimationFrame(() => this.draw());
  }

  draw() {
    cancelAnimationFrame(this.asked);
    this.asked = 0;
    if (this.paint) for (const mesh of this.meshes) mesh.visible = mesh.userData.part === 0 || this.paint.ghosts > 0;
    this.reach();
    this.renderer.render(this.scene, this.camera);
    this.pictures++;
    for (const told of this.after) told();
  }

  /** Wait until the picture is really there; reading a pixel is what makes the renderer finish. */
  finish() {
    const gl = this.renderer.getContext();
    const pixel = new Uint8Array(4);
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
    return pixel;
  }

  /** Keep near and far planes close about the building: depth is scarce. */
  reach() {
    if (!this.box) return;
    const middle = new Vector3((this.box[0] + this.box[3]) / 2, (this.box[1] + this.box[4]) / 2, (this.box[2] + this.box[5]) / 2);
    const radius = Math.hypot(this.box[3] - this.box[0], this.box[4] - this.box[1], this.box[5] - this.box[2]) / 2 + 1;
    const away = this.camera.position.distanceTo(middle);
    this.camera.near = Math.max(0.05, (away - radius) * 0.9);
    this.camera.far = away + radius * 1.5;
    this.camera.updateProjectionMatrix();
  }

  /** The direction in which one stands from the target. */
  way() {
    return this.pictures ? this.camera.position.clone().sub(this.target).normalize().toArray() : START.toArray();
  }

  /** Where one would stand to see a box from a direction; `room`: 1 fills the picture. */
  stand(box, direction, room = ROOM) {
    const way = new Vector3(...direction).normalize();
    const middle = new Vector3((box[0] + box[3]) / 2, (box[1] + box[4]) / 2, (box[2] + box[5]) / 2);
    const right = new Vector3().crossVectors(this.camera.up, way).normalize(), up = new Vector3().crossVectors(way, right);
    const high = Math.tan((ANGLE_DEG / 2) * (Math.PI / 180)) / room, wide = high * this.camera.aspect;
    let away = 1.2;
    for (let n = 0; n < 8; n++) {
      const corner = new Vector3(box[n & 1 ? 3 : 0], box[n & 2 ? 4 : 1], box[n & 4 ? 5 : 2]).sub(middle);
      away = Math.max(away, corner.dot(way) + Math.max(Math.abs(corner.dot(right)) / wide, Math.abs(corner.dot(up)) / high));
    }
    return { middle, from: middle.clone().addScaledVector(way, away) };
  }

  /** Look at a box from where one stands, or from a direction. */
  look(box, direction = this.way(), room = ROOM) {
    if (!box) return;
    const { middle, from } = this.stand(box, direction, room);
    this.target.copy(middle);
    this.camera.position.copy(from);
    this.aimed();
  }

  start() {
    return START.toArray();
  }

  /** Turn about the target by degrees. */
  turn(right, up) {
    const arm = this.camera.position.clone().sub(this.target);
    const far = arm.length(), around = Math.atan2(arm.y, arm.x) + (right * Math.PI) / 180;
    const high = Math.min(1.55, Math.max(-1.2, Math.asin(arm.z / far) + (up * Math.PI) / 180));
    arm.set(Math.cos(high) * Math.cos(around), Math.cos(high) * Math.sin(around), Math.sin(high)).multiplyScalar(far);
    this.camera.position.copy(this.target).add(arm);
    this.aimed();
  }

  /** Look at the target from where one is, and ask for a picture of it. */
  aimed() {
    this.camera.lookAt(this.target);
    this.camera.updateMatrixWorld();
    this.ask();
  }

  /** Go nearer (below 1) or further off; what is under the spot stays there. */
  zoom(factor, x = this.place.clientWidth / 2, y = this.place.clientHeight / 2) {
    const away = this.camera.position.distanceTo(this.target);
    const size = this.box ? Math.hypot(this.box[3] - this.box[0], this.box[4] - this.box[1], this.box[5] - this.box[2]) : 100;
    const next = Math.min(size * 12, Math.max(0.15, away * factor)), real = next / away;
    const [right, up] = [x / this.place.clientWidth - 0.5, 0.5 - y / this.place.clientHeight];
    this.camera.position.sub(this.target).multiplyScalar(real).add(this.target);
    this.shift(right * this.camera.aspect * (1 / real - 1), up * (1 / real - 1));
  }

  /** Move the target sideways and up, in shares of the picture's height. */
  shift(right, up) {
    const wide = this.camera.position.distanceTo(this.target) * Math.tan((ANGLE_DEG / 2) * (Math.PI / 180)) * 2;
    const move = new Vector3().setFromMatrixColumn(this.camera.matrix, 0).multiplyScalar(right * wide)
      .addScaledVector(new Vector3().setFromMatrixColumn(this.camera.matrix, 1), up * wide);
    this.camera.position.add(move);
    this.target.add(move);
    this.aimed();
  }

  /** Tell where a place is on the canvas, in CSS pixels; `null` behind the camera. */
  spot(point) {
    const seen = new Vector3(...point).project(this.camera);
    if (seen.z > 1 || seen.z < -1) return null;
    return [((seen.x + 1) / 2) * this.place.clientWidth, ((1 - seen.y) / 2) * this.place.clientHeight];
  }

  /** The ray under a spot of the canvas. */
  ray(x, y) {
    const to = new Vector3((x / this.place.clientWidth) * 2 - 1, 1 - (y / this.place.clientHeight) * 2, 0.5).unproject(this.camera);
    const from = this.camera.position;
    return { from: from.toArray(), along: to.sub(from).normalize().toArray() };
  }

  dispose() {
    this.watch.disconnect();
    this.empty();
    this.hands.dispose();
    this.renderer.dispose();
    this.canvas.remove();
  }
}
