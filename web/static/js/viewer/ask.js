// Ask the server for something, or for a change; a refusal is an error that says why.

const API = "/api/v1";

/** What the server did not accept, in its words. */
export class Refused extends Error {
  /** @param {string} [code]  a stable word for the reason, such as `too large` */
  constructor(status, detail, code = "") {
    super(detail || String(status));
    this.status = status;
    this.code = code;
  }
}

export function headers() {
  return JSON.parse(document.body.getAttribute("hx-headers") ?? "{}");
}

async function read(answer) {
  const json = answer.headers.get("Content-Type")?.includes("json");
  const body = json ? await answer.json() : await answer.text();
  if (!answer.ok) {
    const wrong = json && Array.isArray(body.errors) ? body.errors.map((e) => e.detail ?? e.msg ?? e.message ?? "").join(" ") : "";
    throw new Refused(answer.status, json ? [body.detail ?? body.title, wrong].filter(Boolean).join(" ") : "");
  }
  return body;
}

/** @returns {Promise<any>} */
export async function ask(path, accept = "application/json") {
  return read(await fetch(path, { headers: { Accept: accept } }));
}

/** Change something through the API; `version` is the one that was read, of what is there already. */
export async function change(method, path, body, version) {
  const sent = { ...headers(), Accept: "application/json" };
  if (version) sent["If-Match"] = `"${version}"`;
  if (body !== undefined) sent["Content-Type"] = "application/json";
  return read(await fetch(API + path, { method, headers: sent, body: body === undefined ? undefined : JSON.stringify(body) }));
}

/** Send a file and tell how much of it has gone. */
export function upload(path, form, told, method = "POST") {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.open(method, API + path);
    request.responseType = "json";
    for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => { if (event.lengthComputable) told(event.loaded, event.total); };
    request.onerror = () => failed(new Refused(0, ""));
    request.onload = () => {
      const body = request.response ?? {};
      if (request.status < 300) done(body);
      else failed(new Refused(request.status, body.detail ?? body.title ?? "", body.code));
    };
    request.send(form);
  });
}

/** An id made here, so that telling something twice keeps it once. */
export function fresh() {
  if (crypto.randomUUID) return crypto.randomUUID().replaceAll("-", "");
  return [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
}
