// What the page knows of a building: its elements by storey, sensors, defects, rooms and places.

import { ask } from "./ask.js";
import { floorAt } from "./spot.js";

/**
 * @typedef {object} Element
 * @property {string} id  ours, lasting; empty until the revision is matched
 * @property {number} step
 * @property {string} name
 * @property {string} kind  class as the file names it
 * @property {string} storey  GlobalId
 * @property {string} type
 * @property {string} space
 */

/** floors of the model and of the schema that differ by less are one */
const SAME_FLOOR_M = 0.5;
const WORST = ["none", "blue", "yellow", "orange", "red"];

export class Scene extends EventTarget {
  constructor({ scene, live }) {
    super();
    this.urls = { scene, live };
    this.elements = [];
    this.storeys = [];
    this.sensors = [];
    this.defects = [];
    this.schema = null;
  }

  /** @param {any} told  what the server says of a scene, or a promise of it */
  async load(told = ask(this.urls.scene)) {
    const body = await told;
    this.revision = body.revision;
    this.storeys = body.storeys;
    this.elements = body.elements.map(([id, step, name, kind, storey, , type, space]) => ({ id, step, name, kind: body.classes[kind], storey, type: body.types[type] ?? "", space: body.spaces[space] ?? "" }));
    this.byStep = new Map(this.elements.map((one) => [one.step, one]));
    this.byId = new Map(this.elements.filter((one) => one.id).map((one) => [one.id, one]));
    this.take(body);
  }

  take(body) {
    /** the server's time, ms */
    this.now = body.now;
    this.sensors = body.sensors;
    this.defects = body.defects;
    this.schema = body.schema;
    this.dispatchEvent(new Event("changed"));
  }

  /** Read again what changes from minute to minute. */
  async refresh() {
    this.take(await ask(this.urls.live));
  }

  /** Worst alert level of the sensors tied to each element, by its step. */
  levels() {
    const found = new Map();
    for (const sensor of this.sensors) for (const id of sensor.elements) {
      const element = this.byId.get(id);
      if (element && sensor.level > (found.get(element.step) ?? -1)) found.set(element.step, sensor.level);
    }
    return found;
  }

  /** How many elements have sensors of each level; 0: watched and calm. */
  counts() {
    const made = [0, 0, 0, 0, 0];
    for (const level of this.levels().values()) made[level]++;
    return made;
  }

  sensorsOf(id) {
    return id ? this.sensors.filter((sensor) => sensor.elements.includes(id)) : [];
  }

  defectsOf(id) {
    return id ? this.defects.filter((defect) => defect.element === id) : [];
  }

  sensor(id) {
    return this.sensors.find((one) => one.id === id);
  }

  /** Storeys of the model, or of the schema where there is none: the picker's first step. */
  floors() {
    if (this.storeys.length) return this.storeys;
    return (this.schema?.storeys ?? []).map((one) => ({ id: one.id, name: one.name, elevation: one.elevation_m }));
  }

  /** The storey whose floor is the last one at or below a height. */
  floorAt(z) {
    return floorAt(this.floors(), z);
  }

  /** Rooms of the schema on a storey; the model's storeys and the schema's meet by name or height. */
  roomsOn(id) {
    if (!this.schema) return [];
    const floor = this.storeys.find((one) => one.id === id);
    const own = new Set(floor ? this.schema.storeys.filter((one) => one.name === floor.name || Math.abs(one.elevation_m - floor.elevation) < SAME_FLOOR_M).map((one) => one.id) : [id]);
    return this.schema.rooms.filter((room) => own.has(room.storey_id));
  }
}

export const word = (level) => WORST[level] ?? "none";
