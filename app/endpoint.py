"""The demo's own receiver of notices: checks each signature and keeps what it accepted."""

import contextlib
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_BODY_BYTES_MAX = 1_000_000


@dataclass
class Endpoint:
    """What arrived, by notice id; a repeat of an id counts once.

    Parameters
    ----------
    url
        Where notices are to be sent.
    secret
        What they are signed with.

    """

    url: str
    secret: str
    accepted: dict[str, dict[str, Any]] = field(default_factory=dict)
    refused: int = 0


@contextlib.contextmanager
def running_endpoint(secret: str) -> Iterator[Endpoint]:
    """Listen on a free port of 127.0.0.1 until the block ends."""
    endpoint = Endpoint("", secret)
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = min(int(self.headers.get("Content-Length", 0)), _BODY_BYTES_MAX)
            body = self.rfile.read(size)
            if not signed(self.headers, body, secret):
                endpoint.refused += 1
                self.send_response(401)
                self.end_headers()
                return
            notice = json.loads(body)
            with lock:
                endpoint.accepted[notice["id"]] = notice
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            """Say nothing: the demo tells its own story."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    endpoint.url = f"http://127.0.0.1:{server.server_address[1]}/notices"
    thread = threading.Thread(target=server.serve_forever, daemon=True, name="endpoint")
    thread.start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def signed(headers: Any, body: bytes, secret: str) -> bool:
    """Check a webhook's signature; docs/alerts.md tells how it is made."""
    stamp = headers.get("X-Anju-Timestamp", "")
    given = headers.get("X-Anju-Signature", "")
    made = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(given, f"sha256={made}")
