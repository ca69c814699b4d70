"""How many samples a second are received, safe on disk, and worked out into stored features.

Blocks of one second, 1,000 Hz, three axes, int16, QoS 1. In process: decoded and featured, no
disk. Through mosquitto: broker, load and house share the machine; the clock runs from the first
block to the last feature in the readings store and judged, events kept in files on the way.
Through the device door likewise, a connection for each gateway.

    python -m benchmarks.wave [--quick] [--json]
"""

import argparse
import contextlib
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from analytics.limits import load_profile
from analytics.vibration import VibrationSettings, features_of
from app.house import House, Role
from app.logs import set_up_logs
from benchmarks.chain import ROOT, cpu_s_of
from benchmarks.ingest_apart import DOOR, Apart, settings_in
from benchmarks.report import Figure, report, show
from benchmarks.wave_load import SAMPLES_A_BLOCK, SENSORS, payload_of, topic_of
from domain.buildings import Building
from domain.clock import SECOND_NS
from domain.sensors import Channel, Gateway, Sensor
from domain.waves import FEATURE_AXES, WAVE_AXIS
from ingest.directory import Directory
from ingest.intake import Intake
from ingest.messages import Message
from ingest.settings import IngestSettings
from tests.servers.mosquitto import start

_UNITS = {"peak_velocity": "mm/s", "frequency": "Hz", "velocity_rms": "mm/s", "kurtosis": "1"}
_AT_ONCE = 250
_WAIT_S = 120.0


def channels_of(sensor: int) -> list[Channel]:
    """List a sensor's channels: its waveform and what comes of it."""
    own, box = f"v-{sensor}", f"g-{sensor:04d}"
    made = [
        Channel(f"{own}.wave", own, box, "V1", "acceleration", "m/s²", WAVE_AXIS, interval_s=60)
    ]
    for kind, axis in FEATURE_AXES.items():
        for letter in ("", ".x", ".y", ".z"):
            name = f"{axis}{letter}"
            made.append(
                Channel(f"{own}.{name}", own, box, f"V1.{name}", kind, _UNITS[kind], name, 60)
            )
    return made


def start_of(blocks: int) -> int:
    """Tell a moment from which so many blocks end about now."""
    return (time.time_ns() // SECOND_NS - blocks // SENSORS - 5) * SECOND_NS


def in_process(blocks: int) -> dict[str, float]:
    """Decode blocks and work out their features, without broker and disk."""
    boxes = [Gateway(f"g-{sensor:04d}", f"g-{sensor}") for sensor in range(SENSORS)]
    pairs = [(box, c) for n, box in enumerate(boxes) for c in channels_of(n)]
    known = Directory(pairs, 0)
    intake = Intake(lambda: known, IngestSettings())
    settings = VibrationSettings.from_profile(load_profile())
    start_ns, now_ns = start_of(blocks), time.time_ns()
    messages = [
        Message(topic_of(n % SENSORS), payload_of(n, start_ns), now_ns) for n in range(blocks)
    ]
    decoding_s = cpu_s = seconds = 0.0
    for first in range(0, blocks, _AT_ONCE):
        began, used = time.monotonic(), time.process_time()
        arrivals = intake.arrivals(messages[first : first + _AT_ONCE])
        decoding_s += time.monotonic() - began
        found = features_of([block for _, block in arrivals.waves], settings)
        seconds += time.monotonic() - began
        cpu_s += time.process_time() - used
        if len(found) != min(_AT_ONCE, blocks - first):
            raise RuntimeError(f"{len(found)} blocks came through: {arrivals.refused[:1]}")
    return {"seconds": seconds, "decoding_s": decoding_s, "cpu_s": cpu_s}


def house_in(folder: Path, url: str) -> House:
    """Make a house with a sensor in each of some buildings."""
    house = House(settings_in(folder, url), frozenset({Role.ANALYSE}))
    folder.mkdir(parents=True)
    register = house.records.register
    for sensor in range(SENSORS):
        register.put_building(
            Building(f"b-{sensor}", f"DEMO-{sensor}", f"示例 {sensor} 号楼", "", "360102", "", "",
                     115.9, 28.7, storeys_above=6, height_m=18.0), "bench",
        )  # fmt: skip
        register.put_gateway(Gateway(f"g-{sensor:04d}", f"g-{sensor}"), "bench")
        register.put_sensor(
            Sensor(f"v-{sensor}", f"b-{sensor}", f"g-{sensor:04d}", "V1", "vibration", storey=1),
            "bench",
        )
        for channel in channels_of(sensor):
            register.put_channel(channel, "bench")
    return house


def through_the_broker(folder: Path, blocks: int) -> dict[str, float]:
    """Publish blocks over mosquitto into a house; wait until all is stored and judged."""
    with start(folder / "mosquitto") as broker:
        url = f"mqtt://127.0.0.1:{broker.port}"
        with _running(folder / "house", url) as (house, ingest):
            before_s = cpu_s_of(broker.pid)
            came = _taken_in(house, ingest, blocks, broker.port)
            return came | {"broker_cpu_s": cpu_s_of(broker.pid) - before_s}


def through_the_door(folder: Path, blocks: int) -> dict[str, float]:
    """Publish blocks to the device door of a house likewise."""
    with _running(folder / "house", DOOR) as (house, ingest):
        return _taken_in(house, ingest, blocks, int(ingest.port), "--each")


@contextlib.contextmanager
def _running(folder: Path, url: str) -> Iterator[tuple[House, Apart]]:
    """Run a house in two processes, as `anju up` does."""
    house = house_in(folder, url)
    ingest = Apart(folder, url)
    try:
        house.start()
        yield house, ingest
    finally:
        ingest.close()
        house.stop()


def _taken_in(house: House, ingest: Apart, blocks: int, port: int, *more: str) -> dict[str, float]:
    """Run the load, and wait until all of it is stored and judged."""
    used, began, first = cpu_s_of(os.getpid()) + ingest.cpu_s, time.monotonic(), 0.0
    load = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.wave_load", "--port", str(port),
         "--blocks", str(blocks), "--start-ns", str(start_of(blocks)), *more],
        stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    while True:
        counted = ingest.figures()  # first: what is counted is in the spool by now
        if not first and counted["messages"]:
            first = time.monotonic()
        stored = counted["stored"]
        head = house.spool.head()
        cursors = min(house.spool.cursor("stored"), house.spool.cursor("judged"))
        if stored >= blocks and cursors == head:
            break
        if time.monotonic() - began > _WAIT_S or house.failed is not None:
            raise RuntimeError(f"only {stored:.0f} of {blocks} blocks came through")
        time.sleep(0.02)
    seconds = time.monotonic() - (first or began)
    done = json.loads(load.communicate()[0])
    in_store = sum(
        len(house.readings.between(f"v-{sensor}.ppv.x", 0, 2**62)) for sensor in range(SENSORS)
    )
    return {
        "seconds": seconds,
        "load_s": done["seconds"],
        "cpu_s": cpu_s_of(os.getpid()) + ingest.cpu_s - used,
        "in_store": in_store,
        "kept": dict(house.wave_desk.health().figures)["kept"],
        "rows": float(head),
    }


def figures(quick: bool) -> list[Figure]:
    """Measure; `quick` takes 3 M samples each way instead of 30 M and 20 M."""
    set_up_logs("text", logging.WARNING)  # to standard error: standard output is the report's
    alone, over = (1_000, 1_000) if quick else (10_000, 6_667)
    inside = in_process(alone)
    rate = alone * SAMPLES_A_BLOCK / inside["seconds"]
    found = [
        Figure("samples/s decoded and featured, in process", rate, "1/s"),
        Figure(
            "CPU a sample, decoded and featured",
            inside["cpu_s"] / alone / SAMPLES_A_BLOCK * 1e9,
            "ns",
        ),
        Figure("share of decoding", inside["decoding_s"] / inside["seconds"], ""),
    ]
    with tempfile.TemporaryDirectory(prefix="anju-bench-") as name:
        came = through_the_broker(Path(name), over)
    samples = over * SAMPLES_A_BLOCK
    found += [
        Figure(
            "samples/s received and featured through the broker",
            samples / came["seconds"],
            "1/s",
            ("the load's own pace into the broker", samples / came["load_s"]),
            ">= 4000000",
        ),
        Figure("features missing", over - came["in_store"], "blocks", goal="== 0"),
        Figure("CPU a sample, house", came["cpu_s"] / samples * 1e9, "ns"),
        Figure("CPU a sample, broker", came["broker_cpu_s"] / samples * 1e9, "ns"),
        Figure("blocks a sync", over / came["rows"], "blocks"),
        Figure("blocks kept in files", came["kept"], "blocks"),
    ]
    with tempfile.TemporaryDirectory(prefix="anju-bench-") as name:
        door = through_the_door(Path(name), over)
    found += [
        Figure(
            "samples/s received and featured through the door",
            samples / door["seconds"],
            "1/s",
            ("acknowledged, samples/s", samples / door["load_s"]),
            ">= 10000000",
        ),
        Figure("features missing, door", over - door["in_store"], "blocks", goal="== 0"),
        Figure("CPU a sample, house with the door", door["cpu_s"] / samples * 1e9, "ns"),
    ]
    return found


def run(quick: bool) -> dict[str, Any]:
    """Measure."""
    return report("wave", figures(quick))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--quick", action="store_true", help="a short form, under a minute")
    given = parser.parse_args()
    show(run(given.quick), as_json=given.json)


if __name__ == "__main__":
    main()
