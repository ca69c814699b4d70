"""What a model thinks of a building, as a finding: its band, its figures, its reasons in words."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from analytics.assessment.statement import reason_words
from domain.alerts import Alert
from domain.assessed import Assessed, Band, band_of
from domain.assessments import RiskAssessment, SuspectedGrade
from domain.buildings import Building
from domain.findings import Cause, Compensation, Finding
from domain.ids import same_id
from domain.limits import Level, Limit, LimitProfile
from domain.sensors import Site

RULE = "score.band"


def finding_of(
    row: Assessed,
    building: Building,
    site: Site,
    profile: LimitProfile,
    held: Alert | None = None,
    threshold: float = 0.0,
) -> Finding | None:
    """Make a finding when the level of a building's score has changed.

    A building that cannot be judged changes nothing: silence is no calm, and the loss of watch
    has an alert of its own. While too few days were learnt from, the level is capped.

    Parameters
    ----------
    held
        The newest alert of the cause `assessment`: it knows the level that holds.
    threshold
        Statistic that some channel must reach, by the office's false-alarm budget.

    """
    assessment = row.assessment
    if assessment.suspected is SuspectedGrade.CANNOT_JUDGE:
        return None
    before = next(
        (c.level for c in (held.contributions if held else ()) if c.rule == RULE), Level.NONE
    )
    rows = profile.rows_for("score", building, None)
    level, capped = level_of(row, rows, profile, before, threshold)
    if not rows or level == before:
        return None
    shown = next((r for r in rows if r.level == level), rows[0])
    moving = [v for v in assessment.verdicts if v.since_ns is not None]
    details: list[tuple[str, float | str]] = [
        ("assessment", assessment.id),
        ("model", assessment.model),
        ("suspected", assessment.suspected.value),
        ("low", assessment.low),
        ("high", assessment.high),
        ("quality_percent", assessment.quality_percent),
    ]
    names = names_of(site)
    for language in ("zh", "en"):
        for number, reason in enumerate(assessment.reasons, 1):
            text = reason_words(reason, assessment.verdicts, names, language)
            details.append((f"reason_{number}_{language}", text))
    details += [pair for pair in assessment.details if pair[0].startswith("coincides:")]
    return Finding(
        id=same_id("finding", assessment.id, RULE, level.word),
        building_id=building.id,
        cause=Cause.ASSESSMENT,
        rule=RULE,
        subject=building.id,
        subject_name="",
        channels=tuple(v.channel_id for v in moving[:20]),
        level=level,
        at_ns=assessment.at_ns,
        value=assessment.score,
        limit=shown.value,
        unit=shown.unit,
        window_ns=0,
        started_ns=min((v.since_ns or 0 for v in moving), default=assessment.at_ns),
        source=shown.source,
        certainty=shown.certainty.value,
        profile=profile.label,
        compensation=Compensation.IMMATURE if capped else Compensation.NOT_NEEDED,
        capped=capped,
        details=(*details, ("learning_days", float(_learnt(assessment)))),
    )


def level_of(
    row: Assessed,
    rows: tuple[Limit, ...],
    profile: LimitProfile,
    before: Level,
    threshold: float = 0.0,
) -> tuple[Level, bool]:
    """Tell the level of a score, and whether it was capped for want of learning.

    A level that held is left only when its limit is undercut by the profile's hysteresis.
    """
    figure, numbers = deciding(row.assessment, profile), dict(profile.numbers)
    reached = Level.NONE
    for limit in rows:
        holds = limit.level <= before and limit.nearly_reached_by(figure, numbers["hysteresis"])
        if limit.reached_by(figure) or holds:
            reached = max(reached, limit.level)
    if _strongest(row.assessment) < threshold * (numbers["hysteresis"] if before else 1.0):
        return Level.NONE, False
    cap = Level(int(numbers["cap.immature"]))
    if reached > cap and _learnt(row.assessment) < numbers.get("score.cap_days", 0.0):
        return cap, True
    return reached, False


def deciding(assessment: RiskAssessment, profile: LimitProfile) -> float:
    """Tell the figure that is held against the bounds: the score, or its lower end.

    A season that nobody has seen yet looks like a movement. Until some channel has learnt for
    a while, the interval is wide for that very reason, and its lower end is what must reach a
    bound, as with rates (the interval of a rate is compared with its limit, not the point).
    """
    learning = _learnt(assessment) < dict(profile.numbers).get("score.sure_days", 0.0)
    return assessment.low if learning else assessment.score


def told_band(
    assessment: RiskAssessment, profile: LimitProfile, before: Band | None = None
) -> Band:
    """Tell the band of an assessment: one that held is left only with some way below its bound.

    Going up is told at once. Going down, the highest band is kept whose bound, times the
    profile's `score.band_hold`, is still reached.

    Parameters
    ----------
    before
        The last band in which the building could be judged; `None`: there was none.

    """
    fresh = band_of(assessment, profile)
    if before is None or fresh not in _RISING or before not in _RISING:
        return fresh
    figure, hold = deciding(assessment, profile), dict(profile.numbers).get("score.band_hold", 1.0)
    bounds = dict(_bounds(profile))
    for band in reversed(_RISING[_RISING.index(fresh) + 1 : _RISING.index(before) + 1]):
        if figure >= bounds.get(band, 101.0) * hold:
            return band
    return fresh


#: bands by what they mean, the mildest first
_RISING = (Band.CALM, Band.WATCH, Band.C_SUSPECT, Band.D_SUSPECT)
_SUSPECTED_FROM = {Level.YELLOW: Band.C_SUSPECT, Level.ORANGE: Band.D_SUSPECT}


def _bounds(profile: LimitProfile) -> Iterator[tuple[Band, float]]:
    yield Band.WATCH, dict(profile.numbers).get("score.watch_from", 100.0)
    for row in profile.of("score"):
        if row.level in _SUSPECTED_FROM:
            yield _SUSPECTED_FROM[row.level], row.value


def weighed(assessment: RiskAssessment, profile: LimitProfile) -> RiskAssessment:
    """Take a suspicion back that the lower end of the interval does not bear out.

    Only ever takes back: what the model does not suspect stays as it is. What is left without
    its suspicion keeps its score and is watched.
    """
    figure = deciding(assessment, profile)
    if assessment.suspected not in {SuspectedGrade.C, SuspectedGrade.D}:
        return assessment
    reached = [row.level for row in profile.of("score") if row.reached_by(figure)]
    most = max(reached, default=Level.NONE)
    if most >= Level.ORANGE or figure == assessment.score:
        return assessment
    if most >= Level.YELLOW:
        return replace(assessment, suspected=SuspectedGrade.C)
    return replace(assessment, suspected=SuspectedGrade.NONE)


def _strongest(assessment: RiskAssessment) -> float:
    """Tell the largest statistic of its channels, on the scale that budgets are set on."""
    found = (dict(v.details).get("score", 0.0) for v in assessment.verdicts)
    return max((float(score) for score in found), default=0.0)


def _learnt(assessment: RiskAssessment) -> int:
    return max((v.learning_days for v in assessment.verdicts), default=0)


def names_of(site: Site) -> Mapping[str, str]:
    """Tell what people call each sensor and channel of a building, by id."""
    names = {s.id: f"{s.code} {s.place}".strip() for s in site.sensors}
    axes = {c.id: f" {c.axis}" if c.axis else "" for c in site.channels}
    return names | {c.id: names.get(c.sensor_id, c.address) + axes[c.id] for c in site.channels}
