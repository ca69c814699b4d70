"""What neighbours tell: a gateway that fell silent, weather that moves a district, one that lies.

A cause that many sensors share is no movement of one house; a movement that one sensor alone
shows, while the others of its house stand still, may be the sensor's own.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from analytics.assessment.model import Model
from analytics.assessment.series import ChannelSeries
from analytics.assessment.stack import Bools, Stack
from domain.assessments import FaultBit
from domain.readings import Floats


def outages(stacked: Stack, missing: Bools, model: Model) -> Bools:
    """Tell days on which many sensors of a gateway are silent since the same bin, (n, days)."""
    n, days, bins = missing.shape
    dark = np.zeros((n, days), np.bool_)
    least, share = model.number("shared.gateway_channels"), model.number("shared.gateway_share")
    run = round(model.number("quality.gap_bins"))
    place = np.arange(days * bins)
    for rows in _groups(stacked.series, lambda one: one.gateway_id):
        of_sensor: dict[str, int] = {}
        for row in rows:
            one = stacked.series[row]
            of_sensor.setdefault(one.sensor_id or one.channel_id, row)
        if len(of_sensor) < least:
            continue
        silent = missing[rows].reshape(len(rows), -1)
        last = np.maximum.accumulate(np.where(silent, -1, place), axis=1)
        began = last + 1
        fresh = silent & (began == place) & (place > 0)
        sensors = [rows.index(row) for row in of_sensor.values()]
        together = fresh[sensors].sum(axis=0) >= max(least, share * len(sensors))
        long = silent & (place - last >= run) & together[np.minimum(began, days * bins - 1)]
        dark[rows] = long.reshape(len(rows), days, bins).any(axis=2)
    return dark


def name_drifting(
    series: Sequence[ChannelSeries],
    score: Floats,
    drifting: Bools,
    faults: NDArray[np.uint16],
    model: Model,
) -> None:
    """Name the days on which one sensor of a house drifts while the others stand still.

    It is a suspicion of the instrument, told beside the movement, never instead of it: only a
    second instrument or an inspection can part the two.
    """
    least = round(model.number("shared.drift_neighbours"))
    calm, moves = model.number("shared.calm_score"), model.number("shared.moves_score")
    told = np.nan_to_num(score)
    for rows in _groups(series, lambda one: one.building_id):
        if len(rows) <= least:
            continue
        part = told[rows]
        known = np.isfinite(score[rows])
        loud = part >= moves
        restless = (part >= calm).sum(axis=0)
        alone = loud & drifting[rows] & (restless == 1)
        alone &= (known.sum(axis=0) - 1) >= least
        for place, row in enumerate(rows):
            faults[row, alone[place]] |= np.uint16(FaultBit.SENSOR_DRIFT)


def unrest(surprises: Floats, homes: Sequence[str], model: Model) -> Floats:
    """Tell which share of the houses of a district was surprised on each day, (days,).

    Parameters
    ----------
    surprises
        (n, days) float64, in standard deviations, NaN where unknown.
    homes
        Building of each row; a house is surprised when any of its channels is.

    """
    days = surprises.shape[1]
    loud = np.abs(np.nan_to_num(surprises)) >= model.number("shared.surprise")
    by_home: dict[str, Bools] = defaultdict(lambda: np.zeros(days, np.bool_))
    for home, row in zip(homes, loud, strict=True):
        by_home[home] = by_home[home] | row
    if not by_home:
        return np.zeros(days)
    return np.asarray(np.mean(list(by_home.values()), axis=0))


def _groups(
    series: Sequence[ChannelSeries], key: Callable[[ChannelSeries], str]
) -> list[list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for row, one in enumerate(series):
        if key(one):
            found[key(one)].append(row)
    return list(found.values())
