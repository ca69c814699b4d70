"""Labels: what people found out about an alert, and how good the scores were by them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from enum import StrEnum
from math import sqrt
from typing import Protocol

from domain.clock import DAY_NS, to_datetime, to_ns
from domain.errors import InvalidInput
from domain.ports import RegisterStore
from domain.sensors import Site

CHINA = timezone(timedelta(hours=8))
#: kinds of sensors that judge movement
WATCHED = frozenset({"tilt", "crack", "settlement", "vibration"})
DAYS_OF_YEAR = 365.25


class Outcome(StrEnum):
    """What an alert turned out to be."""

    CONFIRMED = "confirmed"
    BENIGN = "benign"
    SENSOR_FAULT = "sensor fault"


@dataclass(frozen=True, slots=True)
class Label:
    """What somebody found out about one alert; the newest of an alert counts.

    Parameters
    ----------
    score
        Of the building when the alert was opened, as it was known then; `None`: none was.
    assessment_id
        Where that score stands.

    """

    id: str
    alert_id: str
    building_id: str
    cause: str
    outcome: Outcome
    at_ns: int
    by: str
    note: str = ""
    score: float | None = None
    assessment_id: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Labels whose score lay in one band: what was said, and what it was."""

    low: float
    high: float
    count: int
    said: float
    was: float
    was_low: float
    was_high: float


@dataclass(frozen=True, slots=True)
class QualityReport:
    """How good the judgement was in one quarter, by what people found out.

    Parameters
    ----------
    brier
        Mean square of (score / 100 − confirmed); `None` without scored labels.
    brier_base
        The same for always saying the share of confirmed ones.
    false_alarms
        Alerts that turned out benign or a sensor's fault.
    sensor_years
        Years that sensors were watched for in the quarter.
    false_low, false_high
        95 % interval of false alarms a sensor-year (Poisson).

    """

    quarter: str
    start_ns: int
    end_ns: int
    labels: int
    scored: int
    confirmed: int
    benign: int
    faults: int
    brier: float | None
    brier_base: float | None
    bins: tuple[ReliabilityBin, ...]
    false_alarms: int
    sensor_years: float
    false_rate: float | None
    false_low: float | None
    false_high: float | None


def report_of(
    quarter: str,
    start_ns: int,
    end_ns: int,
    labels: Sequence[Label],
    sensor_years: float,
    bands: int = 5,
) -> QualityReport:
    """Make the report of a quarter from the newest label of each alert.

    Parameters
    ----------
    labels
        All labels; those given outside of the quarter are left out.

    """
    newest: dict[str, Label] = {}
    for label in sorted(labels, key=lambda one: (one.at_ns, one.id)):
        if start_ns <= label.at_ns < end_ns:
            newest[label.alert_id] = label
    kept = list(newest.values())
    pairs = [
        (one.score / 100, one.outcome is Outcome.CONFIRMED) for one in kept if one.score is not None
    ]
    brier = base = None
    if pairs:
        share = sum(was for _, was in pairs) / len(pairs)
        brier = sum((said - was) ** 2 for said, was in pairs) / len(pairs)
        base = sum((share - was) ** 2 for _, was in pairs) / len(pairs)
    counts = {outcome: sum(one.outcome is outcome for one in kept) for outcome in Outcome}
    false = counts[Outcome.BENIGN] + counts[Outcome.SENSOR_FAULT]
    rate = low = high = None
    if sensor_years > 0:
        rate = false / sensor_years
        low, high = (bound / sensor_years for bound in poisson_interval(false))
    return QualityReport(
        quarter,
        start_ns,
        end_ns,
        len(kept),
        len(pairs),
        counts[Outcome.CONFIRMED],
        counts[Outcome.BENIGN],
        counts[Outcome.SENSOR_FAULT],
        brier,
        base,
        tuple(_bins(pairs, bands)),
        false,
        sensor_years,
        rate,
        low,
        high,
    )


def _bins(pairs: Sequence[tuple[float, bool]], bands: int) -> list[ReliabilityBin]:
    found = []
    for band in range(bands):
        low, high = band / bands, (band + 1) / bands
        inside = [p for p in pairs if low <= p[0] < high or (band == bands - 1 and p[0] == 1.0)]
        if inside:
            confirmed = sum(was for _, was in inside)
            below, above = wilson_interval(confirmed, len(inside))
            said = sum(s for s, _ in inside) / len(inside)
            found.append(
                ReliabilityBin(low, high, len(inside), said, confirmed / len(inside), below, above)
            )
    return found


def wilson_interval(hits: int, of: int, z: float = 1.96) -> tuple[float, float]:
    """Tell the 95 % interval of a share (Wilson).

    Examples
    --------
    >>> [round(bound, 3) for bound in wilson_interval(5, 10)]
    [0.237, 0.763]

    """
    share = hits / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z * sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return max(0.0, middle - half), min(1.0, middle + half)


def poisson_interval(count: int, z: float = 1.96) -> tuple[float, float]:
    """Tell the 95 % interval of a count's mean (Byar's approximation of the exact one).

    Examples
    --------
    >>> [round(bound, 2) for bound in poisson_interval(10)]
    [4.79, 18.39]
    >>> poisson_interval(0)[0]
    0.0

    """
    low = 0.0
    if count:
        low = count * (1 - 1 / (9 * count) - z / (3 * sqrt(count))) ** 3
    above = count + 1
    return low, above * (1 - 1 / (9 * above) + z / (3 * sqrt(above))) ** 3


class LabelStore(Protocol):
    """Keeps labels; none is ever changed."""

    def put(self, label: Label) -> None:
        """Keep a label; the same again changes nothing."""
        ...

    def labels(
        self,
        *,
        building_ids: Sequence[str] | None = None,
        start_ns: int | None = None,
        end_ns: int | None = None,
    ) -> list[Label]:
        """List labels, oldest first."""
        ...


def quarter_of(year: int, number: int) -> tuple[int, int]:
    """Tell first instant and end of a quarter, in China's time, ns since 1970 UTC.

    Examples
    --------
    >>> start, end = quarter_of(1970, 1)
    >>> start // 10**9, (end - start) // (86400 * 10**9)
    (-28800, 90)

    """
    if not (1970 <= year < 2200 and 1 <= number <= 4):
        raise InvalidInput(f"quarter must be such as 2026Q4, got {year}Q{number}", "quarter")
    first = datetime(year, 3 * number - 2, 1, tzinfo=CHINA)
    after = datetime(year + number // 4, 3 * (number % 4) + 1, 1, tzinfo=CHINA)
    return to_ns(first), to_ns(after)


def quarter_named(text: str) -> tuple[int, int]:
    """Tell first instant and end of a quarter by its name, `2026Q4`."""
    year, _, number = text.upper().partition("Q")
    if not (year.isdecimal() and number.isdecimal()):
        raise InvalidInput(f"quarter must be such as 2026Q4, got {text!r}", "quarter")
    return quarter_of(int(year), int(number))


def quarter_at(at_ns: int) -> str:
    """Name the quarter of a moment.

    Examples
    --------
    >>> quarter_at(1_795_413_900_000_000_000)
    '2026Q4'

    """
    day = to_datetime(at_ns).astimezone(CHINA)
    return f"{day.year}Q{(day.month + 2) // 3}"


def sensor_years(sites: Iterable[Site], start_ns: int, end_ns: int) -> float:
    """Add up for how long the sensors that judge movement were watched between two moments.

    A sensor counts from its first segment on, or from the start when it has none.
    """
    total_ns = 0
    for site in sites:
        sensor_of = {c.id: c.sensor_id for c in site.channels}
        since: dict[str, int] = {}
        for segment in site.segments:
            sensor_id = sensor_of.get(segment.channel_id, "")
            since[sensor_id] = min(segment.opened_at_ns, since.get(sensor_id, end_ns))
        for sensor in site.sensors:
            if sensor.active and sensor.kind in WATCHED:
                begun_ns = max(start_ns, since.get(sensor.id, start_ns))
                total_ns += max(0, end_ns - begun_ns)
    return total_ns / (DAYS_OF_YEAR * DAY_NS)


def watched_sensors(sites: Iterable[Site]) -> int:
    """Count the active sensors that judge movement."""
    return sum(s.active and s.kind in WATCHED for site in sites for s in site.sensors)


def every_site(register: RegisterStore) -> list[Site]:
    """Read what is mounted on every building that some gateway serves."""
    found = {}
    for shard in sorted({gateway.shard for gateway in register.gateways()}):
        for building, _, site in register.sites(shard):
            found[building.id] = site
    return list(found.values())
