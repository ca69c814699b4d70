"""Quarantined readings come in after all: once, whatever dies in between."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.accounts import DayAccount, Fate, Refusal, Released
from domain.arrivals import Arrivals, Committed
from domain.clock import DAY_NS, HOUR_NS, VirtualClock
from domain.errors import Conflict, NotFound
from domain.fleet_ports import Release
from domain.ports import Judgement
from domain.sensors import Channel, Gateway
from ingest.directory import Directory
from ingest.intake import Intake, Message
from ingest.letting_in import LettingIn
from ingest.settings import IngestSettings
from storage.records import Records
from storage.spool import SqliteSpool
from tests.fresh_records import fresh_records

DAY = 20_780
NOW = DAY * DAY_NS + 12 * HOUR_NS


def directory(*addresses: str) -> Directory:
    pairs = [
        (Gateway("g", "g"), Channel(f"g:{a}", "s", "g", a, "tilt", "‰"))
        for a in ("T1.x", *addresses)
    ]
    return Directory(pairs, 0)


class Scene:
    """A spool, its records, and a register that learns."""

    def __init__(self, folder: Path) -> None:
        self.known = directory()
        self.spool = SqliteSpool(folder / "spool.db", limit_bytes=10**8)
        self.records: Records = fresh_records(folder / "records.db")
        self.judged = 0

    def send(self, body: dict[str, object], what: str = "readings", gateway: str = "g") -> None:
        payload = json.dumps(body).encode()
        message = Message(f"anju/1/0/{gateway}/{what}", payload, NOW)
        intake = Intake(lambda: self.known, IngestSettings())
        self.spool.write(intake.arrivals([message]))
        self.judge()

    def judge(self) -> None:
        for entry in self.spool.after(self.judged, 10**6):
            self.judged = entry.offset
            self.records.judgement.commit(
                Judgement(0, entry.offset, refusals=entry.refusals, accounts=entry.accounts)
            )

    def refused(self) -> list[Refusal]:
        from domain.ports import Page

        return self.records.accounts.refusals(Page(100))

    def letting_in(self, spool: object = None) -> LettingIn:
        return LettingIn(
            self.records.quarantine,
            spool or self.spool,  # type: ignore[arg-type]
            lambda: self.known,
            VirtualClock(NOW + HOUR_NS),
        )

    def ask(self, refusal: Refusal) -> None:
        self.records.quarantine.ask_release(Release(refusal.id, "op", NOW))

    def release_of(self, refusal: Refusal) -> Release:
        return self.records.quarantine.releases([refusal.id])[refusal.id]

    def account(self) -> DayAccount:
        self.judge()
        return self.records.accounts.accounts()[-1]

    def values(self) -> list[float]:
        return [v for entry in self.spool.after(0, 10**6) for v in entry.batch.value.tolist()]

    def close(self) -> None:
        self.spool.close()
        self.records.close()


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path)
    yield made
    made.close()


def reading(address: str, value: float, second: int = 0) -> dict[str, object]:
    return {"c": address, "t": (NOW - HOUR_NS) // 1_000_000 + 1000 * second, "v": value}


def test_readings_of_a_channel_registered_later_come_in_at_their_time(scene: Scene) -> None:
    later = [reading("T9.x", float(n), n) for n in range(3)]
    scene.send({"boot": 1, "seq": 1, "readings": [reading("T1.x", 7.0), *later]})
    (refusal,) = scene.refused()
    assert scene.account().quarantined == 3
    scene.ask(refusal)
    assert scene.letting_in().run_once() == 1
    assert scene.release_of(refusal).outcome == "still refused: unknown channel"
    scene.known = directory("T9.x")
    scene.ask(refusal)  # what failed may be asked for again
    assert scene.letting_in().run_once() == 1
    done = scene.release_of(refusal)
    assert (done.stored, done.outcome, done.done_at_ns) == (3, "released", NOW + HOUR_NS)
    assert scene.values() == [7.0, 0.0, 1.0, 2.0]
    assert scene.account() == DayAccount("g", "2026-11-23", stored=4)
    assert scene.letting_in().run_once() == 0
    with pytest.raises(Conflict, match="was released by op"):
        scene.ask(refusal)


class Dying:
    """Lets readings in and dies before anybody hears of it."""

    def __init__(self, spool: SqliteSpool) -> None:
        self._spool = spool

    def let_in(self, arrivals: Arrivals, released: Released) -> Committed | None:
        self._spool.let_in(arrivals, released)
        raise SystemExit


def test_a_decision_that_was_half_done_is_done_once(scene: Scene) -> None:
    scene.send({"readings": [reading("T9.x", 5.0)]})
    (refusal,) = scene.refused()
    scene.known = directory("T9.x")
    scene.ask(refusal)
    with pytest.raises(SystemExit):
        scene.letting_in(Dying(scene.spool)).run_once()
    assert scene.letting_in().run_once() == 1
    done = scene.release_of(refusal)
    assert (done.stored, done.outcome) == (1, "released")
    assert scene.values() == [5.0]
    assert scene.account() == DayAccount("g", "2026-11-23", stored=1)


def test_the_nested_form_comes_in_too(scene: Scene) -> None:
    at = "2026-11-23T11:00:00Z"
    scene.send({"SK9": {"L1_LF_1": {at: 10.5}}}, "dzt")
    (refusal,) = scene.refused()
    pairs = [(Gateway("g", "g"), Channel("c", "s", "g", "SK9.L1_LF_1", "crack", "mm"))]
    scene.known = Directory(pairs, 0)
    scene.ask(refusal)
    scene.letting_in().run_once()
    assert scene.release_of(refusal).outcome == "released"
    assert scene.values() == [10.5]


def test_a_strangers_numbered_readings_are_left_to_it(scene: Scene) -> None:
    scene.send({"boot": 1, "seq": 1, "readings": [reading("T1.x", 5.0)]}, gateway="h")
    (refusal,) = scene.refused()
    scene.ask(refusal)
    scene.letting_in().run_once()
    assert "sends them again by itself" in scene.release_of(refusal).outcome


def test_a_strangers_plain_readings_come_in_once_it_is_registered(scene: Scene) -> None:
    scene.send({"readings": [reading("T1.x", 5.0)]}, gateway="h")
    (refusal,) = scene.refused()
    pairs = [(Gateway("h", "h"), Channel("c", "s", "h", "T1.x", "tilt", "‰"))]
    scene.known = Directory(pairs, 0)
    scene.ask(refusal)
    scene.letting_in().run_once()
    assert scene.release_of(refusal).outcome == "released"
    assert scene.account() == DayAccount("h", "2026-11-23", stored=1)


def test_what_was_cut_is_not_let_in(scene: Scene) -> None:
    scene.send({"readings": [reading("T1.x", float(n), n) for n in range(100)]}, gateway="h")
    (refusal,) = scene.refused()
    scene.ask(refusal)
    scene.letting_in().run_once()
    assert scene.release_of(refusal).outcome == "only the beginning was kept"


def test_only_what_is_in_quarantine_can_be_asked_for(scene: Scene) -> None:
    scene.send({"readings": [{"c": "T1.x", "t": NOW // 1_000_000, "v": None}]})
    (refusal,) = scene.refused()
    assert refusal.fate is Fate.REJECTED
    for number in (refusal.id, "no-such"):
        with pytest.raises(NotFound):
            scene.records.quarantine.ask_release(Release(number, "op", NOW))
