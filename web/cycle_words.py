"""Rules of a cycle profile in words, and pairs of counts as bars."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.check_cycles import CycleRow, RolloutRow
from domain.checkups import CheckClass
from lifecycle.cycle_desk import RuleChange
from lifecycle.projection import Effect
from web.words import Words

MONTHS_OF_YEAR = 12
#: height of the tallest bar, in units of the drawing
FULL = 100.0


def every(row: CycleRow, words: Words) -> str:
    """Tell how often, in the largest unit that fits.

    Examples
    --------
    >>> every(CycleRow("r", CheckClass.BASIC, 120), Words("en"))
    'every 10 years'
    >>> every(CycleRow("r", CheckClass.BASIC), Words("en"))
    'exempt'

    """
    months, days = row.every_months, row.every_days
    if not months and not days:
        return words("cycles.exempt")
    parts = []
    if months and months % MONTHS_OF_YEAR == 0:
        parts.append(_count("years", months // MONTHS_OF_YEAR, words))
    elif months:
        parts.append(_count("months", months, words))
    if days:
        parts.append(_count("days", days, words))
    return words("cycles.every", span=words("cycles.and").join(parts))


def _count(unit: str, number: int, words: Words) -> str:
    return words(f"cycles.one_{unit}" if number == 1 else f"cycles.n_{unit}", n=number)


def who(row: CycleRow, words: Words) -> str:
    """Tell which buildings a rule is for.

    Examples
    --------
    >>> who(CycleRow("r", CheckClass.BASIC, uses=("public",), age_from=30), Words("en"))
    'public, 30 years or older'

    """
    parts = []
    if row.uses:
        parts.append(words("cycles.or").join(words.of("use", one) for one in row.uses))
    if row.grades:
        letters = words("cycles.or").join(words.of("cycles_grade", one) for one in row.grades)
        parts.append(words("cycles.of_grade", grades=letters))
    if row.age_from is not None and row.age_to is not None:
        parts.append(words("cycles.age_between", low=f"{row.age_from:g}", high=f"{row.age_to:g}"))
    elif row.age_from is not None:
        parts.append(words("cycles.age_from", n=f"{row.age_from:g}"))
    elif row.age_to is not None:
        parts.append(words("cycles.age_to", n=f"{row.age_to:g}"))
    if row.life:
        parts.append(words(f"cycles.life_{row.life}"))
    return words("cycles.comma").join(parts) or words("cycles.everyone")


def built(row: RolloutRow, words: Words) -> str:
    """Tell which build years have their first check-up in a rollout year."""
    low, high = row.built_from, row.built_to
    if low is None and high is None:
        return words("cycles.built_any")
    if low is None:
        return words("cycles.built_to", year=high)
    if high is None:
        return words("cycles.built_from", year=low)
    return words("cycles.built_between", low=low, high=high)


def told(change: RuleChange, words: Words) -> str:
    """Tell one change of a rule in a line."""
    name = words.of(f"cycles_{change.part}", change.key, change.key)
    if change.part == "rollout":
        name = words("cycles.rollout_year", year=change.key)
    elif change.part == "triggers":
        name = words.of("check_cause", change.key)
    if not change.before or not change.after:
        kind = "taken_out" if change.before else "put_in"
        return words(f"cycles.{kind}", name=name)
    field = words.group("cycles_field")
    parts = [
        words("cycles.was_is", field=field.get(name_, name_), was=_plain(old), now=_plain(new))
        for (name_, old), (_, new) in zip(change.before, change.after, strict=True)
    ]
    return words("cycles.changed", name=name, text="; ".join(parts)) if name else "; ".join(parts)


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(str(one) for one in value) or "–"
    return "–" if value in (None, "") else str(value)


@dataclass(frozen=True, slots=True)
class Bar:
    """A pair of bars, with heights of 0 to 100."""

    label: str
    before: int
    after: int
    before_height: float
    after_height: float


def month_bars(effect: Effect, check_class: CheckClass) -> list[Bar]:
    """Make the bars of a class by month; none where nothing is asked for."""
    months = sorted({month for month, _ in effect.months})
    pairs = [effect.months.get((month, check_class), (0, 0)) for month in months]
    return bars([month.strftime("%Y-%m") for month in months], pairs)


def bars(labels: Sequence[str], pairs: Sequence[tuple[int, int]]) -> list[Bar]:
    """Make bars; the tallest is 100 high."""
    most = max((max(pair) for pair in pairs), default=0)
    if not most:
        return []
    return [
        Bar(label, was, now, FULL * was / most, FULL * now / most)
        for label, (was, now) in zip(labels, pairs, strict=True)
    ]
