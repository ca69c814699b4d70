"""Which gateways may connect, asked at every connection and every second while they are on."""

import hmac
import threading
import time
from dataclasses import replace

import structlog

from domain.clock import SECOND_NS, Clock
from domain.credentials import (
    CredentialStore,
    GatewayCredential,
    hash_of,
    may_publish,
    may_subscribe,
    valid,
)
from domain.errors import StoreUnavailable
from domain.ports import RegisterStore
from domain.sensors import Gateway

log = structlog.get_logger()

#: how old the copy in memory may be: a revocation is seen within this and the time of two reads
FRESH_S = 1.0
#: how exactly `last_used` is kept: a write for every connection would slow a mass reconnection
USE_NOTED_EVERY_S = 60
_USES_MAX = 100_000


class GatewayAccess:
    """Checks gateways against a copy of the register and its secrets that is a second old.

    While the records cannot be reached the copy goes on being used: nobody can revoke anything
    then, and no gateway shall be turned away because a database is away.

    Parameters
    ----------
    wall_clock
        The real time, never the virtual clock of a story.
    ingest
        Name and password with which ingest itself logs in to the broker; an empty name: none.
    fresh_s
        Seconds for which a copy is good.

    """

    def __init__(
        self,
        credentials: CredentialStore,
        register: RegisterStore,
        wall_clock: Clock,
        ingest: tuple[str, str] = ("", ""),
        fresh_s: float = FRESH_S,
    ) -> None:
        self._credentials = credentials
        self._register = register
        self._clock = wall_clock
        self._ingest = ingest
        self._fresh_s = fresh_s
        self._lock = threading.Lock()
        self._looking = threading.Lock()
        self._looked_at = float("-inf")
        self._numbers: tuple[int, int] | None = None
        self._gateways: dict[str, Gateway] = {}
        self._held: dict[str, tuple[GatewayCredential, ...]] = {}
        self._valid: dict[str, frozenset[str]] = {}
        self._number = 0
        self._cut: dict[str, int] = {}
        self._uses: dict[str, int] = {}

    # -- for the device door

    def check(self, gateway_id: str, secret: str) -> Gateway | None:
        """Tell which gateway an id and a secret open; `None`: none.

        Takes the same time whatever is wrong with them.
        """
        self._refresh()
        given = hash_of(secret)
        now_ns = self._clock.now_ns()
        with self._lock:
            gateway = self._gateways.get(gateway_id)
            held = self._held.get(gateway_id, ())
        fits = None
        # compared with something in any case, so that an unknown id takes no less time
        for one in (*valid(held, now_ns), _NOBODY):
            if hmac.compare_digest(one.sha256, given):
                fits = one
        if fits is None or gateway is None or not gateway.active:
            return None
        self._note(fits, now_ns)
        return gateway

    def revoked_since(self, number: int) -> tuple[int, frozenset[str]]:
        """Tell which gateways lost a secret or their place since a number that this gave.

        Their connections are to be closed: a gateway that still has a valid secret comes back.

        Parameters
        ----------
        number
            What the last call gave; 0 at first.

        """
        self._refresh()
        with self._lock:
            found = frozenset(g for g, at in self._cut.items() if at > number)
            return self._number, found

    def admitted(self, fresh: bool = False) -> dict[str, tuple[Gateway, GatewayCredential]]:
        """Tell every gateway that may connect now, with its newest valid secret, by id.

        Parameters
        ----------
        fresh
            As the records have it at this moment, not as the copy has it.

        Raises
        ------
        StoreUnavailable
            When `fresh` and the records cannot be reached.

        """
        if fresh:
            with self._looking:
                self._read()
        else:
            self._refresh()
        now_ns = self._clock.now_ns()
        with self._lock:
            found = {
                gateway_id: (gateway, valid(self._held.get(gateway_id, ()), now_ns))
                for gateway_id, gateway in self._gateways.items()
                if gateway.active and gateway_id in self._held
            }
        return {key: (gateway, held[0]) for key, (gateway, held) in found.items() if held}

    # -- for brokers that ask over HTTP

    def superuser(self, username: str) -> bool:
        """Tell whether a log-in name is the one of ingest itself."""
        return bool(self._ingest[0]) and hmac.compare_digest(
            username.encode("utf-8", "surrogatepass"), self._ingest[0].encode()
        )

    def admit(self, client_id: str, username: str, password: str) -> str:
        """Tell whether somebody may connect: `gateway`, `superuser`, or `""` for no.

        A gateway's client id must be its own id: with another's it would end their connection
        and could take over their session.
        """
        if self.superuser(username):
            given, own = hash_of(password), hash_of(self._ingest[1])
            return "superuser" if hmac.compare_digest(given, own) and self._ingest[1] else ""
        if client_id != username or self.check(username, password) is None:
            return ""
        return "gateway"

    def may(self, username: str, action: str, topic: str) -> bool:
        """Tell whether somebody who is connected may `publish` to or `subscribe` to a topic."""
        if self.superuser(username):
            return True
        found = self.admitted_gateway(username)
        if found is None:
            return False
        if action == "publish":
            return may_publish(found, topic)
        return action == "subscribe" and may_subscribe(found, topic)

    def admitted_gateway(self, gateway_id: str) -> Gateway | None:
        """Find a gateway that may connect now."""
        self._refresh()
        now_ns = self._clock.now_ns()
        with self._lock:
            gateway = self._gateways.get(gateway_id)
            held = self._held.get(gateway_id, ())
        if gateway is None or not gateway.active or not valid(held, now_ns):
            return None
        return gateway

    # -- the copy

    def write_uses(self) -> int:
        """Write down which secrets were used, in one transaction; tells how many.

        Raises
        ------
        StoreUnavailable
            When they cannot be written now; they are kept for the next time.

        """
        with self._lock:
            uses, self._uses = self._uses, {}
        try:
            self._credentials.note_uses(list(uses.items()))
        except StoreUnavailable:
            with self._lock:
                self._uses = uses | self._uses
            raise
        return len(uses)

    def _refresh(self) -> None:
        if time.monotonic() - self._looked_at < self._fresh_s:
            return
        with self._looking:
            if time.monotonic() - self._looked_at < self._fresh_s:
                return
            try:
                self._read()
            except StoreUnavailable as error:
                if self._numbers is None:
                    raise
                log.warning("gateways are checked against an older copy", error=str(error))
            self._looked_at = time.monotonic()

    def _read(self) -> None:
        # the numbers are read first: a change meanwhile is seen again next time
        numbers = (self._credentials.credentials_revision(), self._register.revision())
        gateways, held = self._gateways, self._held
        if self._numbers is None or numbers[1] != self._numbers[1]:
            gateways = {gateway.id: gateway for gateway in self._register.gateways()}
        if self._numbers is None or numbers[0] != self._numbers[0]:
            lists: dict[str, list[GatewayCredential]] = {}
            for one in self._credentials.credentials():
                lists.setdefault(one.gateway_id, []).append(one)
            held = {gateway_id: tuple(found) for gateway_id, found in lists.items()}
        now_ns = self._clock.now_ns()
        usable = {
            gateway_id: frozenset(one.id for one in valid(found, now_ns))
            if gateway_id in gateways and gateways[gateway_id].active
            else frozenset()
            for gateway_id, found in held.items()
        }
        with self._lock:
            lost = {g for g, ids in self._valid.items() if ids - usable.get(g, frozenset())}
            if lost:
                self._number += 1
                self._cut |= dict.fromkeys(lost, self._number)
            self._gateways, self._held, self._valid = gateways, held, usable
            self._numbers = numbers

    def _note(self, used: GatewayCredential, now_ns: int) -> None:
        last_ns = used.last_used_at_ns
        if last_ns is not None and now_ns - last_ns < USE_NOTED_EVERY_S * SECOND_NS:
            return
        noted = replace(used, last_used_at_ns=now_ns)
        with self._lock:
            held = self._held.get(used.gateway_id, ())
            self._held[used.gateway_id] = tuple(noted if o.id == used.id else o for o in held)
            replaces = any(o.ends_when_replaced for o in held if o.id != used.id)
            if len(self._uses) < _USES_MAX:
                self._uses[used.id] = now_ns
        if last_ns is None and replaces:
            # the old secret ends with this: others must learn of it at once
            try:
                self.write_uses()
            except StoreUnavailable as error:
                log.warning("first use of a secret not written yet", error=str(error))


_NOBODY = GatewayCredential("", "", "", "0" * 64, 0, "")
