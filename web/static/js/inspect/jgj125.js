/**
 * The counter of JGJ 125-2016 on the phone; the twin of domain/jgj125.py, same numbers.
 *
 * It computes what somebody enters. Only a signed appraisal sets a grade.
 *
 * @typedef {{kind: string, tenths: number, foundation: boolean, zh: string, en: string}} Weight
 * @typedef {{weights: Weight[], local_permille: number, whole_permille: number, du_share: number,
 *   storeys_direct: number}} Rules
 * @typedef {{storey: number, kind: string, total: number, dangerous: number}} Member
 * @typedef {{storey: number, dangerous_tenths: number, total_tenths: number, ratio: number,
 *   grade: string}} Layer
 * @typedef {{layers: Layer[], ratio: number|null, du_layers: number, du_layers_max: number,
 *   computed: string|null, rule: string, missing: number[], direct: boolean}} Tally
 */

const COUNT_MAX = 100000;
const FOUNDATION_STOREY = 0;

/** What cannot be: the field at fault, what was wanted and what came. */
export class WrongCount extends Error {
  /**
   * @param {string} field
   * @param {string} text
   */
  constructor(field, text) {
    super(text);
    this.field = field;
  }
}

/**
 * Count a house.
 *
 * @param {Member[]} members
 * @param {number} storeysAbove
 * @param {number} storeysBelow
 * @param {boolean} soilDangerous
 * @param {Rules} rules
 * @returns {Tally}
 */
export function tally(members, storeysAbove, storeysBelow, soilDangerous, rules) {
  within("storeys_above", storeysAbove, 1, 200);
  within("storeys_below", storeysBelow, 0, 10);
  const weights = new Map(rules.weights.map((weight) => [weight.kind, weight]));
  /** @type {Map<number, [number, number]>} */
  const counted = new Map();
  const whole = [0, 0];
  for (const member of members) {
    const weight = weightOf(member, weights, storeysAbove, storeysBelow);
    const share = member.storey === FOUNDATION_STOREY ? 1 : weight.tenths;
    const layer = counted.get(member.storey) ?? [0, 0];
    counted.set(member.storey, [
      layer[0] + share * member.dangerous,
      layer[1] + share * member.total,
    ]);
    whole[0] += weight.tenths * member.dangerous;
    whole[1] += weight.tenths * member.total;
  }
  const layers = [...counted]
    .filter(([, [, total]]) => total > 0)
    .sort(([one], [other]) => fromBelow(one) - fromBelow(other))
    .map(([storey, [dangerous, total]]) => layerOf(storey, dangerous, total, rules));
  const duLayers = layers.filter((layer) => layer.grade === "Du").length;
  const every = storeysAbove + storeysBelow + 1;
  const [computed, rule] = computedClass(whole[0], whole[1], duLayers, every, soilDangerous, rules);
  const there = new Set(layers.map((layer) => layer.storey));
  const wanted = [FOUNDATION_STOREY];
  for (let storey = -storeysBelow; storey <= storeysAbove; storey += 1) {
    if (storey !== FOUNDATION_STOREY) wanted.push(storey);
  }
  return {
    layers,
    ratio: whole[1] ? whole[0] / whole[1] : null,
    du_layers: duLayers,
    du_layers_max: every / rules.du_share,
    computed,
    rule,
    missing: wanted.filter((storey) => !there.has(storey)),
    direct: storeysAbove + storeysBelow <= rules.storeys_direct,
  };
}

/**
 * @param {number} dangerous
 * @param {number} total
 * @param {number} duLayers
 * @param {number} every
 * @param {boolean} soilDangerous
 * @param {Rules} rules
 * @returns {[string|null, string]}
 */
function computedClass(dangerous, total, duLayers, every, soilDangerous, rules) {
  if (soilDangerous) return ["computed D", "soil"];
  if (!total) return [null, ""];
  if (!dangerous) return ["computed A", "none dangerous"];
  if (1000 * dangerous >= rules.whole_permille * total) return ["computed D", "whole"];
  if (1000 * dangerous >= rules.local_permille * total) {
    const few = rules.du_share * duLayers <= every;
    return few ? ["computed C", "local"] : ["computed D", "too many Du"];
  }
  return duLayers ? ["computed C", "few but Du"] : ["computed B", "few"];
}

/**
 * @param {number} storey
 * @param {number} dangerous
 * @param {number} total
 * @param {Rules} rules
 * @returns {Layer}
 */
function layerOf(storey, dangerous, total, rules) {
  let grade = "Du";
  if (!dangerous) grade = "Au";
  else if (1000 * dangerous < rules.local_permille * total) grade = "Bu";
  else if (1000 * dangerous < rules.whole_permille * total) grade = "Cu";
  const ratio = dangerous / total;
  return { storey, dangerous_tenths: dangerous, total_tenths: total, ratio, grade };
}

/**
 * @param {Member} member
 * @param {Map<string, Weight>} weights
 * @param {number} above
 * @param {number} below
 * @returns {Weight}
 */
function weightOf(member, weights, above, below) {
  const weight = weights.get(member.kind);
  if (!weight) throw new WrongCount("kind", `kind ${member.kind}`);
  if (weight.foundation !== (member.storey === FOUNDATION_STOREY)) {
    throw new WrongCount("storey", `storey ${member.storey} of ${member.kind}`);
  }
  within("storey", member.storey, -below, above);
  within("total", member.total, 0, COUNT_MAX);
  if (!(member.dangerous >= 0 && member.dangerous <= member.total)) {
    throw new WrongCount("dangerous", `dangerous 0 to ${member.total}, got ${member.dangerous}`);
  }
  return weight;
}

/**
 * @param {string} name
 * @param {number} value
 * @param {number} low
 * @param {number} high
 */
function within(name, value, low, high) {
  if (!(Number.isInteger(value) && value >= low && value <= high)) {
    throw new WrongCount(name, `${name} ${low} to ${high}, got ${value}`);
  }
}

/** The foundation first, then from the lowest basement up. @param {number} storey */
function fromBelow(storey) {
  return storey === FOUNDATION_STOREY ? -1000 : storey;
}
