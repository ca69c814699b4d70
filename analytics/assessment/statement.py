"""The evidence of a verdict and of an assessment in words, Chinese and English, from the figures.

The same figures always give the same text: no clock is asked and nothing is rounded twice.
"""

import tomllib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from analytics.assessment.model import Model
from domain.assessed import Assessed
from domain.assessments import Fault, Health, Reason, RiskAssessment, SuspectedGrade, Verdict
from domain.clock import to_datetime

ZONE = ZoneInfo("Asia/Shanghai")
LANGUAGES = ("zh", "en")
_BY_GRADE = {
    SuspectedGrade.NONE: "none",
    SuspectedGrade.C: "c",
    SuspectedGrade.D: "d",
    SuspectedGrade.CANNOT_JUDGE: "cannot",
}
#: evidence of a channel that an office would be paged for
_CLEAR = 0.5
Words = Mapping[str, Mapping[str, str]]
Names = Mapping[str, str]


@lru_cache(len(LANGUAGES))
def words(language: str) -> Words:
    """Read the catalogue of one language."""
    data = tomllib.loads(files(__package__).joinpath("words.toml").read_text("utf-8"))
    found: Words = data[language]
    return found


def evidence(
    one: Verdict, others: Sequence[Verdict], names: Names, model: Model, language: str = "zh"
) -> list[str]:
    """State what a channel shows, how much is weather, who agrees, and what else it could be.

    Parameters
    ----------
    others
        Verdicts of the building's other channels at the same moment.
    names
        What people call a channel, by its id; the id where there is none.

    Returns
    -------
    list
        Sentences, in the order in which they are to be read.

    """
    say = words(language)
    if one.health is Health.BLIND:
        return [_put(say["moved"]["blind"], one, names, say)]
    moving = one.since_ns is not None
    shape = str(dict(one.details).get("shape", "drift"))
    said = [_put(say["moved"][shape if moving else "calm"], one, names, say)]
    said += _weather(one, model, say)
    if moving:
        said += _others(one, others, names, say)
        said.append(_look_alike(one, shape, others, names, say))
    told = {Fault.SENSOR_DRIFT} if moving and shape == "drift" else set()
    said += [say["fault"][fault.value] for fault in one.faults if fault not in told]
    return said


def score_words(found: RiskAssessment, language: str = "zh") -> list[str]:
    """State score, interval, quality and suspicion."""
    say = words(language)["score"]
    line = say["said"].format(
        score=f"{found.score:.0f}",
        low=f"{found.low:.0f}",
        high=f"{found.high:.0f}",
        quality=f"{found.quality_percent:.0f}",
        model=found.model,
    )
    return [line, say[_BY_GRADE[found.suspected]]]


def reason_words(
    reason: Reason, verdicts: Sequence[Verdict], names: Names, language: str = "zh"
) -> str:
    """Say one reason, or one thing that would change the score, in a line."""
    say = words(language)
    group, key, *_ = reason.key.split(".")
    of = next((one for one in verdicts if one.channel_id == reason.subject), None)
    kind = "" if of is None else _kind(of, say)
    # a share of houses is whole, the change of a frequency in per cent is not
    whole = reason.unit in {"", "d"} or (reason.unit == "%" and of is None)
    return say[group][key].format(
        kind=kind,
        name=names.get(reason.subject, reason.subject),
        since="" if reason.since_ns is None else _day(reason.since_ns, language),
        value=_figure(reason.value, "" if whole else reason.unit, signed=not whole),
        low=_figure(reason.low, reason.unit, signed=True),
        high=_figure(reason.high, reason.unit, signed=True),
        unit=reason.unit,
        points=f"{reason.weight:.0f}",
    )


def cannot_words(row: Assessed | None) -> tuple[str, str, str]:
    """Tell why a building cannot be judged: a stable word, and a line in Chinese and English."""
    if row is None:
        key = "never_assessed"
    elif row.coverage is not None and not row.coverage.told:
        key = "no_data"
    else:
        key = "too_little"
    zh, en = (words(language)["cannot"][key] for language in LANGUAGES)
    return key.replace("_", " "), zh, en


def _weather(one: Verdict, model: Model, say: Words) -> list[str]:
    year = round(model.number("health.learning_days"))
    if one.weather_share is None:
        said = [say["weather"]["unknown"]]
    else:
        said = [say["weather"]["share"].format(share=f"{100.0 * one.weather_share:.0f}")]
    if one.learning_days < year:
        said.append(say["weather"]["learning"].format(days=one.learning_days, year=year))
    return said


def _others(one: Verdict, others: Sequence[Verdict], names: Names, say: Words) -> list[str]:
    awake = [other for other in others if other.health is not Health.BLIND]
    if not awake:
        return [say["others"]["none"]]
    agree = [other for other in awake if other.since_ns is not None]
    said = []
    if agree:
        said.append(say["others"]["agree"].format(names=_list(agree, names, say)))
    if len(awake) > len(agree):
        said.append(say["others"]["still"].format(count=len(awake) - len(agree)))
    return said


def _look_alike(
    one: Verdict, shape: str, others: Sequence[Verdict], names: Names, say: Words
) -> str:
    """Name the fault that would look the same, and tell whether and why it is ruled out."""
    if shape == "step":
        started = {Fault.RESTART_OFFSET, Fault.REMOUNT} & set(one.faults)
        return say["fault"]["restart_open" if started else "restart_out"]
    awake = [other for other in others if other.health is not Health.BLIND]
    agree = [
        other
        for other in awake
        if other.evidence >= _CLEAR and Fault.SENSOR_DRIFT not in other.faults
    ]
    if agree:
        return say["fault"]["sensor_drift_out"].format(names=_list(agree, names, say))
    return say["fault"]["sensor_drift_open" if awake else "sensor_drift_alone"]


def _list(verdicts: Sequence[Verdict], names: Names, say: Words) -> str:
    zh = say is words("zh")
    each = [
        f"{_kind(one, say)}{'' if zh else ' '}{names.get(one.channel_id, one.channel_id)}"
        for one in verdicts
    ]
    return ("、" if zh else ", ").join(each)


def _kind(one: Verdict, say: Words) -> str:
    return say["kind"].get(one.kind, say["kind"]["other"])


def _put(template: str, one: Verdict, names: Names, say: Words) -> str:
    language = "zh" if say is words("zh") else "en"
    text = template.format(
        kind=_kind(one, say),
        name=names.get(one.channel_id, one.channel_id),
        since="" if one.since_ns is None else _day(one.since_ns, language),
        effect=_figure(one.effect, one.unit, signed=True),
        low=_figure(one.low, one.unit, signed=True),
        high=_figure(one.high, one.unit, signed=True),
        rate=_figure(one.rate_per_day, one.unit, signed=True, finer=True),
        rate_low=_figure(one.rate_low, one.unit, signed=True, finer=True),
        rate_high=_figure(one.rate_high, one.unit, signed=True, finer=True),
        unit=one.unit,
    )
    return text[0].upper() + text[1:]


def _day(at_ns: int, language: str) -> str:
    at = to_datetime(at_ns).astimezone(ZONE)
    if language == "zh":
        return f" {at.year} 年 {at.month} 月 {at.day} 日"
    return f"{at.year}-{at.month:02d}-{at.day:02d}"


def _figure(value: float | None, unit: str, *, signed: bool = False, finer: bool = False) -> str:
    """Write a figure as finely as its unit is read; a minus sign is a real one."""
    if value is None:
        return ""
    if value != value or abs(value) == float("inf"):  # noqa: PLR0124
        return "—"
    digits = {"mm": 2, "‰": 2, "°": 3, "Hz": 3, "µε": 0}.get(unit, 0 if not unit else 1)
    text = f"{value:{'+' if signed else ''}.{digits + (1 if finer else 0)}f}"
    zero = not any(letter in "123456789" for letter in text)
    return text.lstrip("+-") if zero else text.replace("-", "−")
