/**
 * What is asked on a form, what is missing, and what the answers point to; the twin of
 * lifecycle/forms.py: both find the same faults.
 *
 * @typedef {{id: string, zh: string, en: string, severity: number}} Choice
 * @typedef {{item_id: string, values: string[]}} When
 * @typedef {{id: string, zh: string, en: string, kind: string, required: boolean,
 *   choices: Choice[], unit: string, low: number|null, high: number|null,
 *   attention: number|null, photos_min: number, photo_from_severity: number,
 *   hint_zh: string, hint_en: string, source: string, when: When|null}} Item
 * @typedef {{id: string, zh: string, en: string, items: Item[], when: When|null}} Part
 * @typedef {{id: string, version: number, parts: Part[], signatures: string[]}} Template
 * @typedef {{item_id: string, value?: number|string|null, note?: string,
 *   attachment_ids?: string[], defect_ids?: string[]}} Answer
 * @typedef {{item_id: string, code: string, wanted: string, came: string}} Fault
 */

export const TEXT_LENGTH_MAX = 20000;

/**
 * List the items that are asked, given the answers so far.
 *
 * @param {Template} template
 * @param {Iterable<Answer>} answers
 * @returns {Item[]}
 */
export function asked(template, answers) {
  const values = new Map([...answers].map((answer) => [answer.item_id, answer.value ?? null]));
  const open = new Map();
  const found = [];
  for (const part of template.parts) {
    if (!holds(part.when, open)) continue;
    for (const item of part.items) {
      if (!holds(item.when, open)) continue;
      found.push(item);
      open.set(item.id, values.get(item.id) ?? null);
    }
  }
  return found;
}

/**
 * Tell what is missing or cannot be; an empty list: the form is complete.
 *
 * @param {Template} template
 * @param {Answer[]} answers
 * @param {Record<string, number>} photos number of photos by item
 * @param {{members?: number, signed?: string[]}} [more]
 * @returns {Fault[]}
 */
export function faults(template, answers, photos, { members = 0, signed = [] } = {}) {
  const given = new Map(answers.map((answer) => [answer.item_id, answer]));
  const known = new Set(template.parts.flatMap((part) => part.items.map((item) => item.id)));
  const found = [...given.keys()]
    .filter((id) => !known.has(id))
    .map((id) => fault(id, "unknown item"));
  for (const item of asked(template, given.values())) {
    const answer = given.get(item.id) ?? { item_id: item.id };
    const one = faultOf(item, answer, members);
    if (one) found.push(one);
    const wanted = photosWanted(item, answer);
    const came = photos[item.id] ?? 0;
    if (came < wanted) found.push(fault(item.id, "photos missing", `${wanted}`, `${came}`));
  }
  for (const role of template.signatures) {
    if (!signed.includes(role)) found.push(fault(`signature:${role}`, "signature missing"));
  }
  return found;
}

/**
 * Tell how many photos an item asks for, given its answer.
 *
 * @param {Item} item
 * @param {Answer} answer
 */
export function photosWanted(item, answer) {
  let wanted = Math.max(item.photos_min, item.kind === "photo" && item.required ? 1 : 0);
  const severity = severityOfItem(item, answer.value ?? null);
  if (item.photo_from_severity && severity >= item.photo_from_severity) wanted = Math.max(wanted, 1);
  return wanted;
}

/**
 * Tell the worst severity among the answers that are asked, 0 to 4.
 *
 * @param {Template} template
 * @param {Answer[]} answers
 */
export function severityOf(template, answers) {
  const given = new Map(answers.map((answer) => [answer.item_id, answer]));
  return asked(template, given.values()).reduce(
    (worst, item) => Math.max(worst, severityOfItem(item, given.get(item.id)?.value ?? null)),
    0,
  );
}

/**
 * @param {Item} item
 * @param {Answer} answer
 * @param {number} members
 * @returns {Fault|null}
 */
function faultOf(item, answer, members) {
  const value = answer.value ?? null;
  const note = answer.note ?? "";
  if (length(note) > TEXT_LENGTH_MAX) return tooLong(item, note);
  if (item.kind === "photo") return null;
  if (item.kind === "members") return item.required && !members ? fault(item.id, "missing") : null;
  if (item.kind === "defects" && (answer.defect_ids ?? []).length) return null;
  if (value === null || value === "") return item.required ? fault(item.id, "missing") : null;
  if (item.kind === "choice") {
    const ids = item.choices.map((choice) => choice.id);
    const known = ids.some((id) => id === value);
    return known ? null : fault(item.id, "unknown choice", ids.join(", "), shown(value));
  }
  if (item.kind === "defects") {
    return value === "none" ? null : fault(item.id, "unknown choice", "none", shown(value));
  }
  if (item.kind === "number") return numberFault(item, value);
  if (typeof value !== "string") return fault(item.id, "not text", "", shown(value));
  return length(value) > TEXT_LENGTH_MAX ? tooLong(item, value) : null;
}

/**
 * @param {Item} item
 * @param {number|string} value
 * @returns {Fault|null}
 */
function numberFault(item, value) {
  if (typeof value === "string" || !Number.isFinite(value)) {
    return fault(item.id, "not a number", item.unit, shown(value));
  }
  if (value >= (item.low ?? -Infinity) && value <= (item.high ?? Infinity)) return null;
  const bounds = `${item.low ?? ""}…${item.high ?? ""} ${item.unit}`.trim();
  return fault(item.id, "out of range", bounds, shown(value));
}

/**
 * @param {string} itemId
 * @param {string} code
 * @param {string} [wanted]
 * @param {string} [came]
 * @returns {Fault}
 */
function fault(itemId, code, wanted = "", came = "") {
  return { item_id: itemId, code, wanted, came };
}

/** @param {Item} item @param {string} text */
function tooLong(item, text) {
  return fault(item.id, "too long", `${TEXT_LENGTH_MAX}`, `${length(text)}`);
}

/** @param {Item} item @param {number|string|null} value */
function severityOfItem(item, value) {
  return item.choices.find((choice) => choice.id === value)?.severity ?? 0;
}

/** @param {When|null} when @param {Map<string, number|string|null>} values */
function holds(when, values) {
  const value = when ? (values.get(when.item_id) ?? null) : null;
  return when === null || (typeof value === "string" && when.values.includes(value));
}

/** Characters as people count them, not halves of pairs. @param {string} text */
function length(text) {
  return [...text].length;
}

/** @param {number|string} value */
function shown(value) {
  return typeof value === "string" ? [...value].slice(0, 80).join("") : `${value}`;
}
