"""What one building's assessment is made of, and the function that computing processes run."""

from dataclasses import dataclass, replace

import numpy as np

from analytics.assessment.building import BuildingFacts, assess_building
from analytics.assessment.course import ChannelCourse, assess_channels
from analytics.assessment.model import Model, load_model
from analytics.assessment.novelty import novelty
from analytics.assessment.series import ChannelSeries
from domain.assessments import RiskAssessment, assessment_id

#: days in which a district's unrest is looked for
RECENT_DAYS = 7


@dataclass(frozen=True, slots=True)
class Case:
    """One building's histories.

    Parameters
    ----------
    end_ns
        End of the last bin.
    profile
        Name and version of the limit profile.
    unrest
        0-1, share of the district's other houses that were surprised in the last days.

    """

    building_id: str
    district: str
    end_ns: int
    profile: str
    series: tuple[ChannelSeries, ...]
    unrest: float = 0.0


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of a case.

    Parameters
    ----------
    data_at_ns
        End of the newest bin with a value; `None`: there is none.
    surprised
        Of the last days, oldest first: whether any channel was surprised.

    """

    assessment: RiskAssessment
    data_at_ns: int | None
    surprised: tuple[bool, ...]


def judge(cases: tuple[Case, ...]) -> list[Judged]:
    """Judge some buildings: their channels together, for speed, then each by itself."""
    model = load_model()
    courses = assess_channels([one for case in cases for one in case.series], model)
    found, first = [], 0
    for case in cases:
        own = courses[first : first + len(case.series)]
        first += len(own)
        facts = BuildingFacts(case.building_id, case.profile, case.unrest)
        made = assess_building(own, facts, model)
        if made.at_ns != case.end_ns:  # a house that never sent anything has no day of its own
            id_ = assessment_id(case.building_id, case.end_ns, made.model, made.profile)
            made = replace(made, id=id_, at_ns=case.end_ns)
        details = (*made.details, ("unrest", case.unrest))
        made = replace(made, details=details, novelty=novelty(own, model))
        found.append(Judged(made, _newest_ns(case), _surprised(own, model)))
    return found


def unrest_threshold() -> float:
    """Tell the share of surprised houses from which on a district's weather is suspected."""
    return load_model().number("fusion.unrest")


def _newest_ns(case: Case) -> int | None:
    ends = [
        one.start_ns + (int(known[-1]) + 1) * one.step_ns
        for one in case.series
        if len(known := np.flatnonzero(np.isfinite(one.value)))
    ]
    return max(ends, default=None)


def _surprised(courses: list[ChannelCourse], model: Model) -> tuple[bool, ...]:
    bound = model.number("shared.surprise")
    days = np.zeros(RECENT_DAYS, np.bool_)
    for course in courses:
        last = np.abs(np.nan_to_num(course.surprise[-RECENT_DAYS:])) >= bound
        if len(last):
            days[-len(last) :] |= last
    return tuple(days.tolist())
