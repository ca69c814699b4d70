"""The account against a plain count: whatever gateways, lines and restarts do, it comes out even.

A simulated sender numbers readings; a line loses, repeats and reorders its messages; days pass and
the spool is closed and opened again at any point. A slow oracle counts beside it, number by number.
"""

import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.accounts import DayAccount, NumberGap
from domain.clock import DAY_NS, HOUR_NS, SECOND_NS
from domain.sensors import Channel, Gateway
from ingest.directory import Directory
from ingest.intake import Intake, Message
from ingest.settings import IngestSettings
from storage.records import Records
from storage.records.fleet import write_gaps
from storage.records.tables_fleet import number_gaps
from storage.spool import SqliteSpool
from tests.fresh_records import fresh_records

DAY_0 = 20_780
GATEWAY = "g-1"
DIRECTORY = Directory(
    [(Gateway(GATEWAY, GATEWAY), Channel("c", "s", GATEWAY, "T1.x", "tilt", "‰"))], 0
)
LIMIT = 1_000_000_000


def day_text(day: int) -> str:
    return datetime.fromtimestamp(day * 86400, UTC).date().isoformat()


@dataclass
class Sender:
    """Numbers its readings; every reading is taken one second after the one before."""

    boot: int = 1
    next_seq: int = 0
    second: int = 0

    def message(self, kinds: list[str]) -> tuple[tuple[int, int, list[str], int], bytes]:
        first, second = self.next_seq, self.second
        readings = []
        for at, kind in enumerate(kinds):
            taken_ms = (DAY_0 * DAY_NS - HOUR_NS + (second + at) * SECOND_NS) // 1_000_000
            address = "T9.x" if kind == "unknown" else "T1.x"
            value = None if kind == "wrong" else float(at)
            readings.append({"c": address, "t": taken_ms, "v": value})
        self.next_seq += len(kinds)
        self.second += len(kinds)
        payload = json.dumps({"boot": self.boot, "seq": first, "readings": readings}).encode()
        return (self.boot, first, kinds, second), payload


@dataclass
class Oracle:
    """Counts number by number what a right account must say."""

    days: dict[int, Counter[str]] = field(default_factory=dict)
    #: (boot, count) -> number -> (second at which it was taken, kind)
    come: dict[tuple[int, int], dict[int, tuple[int, str]]] = field(default_factory=dict)
    #: (boot, count) -> number -> day on which a later one was seen
    overtaken: dict[tuple[int, int], dict[int, int]] = field(default_factory=dict)

    def take(
        self, boot: int, count: int, first: int, kinds: list[str], second: int, day: int
    ) -> None:
        come = self.come.setdefault((boot, count), {})
        over = self.overtaken.setdefault((boot, count), {})
        figures = self.days.setdefault(day, Counter())
        fates = {"good": "stored", "wrong": "rejected", "unknown": "quarantined"}
        low, high = (min(come), max(come)) if come else (first, first - 1)
        for at, kind in enumerate(kinds):
            number = first + at
            figures["duplicate" if number in come else fates[kind]] += 1
            come.setdefault(number, (second + at, kind))
            over.pop(number, None)
        end = first + len(kinds)
        for number in [*range(high + 1, first), *range(end, low)]:
            over[number] = day

    def missing(self) -> dict[tuple[int, int], dict[int, int]]:
        return {key: over for key, over in self.overtaken.items() if over}


KINDS = st.sampled_from(["good", "good", "good", "wrong", "unknown"])
WAY = st.sampled_from(["now", "now", "now", "lost", "later", "twice"])
SEND = st.tuples(st.just("send"), st.lists(KINDS, min_size=1, max_size=6), WAY)
STEP = st.one_of(
    SEND,
    SEND,
    SEND,
    st.tuples(st.just("deliver")),
    st.tuples(st.just("repeat"), st.integers(0, 30)),
    st.tuples(st.just("commit")),
    st.tuples(st.just("reboot")),
    st.tuples(st.just("anew")),
    st.tuples(st.just("midnight")),
    st.tuples(st.just("reopen")),
)


class Line:
    """The line, the spool and the records, as the steps move them."""

    def __init__(self, folder: Path, records: Records) -> None:
        self.folder, self.records = folder, records
        self.intake = Intake(lambda: DIRECTORY, IngestSettings())
        with records.database.writing() as connection:
            connection.execute(number_gaps.delete())
        self.spool = SqliteSpool(folder / "spool.db", limit_bytes=LIMIT)
        self.sender, self.oracle = Sender(), Oracle()
        self.day, self.counts = DAY_0, Counter[int]()
        self.waiting: list[tuple[tuple[int, int, list[str], int], bytes]] = []
        self.sent: list[tuple[tuple[int, int, list[str], int], bytes]] = []
        self.batch: list[Message] = []
        self.judged = 0

    def arrive(self, one: tuple[tuple[int, int, list[str], int], bytes]) -> None:
        (boot, first, kinds, second), payload = one
        now = self.day * DAY_NS + 12 * HOUR_NS
        self.batch.append(Message(f"anju/1/0/{GATEWAY}/readings", payload, now))
        self.oracle.take(boot, self.counts[boot], first, kinds, second, self.day)

    def commit(self) -> None:
        if self.batch:
            self.spool.write(self.intake.arrivals(self.batch))
            self.batch = []

    def step(self, name: str, *more: object) -> None:
        match name:
            case "send":
                kinds, way = more
                one = self.sender.message(kinds)  # type: ignore[arg-type]
                self.sent.append(one)
                if way == "later":
                    self.waiting.append(one)
                elif way != "lost":
                    for _ in range(2 if way == "twice" else 1):
                        self.arrive(one)
            case "deliver":
                if self.waiting:
                    self.arrive(self.waiting.pop(0))
            case "repeat":
                if self.sent:
                    self.arrive(self.sent[-1 - int(more[0]) % len(self.sent)])  # type: ignore[call-overload]
            case "commit":
                self.commit()
            case "reboot":
                self.sender = Sender(self.sender.boot + 1, 0, self.sender.second)
            case "anew":
                self.begin_anew()
            case "midnight":
                self.commit()
                self.day += 1
            case "reopen":
                self.commit()
                self.judge()
                self.spool.close()
                self.spool = SqliteSpool(self.folder / "spool.db", limit_bytes=LIMIT)

    def begin_anew(self) -> None:
        """Numbers begin again in the same boot; it shows when one that had come is newer.

        What is still under way is lost: nobody could tell which count it belongs to.
        """
        boot = self.sender.boot
        if 0 not in self.oracle.come.get((boot, self.counts[boot]), {}):
            return
        self.counts[boot] += 1
        self.sender.next_seq = 0
        for kept in (self.waiting, self.sent):
            kept[:] = [one for one in kept if one[0][0] != boot]
        self.step("send", ["good"], "now")

    def judge(self) -> None:
        """Do what the pipeline does with what came beside the readings."""
        entries = self.spool.after(self.judged, 10**9)
        if entries:
            self.judged = entries[-1].offset
            with self.records.database.writing() as connection:
                write_gaps(connection, [g for entry in entries for g in entry.gaps])
            for name in ("stored", "judged"):
                self.spool.advance(name, self.judged)  # type: ignore[arg-type]

    def accounts(self) -> dict[int, DayAccount]:
        return {day: self.spool._ledger.account((GATEWAY, day)) for day in self.oracle.days}

    def gaps(self) -> list[NumberGap]:
        return self.records.fleet.gaps()

    def check(self) -> None:
        self.commit()
        self.judge()
        missing = self.oracle.missing()
        by_day = Counter(day for over in missing.values() for day in over.values())
        total = 0
        for day, account in self.accounts().items():
            wanted = self.oracle.days[day]
            got = {
                n: getattr(account, n) for n in ("stored", "rejected", "quarantined", "duplicate")
            }
            assert got == {n: wanted[n] for n in got}, day
            assert account.missing == by_day[day], day
            assert account.sent == (
                account.stored + account.rejected + account.quarantined + account.missing
            )
            for fate in ("rejected", "quarantined"):
                said = sum(n for f, _, n in account.reasons if f == fate)
                assert said == getattr(account, fate)
            total += account.sent
        # what was sent, counted without looking at what came: each count from its lowest number
        # that ever came to its highest
        assert total == sum(max(come) - min(come) + 1 for come in self.oracle.come.values() if come)
        self.check_gaps(missing)

    def check_gaps(self, missing: dict[tuple[int, int], dict[int, int]]) -> None:
        """Every missing number is listed once, with its day and the times around it."""
        listed: dict[tuple[int, int], dict[int, int]] = {}
        for gap in self.gaps():
            key = (gap.boot, gap.count)
            come = self.oracle.come[key]
            for number in range(gap.first, gap.last + 1):
                assert number not in listed.setdefault(key, {})
                listed[key][number] = (date.fromisoformat(gap.day) - date(1970, 1, 1)).days
            self.check_time(gap.after_ns, come[gap.first - 1], -1)
            self.check_time(gap.before_ns, come[gap.last + 1], 1)
        assert listed == missing

    @staticmethod
    def check_time(moment_ns: int, neighbour: tuple[int, str], way: int) -> None:
        """A neighbour that was stored gives its own time; another's may not be readable."""
        second, kind = neighbour
        exact_ns = DAY_0 * DAY_NS - HOUR_NS + second * SECOND_NS
        if kind == "good":
            assert moment_ns == exact_ns
        else:
            assert moment_ns == 0 or (moment_ns - exact_ns) * way >= 0

    def close(self) -> None:
        self.spool.close()


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Records]:
    opened = fresh_records(tmp_path_factory.mktemp("records") / "records.db")
    yield opened
    opened.close()


@given(st.lists(STEP, min_size=12, max_size=60))
@settings(max_examples=200, deadline=None)
def test_the_account_and_the_gaps_are_right_whatever_the_line_does(
    records: Records, steps: list[tuple[object, ...]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        line = Line(Path(folder), records)
        try:
            for step in steps:
                line.step(*step)  # type: ignore[arg-type]
            line.check()
        finally:
            line.close()
