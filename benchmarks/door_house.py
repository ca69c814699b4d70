"""The house of the door's benchmark: the door, and behind it a reader or the whole pipeline.

A process of its own. It prints `ready PORT`, waits until so many readings are through, and ends
with one line of JSON.
"""

import argparse
import json
import logging
import resource
import sys
import time
from pathlib import Path

from app.collector import calm_collector
from app.house import House, Role
from app.logs import set_up_logs
from benchmarks.door_load import CHANNELS, gateway_id
from benchmarks.ingest_apart import Apart, Within, settings_in
from benchmarks.ingest_receive import cpu_s, drain
from benchmarks.register import fill_many
from domain.buildings import Building
from domain.ports import RegisterStore
from domain.sensors import Channel, Gateway, Segment, SegmentReason, Sensor

_BY = "benchmark"


def fill_register(file: Path, gateways: int) -> None:
    """One building with five surveyed tilt points for each gateway."""
    fill_many(file, gateways, lambda register: _fill_house(register, 0))


def _fill_house(register: RegisterStore, number: int) -> None:
    name, building = gateway_id(number), f"b-{number:04d}"
    place = ("", "360102", "", "", 115.9, 28.7)
    register.put_building(Building(building, f"BENCH-{number}", f"house {number}", *place), _BY)
    register.put_gateway(Gateway(name, name), _BY)
    for point in range(CHANNELS // 2):
        sensor = f"s-{number}-{point}"
        register.put_sensor(Sensor(sensor, building, name, f"T{point}", "tilt"), _BY)
        for axis in "xy":
            channel = f"c-{number}-{point}-{axis}"
            address = f"T{point}.{axis}"
            register.put_channel(Channel(channel, sensor, name, address, "tilt", "‰", axis), _BY)
            # surveyed, so that the total tilt is judged as well
            first = Segment(
                f"e-{channel}", channel, 0, SegmentReason.INSTALL,
                offset=0.0, survey=0.0, absolute=True,
            )  # fmt: skip
            register.put_segment(first, _BY)


def run(
    folder: Path, gateways: int, messages: int, *, judged: bool, apart: bool
) -> dict[str, float]:
    settings = settings_in(folder)
    roles = {Role.ANALYSE} if apart else {Role.INGEST, Role.ANALYSE} if judged else {Role.INGEST}
    house = House(settings, frozenset(roles))
    fill_register(folder / "records.db", gateways)
    house.start()
    ingest = Apart(folder) if apart else Within(house)
    calm_collector()  # as `anju up` does
    print("ready", ingest.port, flush=True)
    sys.stdin.readline()
    spool, before_s, start = house.spool, cpu_s() + ingest.cpu_s, time.monotonic()
    stored = offset = 0
    synced_s = 0.0
    try:
        while True:
            if judged:
                head = spool.head()
                # written to DuckDB and judged: nothing is left in the spool
                if min(spool.cursor("stored"), spool.cursor("judged")) == head:
                    figures = ingest.figures()
                    if figures["stored"] + figures["duplicate"] >= messages:
                        stored = int(figures["stored"])
                        break
            else:
                offset, n = drain(spool, offset)
                stored += n
                if stored >= messages:
                    break
            acknowledged = ingest.figures()["acknowledged"]
            if not synced_s and acknowledged >= messages:
                synced_s = time.monotonic() - start
            if house.failed is not None:
                raise house.failed
            time.sleep(0.05)  # looking is not to cost what is measured
        seconds, used = time.monotonic() - start, cpu_s() + ingest.cpu_s - before_s
        figures = ingest.figures()
    finally:
        ingest.close()
        house.stop()
    return {
        "seconds": seconds,
        "synced_s": synced_s or seconds,
        "cpu_s": used,
        "stored": stored,
        "batches": figures["batches"],
        "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--messages", type=int, required=True)
    parser.add_argument("--gateways", type=int, default=200)
    parser.add_argument("--judged", action="store_true")
    parser.add_argument("--apart", action="store_true", help="ingest in a process of its own")
    given = parser.parse_args()
    set_up_logs("text", logging.WARNING)  # to standard error: standard output is ours
    came = run(
        given.folder, given.gateways, given.messages,
        judged=given.judged or given.apart, apart=given.apart,
    )  # fmt: skip
    print(json.dumps(came))


if __name__ == "__main__":
    main()
