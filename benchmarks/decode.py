"""How long a payload takes to become checked readings, beside readers that check nothing.

One native reading a message, a batch of messages at a time as the receiver has them, on one core
without a broker. "decode and validate" ends at typed values in their ranges, each key once;
"payload to a column" goes on through address, time, unit, physical range and flags to the batch
that the spool takes. The CPU time of the best of several runs counts, each peer in turn with us.

    python -m benchmarks.decode [--quick] [--json]
"""

import argparse
import gc
import time
from collections.abc import Callable, Sequence
from typing import Any

import cbor2
import orjson

from benchmarks.ingest_load import GATEWAYS, payload_of, topic_of
from benchmarks.ingest_receive import directory
from benchmarks.report import Figure, report, show
from ingest.decoders import native, native_many
from ingest.intake import Intake
from ingest.messages import Message
from ingest.settings import IngestSettings

READINGS_A_PACK = 50


def best_us(runs: int, readings: int, *works: Callable[[], object]) -> list[float]:
    """Run works in turn; give the least CPU µs a reading of each."""
    least = [float("inf")] * len(works)
    # what lies in memory for the benchmark's sake is not to be searched for garbage
    gc.collect()
    gc.freeze()
    for _ in range(runs):
        for i, work in enumerate(works):
            start = time.process_time()
            work()
            least[i] = min(least[i], time.process_time() - start)
    return [seconds / readings * 1e6 for seconds in least]


def batches_of(messages: Sequence[Message], size: int) -> list[Sequence[Message]]:
    return [messages[i : i + size] for i in range(0, len(messages), size)]


def natively(n: int, runs: int, batch: int) -> list[Figure]:
    """One native reading a message."""
    now_ns = time.time_ns()
    start_ms = now_ns // 1_000_000 - 3_000_000
    messages = [Message(topic_of(i % GATEWAYS), payload_of(i, start_ms), now_ns) for i in range(n)]
    known = directory()
    intake = Intake(lambda: known, IngestSettings())
    batches = batches_of(messages, batch)
    payloads = [[message.payload for message in batch] for batch in batches]
    came = [intake.arrivals(batch) for batch in batches]
    if sum(len(one.batch) for one in came) != n:
        raise RuntimeError("a reading of the benchmark was refused")

    def bare() -> None:
        for some in payloads:
            for payload in some:
                orjson.loads(payload)

    def checked() -> None:
        for some in payloads:
            if native_many.read_many(some) is None:
                raise RuntimeError("a payload of the benchmark is not plain")

    def alone() -> None:
        for some in payloads:
            for payload in some:
                native.decode(payload)

    def to_columns() -> None:
        for some in batches:
            intake.arrivals(some)

    orjson_us, checked_us, alone_us, column_us = best_us(runs, n, bare, checked, alone, to_columns)
    peer = ("orjson.loads, nothing checked", orjson_us)
    return [
        Figure("decode and validate, native JSON", checked_us, "µs", peer, "<= 1.0", "ratio"),
        Figure("the same, each message alone", alone_us, "µs", peer),
        Figure("payload to a column, native JSON", column_us, "µs", peer, "<= 1.0", "ratio"),
    ]


def in_packs(n: int, runs: int) -> list[Figure]:
    """Fifty readings a message in each of the other payloads."""
    now_ns = time.time_ns()
    start_s = now_ns // 10**9 - 3_000
    known = directory()
    intake = Intake(lambda: known, IngestSettings())
    figures = []
    for name, topic, write, peer_name, peer in _FORMS:
        packs = []
        for i in range(n // READINGS_A_PACK):
            rows = [(f"T{k % 10}.x", start_s + k // 10, 1.0 + k % 7 * 0.25)
                    for k in range(READINGS_A_PACK)]  # fmt: skip
            packs.append(Message(f"anju/1/0/g-{i % GATEWAYS:04d}/{topic}", write(rows, i), now_ns))
        batches = batches_of(packs, 100)
        if sum(len(intake.arrivals(batch).batch) for batch in batches) != n:
            raise RuntimeError(f"a reading of the benchmark was refused: {name}")

        def bare(packs: list[Message] = packs, peer: Callable[[bytes], Any] = peer) -> None:
            for message in packs:
                peer(message.payload)

        def to_columns(batches: list[Sequence[Message]] = batches) -> None:
            for some in batches:
                intake.arrivals(some)

        bare_us, column_us = best_us(runs, n, bare, to_columns)
        figures.append(
            Figure(f"payload to a column, {name}", column_us, "µs", (peer_name, bare_us))
        )
    return figures


Rows = list[tuple[str, int, float]]


def _native(rows: Rows, number: int) -> dict[str, Any]:
    readings = [{"c": c, "t": s * 1000, "v": v} for c, s, v in rows]
    return {"boot": 1, "seq": number // GATEWAYS * len(rows), "readings": readings}


def _nested(rows: Rows) -> dict[str, Any]:
    devices: dict[str, Any] = {}
    for address, second, value in rows:
        at = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(second))
        device, point = address.split(".")
        devices.setdefault(device, {}).setdefault(point, {})[at] = value
    return devices


def _telemetry(rows: Rows) -> dict[str, Any]:
    devices: dict[str, Any] = {}
    for address, second, value in rows:
        device, key = address.split(".")
        entry = {"ts": second * 1000, "values": {key: value}}
        devices.setdefault(device, []).append(entry)
    return devices


def _senml(rows: Rows) -> list[dict[str, Any]]:
    return [{"n": c, "t": s, "v": v} for c, s, v in rows]


#: payload, topic, how it is written, its peer
_FORMS: list[tuple[str, str, Callable[[Rows, int], bytes], str, Callable[[bytes], Any]]] = [
    ("native JSON, 50 a message", "readings", lambda r, i: orjson.dumps(_native(r, i)),
     "orjson.loads", orjson.loads),
    ("native CBOR, 50 a message", "readings/cbor", lambda r, i: cbor2.dumps(_native(r, i)),
     "cbor2.loads", cbor2.loads),
    ("SenML JSON, 50 a pack", "senml", lambda r, _: orjson.dumps(_senml(r)),
     "orjson.loads", orjson.loads),
    ("SenML CBOR, 50 a pack", "senml",
     lambda r, _: cbor2.dumps([{0: d["n"], 6: d["t"], 2: d["v"]} for d in _senml(r)]),
     "cbor2.loads", cbor2.loads),
    ("DZ/T, 50 a message", "dzt", lambda r, _: orjson.dumps(_nested(r)),
     "orjson.loads", orjson.loads),
    ("ThingsBoard, 50 a message", "thingsboard", lambda r, _: orjson.dumps(_telemetry(r)),
     "orjson.loads", orjson.loads),
]  # fmt: skip


def figures(quick: bool) -> list[Figure]:
    """Measure; `quick` takes 20,000 readings instead of 100,000, and fewer turns."""
    n, runs = (20_000, 7) if quick else (100_000, 15)
    return [*natively(n, runs, IngestSettings().batch_messages), *in_packs(n // 5, runs)]


def run(quick: bool) -> dict[str, Any]:
    """Measure."""
    return report("decode", figures(quick))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--quick", action="store_true", help="a short form, under a minute")
    given = parser.parse_args()
    show(run(given.quick), as_json=given.json)


if __name__ == "__main__":
    main()
