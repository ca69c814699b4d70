"""How unlike its own healthy days a building's newest day is: a flag, never part of the score.

Isolation forests on the channels' daily figures, many buildings in a batch. It needs
scikit-learn; where that is not installed nothing is said, and nothing else changes.

Source: F. T. Liu, K. M. Ting and Z.-H. Zhou, "Isolation forest", ICDM 2008.
"""

import importlib
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np

from analytics.assessment.course import ChannelCourse
from analytics.assessment.model import Model
from domain.readings import Floats


def available() -> bool:
    """Tell whether the library is there."""
    return find_spec("sklearn") is not None


def daily_features(courses: Sequence[ChannelCourse]) -> Floats:
    """Put a building's days side by side, (days, 3 * channels); what is unknown counts as calm."""
    columns = [
        np.nan_to_num(column)
        for course in courses
        for column in (course.surprise, course.drift_z, course.step_z)
    ]
    return np.stack(columns, axis=1) if columns else np.empty((0, 0))


def novelty(courses: Sequence[ChannelCourse], model: Model) -> float | None:
    """Tell which share of the building's earlier days were less unlike the rest than the newest.

    Returns
    -------
    float or None
        0-1; `None` without the library or with too few days.

    """
    days = daily_features(courses)
    if not available() or len(days) <= model.number("novelty.days_least"):
        return None
    forests: Any = importlib.import_module("sklearn.ensemble")
    forest = forests.IsolationForest(
        n_estimators=round(model.number("novelty.trees")), random_state=0, n_jobs=1
    )
    forest.fit(days[:-1])
    odd = -forest.score_samples(days)
    return float((odd[:-1] < odd[-1]).mean())
