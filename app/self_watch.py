"""Anju watches itself: every process writes its heart-beat and judges everybody's.

Nothing of it goes through the spool or the readings store: a heart-beat is a row of the records,
an alert about the installation another. While the records are away there is nowhere to write and
nobody to send from; then the call to the outside (`watch.dead_man_url`) stops.
"""

import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence

import structlog

from alerting import acts, escalation, installation
from alerting.dead_man import DeadMan
from alerting.join import JoinContext, join
from app.settings import WatchSettings
from app.vitals import Vitals, bounds
from domain.alerts import INSTALLATION, Alert, AlertEvent, Notice
from domain.clock import DAY_NS, MINUTE_NS, SECOND_NS, Clock
from domain.errors import Conflict, StoreUnavailable
from domain.findings import Cause, Finding
from domain.installation import Heartbeat, HeartbeatStore, Sign
from domain.limits import Level, LimitProfile
from domain.ports import AlertStore, JudgementStore
from domain.services import Health, RoleHealth

log = structlog.get_logger()

#: roles without which no reading becomes a warning that somebody is told
CHAIN = ("ingest", "analyse", "notify")
SHARDED = frozenset({"ingest", "analyse"})
#: how often the own state is looked at; a change is written at once
_GLANCE_S = 1.0
_STOP_WAIT_S = 15.0


class SelfWatch:
    """Beats for the roles of this process and raises what is wrong with any process.

    Parameters
    ----------
    measure
        Tells how each role of this process is; must not wait for the records.
    clock
        The one of alerts and notices.
    wall_clock
        The real time, for heart-beats.
    tells_outside
        Call the dead man from here; one process should, the one that tells people.

    """

    def __init__(
        self,
        *,
        beats: HeartbeatStore,
        alerts: AlertStore,
        judgements: JudgementStore,
        measure: Callable[[], Sequence[Vitals]],
        settings: WatchSettings,
        profile: LimitProfile,
        clock: Clock,
        wall_clock: Clock,
        host: str,
        shard: int = 0,
        base_url: str = "",
        tells_outside: bool = False,
        steady_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._beats, self._alerts, self._judgements = beats, alerts, judgements
        self._measure, self._settings, self._profile = measure, settings, profile
        self._clock, self._wall_clock, self._steady_s = clock, wall_clock, steady_s
        self._host, self._shard, self._base_url = host, shard, base_url
        self._bounds = bounds(settings)
        self._silent_s = min(settings.role_silent_s.values())
        self._started_ns = wall_clock.now_ns()
        self._watching_since = self._looked_at = steady_s()
        self._told_state = ""
        self._trouble = ""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="self-watch", daemon=True)
        self._dead_man: DeadMan | None = None
        if tells_outside and settings.dead_man_url:
            self._dead_man = DeadMan(
                settings.dead_man_url,
                settings.dead_man_secret.get_secret_value(),
                settings.dead_man_every_s,
                wall_clock,
                max_age_s=3 * settings.beat_s + _GLANCE_S,
            )

    def start(self) -> None:
        """Watch from now on."""
        self._thread.start()
        if self._dead_man is not None:
            self._dead_man.start()

    def stop(self) -> None:
        """End, and say so in the last heart-beat."""
        self._stopping.set()
        if self._dead_man is not None:
            self._dead_man.stop()
        if self._thread.ident is not None:
            self._thread.join(_STOP_WAIT_S)

    def look(self, vitals: Sequence[Vitals]) -> None:
        """Beat, and judge everybody's heart-beats.

        Parameters
        ----------
        vitals
            How the roles of this process are now.

        Raises
        ------
        StoreUnavailable
            When the records are away; the next look does it all.

        """
        steady_s = self._steady_s()
        if steady_s - self._looked_at > self._silent_s:
            # it was this process that stood still: first see who else beats
            self._watching_since = steady_s
        self._looked_at = steady_s
        self._beats.put(self._own(vitals))
        rows = self._beats.all()
        healthy = self._judge(rows)
        if self._dead_man is not None:
            self._dead_man.seen(healthy=healthy)

    def health(self) -> Health:
        """Tell whether heart-beats and alerts can be written."""
        if self._trouble:
            return Health("records", "degraded", self._trouble)
        figures = self._dead_man.figures() if self._dead_man is not None else ()
        return Health("records", "ok", "", figures)

    def roles(self) -> list[RoleHealth]:
        """Tell how every role is, wherever it runs: this process as of now, others by their beats.

        Raises
        ------
        StoreUnavailable
            When the records are away.

        """
        own = {(b.role, b.shard, b.host): b for b in self._own(self._measure())}
        others = {(b.role, b.shard, b.host): b for b in self._beats.all()}
        now_ns = self._wall_clock.now_ns()
        found = []
        for beat in (others | own).values():
            age_s = _age_s(beat, now_ns)
            silent = age_s >= self._silent_s
            state, parts = beat.state, beat.parts
            if silent:
                # what it said when it was last heard says nothing about now
                text = f"no heart-beat for {age_s:.0f} s (host {beat.host})"
                state, parts = "down", (Health(beat.role, "down", text),)
            found.append(
                RoleHealth(
                    beat.role, beat.shard, beat.host, beat.pid, beat.started_at_ns,
                    beat.beat_at_ns, age_s, state, parts,
                )
            )  # fmt: skip
        return sorted(found, key=lambda r: (r.role, r.shard, r.host))

    def _own(self, vitals: Iterable[Vitals], state: str = "") -> list[Heartbeat]:
        now_ns = self._wall_clock.now_ns()
        return [
            Heartbeat(
                each.role,
                self._shard if each.role in SHARDED else 0,
                self._host,
                os.getpid(),
                self._started_ns,
                now_ns,
                state or each.state,
                each.parts,
                each.signs,
            )
            for each in vitals
        ]

    def _judge(self, rows: Sequence[Heartbeat]) -> bool:
        """Raise, lower, escalate and settle; tell whether the whole chain is well."""
        wall_ns, now_ns = self._wall_clock.now_ns(), self._clock.now_ns()
        fresh = [row for row in rows if _age_s(row, wall_ns) < self._silent_s]
        ages = _ages(rows, wall_ns)
        signs = [sign for row in fresh for sign in row.signs]
        known = {(s.rule, s.subject) for row in rows for s in row.signs}
        silence = [
            Sign(Cause.ROLE_SILENT, "role.silent_s", subject, age) for subject, age in ages.items()
        ]
        if self._steady_s() - self._watching_since >= self._silent_s:
            signs += silence
        else:
            # whoever has just begun to watch cannot tell a role that is silent from one that
            # has been away together with everything else, and is coming back
            signs += [sign for sign in silence if sign.value < self._silent_s]
            known |= {(sign.rule, sign.subject) for sign in silence}
        alerts = self._judgements.open_alerts([INSTALLATION])
        found = installation.judge(
            signs,
            alerts,
            self._bounds,
            self._profile.number("hysteresis"),
            now_ns,
            known=known,
        )
        if found:
            self._join(found, alerts, now_ns)
        self._by_time(alerts, now_ns)
        self._forget(rows, wall_ns)
        ready = {row.role for row in fresh if row.state == "ok"}
        unwell = any(row.state != "ok" for row in fresh) or max(ages.values()) >= self._silent_s
        rising = max((f.level for f in found), default=Level.NONE)
        worst = max(installation.worst(alerts), rising)
        return ready >= set(CHAIN) and not unwell and worst < Level.ORANGE

    def _join(self, found: Sequence[Finding], alerts: Sequence[Alert], now_ns: int) -> None:
        joined = join(found, alerts, self._context(), now_ns)
        self._save(joined.alerts, joined.events, joined.notices, found)
        for event in joined.events:
            log.warning("installation " + event.kind, alert=event.alert_id, colour=event.level.word)

    def _by_time(self, alerts: Sequence[Alert], now_ns: int) -> None:
        """Call the next people when nobody answers, and close what has been over for long."""
        minutes = self._profile.number("escalation.minutes")
        late_ns = now_ns - int(minutes * MINUTE_NS)
        if overdue := self._alerts.overdue(Level.RED, late_ns, installation=True):
            context = self._context()
            told = escalation.escalate(
                overdue, context.recipients, context, now_ns, self._alerts.events
            )
            self._save(told.alerts, told.events, told.notices)
        hold_ns = int(self._settings.clear_hold_minutes * MINUTE_NS)
        settled = acts.settle(alerts, self._profile, now_ns, hold_ns)
        self._save(settled.alerts, settled.events, settled.notices)

    def _save(
        self,
        alerts: Iterable[Alert],
        events: Sequence[AlertEvent],
        notices: Sequence[Notice],
        findings: Sequence[Finding] = (),
    ) -> None:
        for alert in alerts:
            try:
                self._alerts.save(
                    alert,
                    [e for e in events if e.alert_id == alert.id],
                    [n for n in notices if n.alert_id == alert.id],
                    [f for f in findings if f.cause is alert.cause],
                )
            except Conflict:
                # another process, or a person, was faster; the next look sees what they left
                log.info("installation alert changed meanwhile", alert=alert.id)

    def _context(self) -> JoinContext:
        return JoinContext({}, self._judgements.active_recipients(), self._profile, self._base_url)

    def _forget(self, rows: Sequence[Heartbeat], wall_ns: int) -> None:
        oldest_ns = wall_ns - int(self._settings.forget_days * DAY_NS)
        if any(row.beat_at_ns < oldest_ns for row in rows):
            self._beats.forget_before(oldest_ns)

    def _run(self) -> None:
        next_at = 0.0
        while not self._stopping.is_set():
            try:
                vitals = self._measure()
                state = " ".join(f"{each.role} {each.state}" for each in vitals)
                if self._steady_s() >= next_at or state != self._told_state:
                    next_at = self._steady_s() + self._settings.beat_s
                    self.look(vitals)
                    self._told_state = state
                    self._well()
            except StoreUnavailable as error:
                self._unwell(str(error))
            except Exception as error:  # the edge of the thread: watching goes on
                log.exception("self-watch failed")
                self._unwell(repr(error))
            self._stopping.wait(_GLANCE_S)
        try:
            own = self._own(self._measure(), state="stopped")
            self._beats.put(own)
        except Exception as error:  # noqa: BLE001 - as above; the silence will tell
            log.warning("last heart-beat was not written", error=str(error))

    def _well(self) -> None:
        if self._trouble:
            log.info("heart-beats are written again")
        self._trouble = ""

    def _unwell(self, reason: str) -> None:
        if not self._trouble:
            log.error("heart-beats and alerts about Anju cannot be written", reason=reason)
        self._trouble = reason
        if self._dead_man is not None:
            self._dead_man.seen(healthy=False)


def _age_s(beat: Heartbeat, now_ns: int) -> float:
    return max(0.0, (now_ns - beat.beat_at_ns) / SECOND_NS)


def _ages(rows: Iterable[Heartbeat], now_ns: int) -> dict[str, float]:
    """Tell the age of the newest beat of each role and shard: who took a role over beats for it."""
    ages: dict[str, float] = {}
    for row in rows:
        subject = f"{row.role} {row.shard}" if row.role in SHARDED else row.role
        age = _age_s(row, now_ns)
        ages[subject] = min(age, ages.get(subject, age))
    return ages
