"""What alerts say: one sentence in Chinese or English, with numbers, limit and clause."""

from collections.abc import Mapping

from alerting import chinese, english, installation_texts
from alerting.saying import Saying, of_contribution, of_finding
from alerting.words import CAUSE_WORDS, EVENT_WORDS, language_of, level_word, moment
from domain.alerts import INSTALLATION, Alert, Contribution, EventKind
from domain.buildings import Building
from domain.findings import Cause, Finding
from domain.limits import Level


def leading(alert: Alert) -> Contribution | None:
    """Find the contribution that an alert's sentence speaks of: the worst, then the newest."""
    return max(alert.contributions, key=lambda c: (c.level, c.at_ns, c.finding_id), default=None)


def agreeing_subjects(alert: Alert) -> frozenset[str]:
    """List the points of a building that hold an alert at yellow or above."""
    return frozenset(
        c.subject
        for c in alert.contributions
        if c.level >= Level.YELLOW and c.subject != alert.building_id
    )


def title(
    alert: Alert, building: Building | None, language: str = "zh", kind: EventKind | None = None
) -> str:
    """Write the first line of a notice: level with its shape, building, cause, what happened.

    Parameters
    ----------
    kind
        The event that it is told for; `OPENED` adds no word.

    """
    language = language_of(language)
    parts = [level_word(alert.level, language), house(building, alert.building_id, language)]
    parts.append(CAUSE_WORDS[language][alert.cause])
    if kind in EVENT_WORDS[language]:
        parts.append(EVENT_WORDS[language][kind])
    return " · ".join(parts)


def sentence(
    about: Alert | Finding,
    building: Building | None,
    language: str = "zh",
    findings: Mapping[str, Finding] | None = None,
) -> str:
    """Say in one sentence what an alert or a finding is about.

    Parameters
    ----------
    building
        The building it is about; its id stands in when it is not known.
    findings
        Findings by id, where at hand: they add the span, the source and what was compensated.

    Returns
    -------
    str
        Such as `3 号楼东墙裂缝 C-03 在扣除温度影响后 12 天内扩展 0.31 mm（限值 0.30 mm，依据 …），
        2 个测点一致。`

    """
    language = language_of(language)
    stop = "。" if language == "zh" else "."
    if isinstance(about, Finding):
        return _clause(of_finding(about), building, about.building_id, language) + stop
    worst = leading(about)
    if worst is None:
        gap = "" if language == "zh" else ": "
        name = house(building, about.building_id, language)
        return name + gap + CAUSE_WORDS[language][about.cause] + stop
    known = (findings or {}).get(worst.finding_id)
    saying = of_finding(known) if known else of_contribution(about.cause, worst)
    return (
        _clause(saying, building, about.building_id, language) + _agreement(about, language) + stop
    )


def notice_text(
    alert: Alert,
    building: Building | None,
    language: str = "zh",
    findings: Mapping[str, Finding] | None = None,
    kind: EventKind | None = None,
) -> str:
    """Write the body of a notice: the sentence, since when, and what is asked of the reader."""
    text = sentence(alert, building, language, findings)
    since = moment(alert.event_started_at_ns)
    if language_of(language) == "zh":
        asked = "已超过确认时限，请立即确认并处置。" if kind is EventKind.ESCALATED else ""
        place = f"地址：{building.address}。" if building and building.address else ""
        return f"{text}自 {since} 起。{place}{asked}"
    asked = (
        " Nobody has acknowledged it in time: please act now."
        if (kind is EventKind.ESCALATED)
        else ""
    )
    place = f" Address: {building.address}." if building and building.address else ""
    return f"{text} Since {since} (China time).{place}{asked}"


def house(building: Building | None, building_id: str, language: str = "zh") -> str:
    """Name a building, or the installation; an id stands in for a building that is not known."""
    if building_id == INSTALLATION:
        return installation_texts.NAME[language]
    return building.name if building else building_id


def _agreement(alert: Alert, language: str) -> str:
    count = len(agreeing_subjects(alert))
    if count < 2:
        return ""
    lost = alert.cause in {Cause.WATCH, Cause.RESTART} or alert.of_installation
    if language == "zh":
        return f"，共 {count} 处" if lost else f"，{count} 个测点一致"
    return f"; {count} in all" if lost else f"; {count} points agree"


def _clause(said: Saying, building: Building | None, building_id: str, language: str) -> str:
    if said.cause.of_installation:
        return installation_texts.clause(said, language)
    name, whole = house(building, building_id), said.subject == building_id
    over = said.level == Level.NONE
    if language == "zh":
        who = chinese.subject(name, said, whole=whole)
        return who + (chinese.over(said) if over else chinese.holds(said))
    who = english.subject(name, said, whole=whole)
    return who + (english.over(said) if over else english.holds(said))
