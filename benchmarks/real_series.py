"""Real, unlabelled, healthy histories under ANJU_DATA, in the bins of the slow analysis."""

import os
from pathlib import Path

import numpy as np
from scipy.io import loadmat

from analytics.assessment.series import ChannelSeries
from domain.clock import DAY_NS, HOUR_NS
from domain.readings import Floats

_STEP_NS = 2 * HOUR_NS
#: MATLAB counts days from the year 0: this is 1970-01-01
_EPOCH_DAYS = 719_529
#: °C that concrete can have; the thermocouples show -258 where they are not read
_CONCRETE_C = (-30.0, 60.0)


def data_folder() -> Path | None:
    """Find the folder that ANJU_DATA names; `None` where there is none."""
    name = os.environ.get("ANJU_DATA", "")
    return Path(name) if name and Path(name).is_dir() else None


def viaduct(folder: Path) -> ChannelSeries | None:
    """Read strain and temperatures of the Colle Isarco viaduct's section S; `None`: not there.

    Hourly for four years, unlabelled; section temperatures stand for own, site and city: the
    medians of the first four and the last four thermocouples, and of all. Nothing is filled.
    """
    files = [
        next(iter(folder.rglob(name)), None) for name in ("C5_E_S_Sdata.mat", "C5_E_Tdata.mat")
    ]
    if files[0] is None or files[1] is None:
        return None
    strain, warmth = loadmat(files[0])["Sdata"], loadmat(files[1])["Tdata"]
    first = float(np.floor(max(strain[:, 0].min(), warmth[:, 0].min())))
    first = max(first, float(np.floor(strain[:, 0].min())))
    days = int(np.ceil(strain[:, 0].max()) - first)
    temperatures = np.where(
        (warmth[:, 1:] > _CONCRETE_C[0]) & (warmth[:, 1:] < _CONCRETE_C[1]), warmth[:, 1:], np.nan
    )
    groups = {"own": slice(0, 4), "site": slice(4, 8), "city": slice(0, 8)}
    covariates = {
        name: binned(warmth[:, 0], _middle(temperatures[:, columns]), first, days)
        for name, columns in groups.items()
    }
    return ChannelSeries(
        channel_id="colle-isarco-S",
        kind="strain",
        unit="µε",
        resolution=None,
        start_ns=round((first - _EPOCH_DAYS) * DAY_NS),
        step_ns=_STEP_NS,
        value=binned(strain[:, 0], strain[:, 1], first, days),
        flags=np.zeros(days * 12, np.uint16),
        covariates=covariates,
        building_id="colle-isarco",
        gateway_id="colle-isarco",
        sensor_id="S",
    )


def binned(at_days: Floats, values: Floats, first: float, days: int) -> Floats:
    """Take the median of each two-hour bin, NaN where nothing came.

    Parameters
    ----------
    at_days
        (n,) float64, moments in days on any scale.
    first
        Beginning of the first bin on the same scale.

    """
    place = np.floor((at_days - first) * 12 + 1e-9).astype(np.int64)
    known = np.isfinite(values) & (place >= 0) & (place < days * 12)
    place, kept = place[known], values[known]
    order = np.lexsort((kept, place))
    place, kept = place[order], kept[order]
    bins, start, count = np.unique(place, return_index=True, return_counts=True)
    found = np.full(days * 12, np.nan)
    found[bins] = (kept[start + (count - 1) // 2] + kept[start + count // 2]) / 2.0
    return found


def _middle(columns: Floats) -> Floats:
    known = np.isfinite(columns).any(axis=1)
    middle = np.full(len(columns), np.nan)
    middle[known] = np.nanmedian(columns[known], axis=1)
    return middle
