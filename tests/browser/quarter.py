"""A quarter of made-up buildings for the tests of the pages, served by a real server."""

import contextlib
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import numpy as np
import uvicorn
from argon2 import PasswordHasher

from alerting import acts
from analytics.detectors.movement import Movement
from analytics.limits import load_profile
from api.application import create_app
from app.adjustment import StoredAdjuster
from app.check_rules import keep_shipped
from app.gateway_access import GatewayAccess
from app.identity import LocalIdentity
from app.models import StoredModelDesk
from app.provisioning import LocalProvisioning
from app.watch import Watched
from domain.access import Role, Scope, ScopeKind, User
from domain.accounts import DayAccount, Fate, Refusal
from domain.alerts import (
    Alert,
    AlertEvent,
    AlertState,
    Contribution,
    EventKind,
    Notice,
    NoticeState,
    Way,
)
from domain.buildings import Appraisal, Building, Grade
from domain.clock import DAY_NS, HOUR_NS, MINUTE_NS, VirtualClock, to_ns
from domain.datum import offsets_at
from domain.findings import Cause, Compensation, Finding
from domain.limits import Level
from domain.ports import GatewayStatus, Judgement, ReadingStore
from domain.readings import UNFIT, QualityFlag, ReadingBatch, concat
from domain.sensors import Channel, Gateway, Mount, Segment, SegmentReason, Sensor
from domain.services import Health, Services
from domain.waves import WaveStore
from lifecycle.member_rules import load_member_rules
from storage.files import FolderFiles
from storage.readings import open_readings
from storage.records import Records, open_records
from storage.sheets import read_sheet
from tests.api_city import attachment_desk, check_desk, exchange_desk, report_desk
from tests.servers.process import free_port, wait_for_port
from web.application import mount_pages

NOW_NS = to_ns(datetime(2026, 11, 23, 6, 5, tzinfo=UTC))
SIMULATED = "演示街区，全部房屋、读数和人员均为虚构"
PASSWORD = "correct horse battery"
NEAR, FAR = "360102", "360103"
#: cheap on purpose: what is tested is not how slow it is
HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
HISTORY_DAYS = 40

#: log-in -> (name, role, scopes)
PEOPLE = {
    "duty": ("值班甲", Role.DUTY_OFFICER, (Scope(ScopeKind.CITY),)),
    "duty2": ("值班乙", Role.DUTY_OFFICER, (Scope(ScopeKind.CITY),)),
    "near": ("东湖值班", Role.DUTY_OFFICER, (Scope(ScopeKind.DISTRICT, NEAR),)),
    "admin": ("管理员", Role.ADMINISTRATOR, (Scope(ScopeKind.CITY),)),
    "insurer": ("保险人", Role.INSURER, (Scope(ScopeKind.CITY),)),
    "operator": ("运维", Role.OPERATOR, (Scope(ScopeKind.CITY),)),
    "inspector": ("检查甲", Role.INSPECTOR, (Scope(ScopeKind.CITY),)),
    "bureau": ("住建局甲", Role.BUREAU, (Scope(ScopeKind.CITY),)),
    "technician": ("监测甲", Role.TECHNICIAN, (Scope(ScopeKind.CITY),)),
}


@dataclass
class Quarter:
    """The served application with its stores."""

    url: str
    records: Records
    readings: ReadingStore
    clock: VirtualClock
    identity: LocalIdentity

    def raise_alert(self, alert: Alert, finding: Finding, notices: tuple[Notice, ...] = ()) -> None:
        """Commit what the pipeline would commit for a new alert."""
        judgement = self.records.judgement
        self.records.judgement.commit(
            Judgement(
                0,
                judgement.judged(0) + 1,
                findings=(finding,),
                alerts=(alert,),
                events=(
                    AlertEvent(
                        f"e-{alert.id}-{alert.version}",
                        alert.id,
                        alert.opened_at_ns,
                        EventKind.OPENED if alert.version == 1 else EventKind.RAISED,
                        alert.level,
                        acts.SYSTEM,
                    ),
                ),
                notices=notices,
            )
        )


def services_of(
    records: Records,
    readings: ReadingStore,
    clock: VirtualClock,
    identity: LocalIdentity,
    files: Path,
) -> Services:
    """Put together what the pages work with."""
    return Services(
        register=records.register,
        alerts=records.alerts,
        accounts=records.accounts,
        access=records.access,
        audit=records.audit,
        readings=readings,
        identity=identity,
        clock=clock,
        profile=load_profile(),
        read_sheet=read_sheet,
        files=FolderFiles(files),
        adjuster=StoredAdjuster(readings, records.register, records.judgement, load_profile()),
        fleet=records.fleet,
        quarantine=records.quarantine,
        upkeep=records.upkeep,
        hand=records.hand,
        health=lambda: [
            Health("pipeline", "ok", "", (("unjudged", 0.0),), "judging"),
            Health("notices", "degraded", "no answer", (("waiting", 3.0),)),
            Health("spool", "degraded", "disk I/O error", (("rows waiting", 8.0),), "not taking"),
        ],
        provisioning=LocalProvisioning(
            records.credentials, records.register, clock, "mqtts://mqtt.example.org:8883"
        ),
        admission=GatewayAccess(records.credentials, records.register, clock),
        assessments=records.assessments,
        jobs=records.jobs,
        contexts=records.contexts,
        labels=records.labels,
        budgets=records.labels,
        score_webhooks=records.score_notices,
        models=records.models,
        places=records.places,
        model_desk=StoredModelDesk(records.models, FolderFiles(files), clock, 50_000_000),
        exchange=exchange_desk(records, FolderFiles(files), clock, files / "exports"),
        search=records.search,
        checks=records.checks,
        check_plans=records.check_plans,
        check_figures=records.check_figures,
        check_work=records.check_work,
        tiers=records.tiers,
        member_rules=load_member_rules(),
        check_desk=check_desk(records, clock),
        attachment_desk=attachment_desk(records, FolderFiles(files), clock, files),
        check_reports=report_desk(records, files, clock, simulated=SIMULATED),
        simulated=SIMULATED,
        secure_cookies=False,
        log_ins=(("duty officer", "duty", PASSWORD), ("insurer", "insurer", PASSWORD)),
    )


@contextlib.contextmanager
def serve(folder: Path, *, filled: bool = True) -> Iterator[Quarter]:
    """Build the quarter and serve it on a free port of 127.0.0.1 until the block ends."""
    readings = open_readings("duckdb:")
    build(folder / "records.db", readings, filled=filled)
    try:
        with serve_records(folder / "records.db", readings) as quarter:
            yield quarter
    finally:
        readings.close()


def build(file: Path, readings: ReadingStore, *, filled: bool = True) -> dict[str, str]:
    """Write the quarter into a records file and a readings store; return a session of each."""
    quarter = open_quarter(file, readings, "")
    hashed = quarter.identity.hash_password(PASSWORD)
    for name, (shown, role, scopes) in PEOPLE.items():
        user = User(f"u-{name}", name, shown, role, scopes, hashed)
        quarter.records.access.put_user(user, "test")
    if filled:
        fill(quarter)
    tokens = {name: quarter.identity.log_in(name, PASSWORD, "")[0] for name in PEOPLE}
    quarter.records.close()
    return tokens


def open_quarter(file: Path, readings: ReadingStore, url: str) -> Quarter:
    """Open a records file with a clock that stands still."""
    clock = VirtualClock(NOW_NS)
    records = open_records(f"sqlite:///{file}", clock=clock)
    keep_shipped(records.check_plans)
    identity = LocalIdentity(records.access, VirtualClock(NOW_NS), hasher=HASHER)
    return Quarter(url, records, readings, clock, identity)


@contextlib.contextmanager
def serve_copy(
    template: Path, folder: Path, readings: ReadingStore, waves: WaveStore | None = None
) -> Iterator[Quarter]:
    """Serve a copy of a built quarter, which a test may change; readings are only read."""
    shutil.copyfile(template, folder / "records.db")
    with serve_records(folder / "records.db", readings, waves) as quarter:
        yield quarter


@contextlib.contextmanager
def serve_records(
    file: Path, readings: ReadingStore, waves: WaveStore | None = None
) -> Iterator[Quarter]:
    """Serve a built quarter on a free port of 127.0.0.1 until the block ends."""
    port = free_port()
    quarter = open_quarter(file, readings, f"http://127.0.0.1:{port}")
    services = services_of(
        quarter.records, readings, quarter.clock, quarter.identity, file.parent / "files"
    )
    app = create_app(replace(services, waves=waves))
    mount_pages(app)
    config = uvicorn.Config(
        app, host="127.0.0.1", port=port, log_level="warning", lifespan="off", ws="none"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="pages under test")
    thread.start()
    try:
        wait_for_port(port)
        yield quarter
    finally:
        app.state.closing.set()
        server.should_exit = True
        thread.join(20)
        quarter.records.close()


def fill(quarter: Quarter) -> None:
    """Fill the quarter with buildings, sensors, a month of readings and alerts."""
    register = quarter.records.register
    for number in range(1, 25):
        register.put_building(building(number), "test")
    for number, grade in ((1, Grade.D), (2, Grade.C), (3, Grade.C), (5, Grade.B)):
        register.put_appraisal(
            Appraisal(
                f"a-{number}",
                f"b-{number}",
                "JGJ 125-2016",
                grade,
                f"演示鉴字 2025-{number:03}",
                "演示鉴定机构",
                date(2025, 3, number),
                date(2026, 3, number) if number == 2 else date(2030, 3, number),
            ),
            "test",
        )
    for number in (1, 2):
        register.put_gateway(Gateway(f"g-{number}", f"演示网关 {number}"), "test")
    mount_sensors(quarter, 1)
    mount_sensors(quarter, 2, silent=True)
    samples = [
        (1, Cause.CRACK, Level.RED, 20 * MINUTE_NS, 1.04, 1.0, "mm", "crack.growth", "C-03"),
        (1, Cause.TILT, Level.YELLOW, 5 * HOUR_NS, 7.31, 7.0, "‰", "tilt.total.h24", "T-01"),
        (2, Cause.WATCH, Level.ORANGE, 3 * HOUR_NS, 7.0, 6.0, "h", "device.silent", "g-2"),
        (
            7,
            Cause.SETTLEMENT,
            Level.BLUE,
            4 * DAY_NS,
            1.2,
            1.0,
            "mm/month",
            "settlement.rate",
            "S-02",
        ),
    ]
    for number, (house, cause, level, ago, value, limit, unit, rule, point) in enumerate(samples):
        one = finding(house, cause, level, NOW_NS - ago, value, limit, unit, rule, point)
        alert = alert_of(f"alert-{number}", one)
        quarter.raise_alert(alert, one, notices_of(alert))
    kept = quarter.records.alerts.alert("alert-2")
    assert kept is not None
    taken, events = acts.acknowledge(kept, "u-duty2", NOW_NS - 2 * HOUR_NS)
    quarter.records.alerts.save(taken, events)
    quarter.records.judgement.commit(
        Judgement(
            0,
            quarter.records.judgement.judged(0) + 1,
            refusals=(
                Refusal(
                    "r-1",
                    "g-1",
                    NOW_NS - HOUR_NS,
                    Fate.QUARANTINED,
                    "unknown channel",
                    "no channel 'T9'",
                    12,
                    "T9",
                    b'{"c":"T9"}',
                ),
                Refusal(
                    "r-2",
                    "g-1",
                    NOW_NS - HOUR_NS,
                    Fate.REJECTED,
                    "value",
                    "NaN",
                    3,
                    "T1.x",
                    b'{"v":NaN}',
                ),
            ),
            accounts=(
                DayAccount("g-1", "2026-11-22", 28_800, 2, 12, 40, 6),
                DayAccount("g-1", "2026-11-23", 7_200, 1, 0, 0, 0),
                DayAccount("g-2", "2026-11-22", 14_400, 0, 0, 0, 120),
            ),
            statuses=(
                GatewayStatus("g-1", NOW_NS - 2 * MINUTE_NS, True, 3, 87.0, -71.0, "1.4"),
                GatewayStatus("g-2", NOW_NS - 7 * HOUR_NS, False, 1, 12.0, -101.0, "1.2"),
            ),
        )
    )


def building(number: int) -> Building:
    """Make one building; the places lie around the middle of the city."""
    return Building(
        id=f"b-{number}",
        code=f"DEMO-3601-{number:04}",
        name=f"演示小区 {number} 号楼",
        address=f"演示路 {10 + number} 号",
        district=NEAR if number <= 16 else FAR,
        street="演示街道",
        community="演示社区",
        longitude=115.890 + 0.0021 * (number % 6) + 0.0004 * number,
        latitude=28.680 + 0.0019 * (number // 6),
        build_year=1978 + number,
        structure="masonry",
        storeys_above=6,
        height_m=17.4,
        area_m2=2650.0,
        households=36,
    )


def mount_sensors(quarter: Quarter, house: int, *, silent: bool = False) -> None:
    """Mount a tilt, a crack, a settlement, a vibration and a temperature sensor, with a history."""
    register = quarter.records.register
    end = NOW_NS - 7 * HOUR_NS if silent else NOW_NS
    at = np.arange(NOW_NS - HISTORY_DAYS * DAY_NS, end, HOUR_NS // 2, dtype=np.int64)
    days = (at - at[0]) / DAY_NS
    random = np.random.default_rng(house)
    warmth = 12 + 6 * np.sin(2 * np.pi * days) - 0.15 * days + random.normal(0, 0.4, len(at))
    crack = (
        0.8
        + 0.012 * (warmth - 12)
        + 0.26 * np.maximum(0, days - 36)
        + random.normal(0, 0.004, len(at))
    )
    plan = [
        (
            "T-01",
            "tilt",
            "x",
            4.1 + 0.02 * (warmth - 12) + 0.03 * days + random.normal(0, 0.02, len(at)),
            "东墙 6 层",
            0.01,
        ),
        (
            "T-01",
            "tilt",
            "y",
            2.0 + 0.01 * (warmth - 12) + random.normal(0, 0.02, len(at)),
            "东墙 6 层",
            0.01,
        ),
        ("C-03", "crack", "", crack, "东墙 2 层", 0.01),
        ("S-02", "settlement", "", 0.04 * days + random.normal(0, 0.05, len(at)), "东北角", 0.1),
        ("V-01", "vibration", "ppv", np.abs(random.normal(0.3, 0.15, len(at))), "基础", 0.01),
        ("V-01", "vibration", "frequency", random.uniform(5, 30, len(at)), "基础", 0.01),
        ("K-01", "temperature", "", warmth, "东墙", 0.1),
    ]
    kinds = {"ppv": ("peak_velocity", "mm/s"), "frequency": ("frequency", "Hz")}
    units = {"tilt": "‰", "crack": "mm", "settlement": "mm", "temperature": "°C"}
    known = set()
    # a day and a half without readings stays a gap
    fit = ~((days > 33) & (days < 34.5))
    for code, kind, axis, values, place, resolution in plan:
        sensor = f"s-{house}-{code}"
        if sensor not in known:
            known.add(sensor)
            register.put_sensor(
                Sensor(
                    sensor, f"b-{house}", f"g-{house}", code, kind, place, resolution=resolution
                ),
                "test",
            )
            register.put_mount(Mount(f"m-{sensor}", sensor, int(at[0])), "test")
        own_kind, unit = kinds.get(axis, (kind, units.get(kind, "")))
        channel = f"c-{house}-{code}-{axis}"
        address = f"{house}.{code}.{axis or kind}"
        register.put_channel(
            Channel(channel, sensor, f"g-{house}", address, own_kind, unit, axis, 1800), "test"
        )
        if kind in {"tilt", "crack"}:
            register.put_segment(
                Segment(
                    f"z-{channel}",
                    channel,
                    int(at[0]),
                    SegmentReason.SURVEY,
                    0.0,
                    float(values[0]),
                    True,
                ),
                "test",
            )
            register.put_segment(
                Segment(
                    f"z-{channel}-2",
                    channel,
                    NOW_NS - 5 * DAY_NS,
                    SegmentReason.REZERO,
                    0.0,
                    None,
                    True,
                ),
                "test",
            )
        quarter.readings.append(flagged(code, batch(channel, at[fit], values[fit])))
    if not silent:
        judge(quarter, f"b-{house}", f"g-{house}")


def flagged(code: str, rows: ReadingBatch) -> ReadingBatch:
    """Mark what came late after the gap, and one spike of the crack gauge."""
    if code != "C-03":
        return rows
    rows.flag[33 * 48 + 1 : 33 * 48 + 25] = QualityFlag.LATE
    rows.flag[-30] = QualityFlag.SPIKE
    rows.value[-30] = 9.0
    return rows


def judge(quarter: Quarter, building_id: str, gateway_id: str) -> None:
    """Let the movement detector learn from the readings, and keep its state as judging does."""
    register = quarter.records.register
    house = register.building(building_id)
    assert house is not None
    site = register.site(building_id)
    detector = Movement(load_profile())
    view = Watched.of(house, None, site).view(detector.profile, {}, {gateway_id: NOW_NS}, NOW_NS)
    parts = []
    for channel in site.channels:
        series = quarter.readings.between(channel.id, 0, NOW_NS)
        fit = (series.flag & UNFIT) == 0
        segments = [s for s in site.segments if s.channel_id == channel.id]
        value = series.value[fit] + offsets_at(series.taken_at[fit], segments, channel.kind)
        parts.append(batch(channel.id, series.taken_at[fit], value))
    rows = concat(parts)
    _, state = detector.examine(rows.take(np.argsort(rows.taken_at, kind="stable")), None, view)
    blob = msgspec.msgpack.encode(state)
    judgement = quarter.records.judgement
    judgement.commit(
        Judgement(0, judgement.judged(0) + 1, states=((building_id, detector.name, blob),))
    )


def batch(channel_id: str, taken_at: np.ndarray, values: np.ndarray) -> ReadingBatch:
    """Make a batch of one channel."""
    n = len(taken_at)
    return ReadingBatch(
        (channel_id,),
        np.zeros(n, np.int32),
        np.asarray(taken_at, np.int64),
        np.asarray(values, np.float64),
        np.zeros(n, np.uint16),
        np.asarray(taken_at, np.int64) + 1,
        np.full(n, -1, np.int64),
        np.full(n, -1, np.int32),
    )


def finding(
    house: int,
    cause: Cause,
    level: Level,
    at_ns: int,
    value: float,
    limit: float,
    unit: str,
    rule: str,
    point: str,
) -> Finding:
    """Make the finding that holds an alert up."""
    return Finding(
        id=f"f-{house}-{rule}-{level.word}-{at_ns}",
        building_id=f"b-{house}",
        cause=cause,
        rule=rule,
        subject=f"s-{house}-{point}",
        subject_name=point,
        channels=(),
        level=level,
        at_ns=at_ns,
        value=value,
        limit=limit,
        unit=unit,
        window_ns=12 * DAY_NS if cause is Cause.CRACK else 0,
        started_ns=at_ns - HOUR_NS,
        source="project",
        certainty="project proposal",
        profile="default-2026/1",
        compensation=Compensation.MATURE if cause is Cause.CRACK else Compensation.NOT_NEEDED,
    )


def alert_of(alert_id: str, held_by: Finding) -> Alert:
    """Make the alert that a finding opens."""
    return Alert(
        id=alert_id,
        building_id=held_by.building_id,
        cause=held_by.cause,
        level=held_by.level,
        level_max=held_by.level,
        state=AlertState.OPEN,
        opened_at_ns=held_by.at_ns,
        updated_at_ns=held_by.at_ns,
        event_started_at_ns=held_by.started_ns,
        contributions=(
            Contribution(
                held_by.rule,
                held_by.subject,
                held_by.subject_name,
                held_by.level,
                held_by.id,
                held_by.at_ns,
                held_by.value,
                held_by.limit,
                held_by.unit,
            ),
        ),
        version=1,
    )


def notices_of(alert: Alert) -> tuple[Notice, ...]:
    """Make notices in different states, as the outbox would leave them."""
    if alert.level < Level.YELLOW:
        return ()
    base = Notice(
        id=f"n-{alert.id}-1",
        alert_id=alert.id,
        event_id=f"e-{alert.id}-1",
        recipient_id="r-1",
        recipient_name="东湖区值班室",
        ways=(Way("wecom", "https://example.invalid"), Way("sms", "000")),
        level=alert.level,
        title="演示",
        text="演示",
        link="",
        created_at_ns=alert.opened_at_ns,
        state=NoticeState.ACCEPTED,
        attempts=1,
        answer="errcode 0",
        updated_at_ns=alert.opened_at_ns + MINUTE_NS,
    )
    refused = replace(
        base,
        id=f"n-{alert.id}-2",
        recipient_id="r-2",
        recipient_name="安全科",
        state=NoticeState.REFUSED,
        way=1,
        attempts=3,
        answer="45009 api freq out of limit",
    )
    return (base, refused) if alert.level is Level.RED else (base,)
