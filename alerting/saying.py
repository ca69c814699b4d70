"""What one clause of an alert's sentence speaks of, and its figures in words."""

from dataclasses import dataclass

from alerting.words import number, span, unit_word
from domain.alerts import Contribution
from domain.findings import Cause, Compensation, Finding
from domain.limits import Level


@dataclass(frozen=True, slots=True)
class Saying:
    """What one clause speaks of, from a finding or, when that is not at hand, a contribution."""

    cause: Cause
    rule: str
    subject: str
    subject_name: str
    level: Level
    value: float
    limit: float
    unit: str
    window_ns: int = 0
    source: str = ""
    compensation: Compensation = Compensation.NOT_NEEDED
    capped: bool = False
    details: tuple[tuple[str, float | str], ...] = ()

    def detail(self, name: str) -> float | str | None:
        """Tell one further figure or word."""
        return dict(self.details).get(name)


def of_finding(finding: Finding) -> Saying:
    """Speak of a finding, which knows its span, source and compensation."""
    return Saying(
        finding.cause,
        finding.rule,
        finding.subject,
        finding.subject_name,
        finding.level,
        finding.value,
        finding.limit,
        finding.unit,
        finding.window_ns,
        finding.source,
        finding.compensation,
        finding.capped,
        finding.details,
    )


def of_contribution(cause: Cause, held: Contribution) -> Saying:
    """Speak of a contribution, where its finding is not at hand."""
    return Saying(
        cause,
        held.rule,
        held.subject,
        held.subject_name,
        held.level,
        held.value,
        held.limit,
        held.unit,
    )


def figures(said: Saying, language: str) -> tuple[str, str]:
    """Write value and limit with their units, to the same digits."""
    unit = unit_word(said.unit, language)
    value = number(said.value, said.unit, said.limit)
    return f"{value} {unit}".strip(), f"{number(said.limit, said.unit, said.limit)} {unit}".strip()


def what(said: Saying) -> str:
    """Tell the kind of quantity from the rule's name: `rate`, `growth`, else `total`."""
    for kind in ("rate", "growth"):
        if kind in said.rule.split("."):
            return kind
    return "total"


def placed(subject_name: str) -> tuple[str, str]:
    """Take `C-03 东墙 2 层` apart into code and place."""
    code, _, place = subject_name.partition(" ")
    return code, place.strip()


_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400}


def lasting(said: Saying, language: str) -> tuple[str, str] | None:
    """Write value and limit of a silence as lengths of time; `None` for another unit."""
    if said.unit not in _SECONDS:
        return None
    unit_ns = _SECONDS[said.unit] * 1_000_000_000
    return span(round(said.value * unit_ns), language), span(round(said.limit * unit_ns), language)
