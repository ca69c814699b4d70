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


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--blocks", type=int, required=True)
    parser.add_argument("--window", type=int, default=400)
    parser.add_argument("--start-ns", type=int, required=True)
    given = parser.parse_args()
    seconds = publish(given.port, given.blocks, given.window, given.start_ns)
    print(json.dumps({"seconds": seconds, "cpu_s": time.process_time()}))


if __name__ == "__main__":
    main()
