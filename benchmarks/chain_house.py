"""Our side of the whole chain: ingest, store and judgement, in two processes as `up` or in one.

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
from app.settings import load_settings
from benchmarks.ingest_apart import Apart, is_up
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
    parser.add_argument("--together", action="store_true", help="all in one process")
    given = parser.parse_args()
    settings = load_settings()
    given.folder.mkdir(parents=True, exist_ok=True)
    fill_many(given.folder / "records.db", GATEWAYS, fill)
    ingest = None if given.together else Apart(given.folder, settings.broker.url)
    roles = {Role.ANALYSE} if ingest else {Role.INGEST, Role.ANALYSE}
    house = House(settings.model_copy(update={"folder": given.folder}), frozenset(roles))
    house.start()
    while given.together and not is_up(house):
        time.sleep(0.02)
    calm_collector()  # as `anju up` does
    print(json.dumps({"pid": os.getpid()}), flush=True)
    sys.stdin.read()
    if ingest is not None:
        ingest.close()
    house.stop()


if __name__ == "__main__":
    main()
