"""Signs of the installation become findings, held against bounds and what was found before."""

from collections.abc import Iterable, Mapping, Sequence

from domain.alerts import INSTALLATION, Alert, AlertState, Contribution
from domain.clock import SECOND_NS
from domain.findings import Cause, Finding
from domain.ids import same_id
from domain.installation import Bounds, Sign
from domain.limits import Certainty, Level


def judge(
    signs: Iterable[Sign],
    alerts: Iterable[Alert],
    bounds: Mapping[str, Bounds],
    hysteresis: float,
    now_ns: int,
    *,
    known: Iterable[tuple[str, str]] = (),
) -> list[Finding]:
    """Tell which signs have changed their level since they were last judged.

    What was found before stands in the alerts alone, so that any process may judge, after any
    restart, and two that judge at once agree.

    Parameters
    ----------
    alerts
        Those about the installation that are open, and the newest closed one of each cause.
    bounds
        By rule.
    known
        (rule, subject) of signs that cannot be measured now; they stay as they were found. What
        is neither measured nor known any more is over: that part is gone.

    """
    held = _held(alerts)
    measured: dict[tuple[str, str], Sign] = {}
    for sign in signs:
        kept = measured.get((sign.rule, sign.subject))
        if kept is None or _worse(sign, kept, bounds[sign.rule]):
            measured[sign.rule, sign.subject] = sign
    found = []
    for (rule, subject), sign in measured.items():
        before = held.get((rule, subject))
        level_before = before.level if before else Level.NONE
        level = bounds[rule].level(sign.value, level_before, hysteresis)
        if level != level_before:
            found.append(_finding(sign, bounds[rule], level, before, now_ns))
    stays = set(known)
    for key, before in held.items():
        if before.level > Level.NONE and key not in measured and key not in stays:
            rule, subject = key
            limit = bounds.get(rule)
            if limit is None:
                continue
            gone = Sign(limit.cause, rule, subject, before.value)
            found.append(_finding(gone, limit, Level.NONE, before, now_ns))
    return found


def _held(alerts: Iterable[Alert]) -> dict[tuple[str, str], Contribution]:
    """Gather how each sign was last found: in the open alert of its cause, else the newest."""
    newest: dict[Cause, Alert] = {}
    for alert in alerts:
        if not alert.of_installation:
            continue
        kept = newest.get(alert.cause)
        if kept is None or _rank(alert) > _rank(kept):
            newest[alert.cause] = alert
    return {(c.rule, c.subject): c for alert in newest.values() for c in alert.contributions}


def _rank(alert: Alert) -> tuple[bool, int, str]:
    return alert.state is not AlertState.CLOSED, alert.closed_at_ns or 0, alert.id


def _worse(sign: Sign, other: Sign, bounds: Bounds) -> bool:
    return sign.value < other.value if bounds.falling else sign.value > other.value


def _finding(
    sign: Sign, bounds: Bounds, level: Level, before: Contribution | None, now_ns: int
) -> Finding:
    # two hosts' clocks differ a little: what is found later is never older than what was found
    at_ns = max(now_ns, before.at_ns if before else now_ns)
    lasting_ns = round(sign.value * SECOND_NS) if bounds.unit == "s" else 0
    ended = level == Level.NONE and before is not None
    return Finding(
        id=same_id("installation", sign.rule, sign.subject, level.word, at_ns),
        building_id=INSTALLATION,
        cause=sign.cause,
        rule=sign.rule,
        subject=sign.subject,
        subject_name=sign.subject,
        channels=(),
        level=level,
        at_ns=at_ns,
        value=sign.value,
        limit=before.limit if ended and before else bounds.bound(level),
        unit=bounds.unit,
        window_ns=0,
        started_ns=at_ns - lasting_ns,
        source=bounds.reason,
        certainty=Certainty.PROPOSAL,
        profile="settings",
    )


def worst(alerts: Sequence[Alert]) -> Level:
    """Tell the worst level that something about the installation holds now, closed or not."""
    return max((c.level for c in _held(alerts).values()), default=Level.NONE)
