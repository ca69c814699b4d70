// Talk with the server; each way in which it can go wrong is an error of its own.

/** No answer came, or one that says "later": try again. */
export class Away extends Error {
  /** @param {string} text @param {boolean} [answered]  the server is there, only this did not work */
  constructor(text, answered = false) {
    super(text);
    this.answered = answered;
  }
}
/** Nobody is logged in (any more). */
export class LoggedOut extends Error {}
/** It was understood and refused; trying the same again is no use. */
export class Refused extends Error {
  constructor(status, problem) {
    super([problem?.detail ?? problem?.title, ...(problem?.errors ?? []).map((one) => one.detail ?? one.msg ?? "")].filter(Boolean).join(" ") || String(status));
    this.status = status;
    this.problem = problem ?? {};
  }
}

/** how far this phone's clock is ahead of the server's, ms, as the last answer told */
let ahead = 0;
export const clockAhead = () => ahead;

const API = "/api/v1";
const LIMIT_MS = 30000;
let csrf = "";
/** user whose session the token is of */
let holder = "";

/**
 * Ask for something, or for a change.
 *
 * @param {string} method
 * @param {string} path under the API
 * @param {{json?: any, bytes?: Blob|ArrayBuffer, headers?: Record<string, string>, limit?: number, as?: string}} [more]
 *   `as`: id of the user whose work it is; it never goes out in another's name
 * @returns {Promise<{status: number, data: any, headers: Headers}>}
 */
export async function ask(method, path, { json, bytes, headers = {}, limit = LIMIT_MS, as = "" } = {}) {
  if (method !== "GET" && (!csrf || (as && as !== holder))) await whoAmI();
  if (as && as !== holder) throw new LoggedOut();
  // the token is the session's: should somebody else have logged in meanwhile, the server says 403
  let answer = await once(method, path, json, bytes, headers, limit);
  if (answer.status === 403 && method !== "GET") {
    const before = csrf;
    await whoAmI();
    if (as && as !== holder) throw new LoggedOut();
    // a new session has another token; the same one means that it is truly not allowed
    if (csrf !== before) answer = await once(method, path, json, bytes, headers, limit);
  }
  if (answer.status === 401) throw new LoggedOut();
  const told = answer.headers.get("Content-Type")?.includes("json");
  let data = null;
  try {
    data = told ? await answer.json() : null;
  } catch {
    throw new Away("the answer broke off");
  }
  if (answer.status === 429 || answer.status >= 500) throw new Away(data?.detail ?? String(answer.status), true);
  if (!answer.ok && answer.status !== 304) throw new Refused(answer.status, data);
  return { status: answer.status, data, headers: answer.headers };
}

async function once(method, path, json, bytes, headers, limit) {
  const sent = { ...headers };
  if (method !== "GET") sent["X-CSRF-Token"] = csrf;
  if (json !== undefined) sent["Content-Type"] = "application/json";
  try {
    const answer = await fetch(API + path, {
      method, headers: sent, body: json === undefined ? bytes : JSON.stringify(json),
      signal: AbortSignal.timeout(limit), cache: "no-store", credentials: "same-origin",
    });
    const there = Date.parse(answer.headers.get("Date") ?? "");
    if (Number.isFinite(there)) ahead = Date.now() - there;
    return answer;
  } catch (error) {
    throw new Away(String(error));
  }
}

/** Tell who is logged in: `{user_id, name, language, actions}`. */
export async function whoAmI() {
  const answer = await once("GET", "/session", undefined, undefined, {}, LIMIT_MS);
  if (answer.status === 401) throw new LoggedOut();
  if (!answer.ok) throw new Away(String(answer.status));
  const me = await answer.json();
  csrf = me.csrf ?? "";
  holder = me.user_id;
  return me;
}
