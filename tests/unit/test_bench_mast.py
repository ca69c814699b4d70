"""The guyed mast's files: hours in HDF5 to bins, falls put on them, what a correction leaves."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from analytics.assessment.series import AMPLITUDE
from benchmarks.detect import mast_figures
from benchmarks.detect_mast import LEARNING_DAYS, mast_outcome, scatters
from benchmarks.modes import mast_figures as scatter_figures
from benchmarks.ours import scores
from benchmarks.real_series import mast
from domain.clock import DAY_NS, to_ns

h5py = pytest.importorskip("h5py")

DAYS = 18


def write(path: Path, since: str, columns: dict[str, np.ndarray]) -> None:
    """Write one file as the mast's are, hours from a moment on."""
    with h5py.File(path, "w") as file:
        for name, column in columns.items():
            file[name] = column
        hours = len(next(iter(columns.values())))
        file["time"] = np.arange(hours, dtype=np.int64)
        file["time"].attrs["units"] = since


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a mast whose first band falls 0.1 % a degree and stands still otherwise."""
    random = np.random.default_rng(4)
    hour = np.arange(24 * DAYS + 3)
    warmth = 15.0 + 8.0 * np.sin(2.0 * np.pi * hour / 24.0) + 3.0 * np.sin(hour / 60.0)
    swing = 10.0 ** (0.3 * random.standard_normal(len(hour)))
    percent = -0.1 * (warmth - 15.0) + 0.05 * random.standard_normal(len(hour))
    hertz = np.full((len(hour), 4), np.nan)
    hertz[:, 1] = 0.353 * (1.0 + percent / 100.0)
    hertz[:, 2] = 0.8  # in no band
    hertz[5] = np.nan
    # the statistics begin three hours before the modes
    early = "hours since 2026-05-31 19:00:00"
    write(tmp_path / "60min_modal_accel.nc", "hours since 2026-05-31 22:00:00",
          {"frequencies": hertz[3:]})  # fmt: skip
    write(tmp_path / "60min_stats_temp.nc", early, {"mean": np.stack([warmth] * 3, axis=1)})
    write(tmp_path / "60min_stats_accel.nc", early, {"rms": np.stack([swing] * 2, axis=1)})
    write(tmp_path / "60min_stats_wind.nc", early, {"mean": np.stack([hour * 1.0] * 2, axis=1)})
    return tmp_path


def test_hours_of_all_files_meet_in_the_same_bins(folder: Path) -> None:
    found = mast(folder)
    assert found is not None
    (one,) = found.series
    assert (one.kind, one.unit, one.days) == ("frequency", "%", DAYS)
    assert one.start_ns == to_ns(datetime(2026, 5, 31, 22, tzinfo=UTC))
    assert one.start_ns + DAY_NS == one.day_ends()[0]
    # hours 3 and 4 of the statistics are the first bin of the modes
    assert found.wind[:2].tolist() == [3.5, 5.5]
    expected = np.mean([15.0 + 8.0 * np.sin(2.0 * np.pi * h / 24.0) + 3.0 * np.sin(h / 60.0)
                        for h in (3, 4)])  # fmt: skip
    assert one.covariates["own"][0] == pytest.approx(expected)
    assert np.isfinite(one.covariates[AMPLITUDE]).all()
    assert np.nanmax(np.abs(one.value)) < 2.0


def test_the_correction_leaves_less_than_the_raw_scatter_of_what_warmth_moves(folder: Path) -> None:
    found = mast(folder)
    assert found is not None
    (one,) = scatters(found)
    assert one.raw > 0.4
    assert one.left < 0.1
    assert one.left == pytest.approx(0.05 / np.sqrt(2.0), rel=0.5)


def test_a_large_fall_is_found_and_a_still_mast_raises_nothing(folder: Path) -> None:
    found = mast(folder)
    assert found is not None
    made = mast_outcome(scores, found, 1.0)
    assert made.alarms == 0
    assert made.sensor_years == pytest.approx((DAYS - LEARNING_DAYS) / 365.0)
    assert made.rate.low == 0.0
    assert made.rate.high > 20.0
    assert made.found["2 % step"].value >= made.found["1 % step"].value
    assert made.found["2 % step"].value > 0.0
    assert made.left_days == (5, DAYS - LEARNING_DAYS)


def test_without_data_the_mast_is_not_measured_and_the_figure_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("ANJU_DATA", raising=False)
    for (figure,) in (mast_figures(), scatter_figures()):
        assert figure.value is None
        assert figure.as_json()["note"] == "not measured"
    assert mast(tmp_path) is None


def test_a_time_in_another_unit_is_refused(folder: Path) -> None:
    with h5py.File(folder / "60min_stats_temp.nc", "a") as file:
        file["time"].attrs["units"] = "days since 2026-05-31 19:00:00"
    with pytest.raises(ValueError, match="must be in hours since a moment"):
        mast(folder)
