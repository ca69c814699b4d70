"""Wires the two doors: our own, at which gateways knock, and the reader of a broker."""

from collections.abc import Callable
from urllib.parse import urlsplit

from pydantic import SecretStr

from app.settings import Settings
from domain.clock import Clock
from domain.ports import RegisterStore, SpoolWriter
from domain.sensors import Gateway
from ingest.directory import Directory
from ingest.door.doorkeeper import Check, RegisterKeeper
from ingest.door.listener import Door
from ingest.door.settings import DoorSettings
from ingest.receiver import Receiver
from ingest.settings import Broker, IngestSettings

RevokedSince = Callable[[int], tuple[int, frozenset[str]]]


def broker_of(settings: Settings, username: str, password: SecretStr) -> Broker:
    """Tell where the broker is, and log in as whom."""
    parts = urlsplit(settings.broker.url)
    return Broker(
        host=parts.hostname or "",
        port=parts.port or (8883 if parts.scheme == "mqtts" else 1883),
        username=username,
        password=password.get_secret_value(),
        tls=parts.scheme == "mqtts",
        ca_file=settings.broker.ca_file,
    )


def gateway_url_of(settings: Settings) -> str:
    """Tell the address that gateways are given."""
    broker = settings.broker
    if broker.gateway_url or not broker.is_door:
        return broker.gateway_url or broker.url
    return ("mqtts" if settings.door.certificate else "mqtt") + broker.url.removeprefix("door")


def receiver_of(
    settings: Settings, spool: SpoolWriter, directory: Callable[[], Directory], clock: Clock
) -> Receiver:
    """Make the reader of the broker that the settings name."""
    broker = settings.broker
    return Receiver(
        broker_of(settings, broker.username, broker.password),
        spool,
        directory,
        clock,
        broker.shard,
        _taking(settings),
    )


def door_of(
    settings: Settings,
    register: RegisterStore,
    spool: SpoolWriter,
    directory: Callable[[], Directory],
    clock: Clock,
    check: Check | None = None,
    revoked_since: RevokedSince | None = None,
) -> Door:
    """Make the device door.

    Parameters
    ----------
    check
        Finds a gateway by id and secret; `None`: no secrets are kept here.
    revoked_since
        Tells, from a number that it gave (0 at first), its next number and the gateways that
        have lost a secret since; `None`: only changes of their records count.

    """
    door, parts = settings.door, urlsplit(settings.broker.url)
    port = parts.port if parts.port is not None else 8883 if door.certificate else 1883
    keeper = RegisterKeeper(
        register.gateway,
        check,
        ChangedGateways(register, revoked_since),
        shard=settings.broker.shard,
        open_to_all=door.open,
    )
    limits = DoorSettings(
        host=parts.hostname or "",
        port=port,
        **door.model_dump(exclude={"open"}),
    )
    return Door(limits, keeper, spool, directory, clock, _taking(settings))


def _taking(settings: Settings) -> IngestSettings:
    taking = settings.ingest
    return IngestSettings(
        payload_bytes_max=taking.payload_bytes_max,
        batch_wait_s=taking.batch_wait_s,
        late_s=taking.late_s,
        receipt_every_s=taking.receipt_every_s,
    )


class ChangedGateways:
    """Tells which gateways' records or secrets have changed since it was last asked."""

    def __init__(self, register: RegisterStore, revoked_since: RevokedSince | None = None) -> None:
        self._register, self._revoked_since = register, revoked_since
        self._revision, self._number = -1, 0
        self._known: dict[str, Gateway] = {}

    def __call__(self) -> frozenset[str]:
        """Compare the register with what it was; cheap while nothing in it has changed."""
        revoked: frozenset[str] = frozenset()
        if self._revoked_since is not None:
            self._number, revoked = self._revoked_since(self._number)
        revision = self._register.revision()
        if revision == self._revision:
            return revoked
        now = {gateway.id: gateway for gateway in self._register.gateways()}
        changed = {id_ for id_, gateway in self._known.items() if now.get(id_) != gateway}
        self._known, self._revision = now, revision
        return revoked | changed
