// Follow the server's changes: one stream per page; when it breaks, say so and try again.

const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 15000;
const GATHER_MS = 150;
// a short break while the stream is opened again is not worth a word
const TELL_AFTER_MS = 1500;

/**
 * Follow a stream until the page is left.
 * @param {string} url
 * @param {(changes: {kind: string, building_id: string, object_id: string}[]) => void} changed
 *   told of all changes of a short while at once, and of an empty list after a break
 * @param {string[]} kinds  of changes that matter to the page
 */
export function follow(url, changed, kinds = ["alert", "notice"]) {
  const banner = document.getElementById("connection-lost");
  let source = null;
  let retryMs = FIRST_RETRY_MS;
  let gathered = [];
  let timer = 0;
  let telling = 0;
  let broken = false;

  const tell = () => {
    timer = 0;
    const changes = gathered;
    gathered = [];
    changed(changes);
  };
  const gather = (change) => {
    if (change) gathered.push(change);
    timer ||= setTimeout(tell, GATHER_MS);
  };
  const lost = () => {
    broken = true;
    telling ||= setTimeout(() => { if (banner) banner.hidden = false; }, TELL_AFTER_MS);
  };
  const open = () => {
    source = new EventSource(url);
    source.onopen = () => {
      retryMs = FIRST_RETRY_MS;
      clearTimeout(telling);
      telling = 0;
      if (banner) banner.hidden = true;
      if (broken) gather(null);
      broken = false;
    };
    source.onerror = () => {
      lost();
      // the browser gives up for good after an answer that is no stream; we do not
      if (source.readyState === EventSource.CLOSED) {
        setTimeout(open, retryMs);
        retryMs = Math.min(LAST_RETRY_MS, retryMs * 2);
      }
    };
    for (const kind of kinds) {
      source.addEventListener(kind, (event) => gather({ kind, ...JSON.parse(event.data) }));
    }
  };
  open();
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => { if (event.persisted) open(); });
}
