"""Histories of a building's own frequencies in the form that the slow analysis judges."""

import numpy as np

from analytics.assessment.model import Model
from domain.readings import Floats

UNIT = "%"


def as_percent(hertz: Floats, numbers: Model) -> Floats:
    """Tell how far a frequency lies from what it first was, (n,) %.

    One percent matters on a tower as it does on a cottage, so frequencies are judged in shares.

    Examples
    --------
    >>> from analytics.assessment.model import load_model
    >>> as_percent(np.array([np.nan, 2.0, 2.0, 1.98]), load_model("modes-2026")).round(6)
    array([nan,  0.,  0., -1.])

    """
    known = np.isfinite(hertz) & (hertz > 0.0)
    first = hertz[known][: round(numbers.number("series.reference_bins"))]
    if not len(first):
        return np.full(len(hertz), np.nan)
    return np.where(known, 100.0 * (hertz / np.median(first) - 1.0), np.nan)


def amplitude(rms_mm_s: Floats, numbers: Model) -> Floats:
    """Tell how much the building swings, in powers of ten of the usual, (n,).

    Examples
    --------
    >>> from analytics.assessment.model import load_model
    >>> amplitude(np.array([0.1, 0.0, np.nan]), load_model("modes-2026")).round(6)
    array([ 1., nan, nan])

    """
    known = np.isfinite(rms_mm_s) & (rms_mm_s > 0.0)
    usual = numbers.number("series.amplitude_mm_s")
    return np.where(known, np.log10(np.where(known, rms_mm_s, usual) / usual), np.nan)
