"""How long things are kept, and what is evidence and kept longer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from domain.alerts import Alert, AlertState
from domain.clock import DAY_NS
from domain.findings import Finding
from domain.limits import Level


@dataclass(frozen=True, slots=True)
class Window:
    """Readings of one channel that are kept: `start_ns` included, `end_ns` left out."""

    channel_id: str
    start_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True)
class RetentionRules:
    """How long what is kept, days; 0 is for ever.

    Parameters
    ----------
    raw_days, hourly_days, daily_days
        Readings and their summaries.
    refusals_days, changes_days, findings_days
        What was not stored, the change log of live pages, findings that belong to no alert.
    evidence_days
        After an alert that never was orange is closed, its evidence is kept so long.
    margin_days
        Readings before and after the finding that belong to the evidence.

    """

    raw_days: int = 0
    hourly_days: int = 0
    daily_days: int = 0
    refusals_days: int = 0
    changes_days: int = 0
    findings_days: int = 0
    evidence_days: int = 365
    margin_days: int = 7


def cutoff_ns(now_ns: int, days: int) -> int | None:
    """Tell the moment before which things go; `None`: nothing does.

    Whole days (UTC): a day that is only half gone would not fit its own summary.
    """
    return (now_ns // DAY_NS - days) * DAY_NS if days > 0 else None


def is_evidence(alert: Alert, rules: RetentionRules, now_ns: int) -> bool:
    """Tell whether the readings behind an alert must stay.

    They do while it is not closed, for ever when it ever was orange or red, and otherwise for
    some time after it was closed.
    """
    if alert.state is not AlertState.CLOSED or alert.level_max >= Level.ORANGE:
        return True
    closed_ns = alert.closed_at_ns or alert.updated_at_ns
    return now_ns - closed_ns < rules.evidence_days * DAY_NS


def evidence_windows(
    alert: Alert,
    findings: Iterable[Finding],
    beside: Sequence[str],
    rules: RetentionRules,
    now_ns: int,
) -> list[Window]:
    """List the readings that an alert rests on.

    For every channel of its findings and every channel `beside` them (the temperatures by which
    the weather was taken out): from the beginning of the earliest stretch that a finding speaks
    of until the alert was closed, with a margin on both sides; while it is open, until now.
    """
    findings = list(findings)
    if not findings:
        return []
    margin_ns = rules.margin_days * DAY_NS
    starts = [min(f.started_ns or f.at_ns, f.at_ns - f.window_ns) for f in findings]
    end_ns = alert.closed_at_ns if alert.closed_at_ns is not None else now_ns
    end_ns = max(end_ns, *(f.at_ns for f in findings)) + margin_ns
    channels = {channel for f in findings for channel in f.channels}
    if not channels:
        return []
    return [
        Window(channel, min(starts) - margin_ns, end_ns) for channel in sorted(channels | {*beside})
    ]


def merged(windows: Iterable[Window]) -> list[Window]:
    """Join windows of one channel that touch or overlap; sorted.

    Examples
    --------
    >>> merged([Window("c", 5, 9), Window("c", 0, 6), Window("d", 0, 1)])
    [Window(channel_id='c', start_ns=0, end_ns=9), Window(channel_id='d', start_ns=0, end_ns=1)]

    """
    found: list[Window] = []
    for window in sorted(windows, key=lambda w: (w.channel_id, w.start_ns, w.end_ns)):
        last = found[-1] if found else None
        if last and last.channel_id == window.channel_id and window.start_ns <= last.end_ns:
            found[-1] = Window(last.channel_id, last.start_ns, max(last.end_ns, window.end_ns))
        elif window.start_ns < window.end_ns:
            found.append(window)
    return found
