"""The course of one channel over the kept weeks: growth since its baseline, weather taken out."""

from collections.abc import Mapping
from functools import cached_property
from math import sqrt
from typing import Any

import numpy as np

from analytics import compensation, history
from analytics.compensation import Fit
from domain.findings import Compensation
from domain.readings import Floats


class Course:
    """Growth of one channel since its baseline, bin by bin.

    Parameters
    ----------
    measured
        (n,) series values, NaN where missing; the last one is the bin that is judged.
    level
        Value at the baseline.
    error
        Standard error of the last value: what the compensation cannot be sure of, or without
        compensation the play that the weather has.
    regressors, warmth, fit
        (n, k) temperatures, (k,) temperatures at the baseline, and the response to them;
        `None` without compensation.
    starts
        Indices from which on the level may be another: restarts of the gateway.

    """

    def __init__(
        self,
        measured: Floats,
        level: float,
        error: float,
        status: Compensation,
        starts: tuple[int, ...],
        regressors: Floats | None = None,
        warmth: Floats | None = None,
        fit: Fit | None = None,
    ) -> None:
        self.error, self.status, self.starts = error, status, starts
        self.regressors = regressors
        self.covariance = None if fit is None else fit.covariance
        self._measured, self._level = measured, level
        self._warmth, self._fit = warmth, fit

    @cached_property
    def newest(self) -> float:
        """Growth in the bin that is judged."""
        grown = float(self._measured[-1]) - self._level
        if self.regressors is None or self._warmth is None or self._fit is None:
            return grown
        return grown - float((self.regressors[-1] - self._warmth) @ self._fit.response)

    @cached_property
    def values(self) -> Floats:
        """(n,) growth in each kept bin, NaN where missing."""
        grown = self._measured - self._level
        if self.regressors is None or self._warmth is None or self._fit is None:
            return grown
        response = self._fit.response
        return grown - (self.regressors @ response - float(self._warmth @ response))


class Courses:
    """Makes the courses of one building's channels for one bin.

    Parameters
    ----------
    records
        Histories by channel id, closed up to the bin.
    thermometers
        Channel ids of the building's own temperatures.
    bin_no
        Newest bin, the one that is judged.

    """

    def __init__(
        self,
        numbers: Mapping[str, float],
        records: Mapping[str, history.Record],
        thermometers: list[str],
        bin_no: int,
    ) -> None:
        self._numbers, self._records = numbers, records
        self._thermometers, self._bin = thermometers, bin_no
        self._per_day = round(24 / numbers["compensation.bin_h"])
        self._kept = int(numbers["compensation.keep_days"]) * self._per_day
        self._banks: dict[str, Floats] = {}

    def of(self, record: history.Record, *, frozen: bool) -> tuple[history.Record, Course | None]:
        """Make a channel's course; `None` while it is too young.

        Parameters
        ----------
        frozen
            A finding stands at the point: a mature response is not learnt anew, so that the
            movement is not learnt away.

        Returns
        -------
        tuple
            The record with response and baseline brought up to date, and the course.

        """
        values = history.aligned(record, self._bin, self._kept)
        record = self._learnt(record, values, frozen=frozen)
        fit = Fit.of_plain(record["fit"]) if record.get("fit") else None
        if fit is not None:
            regressors = self._bank(fit.thermometer)
            if np.isfinite(regressors[-1]).all():
                record, course = self._compensated(record, values, regressors, fit)
                if course is not None:
                    return record, course
        return self._raw(record, values, fit)

    def _compensated(
        self, record: history.Record, values: Floats, regressors: Floats, fit: Fit
    ) -> tuple[history.Record, Course | None]:
        record, base = self._base(record, values, regressors, fit)
        if base is None:
            return record, None
        level, warmth, count = base
        away = regressors[-1] - warmth
        doubt = float(away @ fit.covariance @ away) + fit.sigma**2 / count
        status = Compensation.MATURE if fit.mature else Compensation.IMMATURE
        starts = self._starts(record)
        course = Course(values, level, sqrt(doubt), status, starts, regressors, warmth, fit)
        return {**record, "g": course.newest}, course

    def _raw(
        self, record: history.Record, values: Floats, fit: Fit | None
    ) -> tuple[history.Record, Course | None]:
        level = record.get("raw0")
        if level is None:
            known = values[np.isfinite(values)][: self._baseline_bins]
            if len(known) < self._first_bins:
                return record, None
            level = compensation.median_of(known)
            if len(known) == self._baseline_bins:
                record = {**record, "raw0": level}
        learning = fit is None and self._thermometers
        status = Compensation.IMMATURE if learning else Compensation.ABSENT
        play = compensation.scatter_of(values)
        return record, Course(values, level, play, status, self._starts(record))

    def _base(
        self, record: history.Record, values: Floats, regressors: Floats, fit: Fit
    ) -> tuple[history.Record, tuple[float, Floats, int] | None]:
        """Tell level and temperatures that growth counts from."""
        held = record.get("c0")
        if held is not None and held[0] == fit.thermometer:
            return record, (held[1], np.array(held[2]), held[3])
        known = np.flatnonzero(np.isfinite(values) & np.isfinite(regressors).all(axis=1))
        if len(known) < self._first_bins:
            return record, None
        # another thermometer from now on: the growth so far is carried over to it
        chosen = known[: self._baseline_bins] if held is None else known[-self._baseline_bins :]
        level, warmth = compensation.robust_mean(values[chosen], regressors[chosen])
        if held is not None:
            level -= record.get("g", 0.0)
        if len(chosen) == self._baseline_bins:
            record = {**record, "c0": [fit.thermometer, level, warmth.tolist(), len(chosen)]}
        return record, (level, warmth, len(chosen))

    def _learnt(self, record: history.Record, values: Floats, *, frozen: bool) -> history.Record:
        """Fit the response anew once a day."""
        day = self._bin // self._per_day
        held = record.get("fit")
        mature = held is not None and held[5]
        rest = int(self._numbers["compensation.refit_days"]) if mature else 1
        if (mature and frozen) or day - record.get("day", -rest) < rest:
            return record
        record = {**record, "day": day}
        best: tuple[int, str] | None = None
        known = np.isfinite(values)
        for channel_id in self._thermometers:
            joint = int((known & np.isfinite(self._bank(channel_id)).all(axis=1)).sum())
            if held is not None and held[0] == channel_id:
                joint *= 2  # a response is given up only for a much better thermometer
            if best is None or joint > best[0]:
                best = (joint, channel_id)
        if best is None:
            return record
        regressors = self._bank(best[1])
        rows = np.flatnonzero(known & np.isfinite(regressors).all(axis=1))
        if not self._enough(rows, "compensation.first_days"):
            return record
        low, high = np.percentile(regressors[rows, 0], [5, 95])
        matures = (
            self._enough(rows, "compensation.days")
            and high - low >= self._numbers["compensation.spread_c"]
        )
        if mature and not matures:
            return record  # an outage has eaten the window; what was learnt before still holds
        found = compensation.regress(values, regressors, self._starts(record))
        if found is None:
            return record
        response, covariance, sigma = found
        if held is not None and mature and held[0] == best[1]:
            spread = regressors[rows].std(axis=0)
            known_doubt = spread @ Fit.of_plain(held).covariance @ spread
            if spread @ covariance @ spread > self._numbers["compensation.worse"] * known_doubt:
                return record  # less sure than what is known: something else moves the channel
        fit = Fit(best[1], response, covariance, sigma, self._bin, bool(matures))
        return {**record, "fit": fit.plain()}

    def _starts(self, record: history.Record) -> tuple[int, ...]:
        """Tell the indices of the kept bins in which the gateway started anew."""
        first = self._bin - self._kept + 1
        starts = [at - first for at in record.get("starts", ()) if first < at <= self._bin]
        # a gateway that starts with every report has no restart worth the name
        return tuple(starts) if len(starts) <= self._numbers["restart.count_max"] else ()

    def _enough(self, rows: Any, name: str) -> bool:
        bins = self._numbers[name] * self._per_day
        return (
            len(rows) >= bins * self._numbers["compensation.share"]
            and rows[-1] - rows[0] >= bins - self._per_day
        )

    def _bank(self, channel_id: str) -> Floats:
        if channel_id not in self._banks:
            record = self._records.get(channel_id)
            temperature = (
                np.full(self._kept, np.nan)
                if record is None
                else history.aligned(record, self._bin, self._kept)
            )
            self._banks[channel_id] = compensation.bank(
                temperature,
                compensation.lags_of(self._numbers),
                self._numbers["compensation.lag_share"],
            )
        return self._banks[channel_id]

    @property
    def _baseline_bins(self) -> int:
        return int(self._numbers["baseline.days"]) * self._per_day

    @property
    def _first_bins(self) -> int:
        return int(self._numbers["baseline.first_days"] * self._per_day)
