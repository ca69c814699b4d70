"""Who wants to be told when a building's score changes its band, and what became of telling."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol
from urllib.parse import urlsplit

from domain.access import Caller, User
from domain.alerts import NoticeState

#: webhooks that one user may have
WEBHOOKS_MAX = 10
URL_CHARACTERS_MAX = 500
SECRET_CHARACTERS_MIN = 16
#: names that never lead out of one's own house
_HERE = ("localhost", ".localhost", ".local", ".internal", ".home.arpa")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class NoticeKind(StrEnum):
    """What a message is about."""

    BAND = "band"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class ScoreWebhook:
    """Where a user's own system is told of changes of bands.

    Parameters
    ----------
    user_id
        Whose scopes decide which buildings it is told of, at the moment of telling too.
    url
        Address that is posted to.
    secret
        Shared key of the signature. It signs, so it is kept as it is; no answer shows it.

    """

    id: str
    user_id: str
    name: str
    url: str
    secret: str = field(repr=False)
    created_at_ns: int = 0


@dataclass(frozen=True, slots=True)
class BandNotice:
    """One message to one webhook, and what is truly known of its way there.

    Parameters
    ----------
    id
        The same in every repeat: it follows from the assessment and the webhook.
    building_id, assessment_id
        Empty for a test.
    body
        The event's data as JSON, written once: a repeat is the same to the byte.
    next_at_ns
        When to try (again); `None` when nothing is left to do.
    answer
        The receiver's own last words.

    """

    id: str
    webhook_id: str
    building_id: str
    assessment_id: str
    kind: NoticeKind
    body: str
    created_at_ns: int
    state: NoticeState = NoticeState.PENDING
    attempts: int = 0
    next_at_ns: int | None = None
    answer: str = ""
    updated_at_ns: int = 0


class ScoreWebhookStore(Protocol):
    """Keeps webhooks and the messages to them."""

    def put_webhook(self, webhook: ScoreWebhook, by: str) -> None:
        """Keep a webhook, or another state of it.

        Raises
        ------
        Conflict
            When the user has as many as are allowed, or the id is another user's.

        """
        ...

    def webhook(self, webhook_id: str) -> ScoreWebhook | None:
        """Read a webhook; `None` when there is none."""
        ...

    def webhooks(self, user_ids: Sequence[str] | None = None) -> list[ScoreWebhook]:
        """List by name; `user_ids` `None` means everybody's."""
        ...

    def delete_webhook(self, webhook_id: str, by: str) -> None:
        """Remove a webhook with its messages; what is not there is no error."""
        ...

    def subscribers(self) -> list[tuple[ScoreWebhook, User]]:
        """List every webhook with its user, by id."""
        ...

    def add_notice(self, notice: BandNotice) -> bool:
        """Keep one message; tells whether it is new."""
        ...

    def notices(self, webhook_id: str, limit: int = 50) -> list[BandNotice]:
        """List the messages to a webhook, newest first."""
        ...


def as_caller(user: User) -> Caller:
    """Take a user for the one who asks: what they may see is what they are told."""
    return Caller(user.id, user.name, user.role, user.scopes, user.language)


def url_fault(url: str, *, private: bool) -> str:
    """Tell why an address may not be posted to; empty: it may.

    Parameters
    ----------
    private
        Addresses of one's own network, and plain HTTP, are allowed: for a test or the demo.

    Examples
    --------
    >>> url_fault("https://example.com/anju", private=False)
    ''
    >>> url_fault("https://127.0.0.1/anju", private=False)
    'must not be an address of a private network'
    >>> url_fault("http://example.com/anju", private=False)
    'must begin with https://'

    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "must be an address such as https://example.com/anju"
    if len(url) > URL_CHARACTERS_MAX:
        return f"must have at most {URL_CHARACTERS_MAX} characters"
    if not url.isascii() or any(c <= " " or c == "\x7f" for c in url):
        return "must be of ASCII characters without spaces"
    if parts.scheme != "https" and not (private and parts.scheme == "http"):
        return "must begin with https://"
    host = (parts.hostname or "").rstrip(".")
    if not host or port == 0:
        return "must be an address such as https://example.com/anju"
    if parts.username is not None or parts.password is not None:
        return "must hold no user name and no password"
    if private:
        return ""
    if host == _HERE[0] or host.endswith(_HERE[1:]) or not _is_public_host(host):
        return "must not be an address of a private network"
    return ""


def _is_public_host(host: str) -> bool:
    """Tell whether a host may be asked; a name is looked up when it is posted to."""
    try:
        return is_public(host)
    except ValueError:
        # `0x7f.1` and `2130706433` are numbers to a resolver: a name has a letter at its end
        last = host.rsplit(".", 1)[-1]
        return "." in host and not last.isdigit() and not last.startswith("0x")


def is_public(address: str) -> bool:
    """Tell whether an IP address is one of the public internet, also inside of another one.

    Raises
    ------
    ValueError
        When it is no address.

    Examples
    --------
    >>> is_public("1.1.1.1"), is_public("10.0.0.1"), is_public("::ffff:169.254.169.254")
    (True, False, False)

    """
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv6Address):
        if found in _NAT64:
            return is_public(str(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)))
        inner = [found.ipv4_mapped, found.sixtofour, *(found.teredo or ())]
        if any(one is not None and not is_public(str(one)) for one in inner):
            return False
        if found.ipv4_mapped is not None:
            return True
    return found.is_global and not found.is_multicast
