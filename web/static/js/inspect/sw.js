// The service worker of /inspect/: the app itself is kept whole, a version at a time; what is taken
// along to visits is kept apart and outlives versions. Nothing that changes something goes through
// here: that is the outbox's.

/** Filled in by the server: `{version, files}`. */
const KEPT = JSON.parse("__KEPT__");
const APP = `anju-inspect-${KEPT.version}`;
const ALONG = "anju-along";
const SHELL = "/inspect/";

self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(APP);
    await cache.addAll(KEPT.files.map((file) => new Request(file, { cache: "no-cache", credentials: "same-origin" })));
  })());
});

// a new version waits: the page that is open goes on with the files that it began with
self.addEventListener("message", ({ data }) => { if (data === "go") self.skipWaiting(); });

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) {
      if (name.startsWith("anju-inspect-") && name !== APP) await caches.delete(name);
    }
    await self.clients.claim();
  })());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(shell(request));
  else if (url.pathname.startsWith("/static/")) event.respondWith(kept(request));
  else if (/^\/api\/v1\/(revisions\/[^/]+\/mesh|attachments\/[^/]+\/image)$/.test(url.pathname)) event.respondWith(along(request));
});

/** The page as this version kept it: with a weak signal half a new one would be no page at all. */
async function shell(request) {
  const cache = await caches.open(APP);
  return (await cache.match(SHELL, { ignoreSearch: true })) ?? fetch(request);
}

async function kept(request) {
  return (await caches.match(request)) ?? fetch(request);
}

async function along(request) {
  const cache = await caches.open(ALONG);
  return (await cache.match(request)) ?? fetch(request);
}
