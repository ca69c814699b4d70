"""The records database: one door to all its stores."""

from dataclasses import dataclass

from sqlalchemy import text

from domain.clock import Clock, SystemClock
from storage.records.access import RecordsAccess
from storage.records.accounts import RecordsAccounts
from storage.records.alerts import RecordsAlerts
from storage.records.assessments import RecordsAssessments
from storage.records.audit import RecordsAudit
from storage.records.check_figures import RecordsCheckFigures
from storage.records.check_plans import RecordsCheckPlans
from storage.records.check_work import RecordsCheckWork
from storage.records.checks import RecordsChecks
from storage.records.contexts import RecordsContexts
from storage.records.credentials import RecordsCredentials
from storage.records.engine import Database, check_file, parse_url
from storage.records.fleet import RecordsFleet
from storage.records.hand import RecordsHand
from storage.records.heartbeats import RecordsHeartbeats
from storage.records.jobs import RecordsJobs
from storage.records.judgement import RecordsJudgement
from storage.records.labels import RecordsLabels
from storage.records.models import RecordsModels
from storage.records.outbox import RecordsOutbox
from storage.records.places import RecordsPlaces
from storage.records.quarantine import RecordsQuarantine
from storage.records.register import RecordsRegister
from storage.records.retention import RecordsRetention
from storage.records.schema import migrate
from storage.records.score_notices import RecordsScoreNotices
from storage.records.seals import RecordsSeals
from storage.records.search import RecordsSearch
from storage.records.tiers import RecordsTiers
from storage.records.upkeep import RecordsUpkeep


@dataclass(frozen=True, slots=True)
class Records:
    """The stores of one records database; safe to use from several threads."""

    database: Database
    register: RecordsRegister
    judgement: RecordsJudgement
    alerts: RecordsAlerts
    outbox: RecordsOutbox
    accounts: RecordsAccounts
    access: RecordsAccess
    audit: RecordsAudit
    fleet: RecordsFleet
    quarantine: RecordsQuarantine
    retention: RecordsRetention
    heartbeats: RecordsHeartbeats
    credentials: RecordsCredentials
    jobs: RecordsJobs
    assessments: RecordsAssessments
    contexts: RecordsContexts
    labels: RecordsLabels
    upkeep: RecordsUpkeep
    hand: RecordsHand
    score_notices: RecordsScoreNotices
    models: RecordsModels
    places: RecordsPlaces
    checks: RecordsChecks
    check_plans: RecordsCheckPlans
    check_figures: RecordsCheckFigures
    check_work: RecordsCheckWork
    search: RecordsSearch
    seals: RecordsSeals
    tiers: RecordsTiers

    def ping(self) -> None:
        """Ask the database whether it is there.

        Raises
        ------
        StoreUnavailable
            When it is not.

        """
        with self.database.reading() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Let go of files and connections."""
        self.database.close()


def open_records(url: str, create: bool = True, clock: Clock | None = None) -> Records:
    """Open a records database and bring it to the newest schema.

    Parameters
    ----------
    url
        `sqlite:////folder/records.db` or `postgresql://user:password@host/database`.
    create
        Make the SQLite file when it is missing.
    clock
        Tells the moment of audit lines; the machine's own time when left out.

    Raises
    ------
    SettingsInvalid
        When the address is wrong, or the database is of a newer Anju, of something else, or may
        not be written.
    StoreUnavailable
        When the database cannot be reached now.

    """
    parsed = parse_url(url)
    if parsed.drivername.startswith("sqlite"):
        check_file(parsed, create)
    database = Database(parsed, clock or SystemClock())
    try:
        migrate(database)
    except BaseException:
        database.close()
        raise
    return Records(
        database,
        RecordsRegister(database),
        RecordsJudgement(database),
        RecordsAlerts(database),
        RecordsOutbox(database),
        RecordsAccounts(database),
        RecordsAccess(database),
        RecordsAudit(database),
        RecordsFleet(database),
        RecordsQuarantine(database),
        RecordsRetention(database),
        RecordsHeartbeats(database),
        RecordsCredentials(database),
        RecordsJobs(database),
        RecordsAssessments(database),
        RecordsContexts(database),
        RecordsLabels(database),
        RecordsUpkeep(database),
        RecordsHand(database),
        RecordsScoreNotices(database),
        RecordsModels(database),
        RecordsPlaces(database),
        RecordsChecks(database),
        RecordsCheckPlans(database),
        RecordsCheckFigures(database),
        RecordsCheckWork(database),
        RecordsSearch(database),
        RecordsSeals(database),
        RecordsTiers(database),
    )
