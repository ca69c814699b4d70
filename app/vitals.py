"""What one process measures of itself: how its parts are, and the signs that may become alerts."""

import contextlib
import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from alerting.dispatch import Dispatcher
from app.pipeline import Pipeline
from app.settings import WatchSettings
from domain.clock import SECOND_NS, Clock
from domain.errors import StoreUnavailable
from domain.findings import Cause
from domain.installation import Bounds, Sign
from domain.limits import Level
from domain.ports import Outbox
from domain.services import Health
from storage.spool import SqliteSpool

_MEGABYTE = 1_000_000


class HasHealth(Protocol):
    """A door of ingest, whatever its protocol."""

    def health(self) -> Health:
        """Tell how it is."""
        ...


@dataclass(frozen=True, slots=True)
class Vitals:
    """How one role of this process is."""

    role: str
    parts: tuple[Health, ...] = ()
    signs: tuple[Sign, ...] = ()

    @property
    def state(self) -> str:
        """Worst state of its parts."""
        states = {part.state for part in self.parts}
        return next((state for state in ("down", "degraded") if state in states), "ok")


def bounds(settings: WatchSettings) -> dict[str, Bounds]:
    """Make the bounds of every sign, by rule, of what is set."""
    rows = (
        (Cause.ROLE_SILENT, "role.silent_s", "s", "role_silent_s"),
        (Cause.SPOOL_NEAR_LIMIT, "spool.percent", "%", "spool_percent"),
        (Cause.SPOOL_WRITE_FAILED, "spool.failed_writes", "", "spool_failed_writes"),
        (Cause.SPOOL_WRITE_FAILED, "spool.failing_s", "s", "spool_failing_s"),
        (Cause.READINGS_STORE_AWAY, "store.away_s", "s", "store_away_s"),
        (Cause.BROKER_AWAY, "broker.away_s", "s", "broker_away_s"),
        (Cause.DISK_LOW, "disk.free_mb", "MB", "disk_free_mb"),
        (Cause.NOTICES_STUCK, "notices.waiting", "s", "notices_waiting_s"),
        (Cause.NOTICES_STUCK, "notices.refused", "s", "notices_refused_s"),
    )
    found = {}
    for cause, rule, unit, name in rows:
        levels = {Level.named(word): float(at) for word, at in getattr(settings, name).items()}
        found[rule] = Bounds(
            cause,
            rule,
            unit,
            tuple(sorted(levels.items())),
            falling=cause is Cause.DISK_LOW,
            reason=f"setting watch.{name}",
        )
    return found


def disk_signs(host: str, folders: Sequence[Path]) -> tuple[Sign, ...]:
    """Measure what is free where files are kept; a folder that cannot be asked is left out."""
    found = []
    for folder in dict.fromkeys(path.absolute() for path in folders):
        with contextlib.suppress(OSError):
            free = shutil.disk_usage(folder).free / _MEGABYTE
            found.append(Sign(Cause.DISK_LOW, "disk.free_mb", f"{host}:{folder}", free))
    return tuple(found)


@dataclass
class OutboxWatch:
    """Tells whether notices leave, by the machine's steady clock: the outbox's may be virtual.

    Parameters
    ----------
    clock
        The one that decides what is due.

    """

    outbox: Outbox
    clock: Clock
    steady_s: Callable[[], float] = time.monotonic
    _front: str = field(default="", init=False)
    _front_since: float = field(default=0.0, init=False)

    def measure(self) -> tuple[Sign, ...]:
        """Measure for how long the same try has been due, and a notice refused by every way.

        Raises
        ------
        StoreUnavailable
            When the records are away.

        """
        now_ns, steady_s = self.clock.now_ns(), self.steady_s()
        backlog = self.outbox.backlog(now_ns)
        if backlog.front != self._front:
            self._front, self._front_since = backlog.front, steady_s
        waiting_s = steady_s - self._front_since if self._front else 0.0
        since_ns = backlog.refused_since_ns
        refused_s = 0.0 if since_ns is None else max(0.0, (now_ns - since_ns) / SECOND_NS)
        return (
            Sign(Cause.NOTICES_STUCK, "notices.waiting", "outbox", waiting_s),
            Sign(Cause.NOTICES_STUCK, "notices.refused", "outbox", refused_s),
        )


@dataclass
class DoorWatch:
    """Tells for how long nothing can come in though the spool would take it."""

    steady_s: Callable[[], float] = time.monotonic
    _since: float | None = field(default=None, init=False)

    def measure(self, door: Health, spool: Health | None, name: str) -> Sign:
        """Measure from a door's health; a spool that refuses has signs of its own."""
        away = door.state != "ok" and (spool is None or spool.state == "ok")
        if not away:
            self._since = None
        elif self._since is None:
            self._since = self.steady_s()
        lasting_s = 0.0 if self._since is None else self.steady_s() - self._since
        return Sign(Cause.BROKER_AWAY, "broker.away_s", name, lasting_s)


def measure(
    roles: Iterable[str],
    *,
    host: str,
    shard: int,
    folder: Path,
    ingest: HasHealth | None,
    accounts: HasHealth | None,
    spool: SqliteSpool | None,
    pipeline: Pipeline | None,
    dispatcher: Dispatcher | None,
    outbox: OutboxWatch,
    door: DoorWatch,
    jobs: HasHealth | None = None,
    models: HasHealth | None = None,
) -> list[Vitals]:
    """Measure every role of this process; a part that cannot be asked is told as down."""
    found = []
    for role in sorted(roles):
        parts: list[Health] = []
        signs: tuple[Sign, ...] = disk_signs(host, [folder])
        if role == "ingest":
            keeper = _asked("spool", spool.health) if spool is not None else None
            if ingest is not None:
                parts.append(ingest.health())
                signs += (door.measure(parts[0], keeper, f"ingest {shard}"),)
            if spool is not None and keeper is not None:
                parts.append(keeper)
                signs += spool_signs(spool, f"spool {shard}")
                signs += disk_signs(host, [spool.path.parent])
            if accounts is not None:
                parts.append(accounts.health())
        if role == "analyse" and pipeline is not None:
            parts += [pipeline.health(), pipeline.waves_health()]
            away_s = pipeline.storing.away_s()
            signs += (Sign(Cause.READINGS_STORE_AWAY, "store.away_s", f"store {shard}", away_s),)
        if role == "jobs" and jobs is not None:
            parts.append(jobs.health())
            if models is not None:
                parts.append(models.health())
        if role == "notify":
            parts.append(_asked("notices", lambda: _notices(outbox, dispatcher)))
            with contextlib.suppress(StoreUnavailable):
                signs += outbox.measure()
        found.append(Vitals(str(role), tuple(parts), signs))
    return found


def spool_signs(spool: SqliteSpool, name: str) -> tuple[Sign, ...]:
    """Measure how full the spool is and how its writes go."""
    lately, lasting_s = float(spool.failures.lately()), spool.failures.lasting_s()
    signs = (
        Sign(Cause.SPOOL_WRITE_FAILED, "spool.failed_writes", name, lately),
        Sign(Cause.SPOOL_WRITE_FAILED, "spool.failing_s", name, lasting_s),
    )
    try:
        percent = spool.full_percent()
    except StoreUnavailable:
        return signs
    return (*signs, Sign(Cause.SPOOL_NEAR_LIMIT, "spool.percent", name, percent))


def _notices(outbox: OutboxWatch, dispatcher: Dispatcher | None) -> Health:
    figures = [("waiting", float(outbox.outbox.unfinished()))]
    if dispatcher is not None:
        figures += dispatcher.figures()
    return Health("notices", "ok", "", tuple(figures), "sending")


def _asked(part: str, ask: Callable[[], Health]) -> Health:
    try:
        return ask()
    except StoreUnavailable as error:
        return Health(part, "down", str(error), code="away")
