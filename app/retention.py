"""Once a day: forgets what is older than the settings say, and never what is evidence.

Waveforms go once an hour: they fill a disk.
"""

from collections.abc import Callable, Iterator, Sequence

import structlog

from domain.alerts import Alert
from domain.clock import DAY_NS, HOUR_NS, MINUTE_NS, Clock
from domain.findings import Cause
from domain.fleet_ports import JobRuns, RetentionStore
from domain.ports import ReadingStore
from domain.retention import (
    RetentionRules,
    Window,
    cutoff_ns,
    evidence_windows,
    is_evidence,
    merged,
)

log = structlog.get_logger()

JOB = "retention"
#: presence is kept at least for the rates that look back a month
_PRESENCE_DAYS = 400


class Retention:
    """Forgets what is old.

    It may be killed anywhere and run again: evidence is put aside before readings go, deletions
    name what goes and not how much, and the run is noted only at its end.

    Parameters
    ----------
    clock
        The clock of readings: ages are told by it.
    wall_clock
        The real time: the run is due by it.
    forget_waves
        Deletes old waveforms but those named: (channel, first moment, last moment).

    """

    def __init__(
        self,
        readings: ReadingStore,
        store: RetentionStore,
        runs: JobRuns,
        rules: RetentionRules,
        clock: Clock,
        wall_clock: Clock,
        forget_waves: Callable[[int, Sequence[tuple[str, int, int]]], None] = lambda *_: None,
    ) -> None:
        self._readings, self._store, self._runs, self._rules = readings, store, runs, rules
        self._clock, self._wall_clock = clock, wall_clock
        self._forget_waves = forget_waves
        self._looked_ns = self._waves_ns = 0

    def run_once(self) -> int:
        """Run when a day has gone since the last run; tell how many runs that were."""
        now_ns = self._wall_clock.now_ns()
        if now_ns - self._looked_ns < MINUTE_NS:
            return 0
        self._looked_ns = now_ns
        if now_ns - self._waves_ns >= HOUR_NS:
            self.forget_waves()
            self._waves_ns = now_ns
        last_ns = self._runs.last_done_ns(JOB)
        if last_ns is not None and now_ns - last_ns < DAY_NS:
            return 0
        self.forget()
        self._runs.done(JOB, now_ns)
        return 1

    def forget(self) -> None:
        """Forget what is old now."""
        now_ns, rules = self._clock.now_ns(), self._rules
        if (raw_ns := cutoff_ns(now_ns, rules.raw_days)) is not None:
            windows = merged(self._evidence(now_ns))
            self._readings.keep(windows, raw_ns)
            self._readings.delete_before(raw_ns)
            self._readings.keep_only(windows)
            log.info("raw readings forgotten", before_ns=raw_ns, windows=len(windows))
        if (hour_ns := cutoff_ns(now_ns, rules.hourly_days)) is not None:
            self._readings.delete_rollups_before("hour", hour_ns)
        if (day_ns := cutoff_ns(now_ns, rules.daily_days)) is not None:
            self._readings.delete_rollups_before("day", day_ns)
        self._forget_records(now_ns)

    def forget_waves(self) -> None:
        """Forget waveforms that are old now; those of a vibration that is evidence stay."""
        now_ns = self._clock.now_ns()
        spared: list[tuple[str, int, int]] = []
        for alert in self._store.alerts():
            if alert.cause is Cause.VIBRATION and is_evidence(alert, self._rules, now_ns):
                findings = self._store.findings_of(alert)
                windows = evidence_windows(alert, findings, (), self._rules, now_ns)
                spared += [
                    (channel_id, windows[0].start_ns, windows[0].end_ns)
                    for channel_id in (self._store.waveforms(alert.building_id) if windows else ())
                ]
        self._forget_waves(now_ns, spared)

    def _forget_records(self, now_ns: int) -> None:
        rules, store = self._rules, self._store
        if (before_ns := cutoff_ns(now_ns, rules.refusals_days)) is not None:
            log.info("refusals forgotten", rows=store.delete_refusals(before_ns))
        if (before_ns := cutoff_ns(now_ns, rules.changes_days)) is not None:
            log.info("change log shortened", rows=store.delete_changes(before_ns))
        if (before_ns := cutoff_ns(now_ns, rules.findings_days)) is not None:
            needed = {part.finding_id for a in store.alerts() for part in a.contributions}
            log.info("findings forgotten", rows=store.delete_findings(before_ns, needed))
        store.delete_presence(now_ns - _PRESENCE_DAYS * DAY_NS)

    def _evidence(self, now_ns: int) -> Iterator[Window]:
        beside: dict[str, list[str]] = {}
        for alert in self._store.alerts():
            if is_evidence(alert, self._rules, now_ns):
                yield from evidence_windows(
                    alert,
                    self._store.findings_of(alert),
                    self._beside(alert, beside),
                    self._rules,
                    now_ns,
                )

    def _beside(self, alert: Alert, known: dict[str, list[str]]) -> list[str]:
        if alert.building_id not in known:
            known[alert.building_id] = self._store.temperatures(alert.building_id)
        return known[alert.building_id]
