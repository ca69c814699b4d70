"""A channel's server for tests: answers as it is told to, and keeps what it was asked."""

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


@dataclass
class Answer:
    """What the server does next.

    Parameters
    ----------
    way
        `reply`; `hang`: read and say nothing; `drop`: read and close; `reset`: close at once with
        a TCP reset; `half`: promise more than is sent; `drip`: send byte by byte without end.

    """

    way: str = "reply"
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, content: Any, status: int = 200, **headers: str) -> "Answer":
        return cls(
            "reply",
            status,
            json.dumps(content, ensure_ascii=False).encode(),
            {"Content-Type": "application/json", **headers},
        )


@dataclass
class Asked:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Channel:
    """A running server; `answer` may be changed at any time."""

    url: str
    answer: Answer
    asked: list[Asked] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)


class _Handler(BaseHTTPRequestHandler):
    channel: Channel

    def do_POST(self) -> None:
        size = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(size)
        if len(body) < size:  # the sender died half-way: a real server takes nothing from it
            self.close_connection = True
            return
        self.channel.asked.append(
            Asked(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
        )
        answer = self.channel.answer
        self.close_connection = True
        match answer.way:
            case "hang":
                self.channel.over.wait(30)
            case "drop":
                pass
            case "reset":
                self.connection.setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00"
                )
                self.connection.close()
            case "half":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
            case "drip":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                with contextlib.suppress(OSError):
                    while not self.channel.over.wait(0.05):
                        self.wfile.write(b" ")
                        self.wfile.flush()
            case _:
                self.send_response_only(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base has it so
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients of these tests break off on purpose."""


@contextlib.contextmanager
def running_channel(certificate: Path | None = None) -> Iterator[Channel]:
    """Listen on a free port of 127.0.0.1, with TLS when a certificate (and key) is given."""
    channel = Channel("", Answer())
    handler = type("Handler", (_Handler,), {"channel": channel})
    server = _Server(("127.0.0.1", 0), handler)
    if certificate is not None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate)
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    scheme = "http" if certificate is None else "https"
    channel.url = f"{scheme}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield channel
    finally:
        channel.over.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
