"""A small city for the tests of the API: two districts, and users of every role for each."""

import atexit
import shutil
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
from argon2 import PasswordHasher
from fastapi import FastAPI
from fastapi.testclient import TestClient

from analytics.limits import load_profile
from api.application import create_app
from app.adjustment import StoredAdjuster
from app.attachments import StoredAttachmentDesk
from app.check_desk import StoredCheckDesk
from app.check_rules import keep_shipped
from app.compute import Compute
from app.exchange import ExchangeDesk
from app.gateway_access import GatewayAccess
from app.identity import LocalIdentity
from app.kept_results import KeptResults
from app.models import StoredModelDesk
from app.provisioning import LocalProvisioning
from app.report_desk import StoredReportDesk
from app.report_facts import ReportStores
from bim.facts import Stores
from domain.access import Role, Scope, ScopeKind, User
from domain.accounts import DayAccount, Fate, Refusal
from domain.alerts import (
    Alert,
    AlertEvent,
    AlertState,
    Contribution,
    EventKind,
    Notice,
    Recipient,
    Way,
)
from domain.assessed import Assessed
from domain.assessments import (
    Reason,
    RiskAssessment,
    SuspectedGrade,
    Verdict,
)
from domain.buildings import Appraisal, Building, Grade
from domain.check_ports import CheckRules
from domain.clock import DAY_NS, HOUR_NS, MINUTE_NS, Clock, VirtualClock, to_ns
from domain.contexts import ContextEvent, ContextKind
from domain.findings import Cause, Finding
from domain.fleet import SensorHealth
from domain.hand_readings import HandReading, gateway_of, make_sheet, new_series
from domain.limits import Certainty, Level, Limit, LimitProfile
from domain.ports import GatewayStatus, Judgement
from domain.readings import ReadingBatch
from domain.score_notices import ScoreWebhook
from domain.sensors import Channel, Gateway, Method, Mount, Segment, SegmentReason, Sensor
from domain.services import Health, Services
from domain.upkeep import Act, ActKind, Work
from lifecycle.member_rules import load_member_rules
from lifecycle.picture_looker import PictureLooker
from storage.files import FolderFiles
from storage.readings.memory import MemoryReadingStore
from storage.records.records import Records, open_records
from storage.sheets import read_sheet
from tests.fresh_records import fresh_records

NOW_NS = to_ns(datetime(2026, 11, 23, 6, tzinfo=UTC))
PASSWORD = "correct horse battery"
#: 近 and 远: the district of the scoped users, and the foreign one
DISTRICTS = {"near": "360102", "far": "360103"}
ROLES = {role.name.lower(): role for role in Role}
#: cheap on purpose: what is tested is not how slow it is
HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@dataclass
class City:
    """The application with its stores, and clients for its users.

    `admin` and every other role's name is a user of the whole city; `near_admin` … are users
    of the district `near` only.
    """

    app: FastAPI
    services: Services
    records: Records
    readings: MemoryReadingStore
    clock: VirtualClock
    wall: VirtualClock
    identity: LocalIdentity

    def client(self, user: str | None = None) -> TestClient:
        """Open a client that sends a fresh API key of a user; without one nobody is known."""
        client = TestClient(self.app, base_url="https://testserver", raise_server_exceptions=False)
        if user is not None:
            key, _ = self.identity.make_key(f"u-{user}", "test", "test")
            client.headers["Authorization"] = f"Bearer {key}"
        return client

    def browser(self, user: str) -> TestClient:
        """Open a client that logs in with the password and sends cookie and CSRF token."""
        client = TestClient(self.app, base_url="https://testserver", raise_server_exceptions=False)
        answer = client.post(
            "/api/v1/session", json={"name": user.replace("_", "-"), "password": PASSWORD}
        )
        assert answer.status_code == 201, answer.text
        client.headers["X-CSRF-Token"] = answer.json()["csrf"]
        return client

    def close(self) -> None:
        """Let go of the files."""
        self.records.close()


def make_city(folder: Path) -> City:
    """Build the city in a folder of its own."""
    clock, wall = VirtualClock(NOW_NS), VirtualClock(NOW_NS)
    shutil.copyfile(_written(), folder / "records.db")
    records = open_records(f"sqlite:///{folder / 'records.db'}", clock=clock)
    readings = MemoryReadingStore()
    identity = LocalIdentity(records.access, wall, hasher=HASHER)
    files = FolderFiles(folder / "files")
    services = Services(
        register=records.register,
        alerts=records.alerts,
        accounts=records.accounts,
        access=records.access,
        audit=records.audit,
        readings=readings,
        identity=identity,
        clock=clock,
        profile=profile(),
        read_sheet=read_sheet,
        files=files,
        report_bytes_max=100_000,
        adjuster=StoredAdjuster(readings, records.register, records.judgement, load_profile()),
        fleet=records.fleet,
        quarantine=records.quarantine,
        assessments=records.assessments,
        jobs=records.jobs,
        contexts=records.contexts,
        labels=records.labels,
        budgets=records.labels,
        score_webhooks=records.score_notices,
        models=records.models,
        places=records.places,
        model_desk=StoredModelDesk(records.models, files, clock, 100_000),
        exchange=exchange_desk(records, files, clock, folder / "exports"),
        search=records.search,
        checks=records.checks,
        check_plans=records.check_plans,
        check_figures=records.check_figures,
        check_work=records.check_work,
        tiers=records.tiers,
        check_reports=report_desk(records, folder / "files", clock),
        member_rules=load_member_rules(),
        check_desk=check_desk(records, clock),
        attachment_desk=attachment_desk(records, files, clock, folder),
        upkeep=records.upkeep,
        hand=records.hand,
        health=lambda: [Health("records", "ok", "answers", (("wait_s", 0.1),))],
        provisioning=LocalProvisioning(
            records.credentials, records.register, wall, "mqtts://mqtt.example.org:8883"
        ),
        admission=GatewayAccess(
            records.credentials, records.register, wall, ("anju-ingest", "ingest-password")
        ),
    )
    for place in DISTRICTS:
        readings.append(batch(f"c-{place}-x", [float(i) for i in range(10)]))
    app = create_app(services)
    return City(app, services, records, readings, clock, wall, identity)


@cache
def _written() -> Path:
    """Write the city's records, once in a process: each test gets a copy of the file."""
    folder = Path(tempfile.mkdtemp(prefix="anju-city-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    file = folder / "records.db"
    records = fresh_records(file, VirtualClock(NOW_NS))
    keep_shipped(records.check_plans)
    hashed = LocalIdentity(records.access, VirtualClock(NOW_NS), hasher=HASHER).hash_password(
        PASSWORD
    )
    for name, role in ROLES.items():
        scopes = {
            name: (Scope(ScopeKind.CITY),),
            f"near_{name}": (Scope(ScopeKind.DISTRICT, DISTRICTS["near"]),),
        }
        for user, where in scopes.items():
            records.access.put_user(
                User(f"u-{user}", user.replace("_", "-"), user, role, where, hashed), "test"
            )
    for place, district in DISTRICTS.items():
        _build(records, place, district)
    _judge(records)
    records.close()
    return file


def exchange_desk(
    records: Records, files: FolderFiles, clock: Clock, folder: Path, wait_s: float = 30.0
) -> ExchangeDesk:
    """Make the desk of exchange on the stores of a test."""
    stores = Stores(
        records.register, records.alerts, records.assessments, records.hand, records.models,
        records.places, records.checks, clock,
    )  # fmt: skip
    url = "https://anju.example.org"
    return ExchangeDesk(stores, files, KeptResults(folder), url, wait_s=wait_s)


def report_desk(
    records: Records, folder: Path, clock: Clock, *, simulated: str = "", font: str = ""
) -> StoredReportDesk:
    """Make the desk of reports on the stores of a test; reports are made in the caller's thread."""
    stores = ReportStores(
        records.register, records.checks, records.check_plans, records.places, records.models
    )
    url = "https://anju.example.org"
    return StoredReportDesk(
        stores, records.seals, FolderFiles(folder), folder, Compute(0), clock, clock, url,
        simulated=simulated, font=font,
    )  # fmt: skip


def check_desk(records: Records, clock: Clock, rules: CheckRules | None = None) -> StoredCheckDesk:
    """Make the desk of check-ups on the stores of a test."""
    return StoredCheckDesk(
        records.checks, records.check_plans, records.register, records.places, records.models,
        records.alerts, records.judgement, records.assessments, records.labels, load_profile(),
        clock, rules or CheckRules(), "https://anju.example.org",
    )  # fmt: skip


def attachment_desk(
    records: Records,
    files: FolderFiles,
    clock: Clock,
    folder: Path,
    rules: CheckRules | None = None,
) -> StoredAttachmentDesk:
    """Make the desk of photos on the stores of a test."""
    return StoredAttachmentDesk(
        records.checks, files, folder / "parts", folder / "scratch", clock,
        rules or CheckRules(), PictureLooker(),
    )  # fmt: skip


def batch(channel_id: str, values: list[float]) -> ReadingBatch:
    """Make one reading a minute, from ten hours before now."""
    count = len(values)
    taken_at = NOW_NS - 10 * HOUR_NS + MINUTE_NS * np.arange(count, dtype=np.int64)
    return ReadingBatch(
        (channel_id,),
        np.zeros(count, np.int32),
        taken_at,
        np.array(values),
        np.zeros(count, np.uint16),
        taken_at + 1,
        np.full(count, -1, np.int64),
        np.full(count, -1, np.int32),
    )


def building(place: str, district: str) -> Building:
    """Make a building of one of the two districts."""
    return Building(
        id=f"b-{place}",
        code=f"CODE-{place}",
        name=f"演示楼 {place}",
        address="演示路 1 号",
        district=district,
        street=f"street-{place}",
        community="",
        longitude=115.9,
        latitude=28.7,
    )


def _build(records: Records, place: str, district: str) -> None:
    register = records.register
    register.put_building(building(place, district), "test")
    register.put_appraisal(
        Appraisal(
            f"a-{place}",
            f"b-{place}",
            "JGJ 125-2016",
            Grade.C,
            f"R-{place}",
            "演示鉴定机构",
            datetime(2025, 1, 2, tzinfo=UTC).date(),
        ),
        "test",
    )
    register.put_gateway(Gateway(f"g-{place}", f"gateway {place}", secret_sha256="5" * 64), "test")
    register.put_sensor(Sensor(f"s-{place}", f"b-{place}", f"g-{place}", "T1", "tilt"), "test")
    for axis in "xy":
        channel = Channel(
            f"c-{place}-{axis}", f"s-{place}", f"g-{place}", f"T1.{axis}", "tilt", "‰", axis
        )
        register.put_channel(channel, "test")
    register.put_mount(Mount(f"m-{place}", f"s-{place}", NOW_NS - HOUR_NS, 90.0), "test")
    register.put_segment(
        Segment(f"z-{place}", f"c-{place}-x", NOW_NS - HOUR_NS, SegmentReason.INSTALL), "test"
    )
    opened = Segment(
        f"z-act-{place}", f"c-{place}-y", NOW_NS - HOUR_NS, SegmentReason.REZERO, by="test"
    )
    act = Act(
        f"act-{place}", f"b-{place}", f"s-{place}", ActKind.REZERO, NOW_NS - HOUR_NS,
        NOW_NS - HOUR_NS, "test", "bracket hit", (opened.id,),
    )  # fmt: skip
    records.upkeep.carry_out(Work(act, (opened,)))
    series = new_series(
        f"h-{place}", f"b-{place}", gateway_of(f"b-{place}", f"by hand {place}"), "C-01",
        Method.CRACK_CARD,
    )  # fmt: skip
    records.hand.make_series(series.gateway, series.sensor, series.channels, series.segments, "t")
    measured = HandReading(series.channels[0].id, NOW_NS - HOUR_NS, 0.3, f"surveyor {place}")
    sheet = make_sheet(
        f"sheet-{place}", f"b-{place}", series.gateway, [measured], "test", NOW_NS - HOUR_NS
    )
    records.hand.put_sheet(sheet)
    records.alerts.put_recipient(
        Recipient(f"r-{place}", f"duty {place}", (Way("sms", "000"),), (district,)), "test"
    )


def finding(place: str, number: int = 0) -> Finding:
    """Make a finding at the building of one district."""
    return Finding(
        id=f"f-{place}-{number}",
        building_id=f"b-{place}",
        cause=Cause.TILT,
        rule="tilt.total.h24",
        subject=f"s-{place}",
        subject_name="T1",
        channels=(f"c-{place}-x", f"c-{place}-y"),
        level=Level.RED,
        at_ns=NOW_NS - HOUR_NS + number,
        value=11.0,
        limit=10.0,
        unit="‰",
        window_ns=0,
        started_ns=NOW_NS - 2 * HOUR_NS,
        source="JGJ 125-2016",
        certainty="verified",
        profile="test 1",
        details=(("x", 7.0), ("note", "both axes")),
    )


def alert(place: str, cause: Cause = Cause.TILT, level: Level = Level.RED) -> Alert:
    """Make an alert at the building of one district."""
    held = Contribution(
        "tilt.total.h24", f"s-{place}", "T1", level, f"f-{place}-0", NOW_NS, 11.0, 10.0, "‰"
    )
    return Alert(
        id=f"l-{place}-{cause.value}",
        building_id=f"b-{place}",
        cause=cause,
        level=level,
        level_max=level,
        state=AlertState.OPEN,
        opened_at_ns=NOW_NS - HOUR_NS,
        updated_at_ns=NOW_NS - HOUR_NS,
        event_started_at_ns=NOW_NS - 2 * HOUR_NS,
        contributions=(held,),
        version=1,
    )


def _judge(records: Records) -> None:
    alerts, events, notices, findings, refusals, accounts, statuses = [], [], [], [], [], [], []
    for place in DISTRICTS:
        findings += [finding(place, number) for number in range(3)]
        for cause, level in ((Cause.TILT, Level.RED), (Cause.CRACK, Level.YELLOW)):
            new = alert(place, cause, level)
            alerts.append(new)
            opened = AlertEvent(
                f"e-{new.id}", new.id, NOW_NS - HOUR_NS, EventKind.OPENED, level, "system"
            )
            events.append(opened)
            notices.append(
                Notice(
                    id=f"n-{new.id}",
                    alert_id=new.id,
                    event_id=opened.id,
                    recipient_id=f"r-{place}",
                    recipient_name=f"duty {place}",
                    ways=(Way("sms", "13800000000"), Way("email", "duty@example.org")),
                    level=level,
                    title="alert",
                    text="text",
                    link="/alerts",
                    created_at_ns=NOW_NS - HOUR_NS,
                )
            )
        refusals.append(
            Refusal(
                f"q-{place}",
                f"g-{place}",
                NOW_NS - HOUR_NS,
                Fate.REJECTED,
                "not finite",
                "value",
                1,
                "T1.x",
                b"\xff{}",
            )
        )
        accounts.append(DayAccount(f"g-{place}", "2026-11-23", 10, 1, 2, 3, 4))
        statuses.append(GatewayStatus(f"g-{place}", NOW_NS, True, 3, 80.0, -71.0, "1.0"))
    refusals.append(
        replace(refusals[0], id="q-unknown", gateway_id="g-unknown", fate=Fate.QUARANTINED)
    )
    records.judgement.commit(
        Judgement(
            0,
            1,
            findings=tuple(findings),
            alerts=tuple(alerts),
            events=tuple(events),
            notices=tuple(notices),
            refusals=tuple(refusals),
            accounts=tuple(accounts),
            statuses=tuple(statuses),
        )
    )
    records.assessments.put([assessed(place) for place in DISTRICTS])
    works = ContextEvent(
        "x-near", ContextKind.WORKS, "pit", NOW_NS - HOUR_NS, NOW_NS, 115.9, 28.7, 300.0
    )
    records.contexts.put([works], "test")
    for place, user in (("near", "near_insurer"), ("far", "insurer")):
        url = f"https://example.com/{place}"
        records.score_notices.put_webhook(
            ScoreWebhook(f"wh-{place}", f"u-{user}", place, url, "s" * 20, NOW_NS), "test"
        )


def assessed(place: str, score: float = 72.0, at_ns: int = NOW_NS - HOUR_NS) -> Assessed:
    """Make an assessment of the building of one district."""
    verdict = Verdict(
        channel_id=f"c-{place}-x",
        kind="tilt",
        unit="‰",
        at_ns=at_ns,
        effect=0.8,
        low=0.5,
        high=1.1,
        rate_per_day=0.02,
        rate_low=0.01,
        rate_high=0.03,
        since_ns=at_ns - 40 * DAY_NS,
        z=6.5,
        evidence=0.9,
        weather_share=0.7,
        health=SensorHealth.OK,
        learning_days=200,
    )
    reason = Reason("reason.drift", f"c-{place}-x", 0.8, 0.5, 1.1, "‰", at_ns - 40 * DAY_NS, 40.0)
    return Assessed(
        RiskAssessment(
            id=f"as-{place}",
            building_id=f"b-{place}",
            at_ns=at_ns,
            model="model-test v1",
            profile="test@1",
            score=score,
            low=60.0,
            high=83.0,
            suspected=SuspectedGrade.C,
            quality_percent=88.0,
            reasons=(reason,),
            verdicts=(verdict,),
        ),
        made_at_ns=at_ns,
        because="assess",
        data_at_ns=at_ns,
    )


def profile() -> LimitProfile:
    """Make a profile of one row."""
    row = Limit(
        id="tilt.total.h24",
        quantity="tilt_total",
        level=Level.RED,
        op=">=",
        value=10.0,
        unit="‰",
        applies=(("height_m_max", 24.0),),
        consequence="danger point",
        source="JGJ 125-2016",
        certainty=Certainty.VERIFIED,
        effective_from="2026-01-01",
    )
    shipped = load_profile()
    rooms = ("restart.", "upkeep.", "certificate.", "push.", "hand.")
    numbers = (("confirm.need", 3.0), ("care.window_days", 30.0), ("compensation.days", 30.0))
    numbers += tuple(each for each in shipped.numbers if each[0].startswith(rooms))
    return LimitProfile("test", "1", (row,), numbers, sampling=shipped.sampling, care=shipped.care)
