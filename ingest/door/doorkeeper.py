"""Who may come in: the door asks, `app/` answers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from domain.errors import StoreUnavailable
from domain.sensors import Gateway
from ingest.door.packets import Reason


@dataclass(frozen=True, slots=True)
class Admitted:
    """A client that speaks for a gateway."""

    gateway_id: str
    shard: int


@dataclass(frozen=True, slots=True)
class Turned:
    """A client that is turned away."""

    reason: Reason
    why: str


class Doorkeeper(Protocol):
    """Knows who may come in; called from a thread of its own, it may take its time."""

    def admit(
        self, client_id: str, username: str, password: bytes, certificate: str
    ) -> Admitted | Turned:
        """Judge a log-in.

        Parameters
        ----------
        certificate
            Common name of the verified client certificate; empty: none was shown.

        """
        ...

    def revoked(self) -> frozenset[str]:
        """Tell which gateways' connections must end, as of the last time this was asked.

        Each reconnects and is judged anew. Asked every second.
        """
        ...


Find = Callable[[str], Gateway | None]
Check = Callable[[str, str], Gateway | None]


class RegisterKeeper:
    """Lets registered, active gateways in.

    Parameters
    ----------
    shard
        Which gateways are served here.
    find
        Finds a gateway of the register by its id; `None` when there is none.
    check
        Finds a gateway by its id and secret; `None` when they don't belong together.
    changed
        Ids of gateways whose record or secret changed since it was last asked.
    open_to_all
        A gateway's id does for a user name, with any password: for one machine only.

    """

    def __init__(
        self,
        find: Find,
        check: Check | None,
        changed: Callable[[], frozenset[str]],
        *,
        shard: int = 0,
        open_to_all: bool = False,
    ) -> None:
        self._find, self._check, self._changed = find, check, changed
        self._shard, self._open = shard, open_to_all

    def admit(
        self, client_id: str, username: str, password: bytes, certificate: str
    ) -> Admitted | Turned:
        """Judge a log-in: by certificate, else by the gateway's id and secret."""
        try:
            return self._judge(username, password, certificate)
        except StoreUnavailable as error:
            return Turned(Reason.UNAVAILABLE, str(error))

    def _judge(self, username: str, password: bytes, certificate: str) -> Admitted | Turned:
        if certificate:
            if username not in {"", certificate}:
                return Turned(Reason.BAD_LOG_IN, f"certificate of {certificate!r}, not its own")
            gateway = self._find(certificate)
        elif not username:
            return Turned(Reason.BAD_LOG_IN, "no user name")
        elif self._open:
            gateway = self._find(username)
        elif self._check is None:
            return Turned(Reason.NOT_AUTHORIZED, "no secrets are kept; see setting door.open")
        else:
            gateway = self._check(username, password.decode("utf-8", "replace"))
        if gateway is None:
            return Turned(Reason.BAD_LOG_IN, f"no gateway {username or certificate!r} that fits")
        if not gateway.active:
            return Turned(Reason.NOT_AUTHORIZED, f"gateway {gateway.id!r} is not active")
        if gateway.shard != self._shard:
            return Turned(
                Reason.NOT_AUTHORIZED,
                f"gateway {gateway.id!r} belongs to shard {gateway.shard}, this is {self._shard}",
            )
        return Admitted(gateway.id, gateway.shard)

    def revoked(self) -> frozenset[str]:
        """Tell which gateways must log in anew."""
        return self._changed()
