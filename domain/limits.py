"""Limits: rows of the versioned limits data, each with its clause and how sure we are of it."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from itertools import pairwise

from domain.buildings import Building, Grade


class Level(IntEnum):
    """Colour of an alert (蓝黄橙红); never a building's grade, never a model's score."""

    NONE = 0
    BLUE = 1
    YELLOW = 2
    ORANGE = 3
    RED = 4

    @property
    def word(self) -> str:
        """The name that the API and the messages use."""
        return self.name.lower()

    @classmethod
    def named(cls, word: str) -> "Level":
        """Find a level by its name.

        Raises
        ------
        ValueError
            When there is none of that name.

        """
        try:
            return cls[word.upper()]
        except KeyError:
            known = ", ".join(level.word for level in cls)
            raise ValueError(f"level must be one of {known}, got {word!r}") from None


class Certainty(StrEnum):
    """How sure we are of a number (DOMAIN's marks)."""

    VERIFIED = "verified"
    PARTLY = "partly verified"
    MEMORY_HIGH = "from memory, high"
    MEMORY_MEDIUM = "from memory, medium"
    MEMORY_LOW = "from memory, low"
    PROPOSAL = "project proposal"


@dataclass(frozen=True, slots=True)
class Limit:
    """One row of a limit profile.

    Parameters
    ----------
    id
        Stable name of the rule, such as `tilt.total.h24`; its rows differ in `level`.
    quantity
        What is compared: `tilt_total`, `tilt_growth`, `tilt_rate`, `settlement_rate`, …
    value
        Limit in `unit`; a value reaching it (`>=`) or, with `op` `>`, passing it counts.
    applies
        Conditions by name: `height_m_max`, `height_m_above`, `storeys_max`, `storeys_min`,
        `works_nearby`, `months` (consecutive months needed), `days`, `grade`, …
    source
        Standard and clause, or `project`.

    """

    id: str
    quantity: str
    level: Level
    op: str
    value: float
    unit: str
    applies: tuple[tuple[str, float | str | bool], ...]
    consequence: str
    source: str
    certainty: Certainty
    effective_from: str

    def reached_by(self, value: float) -> bool:
        """Tell whether a value counts as at or over the limit."""
        return value > self.value if self.op == ">" else value >= self.value

    def nearly_reached_by(self, value: float, factor: float) -> bool:
        """Tell whether a value keeps a level once reached: the limit times a factor, 0 to 1."""
        limit = self.value * factor
        return value > limit if self.op == ">" else value >= limit

    def applies_to(self, building: Building, grade: Grade | None) -> bool:
        """Tell whether the row speaks of a building: its height, storeys, structure, works, grade.

        A building that nobody has appraised counts as not D.
        """
        for name, wanted in self.applies:
            match name:
                case "height_m_max":
                    fits = building.height_m <= float(wanted)
                case "height_m_above":
                    fits = building.height_m > float(wanted)
                case "storeys_max":
                    fits = building.storeys_above <= float(wanted)
                case "storeys_min":
                    fits = building.storeys_above >= float(wanted)
                case "structure":
                    fits = building.structure in str(wanted).split()
                case "works_nearby":
                    fits = building.works_nearby == wanted
                case "grade":
                    fits = (grade is Grade.D) == (wanted == "D")
                case _:
                    fits = True
            if not fits:
                return False
        return True

    def condition(self, name: str, default: float | str | bool | None = None) -> object:
        """Tell one condition of the row."""
        for known, wanted in self.applies:
            if known == name:
                return wanted
        return default


@dataclass(frozen=True, slots=True)
class LimitProfile:
    """A named, versioned set of limits and of the numbers that steer their judgement.

    Parameters
    ----------
    numbers
        Named steering numbers: `confirm.need`, `confirm.of`, `hysteresis`, `agreement.points`, …
    choices
        Named choices between tables: `vibration.default`, `vibration.works`, …

    """

    name: str
    version: str
    rows: tuple[Limit, ...]
    numbers: tuple[tuple[str, float], ...]
    tables: tuple["VibrationTable", ...] = ()
    choices: tuple[tuple[str, str], ...] = ()
    sampling: tuple["SamplingRow", ...] = ()
    care: tuple["CareRow", ...] = ()

    @property
    def label(self) -> str:
        """Name and version as findings carry them: `default-2026@1`."""
        return f"{self.name}@{self.version}"

    def choice(self, name: str) -> str:
        """Tell one named choice, such as which family of vibration tables is the default."""
        return dict(self.choices)[name]

    def rows_for(self, quantity: str, building: Building, grade: Grade | None) -> tuple[Limit, ...]:
        """List the rows of one quantity that speak of a building, mildest first."""
        return tuple(row for row in self.of(quantity) if row.applies_to(building, grade))

    def of(self, quantity: str) -> tuple[Limit, ...]:
        """List the rows of one quantity, mildest first."""
        return tuple(
            sorted((r for r in self.rows if r.quantity == quantity), key=lambda r: r.level)
        )

    def number(self, name: str) -> float:
        """Tell one steering number."""
        return dict(self.numbers)[name]


@dataclass(frozen=True, slots=True)
class SamplingRow:
    """How often one kind of channel is read at a house in one state.

    Parameters
    ----------
    state
        `D`, `C` or `watched` by the house's grade; `alert` on top of it.
    kinds
        Kinds of channels that it speaks of.
    interval_s
        Longest time between two readings.
    trigger
        Waves are recorded when shaking begins, too.
    report_s
        Longest time for which readings may be gathered before they are sent; 0: sent as read.

    """

    id: str
    state: str
    kinds: tuple[str, ...]
    interval_s: int
    trigger: bool
    report_s: int
    source: str
    certainty: Certainty


@dataclass(frozen=True, slots=True)
class CareRow:
    """What makes a gateway or one of its sensors worth a visit.

    Parameters
    ----------
    figure
        What is looked at: `battery_percent`, `silence_hours`, …
    op
        `<` or `>`.
    weight
        How much it presses; the list of visits is sorted by the sum.

    """

    id: str
    figure: str
    op: str
    value: float
    unit: str
    weight: float
    consequence: str
    source: str
    certainty: Certainty

    def reached_by(self, value: float) -> bool:
        """Tell whether a figure calls for a visit."""
        return value < self.value if self.op == "<" else value > self.value


@dataclass(frozen=True, slots=True)
class VibrationTable:
    """A frequency table of peak velocity (mm/s); tables are never mixed.

    Parameters
    ----------
    points
        (frequency Hz, limit mm/s), rising; linear between, flat outside.

    """

    id: str
    source_kind: str
    use: str
    position: str
    points: tuple[tuple[float, float], ...]
    source: str
    certainty: Certainty

    def limit_at(self, frequency_hz: float) -> float:
        """Tell the limit at a frequency, mm/s.

        Examples
        --------
        >>> table = VibrationTable(
        ...     "t", "traffic", "residential", "foundation",
        ...     ((10, 2), (50, 5)), "GB 50868-2013", Certainty.MEMORY_MEDIUM,
        ... )
        >>> table.limit_at(30), table.limit_at(3)
        (3.5, 2)

        """
        if frequency_hz <= self.points[0][0]:
            return self.points[0][1]
        for (low_hz, low), (high_hz, high) in pairwise(self.points):
            if frequency_hz <= high_hz:
                return low + (high - low) * (frequency_hz - low_hz) / (high_hz - low_hz)
        return self.points[-1][1]

    @property
    def strictest(self) -> tuple[float, float]:
        """The point with the lowest limit, for a peak whose frequency is not known."""
        return min(self.points, key=lambda point: (point[1], point[0]))
