"""What a course says at one of its days, as a verdict with intervals; and rates against limits."""

from enum import StrEnum

import numpy as np

from analytics.assessment.course import HEALTHS, ChannelCourse
from analytics.assessment.model import Model
from domain.assessments import Health, Verdict, faults_of
from domain.clock import DAY_NS

_95 = 1.959964


class Reach(StrEnum):
    """How an interval stands to a limit."""

    BELOW = "below"
    OPEN = "open"
    REACHED = "reached"


def verdict(course: ChannelCourse, model: Model, day: int = -1) -> Verdict:
    """Tell what a course says at the end of a day, by default its last.

    A course without days, or without anything learnt, is blind and says nothing. One that fell
    silent keeps its last word, with no confidence: a movement is not over because nobody looks.
    """
    one = course.series
    if not course.days:
        return _nothing(course, one.start_ns)
    day %= course.days
    at_ns = course.day_end_ns(day)
    if not course.learned[day]:
        return _nothing(course, at_ns)
    health, trusted = HEALTHS[course.health[day]], confidence(course, model, day)
    window = slice(max(0, day + 1 - round(model.number("verdict.days"))), day + 1)
    mask = int(np.bitwise_or.reduce(course.faults[window], initial=0))
    learned = int(course.learned[day])
    if health is Health.BLIND:
        day = _last_heard(course, day)
        window = slice(max(0, day + 1 - round(model.number("verdict.days"))), day + 1)
        mask |= int(np.bitwise_or.reduce(course.faults[window], initial=0))
    score = float(np.nan_to_num(course.score[day]))
    stands_out = score >= model.number("score.said")
    effect, effect_sd = float(course.effect[day]), float(course.effect_sd[day])
    rate, rate_sd = _known(course.rate[day]), _known(course.rate_sd[day], np.inf)
    since = int(course.since[day])
    # what the weather did before the movement, which would be part of the variance otherwise
    share = float(course.weather_share[max(since - 1, 0) if stands_out and since > 0 else day])
    drifts, steps = float(course.drift_z[day]), float(course.step_z[day])
    return Verdict(
        channel_id=one.channel_id,
        kind=one.kind,
        unit=one.unit,
        at_ns=at_ns,
        effect=effect,
        low=effect - _95 * effect_sd,
        high=effect + _95 * effect_sd,
        rate_per_day=rate,
        rate_low=rate - _95 * rate_sd,
        rate_high=rate + _95 * rate_sd,
        since_ns=one.start_ns + since * DAY_NS if stands_out and since >= 0 else None,
        z=drifts if abs(drifts) >= abs(steps) else steps,
        evidence=evidence_of(score, model),
        weather_share=share if np.isfinite(share) else None,
        health=health,
        learning_days=min(learned, round(model.number("health.learning_days"))),
        faults=faults_of(mask),
        confidence=trusted,
        details=(
            ("score", score),
            ("shape", "drift" if course.drifting[day] else "step"),
            ("in_units_of_concern", effect / course.concern),
            ("in_units_of_concern_sd", _known(effect_sd) / course.concern),
        ),
    )


def _last_heard(course: ChannelCourse, day: int) -> int:
    """Tell the last day on which a course was not blind; the day itself when it always was."""
    heard = np.flatnonzero(course.health[: day + 1] != HEALTHS.index(Health.BLIND))
    return int(heard[-1]) if len(heard) else day


def evidence_of(score: float, model: Model) -> float:
    """Turn a score into 0-1: a half where the usual price of a false alarm stands.

    Examples
    --------
    >>> from analytics.assessment.model import load_model
    >>> evidence_of(1.0, load_model())
    0.5

    """
    steep = model.number("verdict.steepness")
    return float(1.0 / (1.0 + np.exp(-steep * (min(score, 10.0) - 1.0))))


def confidence(course: ChannelCourse, model: Model, day: int) -> float:
    """Tell how much the data of the last month and the learning allow to say, 0-1."""
    day %= course.days
    window = slice(max(0, day + 1 - round(model.number("verdict.days"))), day + 1)
    covered = float(course.known[window].mean())
    year = model.number("health.learning_days")
    first = model.number("verdict.first_trust")
    learned = first + (1.0 - first) * min(1.0, float(course.learned[day]) / year)
    health = HEALTHS[course.health[day]]
    if health is Health.BLIND:
        return 0.0
    trust = model.number("verdict.degraded_trust") if health is Health.DEGRADED else 1.0
    return covered * learned * trust


def rate_reaches(found: Verdict, limit_per_day: float, *, either_way: bool = True) -> Reach:
    """Compare the interval of a rate, not its point, with a limit.

    Parameters
    ----------
    limit_per_day
        Above 0, in the verdict's unit a day.
    either_way
        A fall is as bad as a rise.

    """
    if not np.isfinite(found.rate_low) or not np.isfinite(found.rate_high):
        return Reach.OPEN
    if found.rate_low >= limit_per_day or (either_way and found.rate_high <= -limit_per_day):
        return Reach.REACHED
    if found.rate_high < limit_per_day and (not either_way or found.rate_low > -limit_per_day):
        return Reach.BELOW
    return Reach.OPEN


def _known(value: float, otherwise: float = 0.0) -> float:
    return float(value) if np.isfinite(value) else otherwise


def _nothing(course: ChannelCourse, at_ns: int) -> Verdict:
    one = course.series
    return Verdict(
        channel_id=one.channel_id,
        kind=one.kind,
        unit=one.unit,
        at_ns=at_ns,
        effect=0.0,
        low=-np.inf,
        high=np.inf,
        rate_per_day=0.0,
        rate_low=-np.inf,
        rate_high=np.inf,
        since_ns=None,
        z=0.0,
        evidence=0.0,
        weather_share=None,
        health=Health.BLIND,
        learning_days=0,
        confidence=0.0,
    )
