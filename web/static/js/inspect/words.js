// Words in the reader's language, from the same catalogue as the pages.

const told = JSON.parse(document.getElementById("inspect-words")?.dataset.words ?? "{}");
const cookie = /(?:^|; )anju_language=(zh|en)/.exec(document.cookie);

export const language = cookie?.[1] ?? (told.zh ? "zh" : "en");
document.documentElement.lang = language === "zh" ? "zh-CN" : "en";

/**
 * Tell the text of a key, with its `{names}` filled in.
 *
 * @param {string} key
 * @param {Record<string, any>} [values]
 */
export function t(key, values = {}) {
  const text = told[language]?.[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

/** The text of something that bears both languages. */
export const own = (thing) => (language === "zh" ? thing.zh : thing.en);

const inChina = new Intl.DateTimeFormat("en", { timeZone: "Asia/Shanghai", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const parts = (at) => Object.fromEntries(inChina.formatToParts(at).map((part) => [part.type, part.value]));

/** Year, month and day, `2026-11-23`. */
export function dateOf(at) {
  const { year, month, day } = parts(new Date(at));
  return `${year}-${month}-${day}`;
}

/** A moment with its year, `2026-11-23 14:05`. */
export function fullOf(at) {
  const { hour, minute } = parts(new Date(at));
  return `${dateOf(at)} ${hour}:${minute}`;
}

/** A day, `11-23`; of another year with the year. */
export function dayOf(at) {
  const then = parts(new Date(at));
  const same = then.year === parts(new Date()).year;
  return `${same ? "" : `${then.year}-`}${then.month}-${then.day}`;
}

/** A moment, `11-23 14:05`. */
export function timeOf(at) {
  const then = parts(new Date(at));
  return `${dayOf(at)} ${then.hour}:${then.minute}`;
}

/** Bytes as people read them. */
export function sizeOf(bytes) {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`;
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
