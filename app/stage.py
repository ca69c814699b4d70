"""The demo's stage: broker, house, people and gateways of a story, set up and taken down."""

import contextlib
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from app.assess import JOB as ASSESS
from app.broker import BrokerChoice, gateways_broker
from app.clocks import FileClock
from app.demo_checks import CHECKED, DemoChecks
from app.demo_models import DemoModels
from app.endpoint import Endpoint, running_endpoint
from app.house import EVERY_ROLE, House, Role
from app.orphans import tied
from app.people import add_user
from app.settings import Settings
from domain.alerts import Recipient, Way
from domain.clock import DAY_NS
from domain.errors import SafetyError, SettingsInvalid, StoreUnavailable
from domain.ids import new_id
from domain.jobs import JobRun, RunState
from domain.limits import Level
from domain.ports import RegisterStore
from simulators.player import Player
from simulators.story import Story

SIMULATED = (
    "模拟演示：房屋、传感器、天气和时间均为虚构 · simulated: buildings, sensors, weather, time"
)
LOG_INS = (
    ("duty", "duty officer", ("city",), "演示值班员"),
    ("inspector", "inspector", ("district:360103", "district:360104"), "演示检查员"),
    ("insurer", "insurer", ("district:360102",), "演示保险人"),
    ("technician", "technician", ("city",), "演示监测员"),
    ("admin", "administrator", ("city",), "演示管理员"),
)
_BY = "demo"
_TARGET = "demo-desk"
_DRAINED_S = 60.0
_FINISH_S = 30.0
_ASSESSED_S = 120.0


@dataclass
class Stage:
    """Everything that a story needs to be played.

    Parameters
    ----------
    house
        The house of this process: all roles, or with separate ones none of them; then it only
        looks at the stores.
    passwords
        Made anew for each demo, by log-in name.

    """

    story: Story
    clock: FileClock
    house: House
    player: Player
    endpoint: Endpoint
    passwords: dict[str, str]
    models: DemoModels
    checks: DemoChecks
    processes: tuple["subprocess.Popen[bytes]", ...] = ()

    def step(self, start_ns: int, end_ns: int) -> None:
        """Play a stretch of the story and wait until all that follows from it is done."""
        self.clock.advance_to(end_ns)
        self.player.play(start_ns, end_ns)
        self.drain()
        if end_ns % DAY_NS < end_ns - start_ns:
            self.checks.give()

    def drain(self) -> None:
        """Wait until all receipts are given, all is judged, and all notices are sent.

        The readings store follows behind by itself; `finish` waits for it.

        Raises
        ------
        StoreUnavailable
            When it takes longer than a minute.

        """
        self._wait(self._drained)

    def _wait(self, done: Callable[[], bool]) -> None:
        until = time.monotonic() + _DRAINED_S
        while not done():
            if time.monotonic() > until:
                raise StoreUnavailable(
                    f"the story stands still: {self.player.unreceipted()} readings without a "
                    f"receipt, {self.house.spool.waiting()} spool rows waiting"
                )
            for process in self.processes:
                if process.poll() is not None:
                    raise SafetyError(f"a role ended by itself with {process.returncode}")
            if self.house.failed is not None:
                raise SafetyError("a part of the house failed") from self.house.failed
            time.sleep(0.002)

    def wait_for_ingest(self) -> None:
        """Wait until every gateway's retained status has come all the way through.

        A broker drops what nobody has subscribed to yet, and a gateway without numbers would not
        know; so nothing is sent before ingest has its session.

        Raises
        ------
        StoreUnavailable
            When it takes longer than a minute.

        """
        until = time.monotonic() + _DRAINED_S
        while len(self.house.records.accounts.statuses()) < len(self.player.gateways):
            if time.monotonic() > until:
                raise StoreUnavailable("no word of the gateways has come through the broker")
            time.sleep(0.05)

    def finish(self) -> None:
        """Wait until everything that was sent is accounted for, for half a minute at the most.

        Gateways without numbers get no receipt: their last readings may still be on their way
        when everything else is done. What is not there after this is lost, and the report says so.
        """
        self.player.flush(_FINISH_S)
        until = time.monotonic() + _FINISH_S
        while time.monotonic() < until:
            self.drain()
            if sum(a.sent for a in self.house.records.accounts.accounts()) >= self.player.sent:
                break
            time.sleep(0.05)
        self._wait(self._stored)

    def assess(self) -> None:
        """Have every building assessed now, and wait until it is done.

        Raises
        ------
        StoreUnavailable
            When it takes longer than two minutes, or does not come to its end.

        """
        jobs, now_ns = self.house.records.jobs, self.clock.now_ns()
        jobs.ask(JobRun(ASSESS, now_ns, RunState.ASKED, "demo"))
        until = time.monotonic() + _ASSESSED_S
        while True:
            run = jobs.run(ASSESS, now_ns)
            if run is not None and run.state is RunState.DONE:
                break
            if time.monotonic() > until or (run is not None and run.state is RunState.FAILED):
                text = run.text if run is not None else "nobody began it"
                raise StoreUnavailable(f"the buildings were not assessed: {text}")
            time.sleep(0.05)
        self.drain()

    def _stored(self) -> bool:
        spool = self.house.spool
        return self._drained() and spool.cursor("stored") >= spool.head()

    def _drained(self) -> bool:
        if self.player.unreceipted():
            return False
        spool = self.house.spool
        if spool.cursor("judged") < spool.head():
            return False
        return not self.house.records.outbox.due(self.clock.now_ns(), 1)


@contextlib.contextmanager
def set_stage(
    settings: Settings,
    story: Story,
    folder: Path | None,
    *,
    separate: bool = False,
    port: int = 0,
    broker: BrokerChoice = "door",
) -> Iterator[Stage]:
    """Set everything up in a folder, and take it down when the block ends.

    Parameters
    ----------
    folder
        Where the files go; `None`: a fresh folder that is removed at the end.
    separate
        Run each role in a process of its own; needs InfluxDB as readings store.
    broker
        Where the gateways publish: at the device door of ingest, or at a mosquitto.

    """
    with contextlib.ExitStack() as stack:
        with _told(folder or Path(tempfile.gettempdir())):
            if folder is None:
                folder = Path(tempfile.mkdtemp(prefix="anju-demo-"))
                stack.callback(shutil.rmtree, folder, ignore_errors=True)
            folder.mkdir(parents=True, exist_ok=True)
            clock = FileClock.create(folder / "clock", story.start_ns)
            url = stack.enter_context(gateways_broker(broker, folder / "broker", separate=separate))
        endpoint = stack.enter_context(running_endpoint(secrets.token_urlsafe(24)))
        settings = _settings(settings, folder, url, endpoint, port)
        house = House(settings, frozenset() if separate else EVERY_ROLE)
        passwords = fill_register(house, story)
        house.log_ins = tuple((role, name, passwords[name]) for name, role, _, _ in LOG_INS)
        house.start()
        stack.callback(house.stop)
        processes = [
            stack.enter_context(running_role(role, house.settings)) for role in Role if separate
        ]
        where = urlsplit(url if separate else house.gateways_url)
        player = Player(
            story, where.hostname or "", where.port or 0, clock, log_in=lambda g: (g.id, "")
        )
        stack.callback(player.close)
        player.connect()
        models = DemoModels(house, story, folder / "models")
        checks = _checks(house, story)
        stage = Stage(
            story, clock, house, player, endpoint, passwords, models, checks, tuple(processes)
        )
        stage.wait_for_ingest()
        checks.start()
        stack.callback(models.stop)
        models.start()
        yield stage


def _checks(house: House, story: Story) -> DemoChecks:
    inspector = house.records.access.user_named("inspector")
    assert inspector is not None  # noqa: S101 - written with the register
    return DemoChecks(house, story.neighbourhood.building(CHECKED), inspector, story.start_ns)


@contextlib.contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Tell in one line when the demo's files cannot be made."""
    try:
        yield
    except OSError as error:
        raise SettingsInvalid(f"cannot write to {folder}: {error.strerror or error}") from error


def _settings(
    settings: Settings, folder: Path, broker: str, endpoint: Endpoint, port: int
) -> Settings:
    return settings.model_copy(
        update={
            "folder": folder,
            "simulated": SIMULATED,
            "broker": settings.broker.model_copy(update={"url": broker}),
            "door": settings.door.model_copy(update={"open": True}),
            # the story waits for each receipt: no reason to gather messages for long
            "ingest": settings.ingest.model_copy(
                update={"receipt_every_s": 0.0, "batch_wait_s": 0.004}
            ),
            "web": settings.web.model_copy(update={"port": port, "secure_cookies": False}),
            "clock": settings.clock.model_copy(update={"source": f"file:{folder / 'clock'}"}),
            # weeks of the story go by in seconds: once in ten days shows a course
            "jobs": settings.jobs.model_copy(
                update={"assess_every_days": 10.0, "assess_again_hours": 72.0}
            ),
            # whoever tries the demo has a receiver on the same machine, if any
            "score_webhooks": settings.score_webhooks.model_copy(
                update={"private_addresses": True}
            ),
            "notifiers": {
                "webhook": {"targets": {_TARGET: {"url": endpoint.url, "secret": endpoint.secret}}}
            },
        }
    )


def fill_register(house: House, story: Story) -> dict[str, str]:
    """Write the story's neighbourhood, people and recipients into the register."""
    place = story.neighbourhood
    house.settings.folder.mkdir(parents=True, exist_ok=True)
    register: RegisterStore = house.records.register
    register.put_buildings(place.buildings, _BY)
    for appraisal in place.appraisals:
        register.put_appraisal(appraisal, _BY)
    for gateway in place.gateways:
        register.put_gateway(gateway, _BY)
    for site in place.sites:
        for sensor in site.sensors:
            register.put_sensor(sensor, _BY)
        for channel in site.channels:
            register.put_channel(channel, _BY)
        for segment in site.segments:
            register.put_segment(segment, _BY)
        for mount in site.mounts:
            register.put_mount(mount, _BY)
    way = Way("webhook", _TARGET)
    for name, level, escalation in (
        ("演示值班台", Level.YELLOW, False),
        ("演示带班领导", Level.RED, True),
    ):
        house.records.alerts.put_recipient(
            Recipient(new_id(story.start_ns), name, (way,), (), level, escalation), _BY
        )
    passwords = {}
    for name, role, scopes, display in LOG_INS:
        passwords[name] = secrets.token_urlsafe(9)
        add_user(
            house.records.access,
            house.identity,
            name,
            passwords[name],
            role=role,
            scopes=list(scopes),
            display_name=display,
            by=_BY,
        )
    return passwords


@contextlib.contextmanager
def running_role(role: Role, settings: Settings) -> Iterator["subprocess.Popen[bytes]"]:
    """Run one role in a process of its own, with these settings as variables."""
    log = (settings.folder / f"{role}.log").open("wb")
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "app", role.value],
        env=os.environ | variables(settings),
        cwd=Path(__file__).parent.parent,
        stdout=log,
        stderr=log,
    )
    try:
        with tied(process):
            yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


def variables(settings: Settings) -> dict[str, str]:
    """Write settings as the `ANJU_*` variables that give the same settings."""
    import json  # noqa: PLC0415

    found = {}
    for name, value in settings:
        if isinstance(value, dict):
            found[f"ANJU_{name.upper()}"] = json.dumps(value)
        elif hasattr(value, "model_fields_set"):
            for key, part in value:
                plain = part.get_secret_value() if hasattr(part, "get_secret_value") else part
                text = json.dumps(plain) if isinstance(plain, dict) else str(plain)
                found[f"ANJU_{name.upper()}__{key.upper()}"] = text
        else:
            found[f"ANJU_{name.upper()}"] = str(value)
    return found
