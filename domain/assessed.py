"""Assessments as they are kept: what was said of a building, and when it was said."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from domain.assessments import Health, RiskAssessment, SuspectedGrade, Verdict
from domain.limits import LimitProfile
from domain.score_notices import BandNotice


class Band(StrEnum):
    """In which band a score lies; never a grade."""

    CALM = "calm"
    WATCH = "watch"
    C_SUSPECT = "C-suspect"
    D_SUSPECT = "D-suspect"
    CANNOT_JUDGE = "cannot judge"


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many of a building's channels there are, and how many of them told something."""

    channels: int
    told: int

    @property
    def share(self) -> float:
        """Tell the share that told something, 0 to 1."""
        return self.told / self.channels if self.channels else 0.0


@dataclass(frozen=True, slots=True)
class Assessed:
    """One assessment with the moment at which it was made; it is never changed.

    Parameters
    ----------
    made_at_ns
        By the clock of readings. Assessing the past again with another model makes a new one
        with an old `assessment.at_ns` and a new `made_at_ns`, so that what was said then stays.
    because
        What asked for it: the job's name, or the person's.
    data_at_ns
        Newest reading that was used; `None`: there was none.
    band
        As it was told: a band is left only with some way below its bound, so that a score at a
        bound does not change it every night. `None`: nobody kept it; see `shown_band`.
    coverage
        `None`: it was kept before they were counted.

    """

    assessment: RiskAssessment
    made_at_ns: int
    because: str = ""
    data_at_ns: int | None = None
    band: Band | None = None
    coverage: Coverage | None = None

    @property
    def judged(self) -> bool:
        """Tell whether there is a score."""
        return self.assessment.suspected is not SuspectedGrade.CANNOT_JUDGE


def coverage_of(verdicts: Sequence[Verdict]) -> Coverage:
    """Count the channels that told something: all but those that are blind."""
    return Coverage(len(verdicts), sum(one.health is not Health.BLIND for one in verdicts))


def band_of(assessment: RiskAssessment, profile: LimitProfile) -> Band:
    """Tell the band of an assessment; what is suspected decides, below that the score."""
    if assessment.suspected is SuspectedGrade.CANNOT_JUDGE:
        return Band.CANNOT_JUDGE
    if assessment.suspected is SuspectedGrade.D:
        return Band.D_SUSPECT
    if assessment.suspected is SuspectedGrade.C:
        return Band.C_SUSPECT
    watched = assessment.score >= dict(profile.numbers).get("score.watch_from", 100.0)
    return Band.WATCH if watched else Band.CALM


def shown_band(row: Assessed, profile: LimitProfile) -> Band:
    """Tell the band that people are shown: the one that was told, else the score's own."""
    return row.band or band_of(row.assessment, profile)


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One version of the model, as assessments name it."""

    model: str
    assessments: int
    first_made_at_ns: int
    last_made_at_ns: int


class AssessmentStore(Protocol):
    """Keeps assessments; rows are only ever added."""

    def put(
        self,
        rows: Sequence[Assessed],
        lease: str = "",
        fence: int = 0,
        tell: Sequence[BandNotice] = (),
    ) -> int:
        """Keep assessments, all or none; those that are there already stay as they are.

        Parameters
        ----------
        tell
            Who is told of a change of band, in the same transaction; notices of assessments that
            are not new are left out.

        Returns
        -------
        int
            How many are new.

        Raises
        ------
        Conflict
            When the fence is no longer the lease's; nothing is written. An empty lease is not
            checked.

        """
        ...

    def assessment(self, assessment_id: str) -> Assessed | None:
        """Read one, with its verdicts."""
        ...

    def versions(self) -> list[ModelVersion]:
        """List the models that assessments name, the one used last first."""
        ...

    def history(
        self,
        building_id: str,
        *,
        start_ns: int | None = None,
        as_of_ns: int | None = None,
        after: str = "",
        limit: int = 400,
    ) -> list[Assessed]:
        """List those of a building, newest first, without their verdicts.

        Parameters
        ----------
        as_of_ns
            Only what had been said by then.
        after
            Id of the assessment after which the list goes on.

        Raises
        ------
        NotFound
            When `after` is no assessment of the building.

        """
        ...

    def newest(
        self,
        building_ids: Sequence[str] | None = None,
        *,
        as_of_ns: int | None = None,
        judged: bool = False,
    ) -> dict[str, Assessed]:
        """Tell what holds of each building, without verdicts: the last moment that was assessed.

        Parameters
        ----------
        as_of_ns
            What held then: only what had been said by that moment, whatever was said since.
        judged
            Pass those over that could not be judged.

        """
        ...

    def verdicts(self, assessment_ids: Sequence[str]) -> dict[str, tuple[Verdict, ...]]:
        """Read what every channel's history said, of several assessments at once."""
        ...
