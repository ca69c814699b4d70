"""What gateways log in with: secrets, their rotation and end, and the topics they open."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from domain.clock import SECOND_NS
from domain.errors import Conflict, InvalidInput, NotFound
from domain.ids import new_id
from domain.sensors import Gateway
from domain.topics import Topic, base_of

#: first characters of every gateway's secret, so that one that got out is recognised
MARK = "anjugw_"
SECRET_BYTES = 20
#: at most so many secrets of one gateway are valid at once: the newest and the one it replaces
VALID_MAX = 2
OVERLAP_S_MAX = 90 * 86_400
#: topics under a gateway's base on which only Anju speaks
FROM_ANJU = ("receipt", "config")
# a gateway's id is a level of its topics: no `/`, and none of the characters of a filter
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:~-]{0,63}")


@dataclass(frozen=True, slots=True)
class GatewayCredential:
    """One secret of a gateway; only its hash is kept.

    Parameters
    ----------
    prefix
        First characters of the secret, for people to tell secrets apart.
    sha256
        Hex SHA-256 of the whole secret, which has 160 random bits.
    last_used_at_ns
        About when it last opened a connection, as far as Anju was asked; `None`: never.
    ends_at_ns
        From when on it is not valid any more: it has been replaced.
    ends_when_replaced
        It also ends when a newer secret of the gateway is first used.
    revoked_at_ns
        From when on it is refused, also on connections that it has opened.

    """

    id: str
    gateway_id: str
    prefix: str
    sha256: str = field(repr=False)
    made_at_ns: int
    made_by: str
    last_used_at_ns: int | None = None
    ends_at_ns: int | None = None
    ends_when_replaced: bool = False
    revoked_at_ns: int | None = None
    revoked_by: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class HandOver:
    """All that a gateway needs to connect; the secret is shown this once.

    Parameters
    ----------
    url
        Address of the broker, `mqtts://host:port`.
    base
        Its base topic, `anju/1/{shard}/{gateway}`.
    text
        The same as the lines of a settings file; the QR code holds them too.
    old_until_ns
        How long the secret that this one replaces goes on being valid; `None`: it is not.

    """

    gateway_id: str
    name: str
    secret: str = field(repr=False)
    base: str
    url: str
    text: str = field(repr=False)
    qr_svg: str = field(repr=False)
    qr_png: bytes = field(repr=False)
    made_at_ns: int
    old_until_ns: int | None = None


class CredentialStore(Protocol):
    """Keeps the secrets of gateways."""

    def credentials(self, gateway_id: str | None = None) -> list[GatewayCredential]:
        """List one gateway's secrets, or everybody's, oldest first."""
        ...

    def put_credentials(
        self,
        gateway_id: str,
        known: Sequence[GatewayCredential],
        wanted: Sequence[GatewayCredential],
        by: str,
        action: str,
    ) -> None:
        """Write what a gateway's secrets shall be, all or none, with one line of the audit.

        Parameters
        ----------
        known
            The gateway's secrets as they were read.
        action
            What was done, for the audit: `gateway secret made`.

        Raises
        ------
        Conflict
            When somebody else changed them since; nothing is written.
        InvalidInput
            When there is no such gateway.

        """
        ...

    def note_uses(self, uses: Sequence[tuple[str, int]]) -> None:
        """Note by credential id when each was last used (ns); an older moment changes nothing."""
        ...

    def credentials_revision(self) -> int:
        """Tell a number that rises whenever a secret is made, ended, revoked or first used."""
        ...


class Provisioning(Protocol):
    """Hands out, replaces and takes back the secrets of gateways."""

    def make(self, gateway_id: str, by: str) -> HandOver:
        """Make a gateway's first secret.

        Raises
        ------
        NotFound
            When there is no such gateway.
        Conflict
            When it has a valid secret already.
        StoreUnavailable
            When the records or the broker's accounts cannot be reached; nothing was handed out.

        """
        ...

    def rotate(
        self, gateway_id: str, by: str, overlap_s: int, *, until_used: bool = True
    ) -> HandOver:
        """Replace a gateway's secret; the old one goes on for a while.

        Parameters
        ----------
        overlap_s
            How long at most the old secret goes on being valid, seconds; 0: not at all.
        until_used
            It ends earlier when the new one is first used.

        Raises
        ------
        NotFound
            When there is no such gateway, or it has no valid secret to replace.

        """
        ...

    def revoke(self, gateway_id: str, by: str, reason: str) -> None:
        """Refuse a gateway from now on, on connections that are open too.

        Raises
        ------
        NotFound
            When it has no valid secret.
        InvalidInput
            When no reason is given.

        """
        ...

    def credentials(self, gateway_id: str | None = None) -> list[GatewayCredential]:
        """List one gateway's secrets, or everybody's, oldest first."""
        ...

    def valid(self, held: Sequence[GatewayCredential]) -> list[GatewayCredential]:
        """Keep the secrets of one gateway that are valid now, newest first."""
        ...


class Admission(Protocol):
    """Answers brokers: who may connect, and who may do what."""

    def admit(self, client_id: str, username: str, password: str) -> str:
        """Tell whether somebody may connect: `gateway`, `superuser`, or `""` for no."""
        ...

    def superuser(self, username: str) -> bool:
        """Tell whether a log-in name is the one of ingest itself."""
        ...

    def may(self, username: str, action: str, topic: str) -> bool:
        """Tell whether somebody who is connected may `publish` to or `subscribe` to a topic."""
        ...


def hash_of(secret: str) -> str:
    """Write the hash of a secret as it is kept."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def check_gateway_id(gateway_id: str) -> None:
    """Refuse an id that could not be one level of a topic.

    Raises
    ------
    InvalidInput
        When it has other characters than letters, digits and `. _ : ~ -`, or more than 64.

    """
    if not _ID.fullmatch(gateway_id):
        raise InvalidInput(
            "gateway id must be 1 to 64 letters, digits and . _ : ~ -, beginning with a letter or "
            f"digit, got {gateway_id[:80]!r}",
            "id",
        )


def check_overlap(overlap_s: int) -> None:
    """Refuse an overlap that is none, or too long.

    Raises
    ------
    InvalidInput
        When it is not 0 to 90 days.

    """
    if not 0 <= overlap_s <= OVERLAP_S_MAX:
        raise InvalidInput(
            f"overlap_s must be 0 to {OVERLAP_S_MAX} seconds, got {overlap_s}", "overlap_s"
        )


def valid(held: Iterable[GatewayCredential], now_ns: int) -> list[GatewayCredential]:
    """Keep the secrets of one gateway that are valid at a moment, newest first."""
    found = []
    newer_used = False
    for one in sorted(held, key=lambda c: (c.made_at_ns, c.id), reverse=True):
        replaced = one.ends_when_replaced and newer_used
        ended = one.ends_at_ns is not None and now_ns >= one.ends_at_ns
        revoked = one.revoked_at_ns is not None
        if not (replaced or ended or revoked):
            found.append(one)
        newer_used = newer_used or (one.last_used_at_ns is not None and not revoked)
    return found


def made(
    held: Sequence[GatewayCredential], gateway_id: str, secret: str, by: str, now_ns: int
) -> list[GatewayCredential]:
    """Add a first secret.

    Raises
    ------
    Conflict
        When the gateway has a valid one.

    """
    if valid(held, now_ns):
        raise Conflict(f"gateway {gateway_id!r} has a valid secret; rotate it, or revoke it first")
    return [*held, _new(held, gateway_id, secret, by, now_ns)]


def rotated(
    held: Sequence[GatewayCredential],
    gateway_id: str,
    secret: str,
    by: str,
    now_ns: int,
    overlap_s: int,
    *,
    until_used: bool,
) -> list[GatewayCredential]:
    """Add a secret; the valid one goes on for the overlap, older ones end.

    Raises
    ------
    NotFound
        When there is no valid secret to replace.
    InvalidInput
        When the overlap is too long, or not one.

    """
    check_overlap(overlap_s)
    in_use = valid(held, now_ns)
    if not in_use:
        raise NotFound(f"gateway {gateway_id!r} has no valid secret to replace; make one")
    end_ns = now_ns + overlap_s * SECOND_NS
    goes_on = {one.id for one in in_use[: VALID_MAX - 1]}
    # the one that the gateway really uses goes on, not one that was never handed over
    used = [one for one in in_use if one.last_used_at_ns is not None]
    if used:
        goes_on = {used[0].id}
    changed = []
    for one in held:
        if one.id in goes_on:
            # set anew: whoever rotates again because the first sheet was lost needs the time
            changed.append(replace(one, ends_at_ns=end_ns, ends_when_replaced=until_used))
        elif one in in_use:
            changed.append(replace(one, ends_at_ns=now_ns))
        else:
            changed.append(one)
    return [*changed, _new(held, gateway_id, secret, by, now_ns)]


def revoked(
    held: Sequence[GatewayCredential], gateway_id: str, by: str, reason: str, now_ns: int
) -> list[GatewayCredential]:
    """Revoke every secret that is valid.

    Raises
    ------
    InvalidInput
        When no reason is given.
    NotFound
        When none is valid.

    """
    if not reason.strip():
        raise InvalidInput("reason must be some text, got none", "reason")
    in_use = valid(held, now_ns)
    if not in_use:
        raise NotFound(f"gateway {gateway_id!r} has no valid secret")
    ids = {one.id for one in in_use}
    return [
        replace(one, revoked_at_ns=now_ns, revoked_by=by, reason=reason.strip())
        if one.id in ids
        else one
        for one in held
    ]


def _new(
    held: Sequence[GatewayCredential], gateway_id: str, secret: str, by: str, now_ns: int
) -> GatewayCredential:
    # newer than every other, also when the clock was set back: the newest is told by its moment
    now_ns = max([now_ns, *(one.made_at_ns + 1 for one in held)])
    return GatewayCredential(
        id=new_id(now_ns),
        gateway_id=gateway_id,
        prefix=secret[: len(MARK) + 6],
        sha256=hash_of(secret),
        made_at_ns=now_ns,
        made_by=by,
    )


def may_publish(gateway: Gateway, topic: str) -> bool:
    """Tell whether a gateway may publish to a topic: all under its base that is not Anju's own.

    Examples
    --------
    >>> g = Gateway("g-7", "roof")
    >>> [may_publish(g, f"anju/1/0/{t}") for t in ("g-7/readings", "g-8/readings", "g-7/receipt")]
    [True, False, False]

    """
    try:
        parsed = Topic.parse(topic)
    except InvalidInput:
        return False
    own = topic.startswith(f"{base_of(gateway.shard, gateway.id)}/")
    plain = not any(mark in topic for mark in "+#\x00")
    return own and plain and parsed.what.split("/")[0] not in {"", *FROM_ANJU}


def may_subscribe(gateway: Gateway, filter_: str) -> bool:
    """Tell whether a gateway may subscribe: to its own `receipt` and `config`, by name.

    Examples
    --------
    >>> g = Gateway("g-7", "roof")
    >>> [may_subscribe(g, f"anju/1/0/{t}") for t in ("g-7/receipt", "g-7/+", "+/receipt")]
    [True, False, False]

    """
    return filter_ in {f"{base_of(gateway.shard, gateway.id)}/{what}" for what in FROM_ANJU}
