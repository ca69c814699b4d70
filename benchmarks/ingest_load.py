"""Publishes readings as fast as the broker takes them: one reading a message, QoS 1, MQTT 3.1.1.

A process of its own. Its packets are put together by hand, so that it costs the machine little.
"""

import argparse
import json
import socket
import struct
import time
from collections.abc import Iterator

GATEWAYS = 100
CHANNELS = 10


def topic_of(gateway: int) -> str:
    return f"anju/1/0/g-{gateway:04d}/readings"


def packet(kind: int, body: bytes) -> bytes:
    """Put a packet together."""
    size, length = len(body), bytearray()
    while True:
        size, digit = divmod(size, 128)
        length.append(digit | (0x80 if size else 0))
        if not size:
            return bytes([kind]) + length + body


def text(plain: str) -> bytes:
    """Write a text with its length."""
    data = plain.encode()
    return struct.pack("!H", len(data)) + data


def payload_of(number: int, start_ms: int, boot: int = 1) -> bytes:
    """Write message `number`: gateways take turns, each goes through its channels."""
    turn = number // GATEWAYS
    at_ms = start_ms + turn
    second, ms = divmod(at_ms, 1000)
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
    return b'{"boot":%d,"seq":%d,"readings":[{"c":"T%d.x","t":"%s.%03dZ","v":%.4f}]}' % (
        boot,
        turn + 1,
        turn % CHANNELS,
        at.encode(),
        ms,
        1.0 + turn % 1000 * 1e-3,
    )


def _packets(messages: int, start_ms: int, boot: int = 1) -> Iterator[bytes]:
    topics = [text(topic_of(gateway)) for gateway in range(GATEWAYS)]
    for number in range(messages):
        mid = struct.pack("!H", number % 65_000 + 1)
        yield packet(0x32, topics[number % GATEWAYS] + mid + payload_of(number, start_ms, boot))


def publish(port: int, messages: int, window: int, start_ms: int) -> float:
    """Publish and wait for every PUBACK; return the seconds that it took."""
    sock = socket.create_connection(("127.0.0.1", port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.sendall(packet(0x10, text("MQTT") + bytes([4, 2, 0, 0]) + text(f"load-{start_ms}")))
    if sock.recv(4)[3] != 0:
        raise RuntimeError("the broker refuses the load")
    blocks = list(_packets(min(messages, 400_000), start_ms))  # ready-made as memory allows
    more = iter(_packets(messages, start_ms)) if messages > len(blocks) else None
    start = time.monotonic()
    sent = acked = 0
    held = b""
    while acked < messages:
        n = min(window - (sent - acked), messages - sent, 500)
        if n > 0 and (n >= 100 or sent + n == messages):
            if more is None:
                block = b"".join(blocks[sent : sent + n])
            else:
                block = b"".join(next(more) for _ in range(n))
            sock.sendall(block)
            sent += n
            if sent - acked < window and sent < messages:
                continue
        held += sock.recv(65536)
        acked += len(held) // 4
        held = held[len(held) // 4 * 4 :]
    seconds = time.monotonic() - start
    sock.sendall(b"\xe0\x00")
    sock.close()
    return seconds


def publish_slowly(port: int, messages: int, start_ms: int, rate: float, boot: int) -> float:
    """Publish at a steady rate; acknowledgements are read and not waited for."""
    sock = socket.create_connection(("127.0.0.1", port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.sendall(packet(0x10, text("MQTT") + bytes([4, 2, 0, 0]) + text(f"slow-{start_ms}")))
    sock.recv(4)
    sock.setblocking(False)
    start = time.monotonic()
    packets = _packets(messages, start_ms, boot)
    sent = acked = 0
    while acked < 4 * messages and time.monotonic() - start < messages / rate + 60:
        due = min(messages, int((time.monotonic() - start) * rate) + 1) - sent
        if due > 0:
            sock.setblocking(True)
            sock.sendall(b"".join(next(packets) for _ in range(due)))
            sock.setblocking(False)
            sent += due
        try:
            acked += len(sock.recv(65536))
        except BlockingIOError:
            time.sleep(0.02)
    sock.setblocking(True)
    sock.sendall(b"\xe0\x00")
    sock.close()
    return time.monotonic() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--messages", type=int, required=True)
    parser.add_argument("--window", type=int, default=2000)
    parser.add_argument("--start-ms", type=int, required=True)
    parser.add_argument("--rate", type=float, default=0.0, help="messages/s; 0: all it takes")
    parser.add_argument("--boot", type=int, default=1)
    given = parser.parse_args()
    if given.rate:
        seconds = publish_slowly(given.port, given.messages, given.start_ms, given.rate, given.boot)
        print(json.dumps({"seconds": seconds}))
        return
    seconds = publish(given.port, given.messages, given.window, given.start_ms)
    cpu = time.process_time()
    print(json.dumps({"seconds": seconds, "cpu_s": cpu}))


if __name__ == "__main__":
    main()
