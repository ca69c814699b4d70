"""Publishes blocks of waveforms as fast as the other side takes them: QoS 1, MQTT 3.1.1.

A process of its own. Each sensor sends blocks of one second, 1,000 Hz, three axes, int16; the
samples are the same noise with a knock, the headers go on in time, so that blocks follow each
other as from real instruments.
"""

import argparse
import json
import socket
import struct
import time

import cbor2
import numpy as np

from benchmarks.ingest_load import packet, text

SENSORS = 32
RATE_HZ = 1000.0
COUNT = 1000
SAMPLES_A_BLOCK = 3 * COUNT
#: knocks in one of so many seconds of a sensor
_KNOCK_EVERY = 600


def topic_of(sensor: int) -> str:
    return f"anju/1/0/g-{sensor:04d}/wave"


def samples_of(knock: bool) -> bytes:
    rng = np.random.default_rng(20261123)
    quiet = rng.normal(0.0, 40.0, (COUNT, 3))
    if knock:
        at = np.arange(COUNT) / RATE_HZ - 0.5
        quiet += (9_000.0 * np.exp(-((at / 0.05) ** 2)) * np.cos(2 * np.pi * 20.0 * at))[:, None]
    return quiet.astype("<i2").tobytes()


QUIET, KNOCK = samples_of(knock=False), samples_of(knock=True)


def payload_of(block: int, start_ns: int) -> bytes:
    """Write block number `block`: sensors take turns."""
    second, sensor = divmod(block, SENSORS)
    return cbor2.dumps(
        {
            "boot": 1,
            "seq": second + 1,
            "c": "V1",
            "t": start_ns + second * 1_000_000_000,
            "hz": RATE_HZ,
            "axes": "xyz",
            "unit": "m/s²",
            "scale": 0.0005,
            "encoding": "i2",
            "samples": KNOCK if (second + sensor) % _KNOCK_EVERY == 20 else QUIET,
        }
    )


def publish(port: int, blocks: int, window: int, start_ns: int) -> float:
    """Publish and wait for every PUBACK; return the seconds that it took."""
    sock = socket.create_connection(("127.0.0.1", port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.sendall(packet(0x10, text("MQTT") + bytes([4, 2, 0, 0]) + text(f"load-{start_ns}")))
    if sock.recv(4)[3] != 0:
        raise RuntimeError("the other side refuses the load")
    topics = [text(topic_of(sensor)) for sensor in range(SENSORS)]
    start = time.monotonic()
    sent = acked = 0
    held = b""
    while acked < blocks:
        while sent < blocks and sent - acked < window:
            mid = struct.pack("!H", sent % 65_000 + 1)
            body = topics[sent % SENSORS] + mid + payload_of(sent, start_ns)
            sock.sendall(packet(0x32, body))
            sent += 1
        held += sock.recv(65536)
        acked += len(held) // 4
        held = held[len(held) // 4 * 4 :]
    seconds = time.monotonic() - start
    sock.sendall(b"\xe0\x00")
    sock.close()
    return seconds


def publish_each(port: int, blocks: int, window: int, start_ns: int) -> float:
    """Publish as the gateways themselves, a connection each; return the seconds that it took."""
    socks = []
    for sensor in range(SENSORS):
        sock = socket.create_connection(("127.0.0.1", port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        name = text(f"g-{sensor:04d}")
        sock.sendall(packet(0x10, text("MQTT") + bytes([4, 0x82, 0, 0]) + name + name))
        if sock.recv(4)[3] != 0:
            raise RuntimeError(f"the door refuses g-{sensor:04d}")
        socks.append(sock)
    topics = [text(topic_of(sensor)) for sensor in range(SENSORS)]
    unacked, held = [0] * SENSORS, [0] * SENSORS
    own = max(1, window // SENSORS)
    start = time.monotonic()
    for block in range(blocks):
        second, sensor = divmod(block, SENSORS)
        while unacked[sensor] >= own:
            _read_acks(socks[sensor], sensor, unacked, held)
        mid = struct.pack("!H", second % 65_000 + 1)
        socks[sensor].sendall(packet(0x32, topics[sensor] + mid + payload_of(block, start_ns)))
        unacked[sensor] += 1
    for sensor, sock in enumerate(socks):
        while unacked[sensor]:
            _read_acks(sock, sensor, unacked, held)
    seconds = time.monotonic() - start
    for sock in socks:
        sock.close()
    return seconds


def _read_acks(sock: socket.socket, sensor: int, unacked: list[int], held: list[int]) -> None:
    came = sock.recv(65536)
    if not came:
        raise RuntimeError("the door has hung up")
    acks, held[sensor] = divmod(held[sensor] + len(came), 4)
    unacked[sensor] -= acks


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--blocks", type=int, required=True)
    parser.add_argument("--window", type=int, default=400)
    parser.add_argument("--start-ns", type=int, required=True)
    parser.add_argument("--each", action="store_true", help="a connection for each gateway")
    given = parser.parse_args()
    send = publish_each if given.each else publish
    seconds = send(given.port, given.blocks, given.window, given.start_ns)
    print(json.dumps({"seconds": seconds, "cpu_s": time.process_time()}))


if __name__ == "__main__":
    main()
