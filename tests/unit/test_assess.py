"""A small story assessed: scores, findings, what stays, what is asked for, and the replay."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analytics.detectors import detectors
from analytics.limits import load_profile
from app.assess import JOB, SETTLED_NS, Assessor, timetable
from app.assess_cases import judge
from app.compute import Compute
from app.jobs import LEASE, JobStopped, Under
from app.replay import Replayer
from domain.alerts import Alert, AlertEvent, AlertState, EventKind
from domain.assessments import SuspectedGrade
from domain.buildings import Building
from domain.clock import DAY_NS, HOUR_NS, VirtualClock
from domain.contexts import ContextEvent, ContextKind
from domain.errors import NotFound
from domain.findings import Cause
from domain.jobs import JobRun, RunState
from domain.limits import Level
from domain.ports import Judgement, Page
from domain.readings import ReadingBatch
from domain.sensors import Channel, Gateway, Sensor
from storage.readings.memory import MemoryReadingStore
from storage.records import Records
from tests.fresh_records import fresh_records
from tests.unit.series import START_NS, air_temperature, wall_temperature

PROFILE = load_profile()
DAYS = 110
END_NS = START_NS + DAYS * DAY_NS
MOVES_AT_DAY = 70.0


class Story:
    """Three houses: one whose cracks open, one that stands still, one that fell silent."""

    def __init__(self, folder: Path) -> None:
        self.clock = VirtualClock(END_NS + HOUR_NS)
        self.records: Records = fresh_records(folder / "records.db", clock=self.clock)
        self.readings = MemoryReadingStore()
        self.lease = self.records.jobs.take_lease(LEASE, "test", 0, 10)
        register = self.records.register
        for name in ("moves", "still", "silent"):
            register.put_building(
                Building(
                    f"b-{name}", name, name, "", "360102", "", "", longitude=115.9, latitude=28.7
                ),
                "test",
            )
            register.put_gateway(Gateway(f"g-{name}", name), "test")
            for code, kind, unit in (
                ("C1", "crack", "mm"), ("C2", "crack", "mm"), ("K1", "temperature", "°C"),
            ):  # fmt: skip
                id_ = f"{name}-{code}"
                register.put_sensor(
                    Sensor(id_, f"b-{name}", f"g-{name}", code, kind, resolution=0.01), "test"
                )
                register.put_channel(Channel(id_, id_, f"g-{name}", code, kind, unit), "test")
            self._read(name)
        self.assessor = Assessor(
            self.readings, register, self.records.contexts, self.records.fleet,
            self.records.assessments, self.records.alerts, self.records.judgement, PROFILE,
            self.clock, Compute(0), judge, batch_channels=3,
        )  # fmt: skip

    def _read(self, name: str) -> None:
        air = air_temperature(5, DAYS)
        wall = wall_temperature(air)
        hours = np.arange(DAYS * 24)
        last = 60 * 24 if name == "silent" else len(hours)
        moved = np.clip((hours / 24 - MOVES_AT_DAY) / 30, 0, 1) * (name == "moves")
        values = {f"{name}-K1": air}
        for number in (1, 2):
            noise = np.random.default_rng([7, number]).normal(0, 0.01, len(hours))
            values[f"{name}-C{number}"] = -0.015 * (wall - 18) + noise + 0.6 * moved
        at_ns = START_NS + hours * HOUR_NS
        for channel, column in values.items():
            self.readings.append(
                ReadingBatch.of(
                    [channel] * last, at_ns[:last], column[:last], received_at=at_ns[:last] + 1
                )
            )

    def run(self, detail: str = "", *, hours: float = 0.0) -> str:
        """Do one run of the job, as the role does."""
        self.clock.advance_to(self.clock.now_ns() + int(hours * HOUR_NS) + 1)
        run = JobRun(JOB, self.clock.now_ns(), RunState.RUNNING, "", detail, self.lease.fence)
        self.under = Under(run, self.records.jobs, lambda: True)
        return self.assessor.work(self.under)

    def alert(self) -> Alert:
        (alert,) = self.records.alerts.alerts(Page(), building_ids=["b-moves"])
        return alert

    def replayer(self) -> Replayer:
        return Replayer(
            self.readings, self.records.register, self.records.alerts, self.records.fleet,
            self.records.assessments, PROFILE, detectors(PROFILE), self.assessor,
        )  # fmt: skip


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    made = Story(tmp_path_factory.mktemp("story"))
    works = ContextEvent(
        "pit", ContextKind.WORKS, "基坑", START_NS + 69 * DAY_NS, END_NS, 115.9, 28.7, 200.0
    )
    made.records.contexts.put([works], "test")
    made.run()
    yield made
    made.records.close()


def test_the_house_that_moves_scores_higher_and_the_silent_one_cannot_be_judged(
    story: Story,
) -> None:
    rows = {k: v.assessment for k, v in story.records.assessments.newest().items()}
    assert rows["b-moves"].score > 60.0
    assert rows["b-moves"].score > rows["b-still"].score + 20.0
    assert rows["b-silent"].suspected is SuspectedGrade.CANNOT_JUDGE
    assert rows["b-still"].suspected is SuspectedGrade.NONE
    assert (story.under.run.done, story.under.run.of) == (3, 3)
    kept = story.records.assessments.assessment(rows["b-moves"].id)
    assert kept is not None
    assert {v.channel_id for v in kept.assessment.verdicts} == {"moves-C1", "moves-C2"}
    assert kept.data_at_ns == END_NS


def test_a_movement_names_the_works_that_it_coincides_with(story: Story) -> None:
    moves = story.records.assessments.newest(["b-moves"])["b-moves"].assessment
    assert dict(moves.details)["coincides:pit"].endswith("|基坑")  # type: ignore[union-attr]


def test_a_score_over_the_bound_makes_one_alert_with_its_reasons_in_both_languages(
    story: Story,
) -> None:
    alert = story.alert()
    assert (alert.cause, alert.state) == (Cause.ASSESSMENT, AlertState.OPEN)
    assert Level.YELLOW <= alert.level <= Level.ORANGE
    (finding,) = story.records.alerts.findings(Page(), building_ids=["b-moves"])
    details = dict(finding.details)
    assert "C1" in str(details["reason_1_zh"]) or "C2" in str(details["reason_1_zh"])
    assert details["reason_1_zh"] != details["reason_1_en"]
    assert story.records.alerts.alerts(Page(), building_ids=["b-still", "b-silent"]) == []


def test_the_same_night_again_adds_nothing_and_a_later_one_adds_rows(story: Story) -> None:
    before = story.records.assessments.history("b-moves")
    assert story.run("b-moves").endswith("0 new assessments")
    assert story.records.assessments.history("b-moves") == before
    assert story.run("b-moves", hours=6).endswith("1 new assessments")
    after = story.records.assessments.history("b-moves")
    assert after[1:] == before
    assert story.alert().version == 1, "the same level again changes no alert"


def test_the_replay_agrees_and_notices_a_reading_that_was_tampered_with(
    story: Story,
) -> None:
    alert = story.alert()
    first = story.replayer().replay(alert.id)
    assert [line.text for line in first.lines] == [""]
    assert first.agrees
    taken = START_NS + 100 * DAY_NS
    rows = story.readings.between("moves-C1", taken, taken + 2 * HOUR_NS)
    change = ReadingBatch.of(
        ["moves-C1"], [taken], [float(rows.value[0]) + 0.05], received_at=taken + 1
    )
    story.readings.append(change)
    second = story.replayer().replay(alert.id)
    assert not second.agrees
    assert "was" in second.lines[0].text
    undo = replace(change, value=rows.value[:1])
    story.readings.append(undo)
    late = ReadingBatch.of(["moves-C1"], [taken + 1], [9.0], received_at=story.clock.now_ns())
    story.readings.append(late)
    assert story.replayer().replay(alert.id).agrees, "what came later was not known then"


def test_an_alert_that_is_not_there_is_not_found(story: Story) -> None:
    with pytest.raises(NotFound, match="no alert 'nothing'"):
        story.replayer().replay("nothing")


def test_a_house_whose_alert_becomes_orange_is_asked_for_once(story: Story) -> None:
    now_ns = story.clock.now_ns() + HOUR_NS
    story.clock.advance_to(now_ns)
    alert = Alert(
        "l", "b-still", Cause.TILT, Level.ORANGE, Level.ORANGE, AlertState.OPEN, now_ns, now_ns,
        now_ns, version=1,
    )  # fmt: skip
    event = AlertEvent("e", "l", now_ns, EventKind.OPENED, Level.ORANGE, "system")
    story.records.judgement.commit(Judgement(0, 1, alerts=(alert,), events=(event,)))
    (run,) = story.assessor.asked(now_ns)
    assert (run.job, run.asked_by, run.detail) == (JOB, "alert", "b-still")
    assert list(story.assessor.asked(now_ns + 1)) == []
    story.run("b-still")
    again = Assessor(
        story.readings, story.records.register, story.records.contexts, story.records.fleet,
        story.records.assessments, story.records.alerts, story.records.judgement, PROFILE,
        story.clock, Compute(0), judge,
    )  # fmt: skip
    assert list(again.asked(now_ns + 2)) == [], "after a restart the new assessment is known"


def test_a_run_that_must_not_go_on_keeps_nothing(story: Story) -> None:
    before = story.records.assessments.history("b-still")
    run = JobRun(JOB, story.clock.now_ns() + DAY_NS, RunState.RUNNING, "", "b-still", 1)
    with pytest.raises(JobStopped):
        story.assessor.work(Under(run, story.records.jobs, lambda: False))
    assert story.records.assessments.history("b-still") == before


def test_readings_of_the_last_minute_are_left_to_the_next_run() -> None:
    assert SETTLED_NS == 60 * 10**9
    assert timetable(2.0, 1.0).latest(END_NS) % DAY_NS == 18 * HOUR_NS
