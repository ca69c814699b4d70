"""The product's own slow analysis as a way of scoring."""

from collections.abc import Sequence

import numpy as np

from analytics.assessment.course import ChannelCourse, assess_channels
from analytics.assessment.model import load_model
from analytics.assessment.series import ChannelSeries
from domain.readings import Floats


def courses(series: Sequence[ChannelSeries]) -> list[ChannelCourse]:
    """Judge histories day by day with the model that is shipped."""
    return assess_channels(series, load_model())


def scores(series: Sequence[ChannelSeries]) -> Floats:
    """Give each day's score, (n, days) float64; all histories must be equally long."""
    return np.stack([course.score for course in courses(series)])
