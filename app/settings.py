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

    @field_validator("url")
    @classmethod
    def _mqtt(cls, url: str) -> str:
        return _checked_url(url, ("door", "mqtt", "mqtts"))

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
        0.025, gt=0, le=1, description="longest time that a message waits for others, seconds"
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


class RecordsSettings(_Part):
    """Where records are kept."""

    url: str = Field(
        "",
        description="`sqlite:///path` or `postgresql://user@host/database`; "
        "empty: `records.db` in `folder`",
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
    retention: RetentionSettings = RetentionSettings()
    web: WebSettings = WebSettings()
    clock: ClockSettings = ClockSettings()
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
    def readings_url(self) -> str:
        """URL of the readings store."""
        return self.readings.url or f"duckdb:///{(self.folder / 'readings.duckdb').absolute()}"

    @property
    def records_url(self) -> str:
        """URL of the records database."""
        return self.records.url or f"sqlite:///{(self.folder / 'records.db').absolute()}"

    @property
    def base_url(self) -> str:
        """Address of the pages as notices give it."""
        return self.web.base_url or f"http://{self.web.host}:{self.web.port}"


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
        given = "(hidden)" if "password" in where or "token" in where else first_error.get("input")
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
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{text}`" if text not in {"", "{}"} else "–"
