"""The phrases of alerts in English."""

from alerting.saying import Saying, figures, lasting, placed, what
from alerting.sources import source_word
from alerting.words import span
from domain.findings import Cause, Compensation

_NOUN = {
    Cause.TILT: "tilt point ",
    Cause.SETTLEMENT: "settlement point ",
    Cause.CRACK: "crack ",
    Cause.VIBRATION: "vibration point ",
    Cause.WATCH: "",
    Cause.RESTART: "",
    Cause.ASSESSMENT: "",
    Cause.CHECK_UP: "",
}


def subject(name: str, said: Saying, *, whole: bool) -> str:
    """Name house, kind, code and place of a point."""
    if whole or not said.subject_name:
        return f"{name}: the building "
    code, place = placed(said.subject_name)
    return f"{name}: {_NOUN[said.cause]}{code}{f' ({place})' if place else ''} "


def holds(said: Saying) -> str:
    """Say what was reached, and against which limit."""
    value, limit = figures(said, "en")
    basis = f", source: {source_word(said.source, 'en')}" if said.source else ""
    bound = f" (limit {limit}{basis})"
    match said.compensation:
        case Compensation.MATURE:
            taken = " with the temperature taken out"
        case Compensation.IMMATURE:
            taken = " with the temperature taken out as far as known"
        case Compensation.ABSENT:
            taken = " with the temperature still in it"
        case _:
            taken = ""
    within = f" within {span(said.window_ns, 'en')}" if said.window_ns else ""
    match said.cause, what(said):
        case Cause.CRACK, "growth":
            verb = "has opened" if said.value >= 0 else "has changed by"
            body = f"{verb} {value}{within}{taken}{bound}"
        case Cause.CRACK, "rate":
            body = f"opens at {value}{within}{taken}{bound}"
        case Cause.CRACK, _:
            body = f"is {value} wide{bound}"
        case Cause.TILT, "growth":
            body = f"has tilted {value} more{within}{taken}{bound}"
        case Cause.TILT, "rate":
            body = f"tilts at {value}{within}{taken}{bound}"
        case Cause.TILT, _:
            body = f"leans {value} in total{bound}"
        case Cause.SETTLEMENT, "rate":
            body = f"settles at {value}{within}{taken}{bound}"
        case Cause.SETTLEMENT, _:
            body = f"has settled {value}{within}{taken}{bound}"
        case Cause.VIBRATION, _:
            share = " of what is allowed" if said.unit == "%" else ""
            body = f"shook with a peak velocity of {value}{share}{bound}"
        case Cause.WATCH, _:
            lasts = lasting(said, "en")
            body = (
                f"has sent nothing for {lasts[0]} (limit {lasts[1]}{basis})"
                if lasts
                else f"is not watched: {value}{bound}"
            )
        case Cause.ASSESSMENT, _:
            body = _score(said, value, limit, basis)
        case Cause.CHECK_UP, _:
            body = _found(said)
        case _:
            body = (
                f"restarted and reads {value} off (threshold {limit}{basis}); a person must confirm"
            )
    return body + (
        "; the compensation is not mature, so the level stays at yellow" if said.capped else ""
    )


def _score(said: Saying, value: str, limit: str, basis: str) -> str:
    """Say what a model thinks; it is a suspicion, never a grade."""
    word = {"suspected C": ", C suspected", "suspected D": ", D suspected"}
    low, high = said.detail("low"), said.detail("high")
    span_ = ""
    if isinstance(low, float | int) and isinstance(high, float | int):
        span_ = f", interval {low:.0f}–{high:.0f}"
    suspected = word.get(str(said.detail("suspected")), "")
    reason = said.detail("reason_1_en")
    because = f"; main reason: {reason}" if reason else ""
    return f"has a score of {value}{span_} (bound {limit}{basis}){suspected}{because}"


def _found(said: Saying) -> str:
    """Say what an inspector found; it is no grade, and no model's word."""
    conclusion = str(said.detail("conclusion") or "").rstrip(".")
    because = f": {conclusion}" if conclusion else ""
    return (
        f"is in imminent danger by a check-up on site (result class {said.value:.0f}): "
        f"stop its use now and get people out{because}"
    )


def over(said: Saying) -> str:
    """Say that it is over."""
    if said.cause is Cause.WATCH:
        return "is watched again"
    if said.cause is Cause.RESTART:
        return "restart was confirmed"
    if said.cause is Cause.CHECK_UP:
        return "was found out of danger by a check-up on site"
    value, limit = figures(said, "en")
    if said.cause is Cause.ASSESSMENT:
        return f"score is back at {value} (bound {limit})"
    return f"is back at {value} (limit {limit})"
