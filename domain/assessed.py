"""Assessments as they are kept: what was said of a building, and when it was said."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from domain.assessments import RiskAssessment, SuspectedGrade
from domain.limits import LimitProfile


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

    """

    assessment: RiskAssessment
    made_at_ns: int
    because: str = ""
    data_at_ns: int | None = None


class Band(StrEnum):
    """In which band a score lies; never a grade."""

    CALM = "calm"
    WATCH = "watch"
    C_SUSPECT = "C-suspect"
    D_SUSPECT = "D-suspect"
    CANNOT_JUDGE = "cannot judge"


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


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One version of the model, as assessments name it."""

    model: str
    assessments: int
    first_made_at_ns: int
    last_made_at_ns: int


class AssessmentStore(Protocol):
    """Keeps assessments; rows are only ever added."""

    def put(self, rows: Sequence[Assessed], lease: str = "", fence: int = 0) -> int:
        """Keep assessments, all or none; those that are there already stay as they are.

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
        limit: int = 400,
    ) -> list[Assessed]:
        """List those of a building, newest first, without their verdicts.

        Parameters
        ----------
        as_of_ns
            Only what had been said by then.

        """
        ...

    def newest(
        self, building_ids: Sequence[str] | None = None, *, as_of_ns: int | None = None
    ) -> dict[str, Assessed]:
        """Tell the newest of each building, without verdicts."""
        ...
