"""What judging costs: the demo's story from the spool to alerts, and one message on its way.

Everything runs in this process and no broker stands before it, so that what is measured is the
pipeline: the readings store, the detectors, the alerts and their commits on SQLite and DuckDB.

    ./anju bench judge [--quick] [--json]
"""

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from analytics.detectors import detectors
from analytics.limits import load_profile
from app.house import House
from app.pipeline import Pipeline
from app.settings import Settings
from app.stage import fill_register
from benchmarks.report import Figure, report
from domain.clock import HOUR_NS, VirtualClock
from ingest.directory import Directory
from ingest.intake import Intake
from ingest.messages import Message
from ingest.settings import IngestSettings
from simulators import payloads
from simulators.story import Cut, Publish, Restart, Restore, Story, demo_story

#: hours at the story's end in which each message is judged by itself and timed
_HOURS_ALONE = 24


class Told:
    """The story as the messages that its gateways would send."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self._dzt = story.neighbourhood.dzt
        self._shard = {g.id: g.shard for g in story.neighbourhood.gateways}
        self._boot = dict.fromkeys(self._shard, 1)
        self._seq = dict.fromkeys(self._shard, 1)
        self._held: dict[str, list[tuple[str, bytes]]] = {}

    def messages(self, start_ns: int, end_ns: int) -> list[Message]:
        """Tell what comes in from a moment up to, not including, another."""
        found: list[tuple[str, bytes]] = []
        for act in self.story.step(start_ns, end_ns):
            gateway = act.gateway_id
            match act:
                case Publish(readings=readings):
                    written = self._written(gateway, list(readings.rows()))
                    self._held.get(gateway, found).append(written)
                case Restart():
                    self._boot[gateway], self._seq[gateway] = self._boot[gateway] + 1, 1
                case Cut():
                    self._held[gateway] = []
                case Restore():
                    found += self._held.pop(gateway, [])
        return [Message(topic, payload, end_ns) for topic, payload in found]

    def _written(self, gateway: str, rows: list[payloads.Row]) -> tuple[str, bytes]:
        base = f"anju/1/{self._shard[gateway]}/{gateway}/"
        if gateway in self._dzt:
            return base + "dzt", payloads.dzt(rows)
        seq = self._seq[gateway]
        self._seq[gateway] += len(rows)
        return base + "readings", payloads.native(self._boot[gateway], seq, rows)


def play(folder: Path, days: float) -> tuple[float, float, list[float]]:
    """Play the story; (readings, CPU seconds of judging them, seconds of each lone message)."""
    story = demo_story(days=days)
    clock = VirtualClock(story.start_ns)
    house = House(Settings().model_copy(update={"folder": folder}))
    fill_register(house, story)
    register, spool = house.records.register, house.spool_writer
    directory = Directory(register.channels_of_gateways(0), 0)
    intake = Intake(lambda: directory, IngestSettings())
    profile = load_profile()
    pipeline = Pipeline(
        spool=spool,
        readings=house.readings,
        judgements=house.records.judgement,
        alerts=house.records.alerts,
        register=register,
        profile=profile,
        detectors=detectors(profile),
        clock=clock,
    )
    told, readings, cpu_s = Told(story), 0, 0.0
    alone_s: list[float] = []
    for at_ns in range(story.start_ns, story.end_ns, HOUR_NS):
        clock.advance_to(at_ns + HOUR_NS)
        messages = told.messages(at_ns, at_ns + HOUR_NS)
        if at_ns < story.end_ns - _HOURS_ALONE * HOUR_NS:
            readings += spool.write(intake.arrivals(messages)).stored
            begun = time.process_time()
            pipeline.judge()
            pipeline.tick()
            pipeline.storing.store()
            cpu_s += time.process_time() - begun
            continue
        for message in messages:
            came = time.monotonic()
            spool.write(intake.arrivals([message]))
            pipeline.judge()
            alone_s.append(time.monotonic() - came)
            pipeline.storing.store()
    house.stop()
    return readings, cpu_s, alone_s


def run(quick: bool) -> dict[str, Any]:
    """Measure; `quick` plays 12 days of the story instead of 75."""
    with tempfile.TemporaryDirectory(prefix="anju-bench-") as name:
        readings, cpu_s, alone_s = play(Path(name), 12 if quick else 75)
    return report(
        "judge",
        [
            Figure("story: readings judged a CPU second", readings / cpu_s, "1/s"),
            Figure(
                "reading to alert decided, p99 ms, lone messages without a broker",
                float(np.percentile(alone_s, 99)) * 1000,
                "ms",
                None,
                "<= 50",
            ),
        ],
    )
