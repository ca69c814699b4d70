"""How readings become alerts: in batches, each judged exactly once, stored beside it.

A building costs much the same for one reading and for a hundred, so buildings are judged in turns,
once a second while much comes in. What comes meanwhile is looked at as columns
(`app/roster.py`); a building of which a reading may change something is judged ahead of its turn.
Every reading is judged once in either way, and the same readings give the same findings however
they are cut into batches: who is judged when decides how soon an alert comes, never whether.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
import structlog

from alerting import acts, escalation
from alerting.backfill import BackFill
from alerting.join import JoinContext, Joined, join
from analytics import segments
from app import restarts, waves
from app.ahead import AHEAD, bands_of
from app.draft import Draft
from app.flagging import Flagging
from app.roster import Bands, Roster
from app.storing import Storing
from app.unjudged import Row, Unjudged, entries_of, weight_of
from app.watch import Watched, WatchList
from app.waves import WaveDesk
from domain.alerts import Alert, AlertEvent, AlertState, Notice
from domain.buildings import Building
from domain.clock import MINUTE_NS, Clock
from domain.errors import Conflict, StoreUnavailable
from domain.limits import Level, LimitProfile
from domain.ports import (
    AlertStore,
    Detector,
    GatewayStatus,
    Judgement,
    JudgementStore,
    ReadingStore,
    RegisterStore,
    Spool,
    SpoolEntry,
)
from domain.readings import UNFIT, QualityFlag, ReadingBatch
from domain.services import Health
from domain.views import Latest

log = structlog.get_logger()

#: a building costs much the same for one reading and for a hundred, so that whoever is behind
#: catches up the faster the more there is; more than this would only take memory
_AT_ONCE = 60_000
_TICK_NS = MINUTE_NS
_FEW = 32
#: a turn that takes longer is followed by a rest, for as long but not longer than this
_LONG_S, _PAUSE_S = 0.02, 0.06
#: or by so long for each building that it judged, so that turns of many begin so far apart:
#: without it judging would go round without a stop over a few readings of every house, and hold up
#: storing and itself
_REST_A_BUILDING_S, _TURN_S = 0.004, 1.0
#: see `Pipeline`
_LOOK_S, _PART = 0.004, 50
#: after judging ahead of the turn nothing is judged ahead for as long, times this
_AHEAD_REST = 1.0
#: when more buildings are stirred than this, their turn begins after the least rest
_AHEAD_MAX = 64
#: time alone is judged at least so often, however much comes in
_TICK_S = 5.0
_REFRESH_S = 0.25
_JOIN_TRIES = 5
_SEGMENTS, _LATEST, _BACKFILL = "segments", "latest", "back-fill"


class Pipeline:
    """Stores and judges what the spool holds.

    Two cursors move apart, each in a thread of its own: *stored* waits while the readings store
    is slow or away, *judged* goes on, so that nobody's warning hangs on a database. A row leaves
    the spool when both have passed it.

    Parameters
    ----------
    look_s
        Within a turn, what has come is looked at so often.
    part
        Within a turn, what was judged is committed after so many buildings: one of them that is
        stirred again must not wait for a large commit.

    """

    def __init__(
        self,
        *,
        spool: Spool,
        readings: ReadingStore,
        judgements: JudgementStore,
        alerts: AlertStore,
        register: RegisterStore,
        profile: LimitProfile,
        detectors: Sequence[Detector],
        clock: Clock,
        shard: int = 0,
        base_url: str = "",
        wave_desk: WaveDesk | None = None,
        look_s: float = _LOOK_S,
        part: int = _PART,
    ) -> None:
        self._spool, self._judgements = spool, judgements
        self._alerts, self._register, self._profile = alerts, register, profile
        self._detectors, self._clock = detectors, clock
        self._back_fill = BackFill(profile)
        self._shard, self._base_url = shard, base_url
        self._look_s, self._part = look_s, part
        self._watch = WatchList(register, shard)
        self._waves = wave_desk or WaveDesk(profile, None)
        self.storing = Storing(
            spool,
            readings,
            WatchList(register, shard),
            Flagging(register, profile, shard),
            self._waves,
        )
        self._states: dict[tuple[str, str], Any] | None = None
        self._latest: dict[str, dict[str, Latest]] = {}
        self._heard: dict[str, int] = {}
        self._judged = self._fence = 0
        self._refused = False
        self._ticked_ns, self._ticked_s = 0, time.monotonic()
        self._unjudged = Unjudged(spool, _AT_ONCE)
        self._roster = Roster({}, self._bands)
        #: of all that is watched, for joining findings to alerts
        self._buildings: dict[str, Building] = {}
        self._gateway_of: dict[str, str] = {}
        #: offset of the newest row with a reading that may change something, by building
        self._stirred: dict[str, int] = {}
        #: how far buildings are judged that were judged ahead of their turn
        self._ahead: dict[str, int] = {}
        self._ahead_at = 0.0
        self._in_turn = 0
        self._refresh_at = self._judge_at = self._turned_at = 0.0
        self._full = False

    def run_once(self) -> int:
        """Judge what is due and tell how many spool rows were handled.

        Raises
        ------
        StoreUnavailable
            When the spool or the records cannot be reached; nothing is lost, call again.

        """
        done = self.look_ahead()
        done += self._judge_when_rested()
        if not done or time.monotonic() - self._ticked_s >= _TICK_S:
            self.tick()
        return done

    def _judge_when_rested(self) -> int:
        """Give every building its turn; after one that took long, gather before the next.

        A building costs much the same whatever it sent. Where judging takes all of a core, larger
        stretches cost a fraction and leave the core to those who take readings in.
        """
        began = time.monotonic()
        if began < self._judge_at and self._unjudged.room:
            return 0
        done = self.turn() if self._unjudged.room else self.judge()
        ended = self._turned_at = time.monotonic()
        took_s = ended - began
        behind = done and took_s >= _LONG_S and self._spool.head() > self._judged
        if behind and not self._full:
            rest_s = min(_REST_A_BUILDING_S * self._in_turn, _TURN_S - took_s)
            self._judge_at = ended + max(min(took_s, _PAUSE_S), rest_s)
        return done

    def judge(self) -> int:
        """Judge what is not yet judged, in one transaction."""
        return self._judge(in_parts=False)

    def turn(self) -> int:
        """Judge it building by building; those are let in between in which something changes."""
        return self._judge(in_parts=True)

    def _judge(self, *, in_parts: bool) -> int:
        self._wake()
        self._read()
        entries = entries_of(self._unjudged.rows)
        if entries:
            try:
                self._handle(entries, in_parts=in_parts)
            except Conflict:
                # our own commit whose answer was lost, or a pipeline that took the shard over:
                # begin once from what is saved; the other one's fence refuses us for good
                if self._refused:
                    raise
                self._refused, self._states = True, None
                return 0
            self._refused = False
            self._spool.advance("judged", entries[-1].offset)
        self._full = sum(len(entry.batch) for entry in entries) > _AT_ONCE // 2
        return len(entries)

    def _read(self) -> list[Row]:
        """Read what has come, and note who was heard and where something may change."""
        new = self._unjudged.read(self._judged, self._row_of)
        for row in new:
            for building_id in self._roster.stirred(row.batch, self._roster.numbers(row.batch)):
                if self._ahead.get(building_id, 0) < row.entry.offset:
                    self._stirred[building_id] = row.entry.offset
        return new

    def _row_of(self, entry: SpoolEntry) -> Row:
        batch = self._waves.batch([entry], self._watch)
        numbers = self._roster.numbers(batch)
        self._roster.hear(batch, numbers, self._heard)
        # what comes out of quarantine was judged when it went in
        released = (batch.flag & QualityFlag.RELEASED) != 0
        if released.any():
            batch = batch.take(~released)
            numbers = self._roster.numbers(batch)
        return Row(entry, batch, self._roster.buildings_of(numbers), weight_of(entry))

    def look_ahead(self) -> int:
        """Look at what has come, and judge at once where something may change."""
        self._wake()
        new = len(self._read())
        try:
            self._judge_ahead(None)
        except Conflict:
            if self._refused:
                raise
            self._refused, self._states = True, None
        return new

    def _judge_ahead(self, draft: Draft | None) -> None:
        """Judge stirred buildings up to the newest row and commit that, the cursor where it is.

        Parameters
        ----------
        draft
            What a turn under way has judged and not committed: it is committed with them if one
            of them is in it.

        """
        if not self._stirred or not self._unjudged.room or time.monotonic() < self._ahead_at:
            return
        # a restart changes what readings around it mean: such a building waits for its turn
        told = {b for g in self._unjudged.told for b in self._watch.served_by.get(g, ())}
        first = self._stirred.keys() - told
        if told & self._stirred.keys() or len(first) > _AHEAD_MAX:
            self._judge_at = min(self._judge_at, self._turned_at + _PAUSE_S)
        if not first or len(first) > _AHEAD_MAX:
            return
        began, now_ns = time.monotonic(), self._clock.now_ns()
        upto = self._unjudged.rows[-1].entry.offset
        if draft is None or not draft.judged.keys() & first:
            draft = Draft()
        ahead = self._ahead_codes(draft.judged)
        batch = self._unjudged.of(self._roster.codes(first), ahead, upto)
        for watched, rows in self._by_building(batch):
            self._examine(watched, rows, draft, now_ns, boots=restarts.Boots(()))
        draft.judged |= dict.fromkeys(first, upto)
        self._commit(draft, now_ns, cursor=self._judged)
        draft.clear()
        ended = time.monotonic()
        self._ahead_at = ended + _AHEAD_REST * (ended - began)

    def _ahead_codes(self, more: Mapping[str, int]) -> dict[int, int]:
        """Tell how far buildings are judged ahead of the cursor, by the roster's code."""
        ahead = {**self._ahead, **more}
        code = self._roster.code
        return {code[key]: upto for key, upto in ahead.items() if key in code}

    def _handle(self, entries: Sequence[SpoolEntry], *, in_parts: bool) -> None:
        """Judge a stretch of the spool: the way from readings to alerts.

        One transaction, at the end; in parts, what was judged so far is committed when a building
        in it has to be judged once more.
        """
        now_ns, upto, self._in_turn = self._clock.now_ns(), entries[-1].offset, 0
        everybody = np.ones(len(self._roster.building_ids) + 1, np.bool_)
        everybody[-1] = False  # a channel that left the register has nobody to judge it for
        batch = self._unjudged.of(everybody, self._ahead_codes({}), upto)
        last = Draft()
        if any(entry.waves for entry in entries):
            assert self._states is not None  # noqa: S101 - _wake has run
            for building_id, state in self._waves.look(entries, self._watch, self._states).items():
                last.keep(building_id, waves.STATE, state)
        statuses = [s for entry in entries for s in entry.statuses]
        boots, told = self._restarts(statuses, last)
        draft, look_at = Draft() if in_parts else last, time.monotonic() + self._look_s
        waiting = []
        for watched, rows in self._by_building(batch):
            building_id = watched.building.id
            if in_parts and building_id in told:
                waiting.append((watched, rows))  # with what came of the restart, at the end
                continue
            if in_parts and self._ahead.get(building_id, 0) >= upto:
                continue  # judged ahead since this turn began
            self._examine(watched, rows, draft, now_ns, boots=boots)
            self._in_turn += 1
            draft.judged[building_id] = upto
            if in_parts and time.monotonic() >= look_at:
                if len(draft.judged) >= self._part:
                    self._commit(draft, now_ns, cursor=self._judged)
                    draft.clear()
                self._read()
                self._judge_ahead(draft)
                look_at = time.monotonic() + self._look_s
        for watched, rows in waiting:
            self._examine(watched, rows, last, now_ns, boots=boots)
            last.judged[watched.building.id] = upto
        if draft is not last:
            last.add(draft)
        self._commit(
            last,
            now_ns,
            cursor=upto,
            refusals=tuple(r for entry in entries for r in entry.refusals),
            accounts=tuple(
                {(a.gateway_id, a.day): a for e in entries for a in e.accounts}.values()
            ),
            statuses=tuple(statuses),
            clocks=tuple({c.gateway_id: c for e in entries for c in e.clocks}.values()),
            gaps=tuple(g for e in entries for g in e.gaps),
        )

    def tick(self) -> None:
        """Judge what time alone changes: silence, escalation, alerts that have been over long."""
        now_ns = self._clock.now_ns()
        if now_ns - self._ticked_ns < _TICK_NS:
            return
        if len(self._unjudged):
            self.judge()  # what has come is no silence
            self._wake()
        draft, nothing = Draft(), ReadingBatch.empty()
        for watched in list(self._watch.buildings.values()):
            self._examine(watched, nothing, draft, now_ns, tick=True)
        if draft.changed:
            self._commit(draft, now_ns, cursor=self._judged)
        self._settle(now_ns)
        self._ticked_ns, self._ticked_s = now_ns, time.monotonic()

    def health(self) -> Health:
        """Tell how far behind the pipeline is, and whether the store is away."""
        try:
            head = self._spool.head()
            behind = head - self._spool.cursor("judged")
            unstored = head - self._spool.cursor("stored")
        except StoreUnavailable as error:
            return Health("pipeline", "down", str(error), code="spool away")
        figures = (("unjudged", float(behind)), ("unstored", float(unstored)))
        if self.storing.down:
            return Health("pipeline", "degraded", self.storing.down, figures, "store away")
        return Health("pipeline", "ok", "", figures, "judging")

    def waves_health(self) -> Health:
        """Tell how waveforms are."""
        return self._waves.health()

    def _wake(self) -> None:
        """Read the saved states once, and the register whenever it has changed."""
        if self._states is None:
            # whoever judged this shard before is refused from now on, so the cursor is read once
            self._fence = self._fence or self._judgements.take_over(self._shard)
            self._judged = self._judgements.judged(self._shard)
            saved = self._judgements.states(self._shard)
            self._states = {key: msgspec.msgpack.decode(blob) for key, blob in saved.items()}
            self._ahead = {
                key: upto
                for (key, name), upto in self._states.items()
                if name == AHEAD and upto > self._judged
            }
            self._begin_anew()
            for (building_id, name), state in self._states.items():
                if name == _LATEST:
                    self._latest[building_id] = {k: Latest(*v) for k, v in state["of"].items()}
                    for gateway, at_ns in state["heard"].items():
                        self._heard[gateway] = max(at_ns, self._heard.get(gateway, 0))
        if time.monotonic() >= self._refresh_at:
            if self._watch.refresh():
                self._begin_anew()
            self._refresh_at = time.monotonic() + _REFRESH_S

    def _begin_anew(self) -> None:
        """Look at the spool again from the judged cursor, with what is watched now."""
        everyone = self._watch.buildings
        self._roster = Roster(everyone, self._bands)
        self._buildings = {key: watched.building for key, watched in everyone.items()}
        self._gateway_of = {
            p.sensor_id: p.gateway_id for w in everyone.values() for p in w.points.values()
        }
        self._unjudged.forget()
        self._stirred = {}

    def _bands(self, watched: Watched) -> Bands:
        """Tell between which raw values the readings of a building's channels are calm."""
        assert self._states is not None  # noqa: S101 - _wake has run
        building_id = watched.building.id
        latest = self._latest.get(building_id, {})
        view = watched.view(self._profile, latest, self._heard, self._clock.now_ns())
        if self._states.get((building_id, _BACKFILL)):
            return {}  # the alert of a buffer waits for its next reading
        return bands_of(self._detectors, self._states, watched, view)

    def _by_building(self, batch: ReadingBatch) -> Iterator[tuple[Watched, ReadingBatch]]:
        """Part the fit readings by building, each part sorted by the instruments' time."""
        of_channel = self._roster.buildings_of(self._roster.numbers(batch))
        if not len(of_channel):
            return
        # channels of one building side by side, so that its part of the batch is a slice
        place = np.argsort(of_channel, kind="stable")
        names = [batch.channels[i] for i in place.tolist()]
        code = np.empty(len(place), np.int32)
        code[place] = np.arange(len(place), dtype=np.int32)
        building = of_channel[batch.channel]
        # a channel that left the register since has nobody to judge it for
        fit = np.flatnonzero(((batch.flag & UNFIT) == 0) & (building >= 0))
        if not len(fit):
            return
        fit = fit[np.lexsort((batch.taken_at[fit], building[fit]))]
        of_row, of_place = building[fit], of_channel[place]
        ordered = ReadingBatch(
            tuple(names),
            code[batch.channel[fit]],
            batch.taken_at[fit],
            batch.value[fit],
            batch.flag[fit],
            batch.received_at[fit],
            batch.seq[fit],
            batch.boot[fit],
        )
        watched = list(self._watch.buildings.values())
        edges = [0, *(np.flatnonzero(np.diff(of_row)) + 1).tolist(), len(fit)]
        for low, high in pairwise(edges):
            which = int(of_row[low])
            first, end = np.searchsorted(of_place, [which, which + 1]).tolist()
            yield watched[which], ordered.part(low, high, first, end)

    def _examine(
        self,
        watched: Watched,
        raw: ReadingBatch,
        draft: Draft,
        now_ns: int,
        *,
        tick: bool = False,
        boots: restarts.Boots | None = None,
    ) -> None:
        """Run every detector of one building over its new readings."""
        assert self._states is not None  # noqa: S101 - _wake has run
        building_id = watched.building.id
        batch, found = raw, []
        if len(raw):
            if remounted := draft.segments.get(building_id, []):
                watched = watched.with_segments(remounted)
            if boots is not None:
                raw = boots.fill(raw, watched, restarts.boots_of(self._states, building_id))
            adjusted = segments.adjust(
                raw, draft.state(self._states, building_id, _SEGMENTS), watched, self._profile
            )
            batch = adjusted.batch
            draft.keep(building_id, _SEGMENTS, adjusted.state)
            found += adjusted.findings
            if adjusted.opened:
                known = {s.id: s for s in [*remounted, *adjusted.opened]}
                draft.segments[building_id] = list(known.values())
                watched = watched.with_segments(draft.segments[building_id])
            self._latest[building_id] = _newest(self._latest.get(building_id, {}), batch)
            draft.keep(building_id, _LATEST, self._remembered(watched))
        view = watched.view(self._profile, self._latest.get(building_id, {}), self._heard, now_ns)
        kinds = {watched.channels[c].kind for c in batch.channels}
        for detector in self._detectors:
            if not tick and not kinds & detector.kinds:
                continue
            before = draft.state(self._states, building_id, detector.name)
            findings, after = detector.examine(batch, before, view)
            found += findings
            if after is not before and after != before:
                draft.keep(building_id, detector.name, after)
        waits = draft.state(self._states, building_id, _BACKFILL)
        sifted = self._back_fill.sift(found, waits, batch, view.latest, now_ns)
        if found or waits or building_id in draft.segments:
            draft.moved.add(building_id)
        draft.findings += found
        draft.quiet |= sifted.quiet
        draft.due += [(building_id, cause) for cause in sifted.due]
        if sifted.state != waits:
            draft.keep(building_id, _BACKFILL, sifted.state)

    def _restarts(
        self, statuses: Sequence[GatewayStatus], draft: Draft
    ) -> tuple[restarts.Boots, set[str]]:
        """Take in what gateways say of restarts and of instruments that were mounted anew.

        Returns
        -------
        tuple
            The boots, and the buildings of which something was told.

        """
        assert self._states is not None  # noqa: S101 - _wake has run
        boots = restarts.Boots(statuses)
        told = {s.gateway_id for s in statuses if s.boot is not None or s.remounted}
        served = {b for gateway in told for b in self._watch.served_by.get(gateway, ())}
        for building_id in sorted(served):
            watched = self._watch.buildings[building_id]
            gateways = {c.gateway_id for c in watched.channels.values()} & told
            after = boots.after(restarts.boots_of(self._states, building_id), gateways)
            if after is not None:
                draft.keep(building_id, restarts.STATE, after)
            mine = [s for s in statuses if s.gateway_id in gateways and s.remounted]
            if opened := restarts.remounted(mine, watched):
                draft.segments[building_id] = opened
        return boots, served

    def _remembered(self, watched: Watched) -> dict[str, Any]:
        return {
            "of": {
                channel_id: [v.taken_at_ns, v.value, v.received_at_ns]
                for channel_id, v in self._latest[watched.building.id].items()
            },
            "heard": {g: self._heard[g] for g in watched.gateways if g in self._heard},
        }

    def _commit(self, draft: Draft, now_ns: int, **judgement: Any) -> None:
        """Join the findings to alerts and write everything in one transaction."""
        if judgement["cursor"] == self._judged:
            for building_id, upto in draft.judged.items():
                draft.keep(building_id, AHEAD, upto)
        states = tuple(
            (building_id, name, msgspec.msgpack.encode(state))
            for (building_id, name), state in draft.states.items()
        )
        opened = tuple(s for rows in draft.segments.values() for s in rows)
        for tries_left in reversed(range(_JOIN_TRIES)):
            joined = self._joined(draft, now_ns)
            try:
                self._judgements.commit(
                    Judgement(
                        shard=self._shard,
                        fence=self._fence,
                        findings=tuple(draft.findings),
                        alerts=tuple(joined.alerts),
                        events=tuple(joined.events),
                        notices=tuple(joined.notices),
                        segments=opened,
                        states=states,
                        **judgement,
                    )
                )
                break
            except Conflict as error:
                # somebody acted on an alert between our look and our write: look again;
                # a pipeline that took the shard over is refused each time and ends here
                if not tries_left:
                    raise
                log.info("alert changed meanwhile; joining again", error=str(error))
        assert self._states is not None  # noqa: S101 - _wake has run
        if judgement["cursor"] > self._judged:
            self._judged = judgement["cursor"]
            self._unjudged.drop(self._judged)
            self._ahead = {key: at for key, at in self._ahead.items() if at > self._judged}
        else:
            self._ahead |= draft.judged
        self._states.update(draft.states)
        self._watch.take_in(draft.segments)
        self._roster.forget(draft.moved)
        self._calm_down(draft.judged)
        for event in joined.events:
            log.info("alert " + event.kind, alert=event.alert_id, colour=event.level.word)

    def _calm_down(self, judged: Mapping[str, int]) -> None:
        """Forget what stirred buildings that are judged up to there or further."""
        self._roster.forget(self._stirred.keys() & judged.keys())
        self._stirred = {
            key: at
            for key, at in self._stirred.items()
            if at > max(judged.get(key, 0), self._judged)
        }

    def _joined(self, draft: Draft, now_ns: int) -> Joined:
        if not draft.findings and not draft.due:
            return Joined((), (), ())
        # those of every building: a cause that many show at once is the weather's or the network's
        alerts = self._judgements.open_alerts(self._watch.buildings)
        return join(
            draft.findings, alerts, self._context(), now_ns, quiet=draft.quiet, due=draft.due
        )

    def _context(self) -> JoinContext:
        return JoinContext(
            buildings=self._buildings,
            recipients=self._judgements.active_recipients(),
            profile=self._profile,
            base_url=self._base_url,
            gateway_of=self._gateway_of,
        )

    def _settle(self, now_ns: int) -> None:
        """Close what has been over for long, and call the next people when nobody answers."""
        open_alerts = self._judgements.open_alerts(self._watch.buildings)
        if any(
            a.state is AlertState.OPEN and a.level >= Level.RED and a.escalated_at_ns is None
            for a in open_alerts
        ):
            minutes = self._profile.number("escalation.minutes")
            before_ns = now_ns - int(minutes * MINUTE_NS)
            overdue = [
                alert
                for alert in self._alerts.overdue(Level.RED, before_ns)
                if self._was_told(alert, before_ns)
            ]
            joined = escalation.escalate(
                overdue,
                self._judgements.active_recipients(),
                self._context(),
                now_ns,
                self._alerts.events,
            )
            self._save(joined.alerts, joined.events, joined.notices)
        settled = acts.settle(open_alerts, self._profile, now_ns)
        self._save(settled.alerts, settled.events, settled.notices)

    def _was_told(self, alert: Alert, before_ns: int) -> bool:
        """Tell whether people were called long enough ago; of a buffer they may never have been."""
        told = [notice.created_at_ns for notice in self._alerts.notices(alert.id)]
        if told:
            return min(told) <= before_ns
        waits = (self._states or {}).get((alert.building_id, _BACKFILL)) or {}
        holds = any(part.level > Level.NONE for part in alert.contributions)
        return holds and alert.cause.value not in waits  # there was nobody to be called

    def _save(
        self, alerts: Sequence[Alert], events: Sequence[AlertEvent], notices: Sequence[Notice]
    ) -> None:
        for alert in alerts:
            try:
                self._alerts.save(
                    alert,
                    [e for e in events if e.alert_id == alert.id],
                    [n for n in notices if n.alert_id == alert.id],
                )
            except Conflict:
                # somebody acted on it just now; the next tick looks again
                log.info("alert changed meanwhile", alert=alert.id)


def _newest(held: Mapping[str, Latest], batch: ReadingBatch) -> dict[str, Latest]:
    """Take in the newest value of each channel by its own time; the batch is sorted by it."""
    newest = dict(held)
    # of several rows of a channel the last one stays; where they are few columns do not pay
    if len(batch) > _FEW:
        last = np.full(len(batch.channels), -1, np.intp)
        last[batch.channel] = np.arange(len(batch))
        rows = last[last >= 0].tolist()
    else:
        rows = sorted(dict(zip(batch.channel.tolist(), range(len(batch)), strict=True)).values())
    for code, at_ns, value, received_ns in zip(
        batch.channel[rows].tolist(),
        batch.taken_at[rows].tolist(),
        batch.value[rows].tolist(),
        batch.received_at[rows].tolist(),
        strict=True,
    ):
        channel_id = batch.channels[code]
        if channel_id not in held or at_ns >= held[channel_id].taken_at_ns:
            newest[channel_id] = Latest(at_ns, value, received_ns)
    return newest
