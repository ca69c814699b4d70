"""`replay`: makes the decision of an alert again from stored raw readings, and compares.

The rules are those of the pipeline, run over the readings in the order of their arrival; an
assessment is made again from what had arrived by the time it was made; what an inspector found is
held against what was sent in. What agrees has the same
rule, point, level and moment, and figures that differ by no more than one part in 10⁹.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from analytics import segments
from app.assess import Assessor
from app.watch import Watched
from domain.alerts import Alert
from domain.assessed import Assessed, AssessmentStore
from domain.assessments import RiskAssessment
from domain.check_ports import CheckStore
from domain.clock import DAY_NS, HOUR_NS, MINUTE_NS
from domain.errors import NotFound
from domain.findings import Cause, Finding
from domain.fleet_ports import FleetStore
from domain.limits import Level, LimitProfile
from domain.ports import AlertStore, Detector, Page, ReadingStore, RegisterStore
from domain.readings import QualityFlag, ReadingBatch
from domain.sensors import Segment, SegmentReason
from domain.views import Latest

TOLERANCE = 1e-9
#: flags that were set when a reading was stored, after it was judged
_SET_LATER = np.uint16(
    QualityFlag.STUCK | QualityFlag.SPIKE | QualityFlag.STEP | QualityFlag.COMM_GAP
)
_UNFIT = np.uint16(QualityFlag.OUT_OF_RANGE | QualityFlag.SENSOR_FAULT)
_ROWS_AT_ONCE = 2_000
#: what arrives after such a pause is another stretch
_PAUSE_NS = 30 * MINUTE_NS
#: so much later than its first readings a gateway may tell its boot counter
_STATUS_LATE_NS = 2 * HOUR_NS


@dataclass(frozen=True, slots=True)
class Line:
    """One finding of the alert, and whether it came out again.

    Parameters
    ----------
    text
        What differs; empty when nothing does.

    """

    finding: Finding
    agrees: bool
    text: str = ""


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of replaying an alert; it agrees when every finding came out again."""

    alert: Alert
    lines: tuple[Line, ...]
    readings: int

    @property
    def agrees(self) -> bool:
        """Tell whether the decision is the same."""
        return bool(self.lines) and all(line.agrees for line in self.lines)


class Replayer:
    """Makes decisions again.

    Parameters
    ----------
    detectors
        As the pipeline has them.
    assessor
        Assesses again; it keeps nothing.
    checks
        What inspectors sent in; `None`: not at hand.

    """

    def __init__(
        self,
        readings: ReadingStore,
        register: RegisterStore,
        alerts: AlertStore,
        fleet: FleetStore,
        assessments: AssessmentStore,
        profile: LimitProfile,
        detectors: Sequence[Detector],
        assessor: Assessor,
        checks: CheckStore | None = None,
    ) -> None:
        self._checks = checks
        self._readings, self._register, self._alerts = readings, register, alerts
        self._fleet = fleet
        self._assessments, self._profile = assessments, profile
        self._detectors, self._assessor = detectors, assessor

    def replay(self, alert_id: str) -> Replay:
        """Make the decision of an alert again.

        Raises
        ------
        NotFound
            When there is no such alert, or it is about the installation.

        """
        alert = self._alerts.alert(alert_id)
        if alert is None or alert.of_installation:
            raise NotFound(f"no alert {alert_id!r} about a building")
        wanted = self._findings(alert)
        watched = self._watched(alert.building_id)
        if alert.cause is Cause.ASSESSMENT:
            return Replay(alert, tuple(self._assessed(f) for f in wanted), 0)
        if alert.cause is Cause.CHECK_UP:
            return Replay(alert, tuple(self._sent_in(f) for f in wanted), 0)
        last_ns = max((f.at_ns for f in wanted), default=0)
        batch = self._stored(watched, last_ns)
        if alert.cause is Cause.WATCH:
            lines = [self._silence(f, watched, batch) for f in wanted]
        else:
            made = self._judged(watched, batch, alert.cause, last_ns)
            lines = [self._compared(f, made) for f in wanted]
        return Replay(alert, tuple(lines), len(batch))

    def _sent_in(self, finding: Finding) -> Line:
        """Hold a finding of a check-up against the submission that it was made of."""
        submission_id = str(dict(finding.details).get("submission", ""))
        kept = self._checks.submission(submission_id) if self._checks else None
        if kept is None:
            return Line(finding, False, f"submission {submission_id!r} is not there")
        same = (kept.building_id, float(kept.result)) == (finding.building_id, finding.value)
        return Line(finding, same, "" if same else f"submission has result {int(kept.result)}")

    def _findings(self, alert: Alert) -> list[Finding]:
        """Read the findings that raised the alert, oldest first."""
        ids = {c.finding_id for c in alert.contributions}
        ids |= {event.finding_id for event in self._alerts.events(alert.id) if event.finding_id}
        found = self._alerts.findings(Page(1000), ids=sorted(ids))
        return sorted((f for f in found if f.level > Level.NONE), key=lambda f: (f.at_ns, f.id))

    def _watched(self, building_id: str) -> Watched:
        building = self._register.building(building_id)
        if building is None:
            raise NotFound(f"no building {building_id!r}")
        for shard in sorted({gateway.shard for gateway in self._register.gateways()}):
            for known, grade, site in self._register.sites(shard):
                if known.id == building_id:
                    return Watched.of(known, grade, site)
        return Watched.of(building, None, self._register.site(building_id))

    def _stored(self, watched: Watched, last_ns: int) -> ReadingBatch:
        """Read what the building's channels sent, in the order in which it came."""
        channels = sorted(watched.channels)
        columns: list[tuple[int, object]] = []
        for code, channel_id in enumerate(channels):
            rows = self._readings.between(channel_id, 0, last_ns + DAY_NS)
            columns.append((code, rows))
        codes = np.concatenate(
            [np.full(len(rows), code, np.int32) for code, rows in columns]  # type: ignore[arg-type]
            or [np.empty(0, np.int32)]
        )
        joined = {
            name: np.concatenate([getattr(rows, name) for _, rows in columns] or [np.empty(0)])
            for name in ("taken_at", "value", "flag", "received_at")
        }
        order = np.lexsort((joined["taken_at"], joined["received_at"]))
        n = len(order)
        taken_at = joined["taken_at"][order].astype(np.int64)
        boot = np.full(n, -1, np.int32)
        gateway_of = [watched.channels[channel_id].gateway_id for channel_id in channels]
        for gateway_id, moments in self._boots(watched).items():
            mine = np.isin(codes[order], [c for c, g in enumerate(gateway_of) if g == gateway_id])
            # only that it rose counts, not from what to what
            boot[mine] = np.searchsorted(np.array(moments), taken_at[mine], side="right")
        return ReadingBatch(
            tuple(channels),
            codes[order],
            taken_at,
            joined["value"][order],
            joined["flag"][order].astype(np.uint16) & ~_SET_LATER,
            joined["received_at"][order].astype(np.int64),
            np.full(n, -1, np.int64),
            boot,
        )

    def _boots(self, watched: Watched) -> dict[str, list[int]]:
        """Tell when each gateway started anew, as exactly as it is known.

        A status may come some time after the first reading with its boot counter; where that
        reading left a segment, the segment knows the moment.
        """
        opened: dict[str, list[int]] = {}
        for channel_id, rows in watched.segments.items():
            channel = watched.channels.get(channel_id)
            if channel is not None:
                moments = [s.opened_at_ns for s in rows if s.reason is SegmentReason.RESTART]
                opened.setdefault(channel.gateway_id, []).extend(moments)
        known = self._fleet.boots(sorted({c.gateway_id for c in watched.channels.values()}))
        return {
            gateway_id: [
                min(
                    (o for o in opened.get(gateway_id, ()) if 0 <= at - o <= _STATUS_LATE_NS),
                    default=at,
                )
                for at in moments
            ]
            for gateway_id, moments in known.items()
        }

    def _judged(
        self, watched: Watched, batch: ReadingBatch, cause: Cause, last_ns: int
    ) -> dict[tuple[str, str, Level, int], Finding]:
        """Run the detectors as the pipeline does, and gather what they find."""
        known = self._boots(watched)
        watched = replace(
            watched,
            segments={
                channel_id: tuple(s for s in rows if not _of_restart(s, watched, known))
                for channel_id, rows in watched.segments.items()
            },
        )
        states: dict[str, object] = {}
        latest: Mapping[str, Latest] = {}
        found: dict[tuple[str, str, Level, int], Finding] = {}
        made: list[Finding] = []
        for low, high in _stretches(batch.received_at):
            part = batch.take(np.arange(low, high))
            now_ns = int(part.received_at.max())
            fit = np.flatnonzero((part.flag & _UNFIT) == 0)
            if not len(fit):
                continue
            rows = part.take(fit[np.argsort(part.taken_at[fit], kind="stable")])
            adjusted = segments.adjust(rows, states.get("segments"), watched, self._profile)
            states["segments"] = adjusted.state
            made += adjusted.findings
            watched = watched.with_segments(list(adjusted.opened))
            latest = _newest(latest, adjusted.batch)
            view = watched.view(self._profile, latest, {}, now_ns)
            kinds = {watched.channels[c].kind for c in adjusted.batch.channels}
            for detector in self._detectors:
                if kinds & detector.kinds:
                    findings, states[detector.name] = detector.examine(
                        adjusted.batch, states.get(detector.name), view
                    )
                    made += findings
        view = watched.view(self._profile, latest, {}, last_ns + HOUR_NS)
        for detector in self._detectors:
            findings, _ = detector.examine(ReadingBatch.empty(), states.get(detector.name), view)
            made += findings
        for finding in made:
            if finding.cause is cause:
                found[finding.rule, finding.subject, finding.level, finding.at_ns] = finding
        return found

    def _compared(
        self, finding: Finding, made: Mapping[tuple[str, str, Level, int], Finding]
    ) -> Line:
        again = made.get((finding.rule, finding.subject, finding.level, finding.at_ns))
        if again is None:
            near = [
                f for f in made.values()
                if (f.rule, f.subject) == (finding.rule, finding.subject) and f.level
            ]  # fmt: skip
            if finding.cause is Cause.RESTART and not near:
                return Line(
                    finding,
                    False,
                    "the gateway's boot counters are not known; it cannot be made again",
                )
            said = ", ".join(f"{f.level.word} {f.value:g} at {f.at_ns}" for f in near[:4])
            return Line(finding, False, f"did not come out again (instead: {said or 'nothing'})")
        return self._line(finding, again)

    def _line(self, finding: Finding, again: Finding) -> Line:
        wrong = _differing(_figures(finding), _figures(again))
        if finding.profile != again.profile:
            wrong.append(f"made with {finding.profile}, made again with {again.profile}")
        return Line(finding, not wrong, "; ".join(wrong))

    def _silence(self, finding: Finding, watched: Watched, batch: ReadingBatch) -> Line:
        """Look at the silence that a finding speaks of, at its own moment."""
        at_ns = finding.at_ns
        heard: dict[str, int] = {}
        latest: dict[str, Latest] = {}
        for gateway, channel in self._channels_of(watched):
            rows = self._readings.between(channel, 0, at_ns)
            known = rows.received_at[rows.received_at <= at_ns]
            if len(known):
                heard[gateway] = max(heard.get(gateway, 0), int(known.max()))
                if channel in watched.channels:
                    newest = int(np.argmax(np.where(rows.received_at <= at_ns, rows.taken_at, 0)))
                    latest[channel] = Latest(
                        int(rows.taken_at[newest]),
                        float(rows.value[newest]),
                        int(rows.received_at[newest]),
                    )
        view = watched.view(self._profile, latest, heard, at_ns)
        state = {"looked": at_ns, "since": 0, "held": {}}
        made: list[Finding] = []
        for detector in self._detectors:
            if detector.name == "loss-of-watch":
                made, _ = detector.examine(ReadingBatch.empty(), state, view)
        return self._compared(finding, {_key(f): f for f in made})

    def _channels_of(self, watched: Watched) -> list[tuple[str, str]]:
        """List (gateway, channel) of every gateway of the building, all its buildings' too."""
        gateways = {c.gateway_id for c in watched.channels.values()}
        found = {(c.gateway_id, c.id) for c in watched.channels.values()}
        for shard in sorted({gateway.shard for gateway in self._register.gateways()}):
            for gateway, channel in self._register.channels_of_gateways(shard):
                if gateway.id in gateways:
                    found.add((gateway.id, channel.id))
        return sorted(found)

    def _assessed(self, finding: Finding) -> Line:
        """Assess again what a finding of the cause `assessment` speaks of."""
        assessment_id = str(dict(finding.details).get("assessment", ""))
        kept = self._assessments.assessment(assessment_id)
        if kept is None:
            return Line(finding, False, f"assessment {assessment_id!r} is not there any more")
        again = self._assessor.assessed(kept)
        wrong = ["the building is gone"] if again is None else differing(kept, again)
        return Line(finding, not wrong, "; ".join(wrong))


def differing(kept: Assessed, again: Assessed) -> list[str]:
    """Tell what differs between an assessment that was kept and the same one made again."""
    old, new = kept.assessment, again.assessment
    wrong = []
    if old.model != new.model:
        wrong.append(f"made with {old.model}, made again with {new.model}")
    if old.suspected is not new.suspected:
        wrong.append(f"suspected was {old.suspected.value}, is {new.suspected.value}")
    wrong += _differing(_numbers(old), _numbers(new))
    return wrong


def _numbers(made: RiskAssessment) -> dict[str, float]:
    found = {"score": made.score, "low": made.low, "high": made.high}
    found["quality_percent"] = made.quality_percent
    for verdict in made.verdicts:
        for name in ("effect", "low", "high", "rate_per_day", "rate_low", "rate_high", "z"):
            found[f"{verdict.channel_id} {name}"] = float(getattr(verdict, name))
    return found


def _figures(finding: Finding) -> dict[str, float]:
    found = {"value": finding.value, "limit": finding.limit, "window_ns": finding.window_ns}
    return found | {n: v for n, v in finding.details if isinstance(v, float | int)}


def _differing(old: Mapping[str, float], new: Mapping[str, float]) -> list[str]:
    wrong = []
    for name in old.keys() | new.keys():
        was, now = old.get(name), new.get(name)
        if was is None or now is None:
            wrong.append(f"{name} was {was}, is {now}")
        elif not np.isclose(was, now, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True):
            wrong.append(f"{name} was {was!r}, is {now!r}")
    return sorted(wrong)


def _key(finding: Finding) -> tuple[str, str, Level, int]:
    return finding.rule, finding.subject, finding.level, finding.at_ns


def _newest(held: Mapping[str, Latest], batch: ReadingBatch) -> dict[str, Latest]:
    newest = dict(held)
    for row, code in enumerate(batch.channel.tolist()):
        channel_id, at_ns = batch.channels[code], int(batch.taken_at[row])
        if channel_id not in newest or at_ns >= newest[channel_id].taken_at_ns:
            newest[channel_id] = Latest(at_ns, float(batch.value[row]), int(batch.received_at[row]))
    return newest


def _of_restart(segment: Segment, watched: Watched, known: Mapping[str, Sequence[int]]) -> bool:
    """Tell whether judging opens a segment by itself, since the boot counter is known."""
    channel = watched.channels.get(segment.channel_id)
    return (
        segment.reason is SegmentReason.RESTART
        and channel is not None
        and channel.gateway_id in known
    )


def _stretches(received_at: np.ndarray) -> list[tuple[int, int]]:
    """Cut readings where their arrival paused, and where there are too many."""
    n = len(received_at)
    if not n:
        return []
    cuts = {0, n} | set((np.flatnonzero(np.diff(received_at) > _PAUSE_NS) + 1).tolist())
    edges = sorted(cuts)
    found = []
    for low, high in itertools.pairwise(edges):
        found += [(at, min(at + _ROWS_AT_ONCE, high)) for at in range(low, high, _ROWS_AT_ONCE)]
    return found
