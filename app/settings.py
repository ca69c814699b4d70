"""Settings: one TOML file and `ANJU_*` variables, checked once at start."""

import ipaddress
import os
import tomllib
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from domain.errors import SettingsInvalid


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BrokerSettings(_Part):
    """Where gateways publish to: our own door, or a broker."""

    url: str = Field(
        "door://127.0.0.1:1883",
        description="`door://host:port`: ingest listens there itself (see `door`); or the broker, "
        "`mqtt://host:port` or `mqtts://host:port`",
    )
    username: str = Field("", description="name that ingest logs in with; empty: none")
    password: SecretStr = Field(SecretStr(""), description="its password")
    ca_file: str = Field("", description="CA certificate for `mqtts`; empty: the system's")
    shard: int = Field(0, ge=0, description="shard that this ingest and pipeline serve")
    gateway_url: str = Field(
        "", description="address of the broker as gateways reach it; empty: `broker.url`"
    )
    accounts: Literal["none", "dynsec"] = Field(
        "none",
        description="`dynsec`: keep gateways' accounts in mosquitto's dynamic-security plugin; "
        "`none`: the broker asks Anju over HTTP, or lets everybody in",
    )
    control_username: str = Field(
        "", description="account that may use the plugin's control topic; empty: `broker.username`"
    )
    control_password: SecretStr = Field(SecretStr(""), description="its password")

    @field_validator("url")
    @classmethod
    def _mqtt(cls, url: str) -> str:
        return _checked_url(url, ("door", "mqtt", "mqtts"))

    @field_validator("gateway_url")
    @classmethod
    def _mqtt_or_none(cls, url: str) -> str:
        return _checked_url(url, ("mqtt", "mqtts")) if url else url

    @property
    def is_door(self) -> bool:
        """Tell whether ingest itself listens."""
        return urlsplit(self.url).scheme == "door"


class DoorSettings(_Part):
    """The device door; used when `broker.url` begins with `door:`."""

    open: bool = Field(
        False,
        description="let every registered gateway in by its id alone, with any password; only on "
        "an address of this machine, for trying things out",
    )
    certificate: str = Field("", description="PEM file of the server's certificate; empty: no TLS")
    key: str = Field("", description="PEM file of its key; empty: in the certificate's file")
    client_ca: str = Field(
        "",
        description="PEM file of the authority of client certificates; a gateway that shows one "
        "needs no password, its common name is the gateway's id",
    )
    connections_max: int = Field(5_000, ge=1, description="more connections are closed at once")
    connections_per_address_max: int = Field(
        1_000, ge=1, description="likewise from one address; many gateways may share one"
    )
    receive_max: int = Field(
        1_000,
        ge=1,
        le=65_535,
        description="messages of one gateway that may wait for their acknowledgement",
    )
    connect_s: float = Field(
        10.0, gt=0, le=300, description="a connection must have logged in after this, seconds"
    )
    packet_s: float = Field(
        60.0,
        gt=0,
        le=3600,
        description="a message that has begun must be whole after this, seconds",
    )
    keep_alive_s_max: int = Field(
        600, ge=5, le=65_535, description="longest keep-alive that is granted, seconds (MQTT 5)"
    )


class IngestSettings(_Part):
    """How messages become readings."""

    spool: str = Field("", description="spool file; empty: `spool.db` in `folder`")
    spool_limit_bytes: int = Field(
        4_000_000_000, ge=1_000_000, description="size at which back-pressure begins"
    )
    payload_bytes_max: int = Field(
        1_000_000, ge=1_000, description="larger payloads are rejected with a reason"
    )
    batch_wait_s: float = Field(
        0.01, gt=0, le=1, description="longest time that a message waits for others, seconds"
    )
    receipt_every_s: float = Field(
        0.2, ge=0, le=60, description="least time between two receipts to one gateway, seconds"
    )
    late_s: int = Field(3600, ge=60, description="a reading that arrives later is flagged late")
    future_s: int = Field(
        300, ge=1, description="a reading further ahead of its arrival is of a wrong clock"
    )


class ReadingsSettings(_Part):
    """Where readings are kept."""

    url: str = Field(
        "",
        description="`duckdb:///path`, `influx+http://host:8086?org=…&bucket=…` or `memory:`; "
        "empty: `readings.duckdb` in `folder`",
    )
    token: SecretStr = Field(SecretStr(""), description="InfluxDB token")


class WavesSettings(_Part):
    """Where waveforms of events are kept, and for how long."""

    folder: str = Field("", description="folder of the files; empty: `waves` in `folder`")
    days: float = Field(
        365.0, gt=0, description="older waveforms are deleted, those of evidence never"
    )
    bytes_max: int = Field(
        20_000_000_000, ge=0, description="with more, the oldest waveforms are deleted"
    )
    free_bytes_min: int = Field(
        1_000_000_000, ge=0, description="with less room on the disk no waveform is kept"
    )


class ModesSettings(_Part):
    """The beginnings of hours that buildings' own frequencies are found from."""

    folder: str = Field("", description="folder of the files; empty: `hours` in `folder`")
    seconds: float = Field(
        600.0,
        ge=0,
        le=3600,
        description="so much of each hour is put aside for buildings with three accelerometers "
        "and a channel `modal.1`; 0: nothing",
    )
    hours_max: float = Field(
        48.0, ge=2, le=720, description="what was not looked at after so many hours is deleted"
    )
    bytes_max: int = Field(
        2_000_000_000, ge=1_000_000, description="with more, the oldest hours are deleted"
    )


class RecordsSettings(_Part):
    """Where records are kept."""

    url: str = Field(
        "",
        description="`sqlite:///path` or `postgresql://user@host/database`; "
        "empty: `records.db` in `folder`",
    )


class FilesSettings(_Part):
    """Where uploaded files are kept."""

    folder: str = Field("", description="folder of uploaded files; empty: `files` in `folder`")
    report_bytes_max: int = Field(
        15_000_000,
        ge=1_000,
        le=19_000_000,
        description="largest report file of an appraisal (PDF, JPEG or PNG)",
    )


class ReportsSettings(_Part):
    """Reports of check-ups."""

    font: str = Field(
        "",
        description="file of the Chinese font that reports embed (`.ttf`, `.ttc`, TrueType "
        "outlines); empty: the first at the usual places; `-`: none, the viewer's own is named",
    )


class BimSettings(_Part):
    """Models of buildings (IFC): how large a file may be, and what reading it may take."""

    file_bytes_max: int = Field(
        200_000_000, ge=1_000, le=2_000_000_000, description="largest IFC file that is taken"
    )
    memory_bytes_max: int = Field(
        3 * 2**30,
        ge=2**29,
        description="address space of the process that reads a file; more ends it with a reason",
    )
    index_s: float = Field(
        25.0, gt=0, le=600, description="longest time to read what a file says, seconds"
    )
    mesh_s: float = Field(
        15.0, gt=0, le=3600, description="longest time to make the shapes of a file, seconds"
    )
    mesh_s_per_mb: float = Field(
        2.0, ge=0, le=60, description="so much longer for each MB of the file, seconds"
    )
    exports_bytes_max: int = Field(
        1_000_000_000,
        ge=1_000_000,
        description="size of the exports and checks that are kept; they are made again when asked",
    )


class RetentionSettings(_Part):
    """How long things are kept; what belongs to an alert stays: docs/retention.md."""

    raw_days: int = Field(0, ge=0, description="days that raw readings are kept; 0: for ever")
    hourly_days: int = Field(0, ge=0, description="days that hourly means are kept; 0: for ever")
    daily_days: int = Field(0, ge=0, description="days that daily means are kept; 0: for ever")
    refusals_days: int = Field(
        0, ge=0, description="days that refused and quarantined readings are kept; 0: for ever"
    )
    changes_days: int = Field(
        30, ge=0, description="days that live pages can catch up; 0: for ever"
    )
    findings_days: int = Field(
        0, ge=0, description="days that findings outside of alerts are kept; 0: for ever"
    )
    evidence_days: int = Field(
        365,
        ge=0,
        description="days that the readings behind a closed alert stay, when it never was orange",
    )
    margin_days: int = Field(
        7, ge=0, description="days before and after that belong to an alert's readings"
    )


class WebSettings(_Part):
    """The API and the pages."""

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8480, ge=0, le=65535, description="port to listen on; 0: any free one")
    base_url: str = Field("", description="address in notices; empty: made of host and port")
    secure_cookies: bool = Field(
        True, description="send cookies over HTTPS only; turn off for plain HTTP on one machine"
    )
    session_hours: float = Field(12.0, gt=0, description="a log-in ends after this")


class CheckSettings(_Part):
    """What is taken in from check-ups."""

    photo_bytes_max: int = Field(
        25_000_000, ge=100_000, le=200_000_000, description="largest photo of a check-up"
    )
    photos_per_check_up_max: int = Field(
        1_000, ge=10, le=10_000, description="pictures of one check-up, signatures among them"
    )
    note_length_max: int = Field(
        20_000, ge=1_000, le=20_000, description="longest note of a form, characters"
    )
    clock_wrong_s: float = Field(
        300.0, ge=10, description="a phone's clock that is off by more is told, and corrected"
    )
    part_days: float = Field(
        30.0, gt=0, description="a photo in the making that nobody goes on with is forgotten then"
    )


Levels = dict[Literal["blue", "yellow", "orange", "red"], float]


class WatchSettings(_Part):
    """How Anju watches itself."""

    label: str = Field(
        "", max_length=100, description="what heart-beats call this host; empty: its own name"
    )
    beat_s: float = Field(
        5.0, gt=0, le=60, description="time between two heart-beats of a role, seconds"
    )
    role_silent_s: Levels = Field(
        {"red": 30},
        description="levels by seconds without a heart-beat; a restart takes less than 30",
    )
    spool_percent: Levels = Field(
        {"yellow": 50, "orange": 80, "red": 100},
        description="levels by share of the spool's limit; at 100 gateways get no acknowledgement",
    )
    spool_failed_writes: Levels = Field(
        {"orange": 1},
        description="levels by failed writes of the spool in 10 minutes; one is a disk to look at",
    )
    spool_failing_s: Levels = Field(
        {"red": 10},
        description="levels by seconds since which every write of the spool has failed",
    )
    store_away_s: Levels = Field(
        {"yellow": 60, "orange": 600},
        description="levels by seconds without the readings store; a minute is its restart",
    )
    broker_away_s: Levels = Field(
        {"yellow": 60, "orange": 300},
        description="levels by seconds without the broker; readings wait in the gateways",
    )
    disk_free_mb: Levels = Field(
        {"yellow": 4000, "orange": 1000, "red": 200},
        description="levels by what is free on the disks of the folder and the spool, MB; "
        "4,000 is what the spool may come to need",
    )
    notices_waiting_s: Levels = Field(
        {"orange": 120, "red": 600},
        description="levels by seconds for which a due notice does not get its turn",
    )
    notices_refused_s: Levels = Field(
        {"orange": 120, "red": 600},
        description="levels by the age of a notice that every way has refused, seconds",
    )
    clear_hold_minutes: float = Field(
        30.0, ge=0, description="an alert about Anju itself is closed when it was over for so long"
    )
    forget_days: float = Field(
        7.0, gt=0, description="a role that has not beaten for so long is no longer expected"
    )
    dead_man_url: str = Field(
        "",
        description="`https://…` that is called while the whole chain is healthy, so that another "
        "service notices when it is not; empty: none",
    )
    dead_man_secret: SecretStr = Field(
        SecretStr(""),
        description="with it the call is a signed POST as of the webhook, else a plain GET",
    )
    dead_man_every_s: float = Field(60.0, ge=1, le=3600, description="time between two calls")

    @field_validator(
        "role_silent_s",
        "spool_percent",
        "spool_failed_writes",
        "spool_failing_s",
        "store_away_s",
        "broker_away_s",
        "notices_waiting_s",
        "notices_refused_s",
    )
    @classmethod
    def _rises(cls, levels: Levels) -> Levels:
        return _in_order(levels, falling=False)

    @field_validator("disk_free_mb")
    @classmethod
    def _falls(cls, levels: Levels) -> Levels:
        return _in_order(levels, falling=True)

    @model_validator(mode="after")
    def _beats_in_time(self) -> "WatchSettings":
        silent_s = min(self.role_silent_s.values())
        if silent_s < 2 * self.beat_s:
            raise ValueError(
                f"role_silent_s must be twice beat_s or more, got {silent_s:g} and {self.beat_s:g}"
            )
        return self

    @field_validator("dead_man_url")
    @classmethod
    def _web(cls, url: str) -> str:
        return _checked_url(url, ("http", "https")) if url else url


class JobsSettings(_Part):
    """Timed work: the nightly assessment of every building and the weather."""

    lease_s: float = Field(
        20.0, ge=2, le=600, description="another process takes the jobs over after this silence"
    )
    assess_hour: float = Field(
        2.0,
        ge=0,
        lt=24,
        description="hour, China time, at which all buildings are assessed",
    )
    assess_every_days: float = Field(
        1.0, ge=0.0833, le=30, description="days between two assessments of all buildings"
    )
    assess_again_hours: float = Field(
        1.0, ge=0, le=720, description="least time before an alert has a building assessed again"
    )
    assess_days_max: int = Field(
        1095, ge=56, le=3650, description="longest history that an assessment reads, days"
    )
    workers: int = Field(
        1, ge=0, le=64, description="computing processes; 0: compute in the process itself"
    )
    batch_channels: int = Field(
        64, ge=1, le=2000, description="channels that one computing process is handed at a time"
    )
    weather_url: str = Field(
        "",
        description="`https://…` that answers CSV with the columns of docs/contexts.md; "
        "it is asked every hour; empty: none",
    )
    weather_name: str = Field(
        "weather service", max_length=100, description="who the weather's rows say they come from"
    )

    @field_validator("weather_url")
    @classmethod
    def _web(cls, url: str) -> str:
        return _checked_url(url, ("http", "https")) if url else url


class ScoreWebhooksSettings(_Part):
    """Messages about bands of scores to the addresses that insurers register."""

    private_addresses: bool = Field(
        False,
        description="addresses of one's own network, and plain HTTP, may be registered; for tests "
        "and the demo only",
    )
    timeout_s: float = Field(10.0, gt=0, le=60, description="for connecting and for an answer")
    ca_file: str = Field("", description="CA certificates (PEM) of receivers; empty: the system's")


class ClockSettings(_Part):
    """Where the time of readings and alerts comes from."""

    source: str = Field("system", description="`system`, or `file:/path` of a virtual clock")


class Settings(BaseSettings):
    """Everything that can be set."""

    model_config = SettingsConfigDict(
        env_prefix="ANJU_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    folder: Path = Field(Path("var"), description="where Anju keeps its own files")
    log: Literal["text", "json"] = Field("text", description="form of the log lines")
    profile: str = Field("default-2026", description="limit profile")
    simulated: str = Field(
        "", description="said on every page when the data are simulated; empty for real data"
    )
    broker: BrokerSettings = BrokerSettings()
    door: DoorSettings = DoorSettings()
    ingest: IngestSettings = IngestSettings()
    readings: ReadingsSettings = ReadingsSettings()
    records: RecordsSettings = RecordsSettings()
    files: FilesSettings = FilesSettings()
    reports: ReportsSettings = ReportsSettings()
    bim: BimSettings = BimSettings()
    checks: CheckSettings = CheckSettings()
    retention: RetentionSettings = RetentionSettings()
    waves: WavesSettings = WavesSettings()
    modes: ModesSettings = ModesSettings()
    web: WebSettings = WebSettings()
    clock: ClockSettings = ClockSettings()
    jobs: JobsSettings = JobsSettings()
    watch: WatchSettings = WatchSettings()
    score_webhooks: ScoreWebhooksSettings = ScoreWebhooksSettings()
    notifiers: dict[str, dict[str, Any]] = Field(
        {}, description="one table a notifier, such as `[notifiers.smtp]`; see docs/alerts.md"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take variables before the file, and nothing else."""
        del dotenv_settings, file_secret_settings
        path = os.environ.get("ANJU_SETTINGS", "")
        file = TomlConfigSettingsSource(settings_cls, Path(path) if path else None)
        return init_settings, env_settings, file

    @model_validator(mode="after")
    def _open_only_here(self) -> Self:
        if self.door.open and self.broker.is_door and not _is_loopback(self.broker.url):
            raise ValueError(
                "door.open lets anybody in: broker.url must then be an address of this machine, "
                f"such as door://127.0.0.1:1883, got {self.broker.url}"
            )
        return self

    @property
    def spool_path(self) -> Path:
        """File of the spool."""
        return Path(self.ingest.spool) if self.ingest.spool else self.folder / "spool.db"

    @property
    def files_path(self) -> Path:
        """Folder of uploaded files."""
        return Path(self.files.folder) if self.files.folder else self.folder / "files"

    @property
    def readings_url(self) -> str:
        """URL of the readings store."""
        return self.readings.url or f"duckdb:///{(self.folder / 'readings.duckdb').absolute()}"

    @property
    def records_url(self) -> str:
        """URL of the records database."""
        return self.records.url or f"sqlite:///{(self.folder / 'records.db').absolute()}"

    @property
    def waves_folder(self) -> Path:
        """Folder of the waveforms."""
        return Path(self.waves.folder) if self.waves.folder else self.folder / "waves"

    @property
    def models_scratch(self) -> Path:
        """Folder of what is in the making from models."""
        return self.folder / "scratch" / "models"

    @property
    def parts_folder(self) -> Path:
        """Folder of photos in the making; no key of a file begins with a dot."""
        return self.files_path / ".parts"

    @property
    def pictures_scratch(self) -> Path:
        """Folder of copies in the making."""
        return self.folder / "scratch" / "pictures"

    @property
    def exports_folder(self) -> Path:
        """Folder of exports and checks that can be made again."""
        return self.folder / "scratch" / "exports"

    @property
    def hours_folder(self) -> Path:
        """Folder of the beginnings of hours."""
        return Path(self.modes.folder) if self.modes.folder else self.folder / "hours"

    @property
    def base_url(self) -> str:
        """Address of the pages as notices give it."""
        return self.web.base_url or f"http://{self.web.host}:{self.web.port}"


def _in_order(levels: Levels, *, falling: bool) -> Levels:
    values = [levels[name] for name in ("blue", "yellow", "orange", "red") if name in levels]
    if not values or any(value <= 0 for value in values):
        raise ValueError("must give one level or more a value above 0, such as { red = 30 }")
    if values != sorted(set(values), reverse=falling):
        raise ValueError(f"must {'fall' if falling else 'rise'} from blue to red")
    return levels


def _checked_url(url: str, schemes: tuple[str, ...]) -> str:
    parts = urlsplit(url)
    if parts.scheme not in schemes or not parts.hostname:
        wanted = " or ".join(f"{scheme}://host:port" for scheme in schemes)
        raise ValueError(f"must be {wanted}")
    parts.port  # noqa: B018 - a port that is no number raises here
    return url


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def load_settings(path: Path | None = None) -> Settings:
    """Read the settings file and the variables.

    Parameters
    ----------
    path
        Settings file; `None`: the one named by `ANJU_SETTINGS`, if any.

    Raises
    ------
    SettingsInvalid
        When the file cannot be read or a setting is wrong; one line that names it.

    """
    if path is not None:
        os.environ["ANJU_SETTINGS"] = str(path)
    named = os.environ.get("ANJU_SETTINGS", "")
    if named:
        try:
            tomllib.loads(Path(named).read_text(encoding="utf-8"))
        except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsInvalid(f"settings file {named}: {error}") from error
    known = {name.upper() for name in Settings.model_fields} | {"SETTINGS", "DATA"}
    for name in os.environ:
        first = name.removeprefix("ANJU_").split("__")[0]
        if name.startswith("ANJU_") and first not in known and not first.startswith("TEST_"):
            raise SettingsInvalid(f"{name}: no such setting; docs/settings.md lists them")
    try:
        return Settings()
    except ValidationError as error:
        first_error = error.errors()[0]
        where = ".".join(map(str, first_error["loc"]))
        if not where:  # several settings together
            raise SettingsInvalid(
                f"settings: {first_error['msg'].removeprefix('Value error, ')}"
            ) from error
        secret = any(word in where for word in ("password", "token", "secret"))
        given = "(hidden)" if secret else first_error.get("input")
        raise SettingsInvalid(
            f"setting {where}: {first_error['msg'].removeprefix('Value error, ')}, got {given!r}"
        ) from error


def page() -> str:
    """Print docs/settings.md from the classes."""
    lines = [
        "# Settings",
        "",
        "One TOML file, named by `--settings` or `ANJU_SETTINGS`, and variables, which win:",
        "`broker.url` in the file is `ANJU_BROKER__URL` as a variable. A wrong setting stops the",
        "start with one line that names it and its value.",
        "",
        "| setting | default | meaning |",
        "| --- | --- | --- |",
    ]
    for name, field in Settings.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, _Part):
            lines += [
                f"| `{name}.{key}` | {_shown(part.default)} | {part.description} |"
                for key, part in inner.model_fields.items()
            ]
        else:
            lines.append(f"| `{name}` | {_shown(field.default)} | {field.description} |")
    return "\n".join(lines) + "\n"


def _shown(value: object) -> str:
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, dict) and value:
        return "`{ " + ", ".join(f"{name} = {at:g}" for name, at in value.items()) + " }`"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{text}`" if text not in {"", "{}"} else "–"
