"""What the building page and the portfolio say of an assessment, ready to be shown."""

from collections.abc import Sequence
from dataclasses import dataclass

from analytics.assessment.model import load_model
from analytics.assessment.statement import evidence, reason_words
from analytics.score_findings import names_of
from domain.assessed import Assessed, Band, shown_band
from domain.assessments import SuspectedGrade
from domain.buildings import Building
from domain.clock import DAY_NS
from domain.services import Services
from web.formats import local
from web.words import Words

#: history that the small chart shows
HISTORY = 180
_POINTS_TOLD = 0.5
WIDTH, HEIGHT, LEFT, BOTTOM = 560.0, 120.0, 28.0, 18.0


@dataclass(frozen=True, slots=True)
class VerdictRow:
    """One channel of the table behind a score."""

    name: str
    health: str
    text: tuple[str, ...]
    weather_percent: float | None
    learning_days: int
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScoreChart:
    """The history of a score as a drawing: one dot an assessment, its interval as a band."""

    band: str
    line: str
    dots: tuple[tuple[float, float, str], ...]
    gaps: tuple[tuple[float, float], ...]
    lines: tuple[tuple[float, int], ...]
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class Shown:
    """One assessment, ready to be shown."""

    row: Assessed
    band: Band
    judged: bool
    reasons: tuple[str, ...]
    would_change: tuple[str, ...]
    coincides: tuple[str, ...]
    verdicts: tuple[VerdictRow, ...]
    learning_days: int | None


def shown(services: Services, building: Building, row: Assessed, words: Words) -> Shown:
    """Write an assessment for a reader."""
    made, language = row.assessment, words.language
    names = names_of(services.register.site(building.id))
    verdicts = tuple(
        VerdictRow(
            names.get(v.channel_id, v.channel_id),
            v.health.value,
            tuple(
                evidence(
                    v,
                    [one for one in made.verdicts if one.channel_id != v.channel_id],
                    names,
                    load_model(),
                    language,
                )
            ),
            None if v.weather_share is None else 100 * v.weather_share,
            v.learning_days,
            tuple(words.of("fault", fault.value) for fault in v.faults),
        )
        for v in made.verdicts
    )
    return Shown(
        row,
        shown_band(row, services.profile),
        made.suspected is not SuspectedGrade.CANNOT_JUDGE,
        tuple(reason_words(reason, made.verdicts, names, language) for reason in made.reasons),
        tuple(
            reason_words(reason, made.verdicts, names, language)
            for reason in made.would_change
            # what would narrow the interval by no point is no news
            if reason.weight >= _POINTS_TOLD or reason.key == "change.second_sensor"
        ),
        tuple(_coincides(str(v), words) for n, v in made.details if n.startswith("coincides:")),
        verdicts,
        max((v.learning_days for v in made.verdicts), default=None),
    )


def _coincides(said: str, words: Words) -> str:
    kind, at_ns, name = said.split("|", 2)
    when = f"{local(int(at_ns)):%Y-%m-%d}"
    return words("assessment.coincides", kind=words.of("context", kind), name=name, when=when)


def chart_of(history: Sequence[Assessed]) -> ScoreChart | None:
    """Draw the history of a score, oldest left; `None` with fewer than two assessments.

    Stretches in which the building could not be judged are gaps: nothing is drawn across them.
    """
    rows = sorted(history, key=lambda row: (row.assessment.at_ns, row.made_at_ns))
    if len(rows) < 2:
        return None
    start_ns, end_ns = rows[0].assessment.at_ns, rows[-1].assessment.at_ns
    span_ns = max(1, end_ns - start_ns)

    def x(at_ns: int) -> float:
        return round(LEFT + (WIDTH - LEFT - 6) * (at_ns - start_ns) / span_ns, 1)

    def y(score: float) -> float:
        return round(4 + (HEIGHT - BOTTOM - 4) * (1 - score / 100), 1)

    runs: list[list[Assessed]] = [[]]
    gaps: list[tuple[float, float]] = []
    for number, row in enumerate(rows):
        at_x = x(row.assessment.at_ns)
        if row.assessment.suspected is SuspectedGrade.CANNOT_JUDGE:
            until = rows[number + 1].assessment.at_ns if number + 1 < len(rows) else end_ns
            gaps.append((at_x, max(2.0, round(x(until) - at_x, 1))))
            runs.append([])
        else:
            runs[-1].append(row)
    band, line = [], []
    for run in (run for run in runs if run):
        made = [row.assessment for row in run]
        upper = [f"{x(a.at_ns)},{y(a.high)}" for a in made]
        lower = [f"{x(a.at_ns)},{y(a.low)}" for a in reversed(made)]
        band.append("M" + " L".join([*upper, *lower]) + " Z")
        line.append("M" + " L".join(f"{x(a.at_ns)},{y(a.score)}" for a in made))
    dots = tuple(
        (
            x(row.assessment.at_ns),
            y(row.assessment.score),
            (
                f"{local(row.assessment.at_ns):%Y-%m-%d %H:%M} · {row.assessment.score:.0f} "
                f"({row.assessment.low:.0f}–{row.assessment.high:.0f})"
            ),
        )
        for run in runs
        for row in run
    )
    form = "%Y-%m-%d" if span_ns > 2 * DAY_NS else "%m-%d %H:%M"
    return ScoreChart(
        " ".join(band),
        " ".join(line),
        dots,
        tuple(gaps),
        tuple((y(value), value) for value in (0, 30, 60, 80, 100)),
        local(start_ns).strftime(form),
        local(end_ns).strftime(form),
    )
