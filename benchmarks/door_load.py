"""Gateways that send as fast as the device door acknowledges: one reading a message, QoS 1.

A process of its own. Its packets are put together beforehand and its connections are plain
sockets, so that it costs the machine little; it counts PUBACKs, four bytes each. It prints
`ready`, waits for a line on standard input, and ends with one line of JSON.
"""

import argparse
import json
import selectors
import socket
import struct
import sys
import time

from benchmarks.ingest_load import packet, text

CHANNELS = 10
_CHUNK = 20  # messages sent at once


def gateway_id(number: int) -> str:
    return f"g-{number:04d}"


def payload_of(turn: int, start_ms: int) -> bytes:
    """Write a gateway's message number `turn`: five tilt points, both axes at one instant."""
    at_ms = start_ms + turn // CHANNELS * 1_000
    second, ms = divmod(at_ms, 1000)
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
    return b'{"boot":1,"seq":%d,"readings":[{"c":"T%d.%c","t":"%s.%03dZ","v":%.4f}]}' % (
        turn + 1,
        turn % CHANNELS // 2,
        b"xy"[turn % 2],
        at.encode(),
        ms,
        1.0 + turn % 7 * 1e-3,
    )


class Sender:
    """One gateway's connection."""

    def __init__(self, port: int, number: int, messages: int, version: int) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        name = text(gateway_id(number))
        properties = b"\0" if version == 5 else b""
        log_in = text("MQTT") + bytes([version, 0x82, 0, 0]) + properties + name + name
        self.sock.sendall(packet(0x10, log_in))
        answer = self.sock.recv(64)
        if answer[0] != 0x20 or answer[3]:
            raise RuntimeError(f"the door refuses {gateway_id(number)}: {answer.hex()}")
        self.sock.setblocking(False)
        self.messages, self.sent, self.acked = messages, 0, 0
        self._bytes = 0
        self._half = b""
        self.chunks: list[bytes] = []

    def fill(self, number: int, payloads: list[bytes], version: int) -> None:
        """Put its packets together."""
        topic = text(f"anju/1/0/{gateway_id(number)}/readings")
        properties = b"\0" if version == 5 else b""
        packets = [
            packet(0x32, topic + struct.pack("!H", turn % 65_000 + 1) + properties + payload)
            for turn, payload in enumerate(payloads)
        ]
        self.chunks = [b"".join(packets[at : at + _CHUNK]) for at in range(0, len(packets), _CHUNK)]

    def send(self, window: int) -> None:
        """Send what the window allows."""
        while self._half or (
            self.sent < self.messages and self.sent - self.acked <= window - _CHUNK
        ):
            data = self._half
            if not data:
                data = self.chunks[self.sent // _CHUNK]
                self.sent = min(self.sent + _CHUNK, self.messages)
            try:
                n = self.sock.send(data)
            except BlockingIOError:
                n = 0
            self._half = data[n:]
            if self._half:
                return

    def read(self) -> bool:
        """Count acknowledgements; tell whether all have come."""
        data = self.sock.recv(65_536)
        if not data:
            raise RuntimeError("the door closed a connection")
        self._bytes += len(data)
        self.acked = self._bytes // 4
        return self.acked >= self.messages


def run(port: int, gateways: int, messages: int, window: int, version: int) -> dict[str, float]:
    start_ms = int(time.time() * 1000) - 3_000_000
    each = messages // gateways
    payloads = [payload_of(turn, start_ms) for turn in range(each)]
    senders = [Sender(port, number, each, version) for number in range(gateways)]
    for number, sender in enumerate(senders):
        sender.fill(number, payloads, version)
    selector = selectors.DefaultSelector()
    for sender in senders:
        selector.register(sender.sock, selectors.EVENT_READ, sender)
    print("ready", flush=True)
    sys.stdin.readline()
    start, cpu = time.monotonic(), time.process_time()
    for sender in senders:
        sender.send(window)
    left = len(senders)
    while left:
        for key, _ in selector.select(0.05) or [(k, 0) for k in selector.get_map().values()]:
            sender = key.data
            try:
                done = sender.read()
            except BlockingIOError:
                done = False
            if done:
                left -= 1
                selector.unregister(sender.sock)
            else:
                sender.send(window)
    seconds = time.monotonic() - start
    return {
        "seconds": seconds,
        "cpu_s": time.process_time() - cpu,
        "acknowledged": sum(sender.acked for sender in senders),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--messages", type=int, required=True)
    parser.add_argument("--gateways", type=int, default=200)
    parser.add_argument("--window", type=int, default=200)
    parser.add_argument("--version", type=int, default=4)
    given = parser.parse_args()
    print(json.dumps(run(given.port, given.gateways, given.messages, given.window, given.version)))


if __name__ == "__main__":
    main()
