"""What the API and the pages are given to work with; `app/` fills it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from domain.access import ApiKey, Caller, Session
from domain.adjusted import Adjuster
from domain.assessed import AssessmentStore
from domain.bim_ports import ModelDesk, ModelStore, PlaceStore
from domain.budget import BudgetStore
from domain.check_figures import CheckFigureStore
from domain.check_ports import AttachmentDesk, CheckDesk, CheckRules, CheckStore, PlanStore
from domain.check_reports import ReportDesk
from domain.check_work import CheckWorkStore
from domain.clock import Clock
from domain.contexts import ContextStore
from domain.credentials import Admission, Provisioning
from domain.exchange import Exchange
from domain.fleet_ports import FleetStore, QuarantineStore
from domain.jgj125 import MemberRules
from domain.jobs import JobStore
from domain.labels import LabelStore
from domain.limits import LimitProfile
from domain.measured import Measured
from domain.ports import (
    AccessStore,
    AccountStore,
    AlertStore,
    AuditStore,
    FileStore,
    ReadingStore,
    RegisterStore,
)
from domain.score_notices import ScoreWebhookStore
from domain.search import SearchStore
from domain.tier_conflicts import TierStore
from domain.upkeep_ports import HandStore, UpkeepStore
from domain.waves import WaveStore


class Identity(Protocol):
    """Knows people by password and session, machines by key; takes the real time, never virtual."""

    def log_in(self, name: str, password: str, address: str) -> tuple[str, Session]:
        """Open a session and return its token with it.

        Raises
        ------
        Forbidden
            When name or password is wrong, or the account is closed: one text for all.
        TooManyAttempts
            When this name or address has failed too often lately.

        """
        ...

    def caller_of_session(self, token: str) -> tuple[Caller, Session] | None:
        """Find who holds a session token; `None` when it is unknown or over."""
        ...

    def caller_of_key(self, key: str) -> Caller | None:
        """Find who holds an API key; `None` when it is unknown, revoked or over."""
        ...

    def log_out(self, token: str) -> None:
        """End a session."""
        ...

    def make_key(
        self, user_id: str, name: str, by: str, expires_at_ns: int | None = None
    ) -> tuple[str, ApiKey]:
        """Make an API key; its text is shown this once.

        Raises
        ------
        NotFound
            When there is no such user.

        """
        ...

    def revoke_key(self, user_id: str, key_id: str, by: str) -> None:
        """End an API key.

        Raises
        ------
        NotFound
            When this user has no such key.

        """
        ...

    def hash_password(self, password: str) -> str:
        """Hash a password with argon2id."""
        ...


class SheetReader(Protocol):
    """Reads a table that somebody uploads."""

    def __call__(self, name: str, content: bytes) -> list[dict[str, str]]:
        """Read CSV (UTF-8 or GB18030) or XLSX: one dict a row, keys from the first row.

        Raises
        ------
        InvalidInput
            When it is neither, too large, or has no header.

        """
        ...


@dataclass(frozen=True, slots=True)
class Health:
    """One part's state, as the operator's page shows it.

    Parameters
    ----------
    state
        `ok`, `degraded` or `down`.
    text
        What the part itself says: an address, an error's text. Not for translation.
    code
        Stable word for what is the matter, such as `store away`; the pages have a sentence in
        each language for it.

    """

    part: str
    state: str
    text: str
    figures: tuple[tuple[str, float], ...] = ()
    code: str = ""


@dataclass(frozen=True, slots=True)
class RoleHealth:
    """One role of one process, as its last heart-beat told.

    Parameters
    ----------
    age_s
        Seconds since the heart-beat, in real time.
    state
        `ok`, `degraded`, `stopped` by its own word; `down` by its own word or for its silence.

    """

    role: str
    shard: int
    host: str
    pid: int
    started_at_ns: int
    beat_at_ns: int
    age_s: float
    state: str
    parts: tuple[Health, ...] = ()


def no_roles() -> "list[RoleHealth]":
    """Tell of no role: nobody beats."""
    return []


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that a route or page may use.

    Parameters
    ----------
    clock
        The one clock of readings and alerts; virtual in the accelerated story.
    simulated
        What to say on every page when the data are simulated; empty for real data.
    roles
        Every role of every process, with the age of its heart-beat; raises `StoreUnavailable`.
    waves
        Waveforms of events; `None`: this process keeps none.
    report_bytes_max
        Largest report file of an appraisal.
    log_ins
        Role, name and password of each demo account; the log-in page shows them, and only when
        the data are simulated. Empty outside the demo.
    private_webhooks
        Addresses of one's own network, and plain HTTP, may be registered for scores.

    """

    register: RegisterStore
    alerts: AlertStore
    accounts: AccountStore
    access: AccessStore
    audit: AuditStore
    readings: ReadingStore
    identity: Identity
    clock: Clock
    profile: LimitProfile
    read_sheet: SheetReader
    adjuster: Adjuster
    files: FileStore
    fleet: FleetStore
    quarantine: QuarantineStore
    health: Callable[[], list[Health]]
    upkeep: UpkeepStore
    hand: HandStore
    provisioning: Provisioning
    admission: Admission
    assessments: AssessmentStore
    jobs: JobStore
    contexts: ContextStore
    labels: LabelStore
    budgets: BudgetStore
    score_webhooks: ScoreWebhookStore
    models: ModelStore
    places: PlaceStore
    model_desk: ModelDesk
    exchange: Exchange
    search: SearchStore
    checks: CheckStore
    check_plans: PlanStore
    check_figures: CheckFigureStore
    check_work: CheckWorkStore
    tiers: TierStore
    check_reports: ReportDesk
    check_desk: CheckDesk
    attachment_desk: AttachmentDesk
    member_rules: MemberRules
    check_rules: CheckRules = field(default_factory=CheckRules)
    measured: Measured = field(default_factory=Measured)
    simulated: str = ""
    report_bytes_max: int = 15_000_000
    secure_cookies: bool = True
    roles: Callable[[], list[RoleHealth]] = no_roles
    waves: WaveStore | None = None
    log_ins: tuple[tuple[str, str, str], ...] = field(default=(), repr=False)
    private_webhooks: bool = False
