"""Our side of the whole chain: ingest, store and judgement in one process, as `up` runs them.

A process of its own. It prints `ready` and ends when its input is closed.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

from app.house import House, Role
from app.settings import Settings, load_settings
from benchmarks.ingest_load import CHANNELS, GATEWAYS
from domain.buildings import Building
from domain.clock import SystemClock
from domain.sensors import Channel, Gateway, Segment, SegmentReason, Sensor


def fill(house: House) -> None:
    """Register the load's gateways: one building each, ten surveyed tilt points."""
    register, by = house.records.register, "bench"
    now_ns = SystemClock().now_ns()
    register.put_buildings(
        [
            Building(
                id=f"b-{n:04d}", code=f"BENCH-{n:06d}", name=f"bench building {n}", address="",
                district="360102", street="", community="", longitude=115.9, latitude=28.68,
                storeys_above=6, height_m=18.0,
            )
            for n in range(GATEWAYS)
        ],
        by,
    )  # fmt: skip
    for n in range(GATEWAYS):
        gateway = Gateway(f"g-{n:04d}", f"bench gateway {n}")
        register.put_gateway(gateway, by)
        for k in range(CHANNELS):
            sensor = Sensor(f"s-{n}-{k}", f"b-{n:04d}", gateway.id, f"T{k}", "tilt")
            channel = Channel(f"c-{n}-{k}", sensor.id, gateway.id, f"T{k}.x", "tilt", "‰", axis="x")
            register.put_sensor(sensor, by)
            register.put_channel(channel, by)
            segment = Segment(
                f"e-{n}-{k}", channel.id, now_ns - 10**16, SegmentReason.INSTALL,
                offset=0.0, survey=0.0, absolute=True,
            )  # fmt: skip
            register.put_segment(segment, by)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    given = parser.parse_args()
    settings: Settings = load_settings().model_copy(update={"folder": given.folder})
    given.folder.mkdir(parents=True, exist_ok=True)
    house = House(settings, frozenset({Role.INGEST, Role.ANALYSE}))
    fill(house)
    house.start()
    while any(part.state != "ok" for part in house.health() if part.part == "ingest"):
        time.sleep(0.02)
    print(json.dumps({"pid": os.getpid()}), flush=True)
    sys.stdin.read()
    house.stop()


if __name__ == "__main__":
    main()
