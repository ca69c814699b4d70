"""What Anju knows of a building, gathered for the hand-over of one revision of its model."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

from bim.defect_words import defect_line
from bim.places import place
from domain.alerts import AlertState
from domain.anchors import MonitorRole, Point
from domain.assessed import AssessmentStore
from domain.assessments import SuspectedGrade
from domain.bim_models import BimRevision
from domain.bim_ports import ModelStore, PlaceStore
from domain.buildings import Appraisal, Building
from domain.check_ports import CheckFilter, CheckStore
from domain.checkups import CheckState
from domain.clock import SECOND_NS, Clock
from domain.elements import Storey
from domain.exchange import (
    AlertMark,
    AppraisalMark,
    DefectMark,
    HandOver,
    SensorMark,
    SuspicionMark,
    Tie,
    newest_second,
)
from domain.ports import AlertStore, Page, RegisterStore
from domain.sensors import Sensor
from domain.upkeep_ports import HandStore

ALERTS_MAX = 200
CHECK_UPS_MAX = 5_000
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ZONE = ZoneInfo("Asia/Shanghai")
#: a floor that lies this much above a point still is the one that it stands on, m
_FLOOR_M = 0.05
#: of several ties of a sensor, the one that says where it hangs
_WHERE = (MonitorRole.MOUNTED, MonitorRole.MONITORS, MonitorRole.REFERENCE)


@dataclass(frozen=True, slots=True)
class Stores:
    """Where the facts stand."""

    register: RegisterStore
    alerts: AlertStore
    assessments: AssessmentStore
    hand: HandStore
    models: ModelStore
    places: PlaceStore
    checks: CheckStore
    clock: Clock


def gather(
    stores: Stores,
    building: Building,
    revision: BimRevision,
    base_url: str,
    *,
    with_defects: bool = False,
) -> HandOver:
    """Gather what is handed over with a revision: never a reading.

    Parameters
    ----------
    base_url
        Where this Anju answers; the links begin with it.

    """
    found = _Found(stores, building, revision, base_url)
    return HandOver(
        model_id=revision.model_id,
        building_id=building.id,
        building_code=building.code,
        building_name=building.name,
        link=f"{base_url}/buildings/{building.id}",
        as_of=found.newest_s(),
        appraisal=found.appraisal(),
        suspicion=found.suspicion(),
        inspected_on=_day(max(found.seen_ns)).isoformat() if found.seen_ns else "",
        alerts=found.alert_marks(),
        sensors=found.sensor_marks(),
        defects=found.defect_marks() if with_defects else (),
    )


class _Found:
    """What the stores say of a building now."""

    def __init__(
        self, stores: Stores, building: Building, revision: BimRevision, base_url: str
    ) -> None:
        self._building, self._base_url = building, base_url
        now_ns = stores.clock.now_ns()
        versions = stores.models.versions(revision.id)
        self._versions = {each.element_id: each for each in versions if each.element_id}
        self._storeys = stores.models.storeys(revision.id)
        self._anchors = {each.id: each for each in stores.places.anchors(building.id)}
        self._ties = [
            each
            for each in stores.places.monitors(building.id, at_ns=now_ns)
            if each.anchor_id in self._anchors
        ]
        self._defects = stores.places.defects(building.id)
        self._site = stores.register.site(building.id)
        made = stores.register.appraisals(building.id)
        self._made = [each for each in made if each.appraised_on <= _day(now_ns)]
        self._assessed = stores.assessments.newest([building.id]).get(building.id)
        self._alerts = stores.alerts.alerts(
            Page(ALERTS_MAX),
            building_ids=[building.id],
            states=(AlertState.OPEN, AlertState.ACKNOWLEDGED),
        )
        measured = stores.hand.readings(building.id, 1)
        #: when somebody was there
        self.seen_ns = [each.found_at_ns for each in self._defects]
        self.seen_ns += [reading.taken_at_ns for _, reading in measured]
        done = CheckFilter(building_ids=(building.id,), states=(CheckState.DONE,))
        checked = stores.checks.check_ups(done, Page(CHECK_UPS_MAX))
        self.seen_ns += [each.done_at_ns for each in checked if each.done_at_ns is not None]
        self._elements = self._tied()

    def newest_s(self) -> int:
        """Tell when the newest of the facts came about, s since 1970."""
        moments = [*self.seen_ns, *(each.valid_from_ns for each in self._ties)]
        moments += [each.updated_at_ns for each in self._alerts]
        moments += [self._assessed.made_at_ns] if self._assessed else []
        moments += [_noon_ns(each) for each in self._made[-1:]]
        return newest_second(moments)

    def appraisal(self) -> AppraisalMark | None:
        """Tell the newest appraisal: the only source of a grade."""
        if not self._made:
            return None
        made = self._made[-1]
        # the report lies under its hash
        digest = made.report_file.rpartition("/")[2].partition(".")[0]
        link = f"{self._base_url}/api/v1/buildings/{self._building.id}/appraisals/{made.id}/report"
        return AppraisalMark(
            scheme=made.scheme,
            grade=made.grade.value,
            report_number=made.report_number,
            appraiser=made.appraiser,
            appraised_on=made.appraised_on.isoformat(),
            valid_until=made.valid_until.isoformat() if made.valid_until else "",
            report_sha256=digest if _SHA256.fullmatch(digest) else "",
            report_link=link if made.report_file else "",
        )

    def suspicion(self) -> SuspicionMark | None:
        """Tell what the models think."""
        if self._assessed is None:
            return None
        made = self._assessed.assessment
        judged = made.suspected is not SuspectedGrade.CANNOT_JUDGE
        return SuspicionMark(
            suspected=made.suspected.value,
            score=made.score if judged else None,
            low=made.low,
            high=made.high,
            assessed_on=_day(made.at_ns).isoformat(),
            model=made.model,
        )

    def alert_marks(self) -> tuple[AlertMark, ...]:
        """Tell the open alerts, with the elements that their sensors are tied to."""
        sensor_of = {channel.id: channel.sensor_id for channel in self._site.channels}
        marks = []
        for alert in sorted(self._alerts, key=lambda each: each.id):
            sensors = {sensor_of.get(c.subject, c.subject) for c in alert.contributions}
            steps = {tie.step_id for each in sensors for tie in self._elements.get(each, ())}
            link = f"{self._base_url}/alerts/{alert.id}"
            level, cause = alert.level.word, alert.cause.value
            marks.append(AlertMark(alert.id, level, cause, link, tuple(sorted(steps))))
        return tuple(marks)

    def sensor_marks(self) -> tuple[SensorMark, ...]:
        """Tell every instrument that is in use; what people measure by hand is none."""
        return tuple(
            self._sensor(sensor)
            for sensor in sorted(self._site.sensors, key=lambda each: each.id)
            if sensor.active and sensor.by_hand is None
        )

    def defect_marks(self) -> tuple[DefectMark, ...]:
        """Tell the defects on elements of the revision."""
        marks = []
        for defect in sorted(self._defects, key=lambda each: each.id):
            anchor = self._anchors.get(defect.anchor_id)
            version = self._versions.get(anchor.element_id) if anchor else None
            if version is not None:
                link = model_link(self._base_url, self._building.id, version.element_id)
                marks.append(DefectMark(defect.id, version.step_id, defect_line(defect), link))
        return tuple(marks)

    def _tied(self) -> dict[str, tuple[Tie, ...]]:
        """Tell what each sensor is tied to in the revision, each element and role once."""
        found: dict[str, dict[Tie, None]] = {}
        for tie in sorted(self._ties, key=lambda each: (each.sensor_id, each.role, each.id)):
            version = self._versions.get(self._anchors[tie.anchor_id].element_id)
            if version is not None:
                found.setdefault(tie.sensor_id, {})[Tie(version.step_id, tie.role.value)] = None
        return {sensor_id: tuple(each) for sensor_id, each in found.items()}

    def _sensor(self, sensor: Sensor) -> SensorMark:
        own = [tie for tie in self._ties if tie.sensor_id == sensor.id]
        point: Point | None = None
        storey_guid, words = "", sensor.place
        for tie in sorted(own, key=lambda each: (_WHERE.index(each.role), each.id)):
            anchor = self._anchors[tie.anchor_id]
            version = self._versions.get(anchor.element_id)
            point = place(anchor, version, ()).point
            words = " ".join(filter(None, (anchor.storey, anchor.room, anchor.side))) or words
            if version is not None and version.storey_guid:
                storey_guid = version.storey_guid
            elif (storey := storey_at(self._storeys, point)) is not None:
                storey_guid = storey.global_id
            if point is not None or storey_guid:
                break
        return SensorMark(
            id=sensor.id,
            code=sensor.code,
            kind=sensor.kind,
            place=words,
            model=sensor.model,
            serial=sensor.serial,
            point=point,
            storey_guid=storey_guid,
            ties=self._elements.get(sensor.id, ()),
        )


def model_link(base_url: str, building_id: str, element_id: str) -> str:
    """Name the page of a building's model, turned to an element where there is one."""
    at = f"?at=element:{quote(element_id)}" if element_id else ""
    return f"{base_url}/buildings/{quote(building_id)}/model{at}"


def storey_at(storeys: Sequence[Storey], point: Point | None) -> Storey | None:
    """Find the storey whose floor lies next below a point; the lowest for what is below all."""
    if point is None or not storeys:
        return None
    below = [each for each in storeys if each.elevation_m <= point[2] + _FLOOR_M]
    return below[-1] if below else storeys[0]


def _day(at_ns: int) -> date:
    return datetime.fromtimestamp(at_ns / SECOND_NS, UTC).astimezone(_ZONE).date()


def _noon_ns(made: Appraisal) -> int:
    day = made.appraised_on
    return int(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp()) * SECOND_NS
