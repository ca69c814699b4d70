"""Real, unlabelled, healthy histories under ANJU_DATA, in the bins of the slow analysis."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import loadmat

from analytics.assessment.model import load_model
from analytics.assessment.modes_series import UNIT, as_percent
from analytics.assessment.series import AMPLITUDE, ChannelSeries
from domain.clock import DAY_NS, HOUR_NS, to_ns
from domain.readings import Floats

_STEP_NS = 2 * HOUR_NS
#: MATLAB counts days from the year 0: this is 1970-01-01
_EPOCH_DAYS = 719_529
#: °C that concrete can have; the thermocouples show -258 where they are not read
_CONCRETE_C = (-30.0, 60.0)
#: Hz, where the guyed mast's estimates gather: both directions of bending lie in each, and the
#: frequency alone does not part them
MAST_BANDS_HZ = ((0.34, 0.365), (0.60, 0.64), (1.25, 1.35), (2.0, 2.1), (3.22, 3.42))


@dataclass(frozen=True, slots=True, eq=False)
class Mast:
    """What was heard of the guyed mast.

    Parameters
    ----------
    series
        One a band in which something was found, in % of what it first was, with the mast's own
        temperature and how much it swings.
    wind
        (n,) float64, means of the wind channel as they stand in the file, in the same bins.

    """

    series: tuple[ChannelSeries, ...]
    wind: Floats


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


def hdf5_known() -> bool:
    """Tell whether files in HDF5 can be read."""
    try:
        import h5py  # noqa: F401, PLC0415
    except ImportError:
        return False
    return True


def mast(folder: Path) -> Mast | None:
    """Read the guyed mast's hours; `None`: no file, nothing to read it with, or under a day.

    An hour's frequency of a band is the median of what was found in it, nothing where nothing was;
    a bin is the median of its hours. Temperature is the median of the five probes; the swing is
    the median of the accelerometers' root mean squares, in powers of ten of its own median.
    """
    first = next(iter(sorted(folder.rglob("60min_modal_accel.nc"))), None)
    if first is None or not hdf5_known():
        return None
    of_modes, hertz = _hours(first, "frequencies")
    by = {name: _hours(first.with_name(f"60min_stats_{name}.nc"), column)
          for name, column in (("temp", "mean"), ("accel", "rms"), ("wind", "mean"))}  # fmt: skip
    begin = float(of_modes[0])
    days = int((of_modes[-1] + 1.0 / 24.0 - begin) // 1)
    if days < 1:
        return None
    warmth = binned(by["temp"][0], _middle(by["temp"][1]), begin, days)
    swing = binned(by["accel"][0], _middle(by["accel"][1]), begin, days)
    swing = np.log10(np.where(swing > 0.0, swing, np.nan))
    swing -= np.nanmedian(swing)
    series, numbers = [], load_model("modes-2026")
    for number, (low, high) in enumerate(MAST_BANDS_HZ, 1):
        inside = np.where((hertz > low) & (hertz < high), hertz, np.nan)
        percent = as_percent(binned(of_modes, _middle(inside), begin, days), numbers)
        if np.isfinite(percent).any():
            series.append(ChannelSeries(
                f"guyed-mast-{number}", "frequency", UNIT, None, round(begin * DAY_NS), _STEP_NS,
                percent, np.zeros(len(percent), np.uint16),
                covariates={"own": warmth, AMPLITUDE: swing},
                building_id=f"guyed-mast-{number}",
            ))  # fmt: skip
    return Mast(tuple(series), binned(by["wind"][0], by["wind"][1][:, 0], begin, days))


def _hours(path: Path, name: str) -> tuple[Floats, Floats]:
    """Read a column of one file; (moments in days since 1970, values)."""
    import h5py  # noqa: PLC0415

    with h5py.File(path, "r") as file:
        unit = _text(file["time"].attrs["units"])
        if not unit.startswith("hours since "):
            raise ValueError(f"time of {path.name} must be in hours since a moment, got {unit!r}")
        since = datetime.fromisoformat(unit.removeprefix("hours since ")).replace(tzinfo=UTC)
        hours = np.asarray(file["time"][:], np.float64)
        return to_ns(since) / DAY_NS + hours / 24.0, np.asarray(file[name][:], np.float64)


def _text(value: Any) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def _middle(columns: Floats) -> Floats:
    known = np.isfinite(columns).any(axis=1)
    middle = np.full(len(columns), np.nan)
    middle[known] = np.nanmedian(columns[known], axis=1)
    return middle
