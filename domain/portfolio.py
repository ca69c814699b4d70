"""A portfolio of buildings: what is thought of each, what has changed, and in which order."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from domain.assessed import Assessed, Band, shown_band
from domain.assessments import SuspectedGrade
from domain.buildings import Appraisal, Building
from domain.limits import LimitProfile

#: spans over which changes are looked at, days
SPANS_DAYS = (7, 30, 90)
#: a score that changed by fewer points is no mover, unless its band changed
MOVED_POINTS = 5.0


class Sort(StrEnum):
    """In which order a portfolio is listed; those without the figure come last.

    The highest score or rise first, with a minus the lowest; the least confidence and the oldest
    data first.
    """

    SCORE = "score"
    SCORE_UP = "-score"
    RISE = "change"
    FALL = "-change"
    CONFIDENCE = "confidence"
    AGE = "age"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Standing:
    """How one building stands.

    Parameters
    ----------
    row
        What holds; `None`: it was never assessed.
    band
        `CANNOT_JUDGE` for one that was never assessed, too.
    before
        What held at the beginning of the span that is looked at.
    appraisal
        The one in force: what an appraiser found, never a model.

    """

    building: Building
    row: Assessed | None
    band: Band
    before: Assessed | None = None
    band_before: Band | None = None
    appraisal: Appraisal | None = None

    @property
    def judged(self) -> bool:
        """Tell whether there is a score."""
        return self.row is not None and self.row.judged

    @property
    def score(self) -> float | None:
        """Tell the score, 0 to 100; `None`: cannot judge."""
        return self.row.assessment.score if self.row is not None and self.row.judged else None

    @property
    def suspected(self) -> SuspectedGrade:
        """Tell what is suspected; never a grade."""
        return self.row.assessment.suspected if self.row else SuspectedGrade.CANNOT_JUDGE

    @property
    def change(self) -> float | None:
        """Tell by how many points the score has changed; `None` where one of the two is missing."""
        if self.score is None or self.before is None or not self.before.judged:
            return None
        return self.score - self.before.assessment.score

    @property
    def moved(self) -> bool:
        """Tell whether it is worth showing among what changed."""
        if self.band_before is not None and self.band_before is not self.band:
            return True
        return self.change is not None and abs(self.change) >= MOVED_POINTS


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which buildings are listed; empty sets and texts let all through."""

    bands: frozenset[Band] = frozenset()
    suspected: frozenset[SuspectedGrade] = frozenset()
    district: str = ""
    text: str = ""

    def lets_through(self, one: Standing) -> bool:
        """Tell whether a building is wanted."""
        text, house = self.text.strip().lower(), one.building
        return (
            (not self.bands or one.band in self.bands)
            and (not self.suspected or one.suspected in self.suspected)
            and (not self.district or house.district == self.district)
            and (not text or text in f"{house.code}\n{house.name}\n{house.address}".lower())
        )


def standings(
    buildings: Iterable[Building],
    newest: Mapping[str, Assessed],
    before: Mapping[str, Assessed],
    appraised: Mapping[str, Appraisal],
    profile: LimitProfile,
) -> list[Standing]:
    """Put together how buildings stand."""
    found = []
    for building in buildings:
        row, earlier = newest.get(building.id), before.get(building.id)
        found.append(
            Standing(
                building,
                row,
                shown_band(row, profile) if row else Band.CANNOT_JUDGE,
                earlier,
                shown_band(earlier, profile) if earlier else None,
                appraised.get(building.id),
            )
        )
    return found


def listed(rows: Iterable[Standing], wanted: Wanted, sort: Sort) -> list[Standing]:
    """Pick the wanted ones and put them in order; ties go by code and id."""

    def figure(one: Standing) -> float | None:
        made = one.row.assessment if one.row else None
        data_at_ns = one.row.data_at_ns if one.row else None
        match sort:
            case Sort.SCORE | Sort.SCORE_UP:
                return one.score
            case Sort.RISE | Sort.FALL:
                return one.change
            case Sort.CONFIDENCE:
                return made.quality_percent if made else None
            case Sort.AGE:
                return None if data_at_ns is None else float(data_at_ns)
            case Sort.CODE:
                return 0.0

    rising = sort in {Sort.SCORE_UP, Sort.FALL, Sort.CONFIDENCE, Sort.AGE}

    def place(one: Standing) -> tuple[int, float, str, str]:
        value = figure(one)
        # of those without a figure, the blind come before those that nobody assessed
        missing = 0 if value is not None else 1 if one.row is not None else 2
        sized = (value or 0.0) * (1 if rising else -1)
        return missing, sized, one.building.code, one.building.id

    return sorted((one for one in rows if wanted.lets_through(one)), key=place)


@dataclass(frozen=True, slots=True)
class Movers:
    """What changed most: scores that rose, and scores that fell, the furthest first."""

    up: tuple[Standing, ...]
    down: tuple[Standing, ...]


def movers(rows: Sequence[Standing], most: int = 10) -> Movers:
    """Find what changed: by points, or into another band with whatever points.

    A building that became blind, or can be judged again, has no points; it is no mover, the
    counts of the bands tell of it.
    """
    moved = [(one.change, one) for one in rows if one.change is not None and one.moved]
    up = sorted((m for m in moved if m[0] > 0), key=lambda m: (-m[0], m[1].building.id))
    down = sorted((m for m in moved if m[0] < 0), key=lambda m: (m[0], m[1].building.id))
    return Movers(tuple(one for _, one in up[:most]), tuple(one for _, one in down[:most]))
