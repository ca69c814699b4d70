"""A house of one building for tests of how readings fare: made in a second, on its own clock."""

import json
from collections.abc import Sequence
from pathlib import Path

from app.clocks import FileClock
from app.house import House, Role
from app.settings import Settings
from domain.alerts import Recipient, Way
from domain.buildings import Building
from domain.clock import DAY_NS
from domain.findings import Cause
from domain.limits import Level
from domain.ports import Page
from domain.sensors import Channel, Gateway, Segment, SegmentReason, Sensor
from ingest.directory import Directory
from ingest.intake import Intake
from ingest.messages import Message
from ingest.settings import IngestSettings

START_NS = 20_780 * DAY_NS
TOPIC = "anju/1/0/g-1/readings"
#: address, kind and unit; the two axes are surveyed, so that limits of all tilt hold
CHANNELS = (
    ("T1.x", "tilt", "‰", "x"), ("T1.y", "tilt", "‰", "y"),
    ("C1", "crack", "mm", ""), ("W1", "temperature", "°C", ""),
)  # fmt: skip


def small_house(folder: Path, interval_s: int = 1_800) -> House:
    """Make a house whose gateway `g-1` has a tilt sensor, a crack gauge and a thermometer.

    A channel's id is its address.
    """
    folder.mkdir(parents=True, exist_ok=True)
    FileClock.create(folder / "clock", START_NS)
    plain = Settings()
    changes = {
        "folder": folder,
        "broker": plain.broker.model_copy(update={"url": "mqtt://127.0.0.1:1"}),
        "clock": plain.clock.model_copy(update={"source": f"file:{folder / 'clock'}"}),
    }
    house = House(plain.model_copy(update=changes), frozenset({Role.INGEST, Role.ANALYSE}))
    register = house.records.register
    register.put_building(
        Building("b-1", "DEMO-360102-0001", "演示 1 号楼", "", "360102", "", "", 115.9, 28.7,
                 structure="masonry", storeys_above=6, height_m=18.0),
        "test",
    )  # fmt: skip
    register.put_gateway(Gateway("g-1", "g-1"), "test")
    ways = (Way("webhook", "http://127.0.0.1:9/"),)
    for name, escalation in (("duty desk", False), ("head of office", True)):
        house.records.alerts.put_recipient(
            Recipient(name, name, ways, (), Level.YELLOW, escalation), "test"
        )
    for address, kind, unit, axis in CHANNELS:
        code = address.split(".", maxsplit=1)[0]
        if axis != "y":
            register.put_sensor(Sensor(code, "b-1", "g-1", code, kind), "test")
        channel = Channel(address, code, "g-1", address, kind, unit, axis, interval_s)
        register.put_channel(channel, "test")
        if kind == "tilt":
            segment = Segment(f"s-{address}", address, START_NS - DAY_NS, SegmentReason.INSTALL,
                              0.0, 0.0, absolute=True)  # fmt: skip
            register.put_segment(segment, "test")
    return house


class Sender:
    """Gateway `g-1`: numbers readings and hands them to ingest, as if they had just come."""

    def __init__(self, house: House, boot: int = 1) -> None:
        self.house, self.boot, self.seq = house, boot, 0

    def message(self, readings: Sequence[tuple[str, object, object]]) -> bytes:
        """Write readings (address, time, value) as the next message."""
        body = {
            "boot": self.boot,
            "seq": self.seq,
            "readings": [{"c": c, "t": t, "v": v} for c, t, v in readings],
        }
        self.seq += len(readings)
        return json.dumps(body).encode()

    def send(self, received_ns: int, readings: Sequence[tuple[str, object, object]]) -> bytes:
        """Send readings; return the payload, to be sent once more."""
        payload = self.message(readings)
        self.hand_over(received_ns, payload)
        return payload

    def hand_over(self, received_ns: int, payload: bytes) -> None:
        """Hand a payload to ingest at a moment, and move the house's clock on to it."""
        house = self.house
        house.clock.advance_to(received_ns)  # type: ignore[attr-defined]
        directory = Directory(house.records.register.channels_of_gateways(0), 0)
        message = Message(TOPIC, payload, received_ns)
        intake = Intake(lambda: directory, IngestSettings())
        house.spool_writer.write(intake.arrivals([message]))


def called(house: House) -> list[tuple[str, Level]]:
    """List who was called about tilt, and at which level."""
    alerts = house.records.alerts
    notices = [n for a in alerts.alerts(Page(limit=50)) for n in alerts.notices(a.id)
               if a.cause is Cause.TILT]  # fmt: skip
    return [(n.recipient_name, n.level) for n in sorted(notices, key=lambda n: n.created_at_ns)]


def drain(house: House) -> None:
    """Judge and store all there is."""
    head = house.spool.head()
    while min(house.spool.cursor("stored"), house.spool.cursor("judged")) < head:
        house.pipeline.run_once()
        house.pipeline.storing.once()
