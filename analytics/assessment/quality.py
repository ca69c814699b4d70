"""Which bins say nothing of the house: out of range, spike, stuck; and which days lack data.

Told for all channels together, at the end of each day, from that day and earlier ones only.
The value is never changed; what is left out is left out of a copy.

Source: R. K. Pearson, "Outliers in process modeling and identification", IEEE Trans. Control
Syst. Technol. 10 (2002) 55-63, for the Hampel identifier.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from analytics.assessment.model import Model
from analytics.assessment.stack import Bools, Stack, middle
from domain.assessments import FaultBit
from domain.readings import Floats, QualityFlag

_TO_SIGMA = 1.4826
Masks = NDArray[np.uint16]


@dataclass(frozen=True, slots=True, eq=False)
class Checked:
    """What the quality stage makes of a stack.

    Parameters
    ----------
    value
        (n, days, bins) float64, NaN where the bin is missing or left out.
    near
        (n, days, bins) float64, the same with what lies far out drawn in to the edge of the
        day's usual scatter: for means.
    faults
        (n, days) uint16, `FaultBit`s seen on each day.
    missing
        (n, days, bins) bool, nothing came.
    halting
        (n, days) bool, values stand still for longer than is usual, not yet for long enough to be
        called stuck.

    """

    value: Floats
    near: Floats
    faults: Masks
    missing: Bools
    halting: Bools


def check(stack: Stack, model: Model, mixed: Bools | None = None) -> Checked:
    """Leave out what says nothing of the house.

    Parameters
    ----------
    mixed
        (n, days) bool, days in another unit, which are left out and are no other fault.

    """
    value = stack.value.copy()
    faults = np.zeros(value.shape[:2], np.uint16)
    missing = np.isnan(value)
    bad = QualityFlag.OUT_OF_RANGE | QualityFlag.SENSOR_FAULT
    outside = (stack.flags & np.uint16(bad)) > 0
    spans: Mapping[str, tuple[float, ...]] = model.lists
    for row, one in enumerate(stack.series):
        span = spans.get(f"range.{one.kind}.{one.unit}")
        if span is not None:
            outside[row] |= (value[row] < span[0]) | (value[row] > span[1])
    outside &= ~missing
    if mixed is not None:
        value[mixed] = np.nan
        outside[mixed] = False
    value[outside] = np.nan
    _note(faults, np.asarray(outside.any(axis=2)), FaultBit.OUT_OF_RANGE)
    held, halting = stuck(value, model)
    held |= ((stack.flags & np.uint16(QualityFlag.STUCK)) > 0) & ~missing
    _note(faults, held.sum(axis=2) >= 2, FaultBit.STUCK)
    value[held] = np.nan
    centre, spread = usual(value, stack.start, stack.resolution, model)
    away = np.abs(value - centre[:, :, None])
    with np.errstate(invalid="ignore"):
        far = away > model.number("quality.spike_mads") * spread[:, :, None]
    # the sun does each day at its hour what it did the day before
    usual_hour = np.full(value.shape, np.inf)
    usual_hour[:, 1:] = np.abs(value[:, 1:] - value[:, :-1])
    like_yesterday = usual_hour <= model.number("quality.spike_mads") * spread[:, :, None]
    # several in a row are a new course, or the beginning of one
    spike = far & ~like_yesterday
    spike &= _run_lengths(far) <= round(model.number("quality.spike_run"))
    spike |= ((stack.flags & np.uint16(QualityFlag.SPIKE)) > 0) & far
    _note(faults, np.asarray(spike.any(axis=2)), FaultBit.SPIKES)
    value[spike] = np.nan
    reach = (model.number("quality.near_mads") * spread)[:, :, None]
    # about the day's own middle: the window's lies in the past on the day after a step
    own = middle(value)[0][:, :, None]
    near = np.where(np.isnan(reach), value, np.clip(value, own - reach, own + reach))
    _note(faults, _longest(missing) >= model.number("quality.gap_bins"), FaultBit.GAP)
    return Checked(value, near, faults, missing, np.asarray(halting.any(axis=2)))


def usual(value: Floats, start: Bools, resolution: Floats, model: Model) -> tuple[Floats, Floats]:
    """Tell the centre and the scatter of the window that ends with each day, (n, days) each.

    Bins before a start are not compared with those after it. NaN where too few are known.
    """
    n, days, bins = value.shape
    window = round(model.number("quality.window"))
    flat = np.concatenate(
        [np.full((n, max(window - bins, 0)), np.nan), value.reshape(n, -1)], axis=1
    )
    ends = sliding_window_view(flat, window, axis=1)[:, ::bins][:, :days]
    if start.any():
        ends = _after_starts(ends, start, window)
    centre, count = middle(ends)
    spread, _ = middle(np.abs(ends - centre[:, :, None]))
    spread = np.maximum(spread * _TO_SIGMA, resolution[:, None])
    few = count < model.number("quality.window_least")
    return np.where(few, np.nan, centre), np.where(few, np.nan, np.maximum(spread, 1e-12))


def _after_starts(ends: Floats, start: Bools, window: int) -> Floats:
    n, days, bins = start.shape
    zero = np.zeros((n, max(window - bins, 0) + days * bins), np.int64)
    zero[:, max(window - bins, 0) :] = np.cumsum(start.reshape(n, -1), axis=1)
    which = sliding_window_view(zero, window, axis=1)[:, ::bins][:, :days]
    rows, at = np.nonzero(which[:, :, 0] != which[:, :, -1])
    own = ends.copy()
    older = which[rows, at] != which[rows, at, -1:]
    own[rows, at] = np.where(older, np.nan, own[rows, at])
    return own


def stuck(value: Floats, model: Model) -> tuple[Bools, Bools]:
    """Find runs of equal values that neither resolution nor a calm instrument explains.

    A channel whose neighbours used to be equal with the share p stays equal k times in a row by
    chance with p^(k-1); a run is stuck when that is rarer than `quality.stuck_chance`, and halts
    when it is rarer than `quality.halting_chance`.

    Returns
    -------
    tuple
        Bins that are stuck, and bins that halt, (n, days, bins) each, by the end of their day.

    """
    n, days, bins = value.shape
    flat = value.reshape(n, -1)
    equal = np.zeros(flat.shape, np.bool_)
    equal[:, 1:] = flat[:, 1:] == flat[:, :-1]
    lengths = (_in_a_row(equal) + 1).reshape(n, days, bins)
    # bins of a day whose run goes on to a later bin of that day are as long as it gets
    same = equal.reshape(n, days, bins)
    for bin_ in range(bins - 2, -1, -1):
        lengths[:, :, bin_] = np.where(
            same[:, :, bin_ + 1], lengths[:, :, bin_ + 1], lengths[:, :, bin_]
        )
    least = model.number("quality.stuck_run")
    pairs = np.zeros((n, days), np.float64)
    alike = np.zeros((n, days), np.float64)
    # coarse instruments are equal for long: only runs of days teach nothing
    counted = np.isfinite(value) & (lengths < model.number("quality.stuck_learn_run"))
    pairs[:, 1:] = np.cumsum(counted.sum(axis=2), axis=1)[:, :-1]
    alike[:, 1:] = np.cumsum((same & counted).sum(axis=2), axis=1)[:, :-1]
    share = (alike + model.number("quality.stuck_prior") * 10.0) / (pairs + 10.0)
    share = np.clip(share, 1e-6, 0.999)
    known = np.isfinite(value)

    def rarer(chance: str, fewest: float) -> Bools:
        longest = np.maximum(fewest, np.log(model.number(chance)) / np.log(share) + 1.0)
        return np.asarray(known & (lengths >= longest[:, :, None]))

    return rarer("quality.stuck_chance", least), rarer("quality.halting_chance", least / 2.0)


def _in_a_row(mask: Bools) -> NDArray[np.int64]:
    """Tell how many marked bins in a row end with each, (n, bins); 0 where it is not marked."""
    place = np.arange(mask.shape[1])
    last = np.maximum.accumulate(np.where(mask, -1, place), axis=1)
    return np.asarray(place - last, np.int64)


def _run_lengths(mask: Bools) -> NDArray[np.int64]:
    """Tell how long the run of marked bins is that each belongs to, as far as its day shows."""
    bins = mask.shape[2]
    lengths = _in_a_row(mask.reshape(len(mask), -1)).reshape(mask.shape)
    for bin_ in range(bins - 2, -1, -1):
        more = mask[:, :, bin_ + 1] & mask[:, :, bin_]
        lengths[:, :, bin_] = np.where(more, lengths[:, :, bin_ + 1], lengths[:, :, bin_])
    return lengths


def _longest(missing: Bools) -> NDArray[np.int64]:
    """Tell the longest run of missing bins that touches each day and ends by its end."""
    return np.asarray(np.where(missing, _run_lengths(missing), 0).max(axis=2), np.int64)


def _note(faults: Masks, days: Bools, bit: FaultBit) -> None:
    faults[days] |= np.uint16(bit)
