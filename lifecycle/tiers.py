"""Finds tiers of evidence that contradict each other (层级矛盾), by versioned rules."""

import tomllib
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, time
from functools import cache
from importlib.resources import files
from typing import Any

from domain.alerts import Alert, AlertState
from domain.assessments import SuspectedGrade
from domain.buildings import Appraisal, Grade
from domain.checkups import CheckClass, CheckUp, ResultClass
from domain.clock import DAY_NS, to_ns
from domain.errors import NotFound
from domain.findings import Cause
from domain.labels import CHINA, Label, Outcome
from domain.limits import Level
from domain.submissions import Standing, Submission
from domain.tier_conflicts import (
    Settler,
    Side,
    SideKind,
    TierConflict,
    TierEvidence,
    TierLook,
    TierRule,
    TierRules,
    TierScope,
    TierStore,
)

Pair = tuple[Side, Side]
#: a contradiction, and the look at it that counts; `None`: nobody has looked at it as it is now
Listed = tuple[TierConflict, TierLook | None]


@cache
def load_tier_rules(name: str = "tier-rules") -> TierRules:
    """Read the shipped rules.

    Examples
    --------
    >>> load_tier_rules().rule("daily-danger").days
    365

    """
    told = tomllib.loads(files(__package__).joinpath(f"{name}.toml").read_text("utf-8"))
    return TierRules(told["version"], tuple(_rule(row) for row in told["rules"]))


def contradictions(
    evidence: Iterable[TierEvidence], rules: TierRules, now_ns: int
) -> list[TierConflict]:
    """Find all contradictions, in the order of the rules, the newest first.

    Nothing is settled by it: it names what each tier says and leaves both standing.
    """
    order = {rule.id: number for number, rule in enumerate(rules.rules)}
    found = [
        TierConflict(rule, one.building_id, pair)
        for one in evidence
        for rule in rules.rules
        for pair in _RULES[rule.id](one, rule, now_ns)
    ]
    return sorted(found, key=lambda one: (order[one.rule.id], -one.at_ns, one.id))


def listed(store: TierStore, scope: TierScope, now_ns: int) -> list[Listed]:
    """List the contradictions of some buildings, each with the look at it that still counts."""
    rules = load_tier_rules()
    found = contradictions(store.evidence(scope, now_ns, since_ns(rules, now_ns)), rules, now_ns)
    looks = store.looks([one.id for one in found])
    kept = {one: look for one, look in looks.items() if look.looked}
    return [(one, kept.get(one.id)) for one in found]


def look_at(
    store: TierStore,
    scope: TierScope,
    conflict_id: str,
    now_ns: int,
    by: str,
    reason: str,
    *,
    looked: bool,
) -> Listed:
    """Keep that somebody has looked at a contradiction, or that it is to be listed again.

    Raises
    ------
    NotFound
        When there is none of that id within the scope, or a side has changed meanwhile.

    """
    found = listed(store, scope, now_ns)
    one = next((one for one, _ in found if one.id == conflict_id), None)
    if one is None:
        raise NotFound(f"no tier conflict {conflict_id!r}; it goes when a side changes")
    look = TierLook(one.id, now_ns, one.building_id, one.rule.id, by, reason, looked)
    store.look(look)
    return one, look if looked else None


def since_ns(rules: TierRules, now_ns: int) -> int:
    """Tell from when on evidence is of use to any rule."""
    return now_ns - max(rule.days for rule in rules.rules) * DAY_NS


def _sound_alert(one: TierEvidence, rule: TierRule, now_ns: int) -> Iterator[Pair]:
    check_up = _newest(one.check_ups)
    if check_up is None or not _sound(check_up):
        return
    done_ns, confirmed = check_up.done_at_ns or 0, _outcomes(one)
    for alert in one.alerts:
        closed = alert.state is AlertState.CLOSED
        level = alert.level_max if closed else alert.level
        if level < rule.level_min or alert.cause not in rule.causes:
            continue
        if done_ns < alert.opened_at_ns - rule.days_before * DAY_NS:
            continue
        if closed:
            closed_ns = alert.closed_at_ns or 0
            lately = done_ns <= closed_ns and closed_ns >= now_ns - rule.days * DAY_NS
            if not lately or confirmed.get(alert.id) is not Outcome.CONFIRMED:
                continue
        yield _check_up(check_up), _alert(alert, level)


def _sound_appraisal(one: TierEvidence, rule: TierRule, now_ns: int) -> Iterator[Pair]:
    check_up, appraisal = _newest(one.check_ups), one.appraisal
    if check_up is None or appraisal is None or not _sound(check_up):
        return
    first_ns = _day_ns(appraisal) - rule.days_before * DAY_NS
    if appraisal.grade in {Grade.C, Grade.D} and (check_up.done_at_ns or 0) >= first_ns:
        yield _check_up(check_up), _appraisal(appraisal)


def _appraisal_score(one: TierEvidence, rule: TierRule, now_ns: int) -> Iterator[Pair]:
    if one.appraisal is None or one.assessment is None:
        return
    made = one.assessment.assessment
    suspects = made.suspected in {SuspectedGrade.C, SuspectedGrade.D}
    sure = made.quality_percent >= rule.quality_percent_min and made.low >= rule.score_low_min
    appraised = one.appraisal.grade in {Grade.A, Grade.B}
    if suspects and sure and appraised and made.at_ns >= _day_ns(one.appraisal):
        score = f"{made.score:.0f} ({made.low:.0f}–{made.high:.0f})"
        said = Side(
            SideKind.ASSESSMENT, made.id, made.suspected, made.at_ns, made.model, number=score
        )
        yield _appraisal(one.appraisal), said


def _daily_danger(one: TierEvidence, rule: TierRule, now_ns: int) -> Iterator[Pair]:
    daily = _newest([c for c in one.check_ups if c.check_class is CheckClass.DAILY])
    other = _newest([c for c in one.check_ups if c.check_class is not CheckClass.DAILY])
    if daily is None or other is None or daily.result is not ResultClass.SOUND:
        return
    within_ns, done_ns = rule.days * DAY_NS, other.done_at_ns or 0
    near = done_ns >= now_ns - within_ns and abs((daily.done_at_ns or 0) - done_ns) <= within_ns
    if near and other.result is not None and other.result >= ResultClass.DANGER:
        yield _check_up(daily), _check_up(other)


def _two_submissions(one: TierEvidence, rule: TierRule, now_ns: int) -> Iterator[Pair]:
    counting = {s.check_up_id: s for s in one.submissions if s.standing is Standing.COUNTS}
    classes = dict(one.classes)
    for sent in one.submissions:
        counts = counting.get(sent.check_up_id)
        if sent.standing is Standing.CONFLICT and counts and counts.result != sent.result:
            yield _submission(counts, classes), _submission(sent, classes)


def _fault_sensors(one: TierEvidence, rule: TierRule, now_ns: int) -> Iterator[Pair]:
    alerts = {alert.id: alert for alert in one.alerts}
    for label in one.labels:
        alert = alerts.get(label.alert_id)
        if label.outcome is not Outcome.SENSOR_FAULT or alert is None:
            continue
        if label.at_ns < now_ns - rule.days * DAY_NS or alert.cause not in rule.causes:
            continue
        together = [
            other
            for other in one.alerts
            if other.cause in rule.causes
            and abs(other.opened_at_ns - alert.opened_at_ns) <= rule.days_near * DAY_NS
        ]
        sensors = {part.subject for other in together for part in other.contributions}
        agreeing = len(sensors) - 1
        if agreeing >= rule.others_min:
            level = max(other.level_max for other in together)
            yield _label(label), _alert(alert, level, str(agreeing))


_RULES: dict[str, Callable[[TierEvidence, TierRule, int], Iterator[Pair]]] = {
    "sound-alert": _sound_alert,
    "sound-appraisal": _sound_appraisal,
    "appraisal-score": _appraisal_score,
    "daily-danger": _daily_danger,
    "two-submissions": _two_submissions,
    "fault-sensors": _fault_sensors,
}


def _rule(row: dict[str, Any]) -> TierRule:
    told = row | {
        "settler": Settler(row["settler"]),
        "level_min": Level.named(row.get("level_min", "none")),
        "causes": tuple(Cause(cause) for cause in row.get("causes", ())),
    }
    return TierRule(**told)


def _newest(check_ups: Iterable[CheckUp]) -> CheckUp | None:
    return max(check_ups, key=lambda one: (one.done_at_ns or 0, one.id), default=None)


def _sound(check_up: CheckUp) -> bool:
    return check_up.result is not None and check_up.result < ResultClass.DANGER


def _outcomes(one: TierEvidence) -> dict[str, Outcome]:
    return {label.alert_id: label.outcome for label in one.labels}


def _day_ns(appraisal: Appraisal) -> int:
    return to_ns(datetime.combine(appraisal.appraised_on, time(), CHINA))


def _check_up(check_up: CheckUp) -> Side:
    assert check_up.result is not None  # noqa: S101 - those that are done have one
    by = check_up.inspector_id or check_up.firm_id
    return Side(
        SideKind.CHECK_UP, check_up.id, check_up.result, check_up.done_at_ns or 0, by,
        check_up.check_class,
    )  # fmt: skip


def _submission(sent: Submission, classes: dict[str, CheckClass]) -> Side:
    return Side(
        SideKind.SUBMISSION, sent.id, sent.result, sent.received_at_ns, sent.by_id or sent.by,
        classes.get(sent.check_up_id), owner=sent.check_up_id,
    )  # fmt: skip


def _appraisal(appraisal: Appraisal) -> Side:
    return Side(
        SideKind.APPRAISAL, appraisal.id, appraisal.grade, _day_ns(appraisal), appraisal.appraiser,
        number=appraisal.report_number,
    )  # fmt: skip


def _alert(alert: Alert, level: Level, agreeing: str = "") -> Side:
    return Side(SideKind.ALERT, alert.id, level, alert.opened_at_ns, alert.acknowledged_by,
                number=agreeing)  # fmt: skip


def _label(label: Label) -> Side:
    return Side(
        SideKind.LABEL, label.id, label.outcome, label.at_ns, label.by, owner=label.alert_id
    )
