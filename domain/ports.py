"""What the rooms need of each other: small Protocols that `app/` joins to adapters."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, Protocol

from domain.access import ApiKey, Session, User
from domain.accounts import DayAccount, GapChange, Refusal
from domain.alerts import (
    Alert,
    AlertEvent,
    AlertState,
    Delivery,
    Notice,
    Recipient,
    Way,
)
from domain.arrivals import Arrivals, Committed
from domain.buildings import Appraisal, Building, Grade
from domain.findings import Finding
from domain.gateway_clocks import ClockNote
from domain.limits import Level
from domain.readings import Reading, ReadingBatch, Rollup, Series
from domain.retention import Window
from domain.sensors import Channel, Gateway, Mount, Segment, Sensor, Site
from domain.views import Band, BuildingView
from domain.waves import WaveBlock


class ReadingStore(Protocol):
    """Keeps readings; (channel, taken_at) is a reading's identity, the last write of one wins."""

    def append(self, batch: ReadingBatch) -> None:
        """Keep a batch durably; the same batch twice is kept once, and rollups follow late data.

        Raises
        ------
        StoreUnavailable
            When nothing was promised; the same call may be made again.
        InvalidInput
            When a value is not finite; nothing of the batch is kept.

        """
        ...

    def between(self, channel_id: str, start_ns: int, end_ns: int) -> Series:
        """Read one channel, oldest first, `start_ns` included and `end_ns` left out."""
        ...

    def latest(self, channel_ids: Sequence[str]) -> dict[str, Reading]:
        """Read the newest reading, by its own time, of each channel that has any."""
        ...

    def downsample(self, channel_id: str, start_ns: int, end_ns: int, points: int) -> Rollup:
        """Read one channel in at most `points` equal spans."""
        ...

    def rollups(
        self, channel_id: str, start_ns: int, end_ns: int, every: Literal["hour", "day"]
    ) -> Rollup:
        """Read the kept hourly or daily (UTC) spans whose start lies in the range."""
        ...

    def rollups_of(
        self,
        channel_ids: Sequence[str],
        start_ns: int,
        end_ns: int,
        every: Literal["hour", "day"],
    ) -> dict[str, Rollup]:
        """Read the kept spans of many channels at once; those without any are left out."""
        ...

    def delete_before(self, end_ns: int, channel_ids: Sequence[str] | None = None) -> None:
        """Forget readings older than a moment; rollups stay, and so does what `keep` put aside."""
        ...

    def keep(self, windows: Sequence[Window], before_ns: int) -> None:
        """Put the readings of windows that are older than a moment aside: none deletes them.

        They are read as before. The same call again changes nothing.
        """
        ...

    def keep_only(self, windows: Sequence[Window]) -> None:
        """Forget what was put aside and lies in none of these windows."""
        ...

    def delete_rollups_before(self, every: Literal["hour", "day"], end_ns: int) -> None:
        """Forget the hourly or daily spans that begin before a moment."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...


@dataclass(frozen=True, slots=True)
class GatewayStatus:
    """What a gateway last said of itself.

    Parameters
    ----------
    config
        Version of the sampling plan that it follows; `None` when it has said nothing of one.
    remounted
        (point or address, moment in ns) of instruments that were mounted anew; `` is all of them.

    """

    gateway_id: str
    at_ns: int
    online: bool
    boot: int | None = None
    battery_percent: float | None = None
    signal_dbm: float | None = None
    firmware: str = ""
    config: int | None = None
    remounted: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class SpoolEntry:
    """One durable row of the spool: a batch with all that came beside it.

    Parameters
    ----------
    offset
        Rises by at least one from row to row and is never used twice.
    accounts
        The day accounts that this batch changed, as they stood after it (absolute, so that
        writing them twice changes nothing).
    waves
        The blocks that readings of the batch stand for.

    """

    offset: int
    batch: ReadingBatch
    refusals: tuple[Refusal, ...] = ()
    accounts: tuple[DayAccount, ...] = ()
    statuses: tuple[GatewayStatus, ...] = ()
    clocks: tuple[ClockNote, ...] = ()
    waves: tuple[WaveBlock, ...] = ()
    gaps: tuple[GapChange, ...] = ()


class Spool(Protocol):
    """Holds what was acknowledged until it is both stored and judged."""

    def after(self, offset: int, limit_readings: int) -> list[SpoolEntry]:
        """Read rows after an offset in order, at least one when there is any."""
        ...

    def cursor(self, name: Literal["stored", "judged"]) -> int:
        """Tell how far a reader of the spool has come; 0 at first."""
        ...

    def advance(self, name: Literal["stored", "judged"], offset: int) -> None:
        """Move a cursor on, and drop the rows that both have passed."""
        ...

    def head(self) -> int:
        """Tell the offset of the newest row ever written; 0 when there was none."""
        ...

    def waiting(self) -> int:
        """Count the rows that are still held."""
        ...


class SpoolWriter(Protocol):
    """The side of the spool that ingest writes to; one at a time for each spool."""

    def write(self, arrivals: Arrivals) -> Committed:
        """Drop what came before, keep the rest with its accounts; durable when this returns.

        Raises
        ------
        StoreUnavailable
            When nothing was promised and nothing has changed (input or output error, disk full,
            the spool's limit reached); the same call may be made again.

        """
        ...


class Detector(Protocol):
    """Examines one building's new readings for one thing."""

    name: str
    kinds: frozenset[str]

    def examine(
        self, batch: ReadingBatch, state: Any, view: BuildingView
    ) -> tuple[list[Finding], Any]:
        """Judge a batch of series values of this building; the batch may be empty (a tick).

        Parameters
        ----------
        batch
            Fit readings of this building, sorted by taken_at; `value` is the series value.
        state
            What the last call returned for this building, `None` at first. Built of plain
            dicts, lists, numbers, strings and bytes, so that it can be saved; never changed
            in place.

        """
        ...

    def calm(self, state: Any, view: BuildingView) -> Mapping[str, Band]:
        """Tell between which series values a reading of a channel can change no level at once.

        It decides who is judged first, never whether: what lies outside a band is judged at once,
        the rest with the building's next turn. What time alone brings (the end of a bin, silence)
        waits for that, too. A channel that is left out is calm whatever it says.
        """
        ...


class Notifier(Protocol):
    """One way of telling people."""

    name: str

    def send(self, notice: Notice, way: Way) -> Delivery:
        """Send once and tell what the channel itself answered; never raises for its failures."""
        ...


@dataclass(frozen=True, slots=True)
class Judgement:
    """All that judging one stretch of the spool changes; committed as one transaction.

    Parameters
    ----------
    cursor
        Offset up to which the spool is judged after this.
    states
        Saved state by (building id, detector name), msgpack.
    alerts
        New or changed alerts with `version` one higher than the one that was read.
    fence
        What `JudgementStore.take_over` gave to this pipeline; 0: not checked.

    """

    shard: int
    cursor: int
    findings: tuple[Finding, ...] = ()
    alerts: tuple[Alert, ...] = ()
    events: tuple[AlertEvent, ...] = ()
    notices: tuple[Notice, ...] = ()
    segments: tuple[Segment, ...] = ()
    states: tuple[tuple[str, str, bytes], ...] = ()
    refusals: tuple[Refusal, ...] = ()
    accounts: tuple[DayAccount, ...] = ()
    statuses: tuple[GatewayStatus, ...] = ()
    clocks: tuple[ClockNote, ...] = ()
    gaps: tuple[GapChange, ...] = ()
    fence: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the change log that live pages follow."""

    id: int
    at_ns: int
    kind: str
    building_id: str
    object_id: str


@dataclass(frozen=True, slots=True)
class Page:
    """Where a list goes on: at most `limit` rows after the cursor `after`.

    `after` is the id of the last row that was read (of the audit: its moment in ns, as text).
    """

    limit: int = 100
    after: str = ""


class RegisterStore(Protocol):
    """Keeps the register; every `put` is an upsert by id that checks references and `version`.

    `put_*` raise `InvalidInput` for a broken reference, `Conflict` for a taken code or a stale
    version (an existing row is replaced only by `version` = its own + 1, where it has one).
    """

    def put_building(self, building: Building, by: str) -> None: ...
    def put_buildings(self, buildings: Sequence[Building], by: str) -> None:
        """Keep many in one transaction: all or none."""
        ...

    def building(self, building_id: str) -> Building | None: ...
    def building_codes(self) -> dict[str, str]:
        """Tell the id of every building by its code."""
        ...

    def buildings(
        self, page: Page, *, text: str = "", districts: Sequence[str] | None = None
    ) -> list[Building]:
        """List by id; `text` is looked for in code, name and address."""
        ...

    def buildings_known(self, ids: Sequence[str], codes: Sequence[str] = ()) -> list[Building]:
        """Read the buildings that are there of some ids and codes, by id."""
        ...

    def put_appraisal(self, appraisal: Appraisal, by: str) -> None: ...
    def appraisals(self, building_id: str) -> list[Appraisal]: ...
    def grades(self, building_ids: Sequence[str], day: date) -> dict[str, Grade]: ...
    def appraised(self, building_ids: Sequence[str], day: date) -> dict[str, Appraisal]:
        """Read the appraisal that is in force on a day, of each building that has one."""
        ...

    def put_gateway(self, gateway: Gateway, by: str) -> None: ...
    def gateway(self, gateway_id: str) -> Gateway | None: ...
    def gateways(self) -> list[Gateway]: ...
    def put_sensor(self, sensor: Sensor, by: str) -> None: ...
    def put_channel(self, channel: Channel, by: str) -> None: ...
    def put_mount(self, mount: Mount, by: str) -> None: ...
    def put_segment(self, segment: Segment, by: str) -> None: ...
    def site(self, building_id: str) -> Site: ...
    def sites_of(self, building_ids: Sequence[str]) -> dict[str, Site]:
        """Read all that is mounted on several buildings; one with nothing is left out."""
        ...

    def sites(self, shard: int) -> list[tuple[Building, Grade | None, Site]]:
        """Read everything that one shard watches (grade as of the newest appraisal)."""
        ...

    def channel(self, channel_id: str) -> tuple[Channel, Sensor, Building] | None: ...
    def building_of(self, object_id: str) -> str | None:
        """Tell the building of a sensor, channel, segment, mount or appraisal; `None`: no such."""
        ...

    def channels_of_gateways(self, shard: int) -> list[tuple[Gateway, Channel]]:
        """Read what ingest must know: every active gateway with its active channels."""
        ...

    def revision(self) -> int:
        """Tell a number that rises whenever the register changes (segments too)."""
        ...


class JudgementStore(Protocol):
    """Keeps what the pipeline decides."""

    def judged(self, shard: int) -> int:
        """Tell the judged cursor; 0 at first."""
        ...

    def take_over(self, shard: int) -> int:
        """Become the one pipeline of a shard and get its fence; older fences are refused now."""
        ...

    def states(self, shard: int, detector: str = "") -> dict[tuple[str, str], bytes]:
        """Read all saved detector states, or those of one detector."""
        ...

    def state(self, shard: int, building_id: str, detector: str) -> bytes | None:
        """Read one saved detector state; `None` when there is none."""
        ...

    def open_alerts(self, building_ids: Iterable[str]) -> list[Alert]:
        """Read alerts that are not closed, and the newest closed one of each building and cause."""
        ...

    def active_recipients(self) -> list[Recipient]: ...

    def commit(self, judgement: Judgement) -> None:
        """Write a judgement in one transaction, with a change-log line for each alert.

        Raises
        ------
        Conflict
            When an alert's version is stale; nothing is written.
        StoreUnavailable
            When the database cannot be reached; nothing is written.

        """
        ...


class AlertStore(Protocol):
    """Keeps alerts for those who act on them."""

    def alert(self, alert_id: str) -> Alert | None: ...
    def alerts(
        self,
        page: Page,
        *,
        building_ids: Sequence[str] | None = None,
        states: Sequence[AlertState] = (),
        level_min: Level = Level.NONE,
        installation: bool = False,
    ) -> list[Alert]:
        """List worst level first, then newest opened; `building_ids` `None` means all.

        Those about the installation are there only when they are asked for.
        """
        ...

    def events(self, alert_id: str) -> list[AlertEvent]: ...
    def findings(
        self, page: Page, *, building_ids: Sequence[str] | None = None, ids: Sequence[str] = ()
    ) -> list[Finding]:
        """List newest first; with `ids`, those only."""
        ...

    def notices(self, alert_id: str) -> list[Notice]: ...
    def save(
        self,
        alert: Alert,
        events: Sequence[AlertEvent],
        notices: Sequence[Notice] = (),
        findings: Sequence[Finding] = (),
    ) -> None:
        """Write what was done to one alert in one transaction with its change-log line.

        Raises
        ------
        Conflict
            When the alert's version is stale.

        """
        ...

    def overdue(
        self, level: Level, opened_before_ns: int, *, installation: bool = False
    ) -> list[Alert]:
        """List open, unacknowledged, not yet escalated alerts at a level or above.

        Of buildings, or with `installation` of the installation.
        """
        ...

    def put_recipient(self, recipient: Recipient, by: str) -> None: ...
    def recipients(self) -> list[Recipient]: ...
    def changes(self, after_id: int, limit: int = 500) -> list[Change]: ...
    def last_change(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Backlog:
    """How the outbox stands.

    Parameters
    ----------
    front
        Names the try that has been due for longest; empty: nothing is due. While it stays the
        same, that one does not get its turn.
    refused_since_ns
        When the eldest notice was made that every way has refused and that is still tried.

    """

    front: str = ""
    refused_since_ns: int | None = None


class Waiting(Protocol):
    """Holds messages until each is accepted or given up: what a dispatcher sends from."""

    def due(self, now_ns: int, limit: int) -> list[Notice]:
        """Read the notices whose `next_at_ns` has come, worst level first, oldest first."""
        ...

    def mark(self, notice: Notice) -> None:
        """Write what became of a try."""
        ...


class Outbox(Waiting, Protocol):
    """Holds the notices of alerts; a mark writes a change-log line, too."""

    def backlog(self, now_ns: int) -> Backlog:
        """Tell what has been due for longest, and how old the eldest is that every way refuses."""
        ...

    def unfinished(self) -> int:
        """Count notices that still have a `next_at_ns`."""
        ...


class AccountStore(Protocol):
    """Keeps the account of readings and what was not stored."""

    def accounts(self, gateway_ids: Sequence[str] | None = None) -> list[DayAccount]: ...
    def refusals(self, page: Page, *, gateway_id: str = "") -> list[Refusal]:
        """List newest first."""
        ...

    def refusal_counts(self) -> list[tuple[str, str, str, str, int]]:
        """Count by (gateway, fate, reason, address)."""
        ...

    def statuses(self) -> list[GatewayStatus]: ...
    def clocks(self) -> list[ClockNote]:
        """List the gateways whose clock is or was not right."""
        ...


class AccessStore(Protocol):
    """Keeps users, API keys and sessions."""

    def put_user(self, user: User, by: str) -> None: ...
    def user(self, user_id: str) -> User | None: ...
    def user_named(self, name: str) -> User | None: ...
    def users(self) -> list[User]: ...
    def put_api_key(self, key: ApiKey, by: str) -> None: ...
    def api_key(self, sha256: str) -> ApiKey | None: ...
    def api_keys(self, user_id: str) -> list[ApiKey]: ...
    def put_session(self, session: Session) -> None: ...
    def session(self, token_sha256: str) -> Session | None: ...
    def drop_session(self, token_sha256: str) -> None: ...


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What was kept: hex SHA-256 and size."""

    sha256: str
    size_bytes: int


class FileStore(Protocol):
    """Keeps files by key; what stands under a key never changes.

    A key is steps of letters, digits, `.`, `_`, `-` with `/` between. Every method raises
    `InvalidInput` for another key and `StoreUnavailable` when the store refuses; those that read
    raise `NotFound` when there is no such file.
    """

    def put(self, key: str, content: bytes | Iterable[bytes]) -> StoredFile:
        """Keep a file durably; the same again is no change.

        Raises
        ------
        Conflict
            When another file stands under the key.

        """
        ...

    def pieces(self, key: str) -> Iterator[bytes]:
        """Read a file piece by piece; what is wrong is told before the first one."""
        ...

    def sha256(self, key: str) -> str:
        """Tell the hex SHA-256 of what is there now."""
        ...

    def size_bytes(self, key: str) -> int:
        """Tell a file's size."""
        ...

    def delete(self, key: str) -> None:
        """Remove a file; one that is not there is no error."""
        ...


class AuditStore(Protocol):
    """Keeps who changed what; every `put` of the register and of access writes a line."""

    def audit(self, page: Page, *, object_id: str = "") -> list[tuple[int, str, str, str, str]]:
        """List newest first: (at_ns, by, action, object id, detail)."""
        ...
