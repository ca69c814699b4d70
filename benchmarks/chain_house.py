"""Our side of the whole chain: ingest, store and judgement in one process, as `up` runs them.

A process of its own. It prints `ready` and ends when its input is closed.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

from app.collector import calm_collector
from app.house import House, Role
from app.settings import Settings, load_settings
from benchmarks.ingest_load import CHANNELS, GATEWAYS
from benchmarks.register import fill_many
from domain.buildings import Building
from domain.ports import RegisterStore
from domain.sensors import Channel, Gateway, Segment, SegmentReason, Sensor


def fill(register: RegisterStore) -> None:
    """Register the load's first gateway: one building, ten surveyed tilt points."""
    by = "bench"
    register.put_building(
        Building(
            id="b-0000", code="BENCH-0", name="house 0", address="", district="360102", street="",
            community="", longitude=115.9, latitude=28.68, storeys_above=6, height_m=18.0,
        ),
        by,
    )  # fmt: skip
    gateway = Gateway("g-0000", "g-0000")
    register.put_gateway(gateway, by)
    for k in range(CHANNELS):
        sensor = Sensor(f"s-0-{k}", "b-0000", gateway.id, f"T{k}", "tilt")
        channel = Channel(f"c-0-{k}", sensor.id, gateway.id, f"T{k}.x", "tilt", "‰", axis="x")
        register.put_sensor(sensor, by)
        register.put_channel(channel, by)
        segment = Segment(
            f"e-0-{k}", channel.id, 0, SegmentReason.INSTALL,
            offset=0.0, survey=0.0, absolute=True,
        )  # fmt: skip
        register.put_segment(segment, by)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    given = parser.parse_args()
    settings: Settings = load_settings().model_copy(update={"folder": given.folder})
    given.folder.mkdir(parents=True, exist_ok=True)
    fill_many(given.folder / "records.db", GATEWAYS, fill)
    house = House(settings, frozenset({Role.INGEST, Role.ANALYSE}))
    house.start()
    # before its first heart-beat it tells of no part at all
    while not any(part.state == "ok" for part in house.health() if part.part == "ingest"):
        time.sleep(0.02)
    calm_collector()  # as `anju up` does
    print(json.dumps({"pid": os.getpid()}), flush=True)
    sys.stdin.read()
    house.stop()


if __name__ == "__main__":
    main()
