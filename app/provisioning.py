"""Secrets of gateways: handed out, replaced, taken back, here and in the broker's accounts."""

import base64
import secrets
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import structlog

from app.hand_over import hand_over
from domain import credentials
from domain.clock import Clock
from domain.credentials import (
    MARK,
    SECRET_BYTES,
    CredentialStore,
    GatewayCredential,
    HandOver,
)
from domain.errors import InvalidInput, NotFound, StoreUnavailable
from domain.ports import RegisterStore
from domain.sensors import Gateway

log = structlog.get_logger()


class BrokerAccounts(Protocol):
    """Accounts that a broker keeps itself, one secret each."""

    def give(self, gateway: Gateway, secret: str, credential_id: str) -> None:
        """Let a gateway in with a secret, and with no other.

        Raises
        ------
        StoreUnavailable
            When the broker cannot be told.

        """
        ...

    def take(self, gateway_id: str) -> None:
        """Refuse a gateway and end its connection.

        Raises
        ------
        StoreUnavailable
            When the broker cannot be told.

        """
        ...


class LocalProvisioning:
    """Hands out, replaces and takes back secrets; a `domain.credentials.Provisioning`.

    Parameters
    ----------
    url
        Address of the broker as gateways reach it.
    accounts
        Where the broker keeps accounts of its own; `None` when it asks Anju.

    """

    def __init__(
        self,
        store: CredentialStore,
        register: RegisterStore,
        wall_clock: Clock,
        url: str,
        accounts: BrokerAccounts | None = None,
    ) -> None:
        self._store = store
        self._register = register
        self._clock = wall_clock
        self._url = url
        self._accounts = accounts

    def make(self, gateway_id: str, by: str) -> HandOver:
        """Make a gateway's first secret; see `domain.credentials.Provisioning`."""
        gateway = self._gateway(gateway_id)
        held = self._store.credentials(gateway_id)
        now_ns, secret = self._clock.now_ns(), new_secret()
        wanted = credentials.made(held, gateway_id, secret, by, now_ns)
        return self._keep(gateway, held, wanted, secret, by, "gateway secret made")

    def rotate(
        self, gateway_id: str, by: str, overlap_s: int, *, until_used: bool = True
    ) -> HandOver:
        """Replace a gateway's secret; see `domain.credentials.Provisioning`.

        A broker with accounts of its own knows one secret at a time: there the old one ends at
        once, whatever overlap is asked for, and the answer says so.
        """
        gateway = self._gateway(gateway_id)
        held = self._store.credentials(gateway_id)
        now_ns, secret = self._clock.now_ns(), new_secret()
        credentials.check_overlap(overlap_s)
        wanted = credentials.rotated(
            held,
            gateway_id,
            secret,
            by,
            now_ns,
            0 if self._accounts is not None else overlap_s,
            until_used=until_used,
        )
        return self._keep(gateway, held, wanted, secret, by, "gateway secret rotated")

    def revoke(self, gateway_id: str, by: str, reason: str) -> None:
        """Refuse a gateway from now on; see `domain.credentials.Provisioning`."""
        self._known(gateway_id)
        held = self._store.credentials(gateway_id)
        wanted = credentials.revoked(held, gateway_id, by, reason, self._clock.now_ns())
        # the records first: they are what the broker is brought in step with
        self._store.put_credentials(gateway_id, held, wanted, by, "gateway secret revoked")
        log.info("gateway secret revoked", gateway=gateway_id, by=by)
        if self._accounts is not None:
            try:
                self._accounts.take(gateway_id)
            except StoreUnavailable as error:
                # it is tried again every second until the broker has heard of it
                log.warning("broker not told yet", gateway=gateway_id, error=str(error))

    def credentials(self, gateway_id: str | None = None) -> list[GatewayCredential]:
        """List one gateway's secrets, or everybody's, oldest first."""
        return self._store.credentials(gateway_id)

    def valid(self, held: Sequence[GatewayCredential]) -> list[GatewayCredential]:
        """Keep the secrets of one gateway that are valid now, newest first."""
        return credentials.valid(held, self._clock.now_ns())

    def _keep(
        self,
        gateway: Gateway,
        held: list[GatewayCredential],
        wanted: list[GatewayCredential],
        secret: str,
        by: str,
        action: str,
    ) -> HandOver:
        new = wanted[-1]
        self._store.put_credentials(gateway.id, held, wanted, by, action)
        if self._accounts is not None:
            try:
                self._accounts.give(gateway, secret, new.id)
            except StoreUnavailable:
                # nobody was given it: what was valid before is valid again
                why = "the broker could not be told"
                useless = replace(
                    new, revoked_at_ns=self._clock.now_ns(), revoked_by=by, reason=why
                )
                self._store.put_credentials(
                    gateway.id, wanted, [*held, useless], by, "gateway secret withdrawn"
                )
                raise
        log.info(action, gateway=gateway.id, by=by, secret=f"{new.prefix}…")
        still = [one for one in self.valid(wanted) if one.id != new.id]
        old_until_ns = max((one.ends_at_ns or 0 for one in still), default=None)
        return hand_over(gateway, secret, self._url, new.made_at_ns, old_until_ns)

    def _known(self, gateway_id: str) -> Gateway:
        gateway = self._register.gateway(gateway_id)
        if gateway is None:
            raise NotFound(f"no gateway {gateway_id!r}")
        return gateway

    def _gateway(self, gateway_id: str) -> Gateway:
        gateway = self._known(gateway_id)
        credentials.check_gateway_id(gateway_id)
        if not gateway.active:
            raise InvalidInput(f"gateway {gateway_id!r} is closed; open it first")
        if gateway.by_hand:
            raise InvalidInput(f"gateway {gateway_id!r} stands for people: it never connects")
        return gateway


def new_secret() -> str:
    """Draw a secret: a mark and 160 random bits."""
    drawn = secrets.token_bytes(SECRET_BYTES)
    return MARK + base64.b32encode(drawn).decode().lower().rstrip("=")
