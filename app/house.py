"""The composition root: builds the parts that the settings name and runs the wanted roles."""

import contextlib
import os
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path

import structlog
import uvicorn

from alerting.band_webhook import BandWebhook, OneForAll
from alerting.dispatch import Dispatcher
from alerting.notifiers import notifiers
from alerting.pace import Pace
from analytics.detectors import detectors
from analytics.limits import load_profile
from analytics.measured import load_measured
from api.application import create_app
from app.adjustment import StoredAdjuster
from app.ahead import furthest
from app.assess import JOB as ASSESS
from app.assess import Assessor, timetable
from app.assess_cases import judge
from app.attachments import StoredAttachmentDesk
from app.broker_accounts import DynsecAccounts
from app.check_desk import StoredCheckDesk
from app.check_rules import keep_shipped
from app.checks_due import JOB as CHECK_PLAN
from app.checks_due import TIMES as CHECK_TIMES
from app.checks_due import ChecksDue
from app.clocks import open_clock
from app.compute import Compute
from app.doors import broker_of, door_of, gateway_url_of, receiver_of
from app.exchange import ExchangeDesk
from app.gateway_access import GatewayAccess
from app.identity import LocalIdentity
from app.jobs import Job, Jobs
from app.kept_results import KeptResults
from app.model_work import ModelWork
from app.models import StoredModelDesk
from app.modes import JOB as MODES
from app.modes import TIMES, Gatherer, ModeFinder
from app.pipeline import Pipeline
from app.planning import Planner, PlanSender
from app.provisioning import LocalProvisioning
from app.replay import Replayer
from app.report_desk import StoredReportDesk
from app.report_facts import ReportStores
from app.retention import Retention
from app.self_watch import SelfWatch
from app.settings import Settings
from app.vitals import DoorWatch, OutboxWatch, Vitals, measure
from app.waves import WaveDesk
from app.weather_feed import EVERY_HOUR, WeatherFeed
from app.weather_feed import JOB as WEATHER
from bim.facts import Stores
from bim.limited import LimitedReader
from bim.limits import ReadLimits
from domain.check_ports import CheckRules
from domain.clock import HOUR_NS, SECOND_NS, Clock, SystemClock
from domain.errors import SettingsInvalid, StoreUnavailable
from domain.gateway_clocks import ClockRules
from domain.ports import ReadingStore
from domain.retention import RetentionRules
from domain.services import Health, RoleHealth, Services
from ingest.by_hand import ByHand
from ingest.directory import Directory
from ingest.door.listener import Door
from ingest.dynsec import DynsecControl
from ingest.letting_in import LettingIn
from ingest.receiver import Receiver
from lifecycle.member_rules import load_member_rules
from lifecycle.picture_looker import PictureLooker
from storage.files import FolderFiles
from storage.hours import FolderHours
from storage.readings import open_readings
from storage.records import Records, open_records
from storage.sheets import read_sheet
from storage.spool import SpoolReader, SqliteSpool
from storage.spool_written import WrittenElsewhere
from storage.waves import FolderWaves
from web.application import mount_pages

log = structlog.get_logger()


class Role(StrEnum):
    """What a process does; `up` does all of it."""

    INGEST = "ingest"
    ANALYSE = "analyse"
    NOTIFY = "notify"
    SERVE = "serve"
    JOBS = "jobs"


EVERY_ROLE = frozenset(Role)
_IDLE_S = 0.05
#: a thread that works gives way to others after this: a warning goes through three of them, and
#: with Python's own 5 ms each of them may cost that for every other thread at work
_SWITCH_S = 0.001
_SPOOL_WAIT_S = 30.0
_PLANS_EVERY_S = 5.0
_MODELS_EVERY_S = 0.5
_JOBS_EVERY_S = 60.0
_BANDS_EVERY_S = 1.0
#: an insurer's receiver that is away is asked again at least once an hour, for three days
BAND_WAIT_S_MAX = 3_600.0
BAND_GIVE_UP_S = 3 * 86_400.0
_USES_NOTED_EVERY_S = 10.0

#: gives what a part waits for when it has nothing to do; `None`: there is no such thing yet
_Wake = Callable[[], threading.Event | WrittenElsewhere | None]


@dataclass
class House:
    """One process of Anju.

    Parameters
    ----------
    settings
        All settings, already checked.
    roles
        What this process does.
    wall_clock
        The real time, for log-ins and sessions; never virtual.
    log_ins
        Role, name and password of the demo's accounts, for its log-in page; the demo sets them.

    """

    settings: Settings
    roles: frozenset[Role] = EVERY_ROLE
    wall_clock: Clock = field(default_factory=SystemClock)
    log_ins: tuple[tuple[str, str, str], ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._receiver: Receiver | Door | None = None
        self._server: uvicorn.Server | None = None
        self._closing: threading.Event | None = None
        self._self_watch: SelfWatch | None = None
        self._jobs: Jobs | None = None
        self._door_watch = DoorWatch()
        self._port = self.settings.web.port
        self._began = self._uses_noted_at = time.monotonic()
        self.failed: BaseException | None = None

    @cached_property
    def clock(self) -> Clock:
        """The one clock of readings and alerts."""
        return open_clock(self.settings.clock.source)

    @cached_property
    def records(self) -> Records:
        """The records database, brought to the newest schema."""
        records = open_records(self.settings.records_url)
        keep_shipped(records.check_plans)
        return records

    @cached_property
    def readings(self) -> ReadingStore:
        """The readings store."""
        return open_readings(
            self.settings.readings_url, self.settings.readings.token.get_secret_value()
        )

    @cached_property
    def files(self) -> FolderFiles:
        """Uploaded files."""
        return FolderFiles(self.settings.files_path)

    @cached_property
    def waves(self) -> FolderWaves:
        """The waveforms of events."""
        waves = self.settings.waves
        return FolderWaves(
            self.settings.waves_folder,
            days=waves.days,
            bytes_max=waves.bytes_max,
            free_bytes_min=waves.free_bytes_min,
        )

    @cached_property
    def wave_desk(self) -> WaveDesk:
        """What the pipeline does with waveforms."""
        seconds = self.settings.modes.seconds
        gatherer = Gatherer(self.hours, seconds) if seconds else None
        return WaveDesk(load_profile(self.settings.profile), self.waves, gatherer)

    @cached_property
    def hours(self) -> FolderHours:
        """The beginnings of hours that modes are found from."""
        return FolderHours(
            self.settings.hours_folder,
            bytes_max=self.settings.modes.bytes_max,
            free_bytes_min=self.settings.waves.free_bytes_min,
        )

    @cached_property
    def spool(self) -> SpoolReader:
        """The spool; ingest is its one writer, the others read it."""
        if Role.INGEST in self.roles:
            return self.spool_writer
        return SpoolReader(self.settings.spool_path)

    @cached_property
    def spool_writer(self) -> SqliteSpool:
        """The spool as ingest has it."""
        return SqliteSpool(
            self.settings.spool_path,
            limit_bytes=self.settings.ingest.spool_limit_bytes,
            start_after=furthest(self.records.judgement, self.settings.broker.shard),
            clock_rules=ClockRules(
                tolerance_ns=self.settings.ingest.future_s * SECOND_NS,
                late_ns=self.settings.ingest.late_s * SECOND_NS,
            ),
        )

    @cached_property
    def pipeline(self) -> Pipeline:
        """Stores and judges what the spool holds."""
        profile = load_profile(self.settings.profile)
        return Pipeline(
            spool=self.spool,
            readings=self.readings,
            judgements=self.records.judgement,
            alerts=self.records.alerts,
            register=self.records.register,
            profile=profile,
            detectors=detectors(profile),
            clock=self.clock,
            shard=self.settings.broker.shard,
            base_url=self.settings.base_url,
            wave_desk=self.wave_desk,
        )

    @cached_property
    def dispatcher(self) -> Dispatcher:
        """Sends the notices of the outbox."""
        return Dispatcher(self.records.outbox, notifiers(self.settings.notifiers), self.clock)

    @cached_property
    def band_dispatcher(self) -> Dispatcher:
        """Sends the messages about bands, apart from the notices of alerts."""
        wanted = self.settings.score_webhooks
        try:
            webhook = BandWebhook(
                self.records.score_notices,
                self.records.register.building,
                self.wall_clock,
                private=wanted.private_addresses,
                timeout_s=wanted.timeout_s,
                ca_file=wanted.ca_file,
            )
        except OSError as error:  # TLS's own errors are among them
            raise SettingsInvalid(
                f"setting score_webhooks.ca_file: cannot use {wanted.ca_file}: {error.strerror}"
            ) from error
        pace = Pace(slow_wait_s=BAND_WAIT_S_MAX, give_up_mild_s=BAND_GIVE_UP_S)
        waiting = self.records.score_notices
        return Dispatcher(waiting, OneForAll(webhook), self.clock, pace=pace, threads=1)

    @cached_property
    def compute(self) -> Compute:
        """Processes for heavy computing."""
        return Compute(self.settings.jobs.workers)

    @cached_property
    def assessor(self) -> Assessor:
        """Assesses buildings."""
        records, jobs = self.records, self.settings.jobs
        return Assessor(
            self.readings,
            records.register,
            records.contexts,
            records.fleet,
            records.assessments,
            records.alerts,
            records.judgement,
            load_profile(self.settings.profile),
            self.clock,
            self.compute,
            judge,
            base_url=self.settings.base_url,
            batch_channels=jobs.batch_channels,
            days_max=jobs.assess_days_max,
            again_ns=int(jobs.assess_again_hours * HOUR_NS),
            budget=lambda: next(iter(records.labels.budgets()), None),
            subscribers=records.score_notices.subscribers,
        )

    @cached_property
    def checks_due(self) -> ChecksDue:
        """Makes the list of who is due for a check-up."""
        records, limits = self.records, load_profile(self.settings.profile)
        return ChecksDue(
            records.register, records.checks, records.check_plans, records.contexts,
            records.alerts, limits, self.clock,
        )  # fmt: skip

    @cached_property
    def replayer(self) -> Replayer:
        """Makes the decision of an alert again."""
        records, profile = self.records, load_profile(self.settings.profile)
        return Replayer(
            self.readings,
            records.register,
            records.alerts,
            records.fleet,
            records.assessments,
            profile,
            detectors(profile),
            self.assessor,
            records.checks,
        )

    @cached_property
    def identity(self) -> LocalIdentity:
        """Who people and machines are."""
        return LocalIdentity(
            self.records.access, self.wall_clock, session_hours=self.settings.web.session_hours
        )

    @cached_property
    def gateway_access(self) -> GatewayAccess:
        """Which gateways may connect."""
        broker = self.settings.broker
        return GatewayAccess(
            self.records.credentials,
            self.records.register,
            self.wall_clock,
            (broker.username, broker.password.get_secret_value()),
        )

    @cached_property
    def broker_accounts(self) -> DynsecAccounts | None:
        """Accounts that the broker keeps itself; `None` when it keeps none."""
        broker = self.settings.broker
        if broker.accounts == "none":
            return None
        log_in = (broker.username, broker.password)
        if broker.control_username:
            log_in = (broker.control_username, broker.control_password)
        control = DynsecControl(broker_of(self.settings, *log_in))
        return DynsecAccounts(control, self.gateway_access.admitted)

    @cached_property
    def provisioning(self) -> LocalProvisioning:
        """Hands out the secrets of gateways."""
        return LocalProvisioning(
            self.records.credentials,
            self.records.register,
            self.wall_clock,
            gateway_url_of(self.settings),
            self.broker_accounts,
        )

    @cached_property
    def model_desk(self) -> StoredModelDesk:
        """Takes models in."""
        most = self.settings.bim.file_bytes_max
        return StoredModelDesk(self.records.models, self.files, self.clock, most)

    @cached_property
    def check_rules(self) -> CheckRules:
        """Numbers of the intake of check-ups."""
        checks = self.settings.checks
        return CheckRules(
            photo_bytes_max=checks.photo_bytes_max,
            photos_per_check_up_max=checks.photos_per_check_up_max,
            note_length_max=checks.note_length_max,
            clock_wrong_s=checks.clock_wrong_s,
        )

    @cached_property
    def check_desk(self) -> StoredCheckDesk:
        """Takes in what inspectors send."""
        records = self.records
        return StoredCheckDesk(
            records.checks,
            records.check_plans,
            records.register,
            records.places,
            records.models,
            records.alerts,
            records.judgement,
            records.assessments,
            records.labels,
            load_profile(self.settings.profile),
            self.clock,
            self.check_rules,
            self.settings.base_url,
        )

    @cached_property
    def attachment_desk(self) -> StoredAttachmentDesk:
        """Takes photos in."""
        return StoredAttachmentDesk(
            self.records.checks,
            self.files,
            self.settings.parts_folder,
            self.settings.pictures_scratch,
            self.clock,
            self.check_rules,
            PictureLooker(),
            self.settings.checks.part_days,
        )

    @cached_property
    def exchange(self) -> ExchangeDesk:
        """Hands models over and takes topics in."""
        records, settings = self.records, self.settings
        stores = Stores(
            records.register, records.alerts, records.assessments, records.hand, records.models,
            records.places, records.checks, self.clock,
        )  # fmt: skip
        results = KeptResults(settings.exports_folder, settings.bim.exports_bytes_max)
        return ExchangeDesk(stores, self.files, results, settings.base_url, self._read_limits())

    @cached_property
    def report_compute(self) -> Compute:
        """A process for reports of check-ups, apart from the jobs' ones."""
        return Compute(1)

    @cached_property
    def check_reports(self) -> StoredReportDesk:
        """Makes and verifies reports of check-ups."""
        records, settings = self.records, self.settings
        stores = ReportStores(
            records.register, records.checks, records.check_plans, records.places, records.models
        )
        return StoredReportDesk(
            stores,
            records.seals,
            self.files,
            settings.files_path,
            self.report_compute,
            self.clock,
            self.wall_clock,
            settings.base_url,
            simulated=settings.simulated,
            font=settings.reports.font,
        )

    @cached_property
    def model_work(self) -> ModelWork:
        """Reads, converts and matches the models that were uploaded."""
        jobs = self._jobs
        return ModelWork(
            self.records.models,
            self.records.places,
            self.files,
            LimitedReader(self._read_limits()),
            self.clock,
            self.settings.models_scratch,
            # the holder of the lease does it, as all that only one process may do
            lambda: not self._stop.is_set() and jobs is not None and jobs.fence is not None,
        )

    @cached_property
    def services(self) -> Services:
        """What the API and the pages work with."""
        return Services(
            register=self.records.register,
            alerts=self.records.alerts,
            accounts=self.records.accounts,
            access=self.records.access,
            audit=self.records.audit,
            readings=self.readings,
            identity=self.identity,
            clock=self.clock,
            profile=load_profile(self.settings.profile),
            read_sheet=read_sheet,
            adjuster=StoredAdjuster(
                self.readings,
                self.records.register,
                self.records.judgement,
                load_profile(self.settings.profile),
            ),
            files=self.files,
            report_bytes_max=self.settings.files.report_bytes_max,
            fleet=self.records.fleet,
            quarantine=self.records.quarantine,
            upkeep=self.records.upkeep,
            hand=self.records.hand,
            health=self.health,
            roles=self.roles_health,
            provisioning=self.provisioning,
            admission=self.gateway_access,
            waves=self.waves,
            assessments=self.records.assessments,
            jobs=self.records.jobs,
            contexts=self.records.contexts,
            labels=self.records.labels,
            budgets=self.records.labels,
            score_webhooks=self.records.score_notices,
            private_webhooks=self.settings.score_webhooks.private_addresses,
            models=self.records.models,
            places=self.records.places,
            model_desk=self.model_desk,
            exchange=self.exchange,
            search=self.records.search,
            checks=self.records.checks,
            check_plans=self.records.check_plans,
            check_figures=self.records.check_figures,
            check_work=self.records.check_work,
            tiers=self.records.tiers,
            check_reports=self.check_reports,
            check_desk=self.check_desk,
            attachment_desk=self.attachment_desk,
            check_rules=self.check_rules,
            measured=load_measured(),
            member_rules=load_member_rules(),
            simulated=self.settings.simulated,
            secure_cookies=self.settings.web.secure_cookies,
            log_ins=self.log_ins,
        )

    def start(self) -> None:
        """Open everything the roles need, then set them to work.

        Raises
        ------
        SettingsInvalid, StoreUnavailable
            When something cannot be opened; nothing is left running.

        """
        _make_folder(self.settings.folder)
        sys.setswitchinterval(_SWITCH_S)
        try:
            self.records  # noqa: B018 - opened first: every role needs it
            if self.roles & {Role.ANALYSE, Role.SERVE, Role.JOBS}:
                self.readings  # noqa: B018 - a file that another process holds is told at once
            if self.roles & {Role.SERVE, Role.JOBS}:
                self.files  # noqa: B018 - a folder that cannot be written is told at once
            if Role.INGEST in self.roles:
                self.spool_writer  # noqa: B018 - likewise a spool that has a writer
            if Role.ANALYSE in self.roles:
                self._run("pipeline", self._judge, wake=self._written)
                self._run("storing", self._store)
                self._run("retention", self._make_retention().run_once, rest_s=_JOBS_EVERY_S)
                self._run("plans", self._make_planner().run_once, rest_s=_PLANS_EVERY_S)
            if Role.NOTIFY in self.roles:
                self._run("notices", self.dispatcher.run_once)
                self._run("band notices", self.band_dispatcher.run_once, rest_s=_BANDS_EVERY_S)
            if self.roles & {Role.INGEST, Role.SERVE}:
                self._run("gateways", self._note_uses)
                self._run("reports", self._rest_reports, rest_s=_JOBS_EVERY_S)
            if Role.INGEST in self.roles and self.broker_accounts is not None:
                self._run("broker accounts", self.broker_accounts.run_once)
            if Role.INGEST in self.roles:
                self._receiver = self._make_receiver()
                self._receiver.start()
                self._run("quarantine", self._release, rest_s=1.0)
                self._run("letting in", self._make_letting_in().run_once, rest_s=1.0)
                self._run("by hand", self._make_by_hand().run_once, rest_s=1.0)
                self._run("plan sending", self._make_plan_sender().run_once, rest_s=1.0)
            if Role.JOBS in self.roles:
                self._jobs = self._make_jobs()
                self._jobs.start()
                self._run("models", self.model_work.run_once, rest_s=_MODELS_EVERY_S)
            if self.roles:
                self._self_watch = self._make_self_watch()
                self._self_watch.start()
            if Role.SERVE in self.roles:
                self._run("pictures", self.attachment_desk.sweep, rest_s=_JOBS_EVERY_S)
                self._serve()
        except BaseException:
            self.stop()
            raise

    def wait(self) -> None:
        """Wait until somebody calls `stop` or a part cannot go on."""
        while not self._stop.wait(0.5):
            pass
        if self.failed is not None:
            raise self.failed

    def end(self) -> None:
        """Ask the house to stop; `wait` returns."""
        self._stop.set()

    @property
    def address(self) -> str:
        """Where the pages are."""
        return self.settings.web.base_url or f"http://{self.settings.web.host}:{self._port}"

    @property
    def gateways_url(self) -> str:
        """Where gateways publish to; with port 0 the one that was found free."""
        if isinstance(self._receiver, Door):
            return f"mqtt://{self._receiver.limits.host}:{self._receiver.port}"
        return self.settings.broker.url

    def stop(self) -> None:
        """Stop in the order of the flow: first what takes in, last what keeps."""
        self._stop.set()
        if self._self_watch is not None:
            self._self_watch.stop()
        if self._receiver is not None:
            self._receiver.stop()
        if self._server is not None and self._closing is not None:
            # open event streams end by themselves; the server waits for them
            self._closing.set()
            self._server.should_exit = True
        if self._jobs is not None:
            self._jobs.stop()
        for name in ("compute", "report_compute"):
            if name in self.__dict__:
                self.__dict__[name].close()
        for thread in self._threads:
            thread.join(20)
        for name in ("dispatcher", "band_dispatcher"):
            if name in self.__dict__:
                self.__dict__[name].close()
        for name in ("_elsewhere", "spool", "spool_writer", "readings", "records"):
            if name in self.__dict__:
                self.__dict__.pop(name).close()

    def health(self) -> list[Health]:
        """Tell how each part is, of every role wherever it runs; of others by their heart-beats."""
        own = [part for each in self.vitals() for part in each.parts]
        if self._self_watch is None:
            return own
        try:
            roles = self._self_watch.roles()
        except StoreUnavailable:
            return [*own, self._self_watch.health()]
        return [*(part for role in roles for part in role.parts), self._self_watch.health()]

    def roles_health(self) -> list[RoleHealth]:
        """Tell how every role is, wherever it runs."""
        return self._self_watch.roles() if self._self_watch is not None else []

    def vitals(self) -> list[Vitals]:
        """Measure every role of this process."""
        made = self.__dict__
        return measure(
            self.roles,
            host=self.host,
            shard=self.settings.broker.shard,
            folder=self.settings.folder,
            ingest=self._receiver,
            accounts=self.broker_accounts if Role.INGEST in self.roles else None,
            spool=made.get("spool_writer"),
            pipeline=made.get("pipeline"),
            dispatcher=made.get("dispatcher"),
            outbox=self._outbox_watch,
            door=self._door_watch,
            jobs=self._jobs,
            models=made.get("model_work"),
        )

    @property
    def host(self) -> str:
        """What heart-beats call the machine that this runs on."""
        return self.settings.watch.label or socket.gethostname()

    @cached_property
    def _outbox_watch(self) -> OutboxWatch:
        return OutboxWatch(self.records.outbox, self.clock)

    def _make_self_watch(self) -> SelfWatch:
        return SelfWatch(
            beats=self.records.heartbeats,
            alerts=self.records.alerts,
            judgements=self.records.judgement,
            measure=self.vitals,
            settings=self.settings.watch,
            profile=load_profile(self.settings.profile),
            clock=self.clock,
            wall_clock=self.wall_clock,
            host=self.host,
            shard=self.settings.broker.shard,
            base_url=self.settings.base_url,
            tells_outside=Role.NOTIFY in self.roles,
        )

    def _written(self) -> threading.Event | WrittenElsewhere | None:
        """Give what says that there is more to judge; nothing before ingest has made the spool."""
        if Role.INGEST in self.roles:
            return self.spool_writer.written
        return self._elsewhere if "spool" in self.__dict__ else None

    @cached_property
    def _elsewhere(self) -> WrittenElsewhere:
        return WrittenElsewhere(self.settings.spool_path)

    def _judge(self) -> int:
        # made on the first round: without ingest here it waits for the spool that ingest makes
        return 0 if self._waits_for_spool() else self.pipeline.run_once()

    def _waits_for_spool(self) -> bool:
        """Tell whether ingest, started together with us, may yet make the spool."""
        return (
            "pipeline" not in self.__dict__
            and Role.INGEST not in self.roles
            and time.monotonic() - self._began < _SPOOL_WAIT_S
            and not self.settings.spool_path.exists()
        )

    def _store(self) -> int:
        pipeline = self.__dict__.get("pipeline")  # the judging thread makes it
        return pipeline.storing.once() if pipeline is not None else 0

    def _note_uses(self) -> int:
        now = time.monotonic()
        if now - self._uses_noted_at >= _USES_NOTED_EVERY_S:
            self._uses_noted_at = now
            self.gateway_access.write_uses()
        return 0

    def _rest_reports(self) -> int:
        if "report_compute" in self.__dict__:
            self.report_compute.rest()
        return 0

    def _release(self) -> int:
        return self.spool_writer.release(self.clock.now_ns())

    def _make_retention(self) -> Retention:
        records = self.records
        return Retention(
            self.readings,
            records.retention,
            records.fleet,
            RetentionRules(**self.settings.retention.model_dump()),
            self.clock,
            self.wall_clock,
            self.wave_desk.retain,
        )

    def _make_jobs(self) -> Jobs:
        jobs = self.settings.jobs
        assess = Job(
            ASSESS,
            timetable(jobs.assess_hour, jobs.assess_every_days),
            self.assessor.work,
            self.assessor.asked,
        )
        wanted = [assess, Job(CHECK_PLAN, CHECK_TIMES, self.checks_due.work, self.checks_due.asked)]
        modes = self.settings.modes
        if modes.seconds:
            finder = ModeFinder(
                self.hours,
                self.readings,
                self.records.register,
                self.clock,
                self.compute,
                seconds=modes.seconds,
                hours_max=modes.hours_max,
            )
            wanted.append(Job(MODES, TIMES, finder.work))
        if jobs.weather_url:
            feed = WeatherFeed(
                jobs.weather_url, jobs.weather_name, self.records.contexts, read_sheet
            )
            wanted.append(Job(WEATHER, EVERY_HOUR, feed.work))
        holder = f"{self.host}:{os.getpid()}"
        return Jobs(
            self.records.jobs,
            wanted,
            self.clock,
            self.wall_clock,
            holder,
            lease_s=jobs.lease_s,
        )

    def _read_limits(self) -> ReadLimits:
        bim = self.settings.bim
        return ReadLimits(
            file_bytes_max=bim.file_bytes_max,
            memory_bytes_max=bim.memory_bytes_max,
            index_wall_s=bim.index_s,
            mesh_wall_s=bim.mesh_s,
            mesh_wall_s_per_mb=bim.mesh_s_per_mb,
        )

    def _make_planner(self) -> Planner:
        records = self.records
        profile = load_profile(self.settings.profile)
        shard = self.settings.broker.shard
        return Planner(
            records.register,
            records.judgement,
            records.alerts,
            records.fleet,
            records.contexts,
            profile,
            self.clock,
            shard,
        )

    def _make_plan_sender(self) -> PlanSender:
        assert self._receiver is not None  # noqa: S101 - the caller has just made it
        records, shard = self.records, self.settings.broker.shard
        return PlanSender(records.fleet, records.accounts, self._receiver, self.clock, shard)

    def _make_letting_in(self) -> LettingIn:
        return LettingIn(self.records.quarantine, self.spool_writer, self._directory(), self.clock)

    def _make_by_hand(self) -> ByHand:
        return ByHand(self.records.hand, self.spool_writer, self._directory(), self.clock)

    def _directory(self) -> "_Cached":
        register, shard = self.records.register, self.settings.broker.shard
        return _Cached(
            register.revision, lambda: Directory(register.channels_of_gateways(shard), shard)
        )

    def _make_receiver(self) -> Receiver | Door:
        register, directory = self.records.register, self._directory()
        if self.settings.broker.is_door:
            return door_of(
                self.settings,
                register,
                self.spool_writer,
                directory,
                self.clock,
                self.gateway_access.check,
                self.gateway_access.revoked_since,
            )
        if self.settings.broker.ca_file:
            _check_trust(self.settings.broker.ca_file)
        return receiver_of(self.settings, self.spool_writer, directory, self.clock)

    def _serve(self) -> None:
        app = create_app(self.services)
        self._closing = app.state.closing
        mount_pages(app)
        web = self.settings.web
        config = uvicorn.Config(
            app, host=web.host, port=web.port, log_level="warning", lifespan="off"
        )
        sock = _bound(web.host, web.port)
        self._port = sock.getsockname()[1]
        self._server = uvicorn.Server(config)
        thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [sock]}, name="serve", daemon=True
        )
        thread.start()
        self._threads.append(thread)

    def _run(
        self,
        name: str,
        step: Callable[[], int],
        *,
        rest_s: float = _IDLE_S,
        wake: _Wake | None = None,
    ) -> None:
        thread = threading.Thread(
            target=self._loop, args=(name, step, rest_s, wake), name=name, daemon=True
        )
        self._threads.append(thread)
        thread.start()

    def _loop(self, name: str, step: Callable[[], int], rest_s: float, wake: _Wake | None) -> None:
        """Repeat a step while there is work; rest when there is none, longer when it fails."""
        rest = rest_s
        while not self._stop.is_set():
            try:
                # what is due every few seconds is not looked at more often for having had work
                rest = 0.002 if step() else rest_s if rest_s > _IDLE_S else min(rest_s, rest * 1.5)
            except StoreUnavailable as error:
                log.warning("a store is away; trying again", part=name, error=str(error))
                rest = 1.0
            except Exception as error:
                # the edge of the thread: what is not understood must not pass in silence
                log.exception("a part failed", part=name)
                self.failed = error
                self._stop.set()
                return
            said = wake() if wake is not None else None
            (said or self._stop).wait(rest)
            if said is not None:
                said.clear()


class _Cached:
    """Gives what `make` makes, again only when the number has changed, asked once a second."""

    def __init__(self, number: Callable[[], int], make: Callable[[], Directory]) -> None:
        self._number, self._make = number, make
        self._held: tuple[int, Directory] | None = None
        self._asked = 0.0

    def __call__(self) -> Directory:
        now = time.monotonic()
        if self._held is not None and now - self._asked < 1.0:
            return self._held[1]
        try:
            number = self._number()
            if self._held is None or self._held[0] != number:
                self._held = (number, self._make())
        except StoreUnavailable:
            # the records are away: go on with what is known, so that no reading is turned away
            if self._held is None:
                raise
        self._asked = now
        return self._held[1]


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsInvalid(f"setting folder: cannot make {folder}: {error.strerror}") from error


def _check_trust(file: str) -> None:
    try:
        ssl.create_default_context(cafile=file)
    except OSError as error:  # TLS's own errors are among them
        why = "it holds no certificate" if isinstance(error, ssl.SSLError) else error.strerror
        raise SettingsInvalid(f"setting broker.ca_file: cannot use {file}: {why}") from error


def _bound(host: str, port: int) -> socket.socket:
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise SettingsInvalid(
            f"setting web.port: cannot listen on {host}:{port}: {error.strerror}"
        ) from error
    return sock


@contextlib.contextmanager
def running_house(settings: Settings, roles: frozenset[Role] = EVERY_ROLE) -> Iterator[House]:
    """Run a house until the block ends."""
    house = House(settings, roles)
    house.start()
    try:
        yield house
    finally:
        house.stop()
