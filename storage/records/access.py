"""Users, API keys and sessions in the records database."""

from sqlalchemy import delete, select

from domain.access import ApiKey, Session, User
from domain.errors import Conflict, InvalidInput
from storage.records import tables
from storage.records.audit import line_of, write_audit
from storage.records.engine import Database
from storage.records.rows import Rows, check_text, count

USERS = Rows(User, tables.users)
API_KEYS = Rows(ApiKey, tables.api_keys)
SESSIONS = Rows(Session, tables.sessions, ("token_sha256",))


class RecordsAccess:
    """Users, API keys and sessions; a `domain.ports.AccessStore`.

    Whether a key or session is over is the caller's to judge: it has the clock.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def put_user(self, user: User, by: str) -> None:
        """Keep a user.

        Raises
        ------
        InvalidInput
            When the name is empty or cannot be kept.
        Conflict
            When another user has the name.

        """
        check_text(user)
        if not user.id or not user.name.strip():
            raise InvalidInput("name must be some text, got none", "name")
        c = tables.users.c
        with self._database.writing() as connection:
            # one writer of users after the other: the audit's counter is the lock
            count(connection, "audit", lock=True)
            namesake = select(c.id).where(c.name == user.name, c.id != user.id)
            if connection.execute(namesake).scalar() is not None:
                raise Conflict(f"user name {user.name!r} is taken")
            old = USERS.one(connection, user.id)
            if old != user:
                USERS.upsert(connection, [user])
                write_audit(self._database, connection, [line_of(by, "user", old, user)])

    def user(self, user_id: str) -> User | None:
        """Read a user by id."""
        with self._database.reading() as connection:
            return USERS.one(connection, user_id)

    def user_named(self, name: str) -> User | None:
        """Read a user by the name of the log-in."""
        with self._database.reading() as connection:
            question = USERS.select().where(tables.users.c.name == name)
            return next(iter(USERS.many(connection, question)), None)

    def users(self) -> list[User]:
        """List all users by name."""
        with self._database.reading() as connection:
            return USERS.many(connection, USERS.select().order_by(tables.users.c.name))

    def put_api_key(self, key: ApiKey, by: str) -> None:
        """Keep an API key.

        Raises
        ------
        InvalidInput
            When its user is not there.
        Conflict
            When another key has the hash.

        """
        check_text(key)
        c = tables.api_keys.c
        with self._database.writing() as connection:
            count(connection, "audit", lock=True)
            if USERS.one(connection, key.user_id) is None:
                raise InvalidInput(f"user_id must name a user, got {key.user_id!r}", "user_id")
            same = select(c.id).where(c.sha256 == key.sha256, c.id != key.id)
            if connection.execute(same).scalar() is not None:
                raise Conflict(f"API key {key.id!r} is there already under another id")
            old = API_KEYS.one(connection, key.id)
            if old != key:
                API_KEYS.upsert(connection, [key])
                write_audit(self._database, connection, [line_of(by, "API key", old, key)])

    def api_key(self, sha256: str) -> ApiKey | None:
        """Read a key by the hash of its text, also when it is over."""
        with self._database.reading() as connection:
            question = API_KEYS.select().where(tables.api_keys.c.sha256 == sha256)
            return next(iter(API_KEYS.many(connection, question)), None)

    def api_keys(self, user_id: str) -> list[ApiKey]:
        """List a user's keys, oldest first."""
        c = tables.api_keys.c
        question = API_KEYS.select().where(c.user_id == user_id).order_by(c.created_at_ns, c.id)
        with self._database.reading() as connection:
            return API_KEYS.many(connection, question)

    def put_session(self, session: Session) -> None:
        """Keep a session, and forget those that were over before it began.

        Raises
        ------
        InvalidInput
            When its user is not there.

        """
        c = tables.sessions.c
        with self._database.writing() as connection:
            if USERS.one(connection, session.user_id) is None:
                raise InvalidInput(f"user_id must name a user, got {session.user_id!r}", "user_id")
            connection.execute(
                delete(tables.sessions).where(c.expires_at_ns < session.created_at_ns)
            )
            SESSIONS.upsert(connection, [session])

    def session(self, token_sha256: str) -> Session | None:
        """Read a session by the hash of its token, also when it is over."""
        with self._database.reading() as connection:
            return SESSIONS.one(connection, token_sha256)

    def drop_session(self, token_sha256: str) -> None:
        """End a session; one that is not there has ended already."""
        c = tables.sessions.c
        with self._database.writing() as connection:
            connection.execute(delete(tables.sessions).where(c.token_sha256 == token_sha256))
