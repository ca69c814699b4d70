"""Local identity: passwords (argon2id), sessions and API keys, with throttled log-ins."""

import base64
import hashlib
import hmac
import secrets
import threading
import unicodedata
from dataclasses import replace

import structlog
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.throttle import Throttle
from domain.access import ApiKey, Caller, Session, User
from domain.clock import HOUR_NS, Clock
from domain.errors import Forbidden, NotFound
from domain.ids import new_id
from domain.ports import AccessStore

log = structlog.get_logger()

#: first characters of every API key, so that a leaked one is recognised by scanners
KEY_MARK = "anju_"
#: argon2id takes 64 MiB a hash; more at once would let log-ins exhaust the memory
HASHES_AT_ONCE = 4
PASSWORD_LENGTH_MAX = 256


class LocalIdentity:
    """Knows people by local password and session, and machines by API key.

    Every question reads the user again, so that a change of role or scope, a closed account
    or a revoked key counts from the next request on.

    Parameters
    ----------
    access
        Where users, keys and sessions are kept.
    wall_clock
        The real time, never the virtual clock of a story.
    session_hours
        How long a log-in lasts.
    hasher
        Argon2id with its costs; RFC 9106's second recommendation by default.
    name_waits, address_waits
        How failures slow down further tries for one name and from one address.

    """

    def __init__(
        self,
        access: AccessStore,
        wall_clock: Clock,
        session_hours: float = 12.0,
        hasher: PasswordHasher | None = None,
        name_waits: Throttle | None = None,
        address_waits: Throttle | None = None,
    ) -> None:
        self._access = access
        self._clock = wall_clock
        self._session_ns = int(session_hours * HOUR_NS)
        self._hasher = hasher or PasswordHasher()
        # an attacker can lock a name's owner out for the longest wait only: keep it short
        self._name_waits = name_waits or Throttle(wall_clock, free=5, wait_s_max=60.0)
        # many people may share one address behind a proxy: more tries are free
        self._address_waits = address_waits or Throttle(wall_clock, free=20, wait_s_max=900.0)
        self._hashing = threading.BoundedSemaphore(HASHES_AT_ONCE)
        # verified against when there is no such user, so that both answers take the same time
        self._nobody = self._hasher.hash(secrets.token_hex(16))

    def log_in(self, name: str, password: str, address: str) -> tuple[str, Session]:
        """Open a session and return its token with it.

        Raises
        ------
        Forbidden
            When name or password is wrong, or the account is closed: one text for all.
        TooManyAttempts
            When this name or address has failed too often lately.

        """
        # counted before the slow check, so that tries at the same moment count as well
        self._address_waits.attempt(f"address {address}")
        self._name_waits.attempt(f"name {name}")
        user = self._access.user_named(name) if "\0" not in name else None
        usable = user is not None and user.active and user.password_hash != ""
        hashed = user.password_hash if user is not None and usable else self._nobody
        matches = self._matches(hashed, password)
        if user is None or not usable or not matches:
            # not the name: people type their password into the wrong box
            log.warning("log-in refused", user=user.id if user else None, address=address)
            raise Forbidden("name or password is wrong, or the account is closed")
        self._name_waits.succeeded(f"name {name}")
        self._address_waits.withdraw(f"address {address}")
        token = secrets.token_urlsafe(32)
        now_ns = self._clock.now_ns()
        session = Session(
            _sha256(token), user.id, _csrf(token, user), now_ns, now_ns + self._session_ns
        )
        self._access.put_session(session)
        log.info("logged in", user=user.id, address=address)
        return token, session

    def caller_of_session(self, token: str) -> tuple[Caller, Session] | None:
        """Find who holds a session token; `None` when it is unknown or over."""
        session = self._access.session(_sha256(token))
        if session is None:
            return None
        user = self._access.user(session.user_id)
        over = self._clock.now_ns() >= session.expires_at_ns
        # the CSRF token is bound to the password: a changed password ends older sessions
        if (
            over
            or user is None
            or not user.active
            or not hmac.compare_digest(session.csrf, _csrf(token, user))
        ):
            self._access.drop_session(session.token_sha256)
            return None
        return _caller(user), session

    def caller_of_key(self, key: str) -> Caller | None:
        """Find who holds an API key; `None` when it is unknown, revoked or over."""
        if not key.startswith(KEY_MARK):
            return None
        kept = self._access.api_key(_sha256(key))
        if kept is None or kept.revoked_at_ns is not None:
            return None
        if kept.expires_at_ns is not None and self._clock.now_ns() >= kept.expires_at_ns:
            return None
        user = self._access.user(kept.user_id)
        return _caller(user) if user is not None and user.active else None

    def log_out(self, token: str) -> None:
        """End a session."""
        self._access.drop_session(_sha256(token))

    def make_key(
        self, user_id: str, name: str, by: str, expires_at_ns: int | None = None
    ) -> tuple[str, ApiKey]:
        """Make an API key of 160 random bits; its text is shown this once.

        Raises
        ------
        NotFound
            When there is no such user.

        """
        if self._access.user(user_id) is None:
            raise NotFound(f"no user {user_id!r}")
        text = KEY_MARK + base64.b32encode(secrets.token_bytes(20)).decode().lower()
        now_ns = self._clock.now_ns()
        key = ApiKey(
            id=new_id(now_ns),
            user_id=user_id,
            name=name,
            prefix=text[: len(KEY_MARK) + 6],
            sha256=_sha256(text),
            created_at_ns=now_ns,
            expires_at_ns=expires_at_ns,
        )
        self._access.put_api_key(key, by)
        return text, key

    def revoke_key(self, user_id: str, key_id: str, by: str) -> None:
        """End an API key; ending it again changes nothing.

        Raises
        ------
        NotFound
            When this user has no such key.

        """
        for key in self._access.api_keys(user_id):
            if key.id == key_id:
                if key.revoked_at_ns is None:
                    self._access.put_api_key(replace(key, revoked_at_ns=self._clock.now_ns()), by)
                return
        raise NotFound(f"no key {key_id!r} of user {user_id!r}")

    def hash_password(self, password: str) -> str:
        """Hash a password with argon2id."""
        with self._hashing:
            return self._hasher.hash(_composed(password))

    def _matches(self, hashed: str, password: str) -> bool:
        """Tell whether a password belongs to a hash, in the time that a hash takes."""
        with self._hashing:
            try:
                # cut, so that a megabyte of password costs no more than a page of it
                return self._hasher.verify(hashed, _composed(password[:PASSWORD_LENGTH_MAX]))
            except (VerificationError, InvalidHashError):
                return False


def _composed(password: str) -> bytes:
    """Write a password in one way whatever keyboard it came from (NFC), as bytes."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _csrf(token: str, user: User) -> str:
    """Derive a session's CSRF token; only who holds the session token can, until a new password."""
    secret = token.encode("utf-8", "surrogatepass")
    return hmac.new(secret, b"csrf " + user.password_hash.encode(), "sha256").hexdigest()


def _caller(user: User) -> Caller:
    return Caller(user.id, user.name, user.role, user.scopes, user.language)
