"""The demo: a fixed story over real parts, live or at full speed, and how it went."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from app.broker import BrokerChoice
from app.settings import Settings
from app.stage import LOG_INS, Stage, set_stage
from domain.alerts import Alert, Notice, NoticeState
from domain.clock import DAY_NS, HOUR_NS, to_datetime
from domain.findings import Cause
from domain.limits import Level
from domain.ports import Page
from domain.waves import derived_channels
from simulators.scenario import Truth
from simulators.story import DAYS, demo_story

_LEARNING_DAYS = 35
#: the models are ready long before the story ends; after a short one they are waited for
_MODELS_S = 120.0


@dataclass(frozen=True, slots=True)
class Report:
    """How a story went.

    Parameters
    ----------
    readings
        `sent` is the simulator's own count; the others are Anju's; `in_store` is counted in the
        readings store itself.
    events
        Each event with what was expected of it and what came.
    faults
        What did not hold, in words; empty when everything did.

    """

    readings: dict[str, int]
    alerts: list[dict[str, Any]]
    events: list[dict[str, Any]]
    notices: list[dict[str, str]]
    quiet_buildings: list[str]
    false_alarms: list[dict[str, Any]]
    assessments: list[dict[str, Any]]
    faults: list[str]
    seconds: float
    rate: float

    @property
    def held(self) -> bool:
        """Every step of the story happened."""
        return not self.faults

    def as_dict(self) -> dict[str, Any]:
        """Show it as plain data."""
        return {
            "readings": self.readings,
            "alerts": self.alerts,
            "events": self.events,
            "notices": self.notices,
            "quiet_buildings": self.quiet_buildings,
            "false_alarms": self.false_alarms,
            "assessments": self.assessments,
            "faults": self.faults,
            "seconds": round(self.seconds, 1),
            "virtual_seconds_per_second": round(self.rate),
        }

    def print(self, console: Console) -> None:
        """Show it to people."""
        table = Table("building", "scenario", "expected", "came", title="Events of the story")
        for event in self.events:
            table.add_row(
                event["building"],
                event["scenario"],
                ", ".join(f"{c} ≥ {level}" for c, level in event["expected"].items()) or "quiet",
                ", ".join(f"{c} {level}" for c, level in event["came"].items()) or "nothing",
            )
        console.print(table)
        console.print("readings: " + ", ".join(f"{k} {v}" for k, v in self.readings.items()))
        console.print(
            f"{len(self.alerts)} alerts, {len(self.notices)} notices, "
            f"{len(self.false_alarms)} false alarms, {self.seconds:.0f} s "
            f"({self.rate:,.0f} times real time)"
        )
        scores = Table("building", "scenario", "score", "suspected", title="Assessments")
        for row in self.assessments:
            shown = "—" if row["score"] is None else f"{row['score']} ({row['low']}–{row['high']})"
            scores.add_row(row["building"], row["scenario"], shown, str(row["suspected"]))
        console.print(scores)
        for fault in self.faults:
            console.print(f"[bold red]did not hold:[/] {fault}")


def play_once(
    settings: Settings,
    folder: Path | None,
    *,
    days: int | None = None,
    separate: bool = False,
    broker: BrokerChoice = "door",
    console: Console,
) -> Report:
    """Play the story from beginning to end at full speed and check every step of it."""
    story = demo_story(days=days or DAYS)
    started = time.monotonic()
    with set_stage(settings, story, folder, separate=separate, broker=broker) as stage:
        if folder is not None:
            story.write_truth(folder / "truth.json")
        with _progress(console) as progress:
            bar = progress.add_task("story", total=(story.end_ns - story.start_ns) // HOUR_NS)
            for at_ns in range(story.start_ns, story.end_ns, HOUR_NS):
                stage.step(at_ns, min(at_ns + HOUR_NS, story.end_ns))
                progress.update(
                    bar, advance=1, description=f"{to_datetime(at_ns):%Y-%m-%d %H:%M} UTC"
                )
        stage.finish()
        stage.assess()
        return _report(stage, time.monotonic() - started)


def play_live(
    settings: Settings,
    folder: Path | None,
    *,
    port: int,
    speed: float,
    say: Callable[[str], None],
    days: int | None = None,
    broker: BrokerChoice = "door",
) -> None:
    """Play the story before people's eyes until they stop it.

    The weeks in which the sensors learn their weather go by at full speed, then `speed` virtual
    hours a second; after the story's end the neighbourhood goes on being watched.
    """
    story = demo_story(days=days or DAYS)
    with set_stage(settings, story, folder, port=port, broker=broker) as stage:
        say(f"Anju 安居 demo: {stage.house.address}   (Ctrl-C ends it)")
        for name, role, _, _ in LOG_INS:
            say(f"  {role:<14} log-in {name:<10} password {stage.passwords[name]}")
        say("five weeks of learning go by at full speed; then the story begins")
        try:
            _tell(stage, speed, say)
        except KeyboardInterrupt:
            say("the demo ends; its data are gone")


def _tell(stage: Stage, speed: float, say: Callable[[str], None]) -> None:
    story = stage.story
    told: set[str] = set()
    last_change = 0
    for at_ns in range(story.start_ns, story.end_ns, HOUR_NS):
        begun = time.monotonic()
        stage.step(at_ns, min(at_ns + HOUR_NS, story.end_ns))
        when = f"{to_datetime(at_ns):%m-%d %H:%M}"
        for truth in story.truths:
            begins = truth.event_started_at_ns
            if begins is not None and begins <= at_ns and truth.building_id not in told:
                told.add(truth.building_id)
                say(f"{when}  {truth.building}: {truth.scenario} begins")
        last_change = _tell_alerts(stage, last_change, when, say)
        if at_ns - story.start_ns == _LEARNING_DAYS * DAY_NS:
            stage.assess()
        if at_ns - story.start_ns >= _LEARNING_DAYS * DAY_NS and speed > 0:
            time.sleep(max(0.0, 1.0 / speed - (time.monotonic() - begun)))
    stage.assess()
    say("the story is told; the desk stays open until you stop it")
    while True:
        time.sleep(1.0)


def _tell_alerts(stage: Stage, after: int, when: str, say: Callable[[str], None]) -> int:
    names = {b.id: b.name for b in stage.story.neighbourhood.buildings}
    for change in stage.house.records.alerts.changes(after):
        after = change.id
        alert = stage.house.records.alerts.alert(change.object_id)
        if change.kind == "alert" and alert is not None and not alert.of_installation:
            say(f"{when}  {names[alert.building_id]}: {alert.cause} {alert.level.word}")
    return after


def _report(stage: Stage, seconds: float) -> Report:
    story, records = stage.story, stage.house.records
    accounts = records.accounts.accounts()
    readings = {
        "sent": stage.player.sent,
        "stored": sum(a.stored for a in accounts),
        "rejected": sum(a.rejected for a in accounts),
        "quarantined": sum(a.quarantined for a in accounts),
        "missing": sum(a.missing for a in accounts),
        "duplicate": sum(a.duplicate for a in accounts),
        "in_store": _in_store(stage),
    }
    alerts = records.alerts.alerts(Page(limit=1000))
    notices = [n for alert in alerts for n in records.alerts.notices(alert.id)]
    names = {b.id: b.name for b in story.neighbourhood.buildings}
    quiet = {t.building_id for t in story.truths if t.quiet}
    loud = [a for a in alerts if a.level_max >= Level.ORANGE and a.building_id in quiet]
    events = [
        _event(t, [a for a in alerts if a.building_id == t.building_id]) for t in story.truths
    ]
    assessments = _assessments(stage, story.truths)
    return Report(
        readings=readings,
        alerts=[_shown(a, names) for a in alerts],
        events=events,
        notices=[
            {"id": n.id, "channel": n.ways[n.way].notifier, "state": n.state} for n in notices
        ],
        quiet_buildings=[names[b] for b in quiet if b not in {a.building_id for a in loud}],
        false_alarms=[_shown(a, names) for a in loud],
        assessments=assessments,
        faults=_faults(stage, readings, alerts, notices, loud, events)
        + _assessment_faults(story.truths, assessments)
        + stage.models.faults(_MODELS_S)
        + stage.checks.faults(),
        seconds=seconds,
        rate=(story.end_ns - story.start_ns) / 1e9 / seconds,
    )


def _assessments(stage: Stage, truths: Sequence[Truth]) -> list[dict[str, Any]]:
    """List what the slow analysis thinks of each building, the highest score first."""
    newest = stage.house.records.assessments.newest()
    rows = []
    for truth in truths:
        row = newest.get(truth.building_id)
        made = row.assessment if row else None
        rows.append(
            {
                "building": truth.building,
                "scenario": truth.scenario,
                "score": round(made.score, 1) if made else None,
                "low": round(made.low, 1) if made else None,
                "high": round(made.high, 1) if made else None,
                "suspected": made.suspected.value if made else None,
                "quality_percent": round(made.quality_percent) if made else None,
                "model": made.model if made else None,
            }
        )
    return sorted(rows, key=lambda row: (-(row["score"] or 0.0), row["building"]))


def _assessment_faults(truths: Sequence[Truth], assessments: Sequence[dict[str, Any]]) -> list[str]:
    """Hold the scores against the truth: who moves scores higher, who is quiet is no suspect."""
    moving = {t.building for t in truths if t.nature == "structural"}
    quiet = {t.building for t in truths if t.quiet}
    found = [f"{a['building']} was not assessed" for a in assessments if a["score"] is None]
    found += [
        f"{a['building']} ({a['scenario']}) is quiet, but {a['suspected']}"
        for a in assessments
        if a["building"] in quiet and str(a["suspected"]).startswith("suspected")
    ]
    calm = max((a["score"] or 0.0 for a in assessments if a["building"] in quiet), default=0.0)
    found += [
        f"{a['building']} ({a['scenario']}) moves, but scores {a['score']} to {calm} of a quiet one"
        for a in assessments
        if a["building"] in moving and (a["score"] or 0.0) <= calm
    ]
    return found


def _in_store(stage: Stage) -> int:
    store, story = stage.house.readings, stage.story
    end_ns = story.end_ns + DAY_NS
    # what Anju works out of waveforms was never sent
    return sum(
        len(store.between(channel.id, story.start_ns - DAY_NS, end_ns))
        for site in story.neighbourhood.sites
        for channel in site.channels
        if channel.id not in derived_channels(site.channels)
    )


def _shown(alert: Alert, names: dict[str, str]) -> dict[str, Any]:
    worst = max(alert.contributions, key=lambda c: (c.level, c.at_ns))
    return {
        "id": alert.id,
        "building": names[alert.building_id],
        "level": alert.level_max.word,
        "level_now": alert.level.word,
        "state": alert.state,
        "cause": alert.cause,
        "rule": worst.rule,
        "event_started_at": to_datetime(alert.event_started_at_ns).isoformat(),
        "opened_at": to_datetime(alert.opened_at_ns).isoformat(),
    }


def _event(truth: Truth, alerts: list[Alert]) -> dict[str, Any]:
    # what the slow analysis says is held against the truth by itself
    alerts = [alert for alert in alerts if alert.cause is not Cause.ASSESSMENT]
    came: dict[str, Level] = {}
    for alert in alerts:
        came[alert.cause] = max(alert.level_max, came.get(alert.cause, Level.NONE))
    return {
        "building": truth.building,
        "scenario": truth.scenario,
        "expected": {cause.value: level.word for cause, level in truth.expected},
        "came": {cause: level.word for cause, level in sorted(came.items())},
        "met": all(came.get(cause.value, Level.NONE) >= level for cause, level in truth.expected),
        "one_alert_a_cause": len(alerts) == len(came),
    }


def _faults(
    stage: Stage,
    readings: dict[str, int],
    alerts: list[Alert],
    notices: list[Notice],
    loud: list[Alert],
    events: list[dict[str, Any]],
) -> list[str]:
    found = []
    kept = sum(readings[k] for k in ("stored", "rejected", "quarantined", "missing"))
    if readings["sent"] != kept:
        found.append(f"sent {readings['sent']} readings, accounted for {kept}")
    if readings["in_store"] != readings["stored"]:
        found.append(f"stored {readings['stored']}, in the store {readings['in_store']}")
    for event in events:
        if not event["met"]:
            found.append(
                f"{event['building']} ({event['scenario']}): expected {event['expected']}, "
                f"came {event['came']}"
            )
        if not event["one_alert_a_cause"]:
            found.append(f"{event['building']} ({event['scenario']}): two alerts for one cause")
    worst = {a.id for a in alerts if a.level_max >= Level.ORANGE}
    told = {n.alert_id for n in notices if n.level >= Level.ORANGE}
    found += [f"nobody was told of alert {alert_id}" for alert_id in worst - told]
    for notice in notices:
        accepted = notice.state is NoticeState.ACCEPTED and notice.id in stage.endpoint.accepted
        if notice.level >= Level.ORANGE and not accepted:
            found.append(f"notice {notice.id} was {notice.state}: {notice.answer}")
    found += [f"a quiet building rang: {a.cause} {a.level_max.word}" for a in loud]
    return found


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
    )
