"""Nights whose scores are given: two houses, insurers with webhooks, and the real job.

As a program it lets nights pass until it is killed.
"""

import sys

from analytics.limits import load_profile
from app.assess import JOB, Assessor
from app.assess_cases import Case, Judged
from app.compute import Compute
from app.jobs import LEASE, Under
from domain.access import Role, Scope, ScopeKind, User
from domain.assessments import (
    Health,
    Reason,
    RiskAssessment,
    SuspectedGrade,
    Verdict,
    assessment_id,
)
from domain.buildings import Building
from domain.clock import DAY_NS, VirtualClock
from domain.jobs import JobRun, RunState
from domain.score_notices import ScoreWebhook
from domain.sensors import Channel, Gateway, Sensor
from storage.readings.memory import MemoryReadingStore
from storage.records import Records, open_records

START_NS = 20_780 * DAY_NS
PROFILE = load_profile()
SECRET = "a-secret-of-the-test-only"
MODEL = "model-test v1"
#: no data: the building is blind
BLIND = None


class Scene:
    """The job over two houses; what each night's scores are is told from outside."""

    def __init__(self, records: Records, now_ns: int = START_NS) -> None:
        self.records, self.clock = records, VirtualClock(now_ns)
        self.scores: dict[str, float | None] = {}
        self.assessor = Assessor(
            MemoryReadingStore(), records.register, records.contexts, records.fleet,
            records.assessments, records.alerts, records.judgement, PROFILE, self.clock,
            Compute(0), self._judge, base_url="https://anju.example",
            subscribers=records.score_notices.subscribers, days_max=56,
        )  # fmt: skip

    def _judge(self, cases: tuple[Case, ...]) -> list[Judged]:
        return [Judged(self._said(case), case.end_ns, (False,)) for case in cases]

    def _said(self, case: Case) -> RiskAssessment:
        score = self.scores[case.building_id]
        blind = score is BLIND
        suspected = (
            SuspectedGrade.CANNOT_JUDGE
            if score is None
            else SuspectedGrade.D
            if score >= 80
            else SuspectedGrade.C
            if score >= 60
            else SuspectedGrade.NONE
        )
        verdict = Verdict(
            case.series[0].channel_id, "crack", "mm", case.end_ns, 0.2, 0.1, 0.3, 0.0, 0.0, 0.0,
            case.end_ns - DAY_NS, 3.0, 0.9, 0.5, Health.BLIND if blind else Health.OK, 200,
        )  # fmt: skip
        reason = Reason("reason.drift", verdict.channel_id, 0.2, 0.1, 0.3, "mm", case.end_ns, 40.0)
        return RiskAssessment(
            assessment_id(case.building_id, case.end_ns, MODEL, PROFILE.label), case.building_id,
            case.end_ns, MODEL, PROFILE.label, score or 0.0, (score or 0.0) / 2, 100.0, suspected,
            10.0 if blind else 90.0, (reason,), verdicts=(verdict,),
        )  # fmt: skip

    def night(self, near: float | None, far: float | None = 10.0, *, days: float = 1.0) -> None:
        """Let a night pass and assess both houses."""
        self.scores = {"b-near": near, "b-far": far}
        self.clock.advance_to(self.clock.now_ns() + int(days * DAY_NS))
        now_ns = self.clock.now_ns()
        lease = self.records.jobs.take_lease(LEASE, "test", now_ns, now_ns + DAY_NS)
        run = JobRun(JOB, now_ns, RunState.RUNNING, "", "", lease.fence)
        self.assessor.work(Under(run, self.records.jobs, lambda: True))


def fill(records: Records, url: str) -> None:
    """Register the houses, and one insurer for each with a webhook at `url/near` or `url/far`."""
    for place, district in (("near", "360102"), ("far", "360103")):
        house = f"b-{place}"
        records.register.put_building(
            Building(house, f"CODE-{place}", f"演示楼 {place}", "演示路 1 号", district, "", "",
                     115.9, 28.7, households=24),
            "test",
        )  # fmt: skip
        records.register.put_gateway(Gateway(f"g-{place}", place), "test")
        sensor = Sensor(f"s-{place}", house, f"g-{place}", "C1", "crack")
        records.register.put_sensor(sensor, "test")
        channel = Channel(f"c-{place}", f"s-{place}", f"g-{place}", "C1", "crack", "mm")
        records.register.put_channel(channel, "test")
        subscribe(records, place, f"{url}/{place}", Scope(ScopeKind.BUILDING, house))


def subscribe(
    records: Records, name: str, url: str, *scopes: Scope, active: bool = True
) -> ScoreWebhook:
    """Give an insurer a webhook."""
    user = User(f"u-{name}", name, name, Role.INSURER, scopes, active=active)
    records.access.put_user(user, "test")
    webhook = ScoreWebhook(f"wh-{name}", f"u-{name}", name, url, SECRET, START_NS)
    records.score_notices.put_webhook(webhook, "test")
    return webhook


def main(records_url: str, now_ns: str) -> None:
    """Let nights pass, each with another band, until somebody kills this process."""
    records = open_records(records_url)
    scene = Scene(records, int(now_ns))
    night = 0
    while True:
        scene.night(*((10.0, 90.0) if night % 2 else (90.0, 10.0)))
        night += 1
        sys.stdout.write(f"{night}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
