"""The job `assess`: reads every building's history, has it judged, keeps and tells what came."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import structlog

from alerting.band_notices import notices_of
from alerting.join import JoinContext, join
from analytics.assessment.series import STEP_NS
from analytics.measured import load_measured
from analytics.score_findings import finding_of, weighed
from app.assess_cases import Case, Judged, unrest_threshold
from app.assess_input import Histories
from app.bands import banded
from app.compute import Compute
from app.jobs import LEASE, Under
from domain.access import User
from domain.alerts import AlertState, EventKind
from domain.assessed import Assessed, AssessmentStore
from domain.budget import Budget, price_of
from domain.buildings import Building
from domain.clock import DAY_NS, HOUR_NS, SECOND_NS, Clock
from domain.contexts import ContextEvent, ContextStore, coinciding
from domain.errors import Conflict
from domain.findings import Cause, Finding
from domain.fleet_ports import FleetStore
from domain.jobs import CatchUp, JobRun, RunState, Timetable
from domain.labels import every_site, watched_sensors
from domain.limits import Level, LimitProfile
from domain.ports import AlertStore, JudgementStore, Page, ReadingStore, RegisterStore
from domain.score_notices import ScoreWebhook

log = structlog.get_logger()

JOB = "assess"
#: readings that arrived this short before the run may still be on their way to the store
SETTLED_NS = 60 * SECOND_NS
#: an event that ended so long before a movement began still coincides with it
COINCIDES_NS = 3 * DAY_NS
_CHINA_NS = 8 * HOUR_NS
_KEPT_AT_ONCE = 50
#: a district speaks of its unrest from so many other houses on
_OTHERS_LEAST = 4
_UNREST_HOLDS_NS = 2 * DAY_NS
_BUILDINGS_AT_ONCE = 100
_ALERTS_LOOKED_AT = 200

Judge = Callable[[tuple[Case, ...]], list[Judged]]


def timetable(hour: float, every_days: float) -> Timetable:
    """Tell when all buildings are assessed, from an hour of the night in China.

    Examples
    --------
    >>> timetable(2.0, 1.0).latest(20 * 3600 * 10**9) // (3600 * 10**9)
    18

    """
    return Timetable(int(every_days * DAY_NS), int(hour * HOUR_NS) - _CHINA_NS, CatchUp.LATEST)


class Assessor:
    """Assesses buildings: all of them at night, those with a serious alert soon after it.

    Parameters
    ----------
    judge
        Turns the histories of some buildings into assessments; runs in a computing process.
    batch_channels
        Channels that are read and handed over together: with the number of processes it bounds
        the memory that a run takes.
    again_ns
        A building is not assessed again for an alert before this time has gone.
    budget
        Tells the newest false-alarm budget; thresholds follow from it.
    subscribers
        Tells who wants to know when a band changes.

    """

    def __init__(
        self,
        readings: ReadingStore,
        register: RegisterStore,
        contexts: ContextStore,
        fleet: FleetStore,
        assessments: AssessmentStore,
        alerts: AlertStore,
        judgements: JudgementStore,
        profile: LimitProfile,
        clock: Clock,
        compute: Compute,
        judge: Judge,
        *,
        base_url: str = "",
        batch_channels: int = 64,
        days_max: int = 1095,
        again_ns: int = HOUR_NS,
        budget: Callable[[], Budget | None] = lambda: None,
        subscribers: Callable[[], Sequence[tuple[ScoreWebhook, User]]] = tuple,
    ) -> None:
        self._readings, self._register, self._contexts = readings, register, contexts
        self._fleet = fleet
        self._assessments, self._alerts, self._judgements = assessments, alerts, judgements
        self._profile, self._clock, self._compute = profile, clock, compute
        self._judge, self._base_url = judge, base_url
        self._batch_channels, self._days_max = batch_channels, days_max
        self._again_ns, self._budget, self._subscribers = again_ns, budget, subscribers
        self._asked: dict[str, int] = {}
        self._looked = 0

    def work(self, under: Under) -> str:
        """Do one run.

        A house is judged by itself first. Where so many of its district were surprised in the
        same days that the weather is the likelier cause, it is judged once more with that known.
        """
        now_ns = self._clock.now_ns()
        end_ns = min(under.run.due_at_ns, now_ns) // STEP_NS * STEP_NS
        wanted = under.run.detail.split()
        buildings = {b.id: b for b in self._buildings(wanted)}
        histories = self._histories(end_ns, now_ns)
        whole = not wanted
        before = {} if whole else self._last_unrest(list(buildings), now_ns)
        under.note(0, len(buildings))
        judged = self._pass(under, histories, buildings, end_ns, before, count=True)
        if whole:
            unrest = district_unrest(
                {id_: (buildings[id_].district, made.surprised) for id_, made in judged.items()}
            )
            least = unrest_threshold()
            uneasy = {id_: share for id_, share in unrest.items() if share >= least}
            again = {id_: buildings[id_] for id_ in uneasy}
            judged |= self._pass(under, histories, again, end_ns, uneasy, count=False)
        because = under.run.asked_by or JOB
        rows = [self._kept(buildings[id_], made, now_ns, because) for id_, made in judged.items()]
        rows, changes = banded(rows, buildings, self._assessments, self._register, self._profile)
        new = 0
        for first in range(0, len(rows), _KEPT_AT_ONCE):
            part = rows[first : first + _KEPT_AT_ONCE]
            under.check()
            changed = [c for c in (changes.get(r.assessment.building_id) for r in part) if c]
            told = notices_of(changed, self._subscribers(), now_ns, self._base_url)
            new += self._assessments.put(part, LEASE, under.run.fence, told)
            self._tell(part, buildings, now_ns)
        self._compute.rest()
        return f"{len(buildings)} buildings, {len(rows)} with sensors, {new} new assessments"

    def assessed(self, kept: Assessed) -> Assessed | None:
        """Assess again what was assessed, from what had arrived by then, and keep nothing."""
        made = kept.assessment
        building = self._register.building(made.building_id)
        if building is None:
            return None
        histories = self._histories(made.at_ns, kept.made_at_ns)
        unrest = float(dict(made.details).get("unrest", 0.0))
        case = self._case(histories, building, made.at_ns, unrest)
        (again,) = self._judge((case,))
        return self._kept(building, again, kept.made_at_ns, kept.because)

    def asked(self, now_ns: int) -> Iterator[JobRun]:
        """Ask for the buildings whose alert has become orange or worse since they were assessed."""
        serious = self._alerts.alerts(
            Page(_ALERTS_LOOKED_AT),
            states=(AlertState.OPEN, AlertState.ACKNOWLEDGED),
            level_min=Level.ORANGE,
        )
        serious = [a for a in serious if a.cause is not Cause.ASSESSMENT]
        if not serious:
            return
        newest = self._assessments.newest([a.building_id for a in serious])
        wanted = set()
        for alert in serious:
            known = newest.get(alert.building_id)
            since_ns = max(known.made_at_ns if known else 0, self._asked.get(alert.building_id, 0))
            if alert.updated_at_ns <= since_ns:
                continue
            rested = now_ns - since_ns >= self._again_ns
            if rested and self._raised_ns(alert.id) > since_ns:
                wanted.add(alert.building_id)
        if wanted:
            self._asked |= dict.fromkeys(wanted, now_ns)
            yield JobRun(JOB, now_ns, RunState.ASKED, "alert", " ".join(sorted(wanted)))

    def _raised_ns(self, alert_id: str) -> int:
        kinds = {EventKind.OPENED, EventKind.RAISED, EventKind.REOPENED}
        return max(
            (
                event.at_ns
                for event in self._alerts.events(alert_id)
                if event.kind in kinds and event.level >= Level.ORANGE
            ),
            default=0,
        )

    def _buildings(self, wanted: Sequence[str]) -> Iterator[Building]:
        if wanted:
            for building_id in wanted:
                building = self._register.building(building_id)
                if building is not None:
                    yield building
            return
        after = ""
        while True:
            rows = self._register.buildings(Page(_BUILDINGS_AT_ONCE, after))
            yield from rows
            if len(rows) < _BUILDINGS_AT_ONCE:
                return
            after = rows[-1].id

    def _histories(self, end_ns: int, known_by_ns: int) -> Histories:
        return Histories(
            self._readings,
            self._register,
            self._contexts,
            self._fleet.boots,
            end_ns,
            known_by_ns - SETTLED_NS,
            days_max=self._days_max,
        )

    def _pass(
        self,
        under: Under,
        histories: Histories,
        buildings: Mapping[str, Building],
        end_ns: int,
        unrest: Mapping[str, float],
        *,
        count: bool,
    ) -> dict[str, Judged]:
        """Have buildings judged, a bounded number of channels at a time."""
        found: dict[str, Judged] = {}
        self._looked = 0
        tasks = self._batches(histories, buildings, end_ns, unrest, under)
        for cases, judged in self._compute.map(self._judge, tasks):
            found |= {case.building_id: made for case, made in zip(cases, judged, strict=True)}
            if count:
                under.note(self._looked, len(buildings))
        if count:
            under.note(len(buildings), len(buildings))
        return found

    def _batches(
        self,
        histories: Histories,
        buildings: Mapping[str, Building],
        end_ns: int,
        unrest: Mapping[str, float],
        under: Under,
    ) -> Iterator[tuple[Case, ...]]:
        """Read the histories of some buildings at a time; one without sensors is left out."""
        batch: list[Case] = []
        for id_, building in buildings.items():
            under.check()
            case = self._case(histories, building, end_ns, unrest.get(id_, 0.0))
            self._looked += 1
            if case.series:
                batch.append(case)
            if sum(len(each.series) for each in batch) >= self._batch_channels:
                yield tuple(batch)
                batch = []
        if batch:
            yield tuple(batch)

    def _case(self, histories: Histories, building: Building, end_ns: int, unrest: float) -> Case:
        site = self._register.site(building.id)
        series = tuple(histories.series(building, site))
        return Case(building.id, building.district, end_ns, self._profile.label, series, unrest)

    def _last_unrest(self, building_ids: Sequence[str], now_ns: int) -> dict[str, float]:
        """Tell the unrest of each building's district as the last night found it."""
        return {
            id_: float(dict(row.assessment.details).get("unrest", 0.0))
            for id_, row in self._assessments.newest(building_ids).items()
            if now_ns - row.made_at_ns <= _UNREST_HOLDS_NS
        }

    def _kept(self, building: Building, made: Judged, made_at_ns: int, because: str) -> Assessed:
        """Add what a movement coincides with."""
        assessment = weighed(made.assessment, self._profile)
        since_ns = min(
            (v.since_ns for v in assessment.verdicts if v.since_ns is not None), default=None
        )
        if since_ns is not None:
            near = self._around(building, since_ns)
            said = tuple((f"coincides:{e.id}", _said(e)) for e in near[:5])
            assessment = replace(assessment, details=(*assessment.details, *said))
        return Assessed(assessment, made_at_ns, because, made.data_at_ns)

    def _around(self, building: Building, since_ns: int) -> list[ContextEvent]:
        events = self._contexts.events(
            Page(500), start_ns=since_ns - COINCIDES_NS, end_ns=since_ns + COINCIDES_NS
        )
        return coinciding(events, building.longitude, building.latitude, since_ns, COINCIDES_NS)

    def _threshold(self) -> float:
        """Tell the statistic that the false-alarm budget asks for; 0 where it asks for none."""
        budget = self._budget()
        if budget is None:
            return 0.0
        sensors = watched_sensors(every_site(self._register))
        point = price_of(budget, sensors, load_measured().curve).point
        return point.threshold if point else 0.0

    def _tell(self, rows: Sequence[Assessed], buildings: dict[str, Building], now_ns: int) -> None:
        """Make findings of the scores that crossed a band, and alerts of the findings."""
        alerts = self._judgements.open_alerts([row.assessment.building_id for row in rows])
        held = {a.building_id: a for a in alerts if a.cause is Cause.ASSESSMENT}
        threshold = self._threshold()
        found: list[Finding] = []
        for row in rows:
            building = buildings[row.assessment.building_id]
            site = self._register.site(building.id)
            finding = finding_of(
                row, building, site, self._profile, held.get(building.id), threshold
            )
            if finding is not None:
                found.append(finding)
        if not found:
            return
        context = JoinContext(
            buildings, self._judgements.active_recipients(), self._profile, self._base_url
        )
        joined = join(found, list(held.values()), context, now_ns)
        for alert in joined.alerts:
            try:
                self._alerts.save(
                    alert,
                    [e for e in joined.events if e.alert_id == alert.id],
                    [n for n in joined.notices if n.alert_id == alert.id],
                    [f for f in found if f.building_id == alert.building_id],
                )
            except Conflict:
                # a person was faster; the next night sees what they left
                log.info("alert of an assessment changed meanwhile", alert=alert.id)


def district_unrest(
    houses: Mapping[str, tuple[str, tuple[bool, ...]]],
) -> dict[str, float]:
    """Tell for each house which share of its district's other houses was surprised at once.

    The largest share of the last days counts. A district with few houses says nothing: two that
    move together may well be one excavation.

    Parameters
    ----------
    houses
        District and surprised days, by building id.

    Examples
    --------
    >>> calm, loud = (False,), (True,)
    >>> houses = {n: ("d", loud) for n in "abc"} | {"x": ("d", calm), "y": ("d", calm)}
    >>> found = district_unrest(houses)
    >>> found["a"], found["x"]
    (0.5, 0.75)

    """
    by_district: dict[str, list[tuple[bool, ...]]] = {}
    for district, days in houses.values():
        by_district.setdefault(district, []).append(days)
    found = {}
    for id_, (district, own) in houses.items():
        rows = by_district[district]
        others = len(rows) - 1
        if others < _OTHERS_LEAST:
            found[id_] = 0.0
            continue
        found[id_] = max(
            (sum(row[day] for row in rows) - own[day]) / others for day in range(len(own))
        )
    return found


def _said(event: ContextEvent) -> str:
    return f"{event.kind.value}|{event.started_at_ns}|{event.name}"
