"""Sends messages about bands to the webhooks that users have registered, and only outside."""

import json
import socket
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlsplit

from alerting.band_notices import sees
from alerting.notifiers.webhook import read_reply, signed_headers
from alerting.posting import Poster, refused, telling_parts
from domain.alerts import Delivery, Notice, Way
from domain.buildings import Building
from domain.clock import Clock, to_datetime
from domain.ports import Notifier
from domain.score_notices import NoticeKind, ScoreWebhookStore, is_public, url_fault

_TYPES = {
    NoticeKind.BAND: "anju.score.band.v1",
    NoticeKind.TEST: "anju.score.test.v1",
}

#: host and port -> the addresses that it has
Resolve = Callable[[str, int], list[str]]


def resolve(host: str, port: int) -> list[str]:
    """Look a host up."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def event(notice: Notice, source: str) -> bytes:
    """Write a message as a CloudEvents 1.0 message in structured JSON; a repeat is the same."""
    kind = NoticeKind(notice.title)
    data = json.loads(notice.text)
    written = {
        "specversion": "1.0",
        "id": notice.id,
        "source": source,
        "type": _TYPES[kind],
        "subject": data.get("building_id", notice.recipient_id),
        "time": to_datetime(notice.created_at_ns).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": data,
    }
    return json.dumps(written, ensure_ascii=False, separators=(",", ":")).encode()


class BandWebhook:
    """Posts to users' own addresses; a `domain.ports.Notifier`.

    An address is looked up each time, every answer must be one of the public internet, and the
    connection goes to the one that was looked at: a name cannot be pointed inside meanwhile.

    Parameters
    ----------
    clock
        Real time, which signatures carry.
    building
        Finds a building: whether the user may still see it is asked again before each try.
    private
        Addresses of one's own network, and plain HTTP, are allowed.

    """

    name = "score-webhook"

    def __init__(
        self,
        webhooks: ScoreWebhookStore,
        building: Callable[[str], Building | None],
        clock: Clock,
        *,
        private: bool = False,
        timeout_s: float = 10.0,
        ca_file: str = "",
        source: str = "/anju",
        resolve: Resolve = resolve,
    ) -> None:
        self._webhooks, self._building, self._clock = webhooks, building, clock
        self._private, self._source, self._resolve = private, source, resolve
        self._poster = Poster(timeout_s, ca_file)

    def send(self, notice: Notice, way: Way) -> Delivery:
        """Send once; a 2xx answer counts unless its own words say that it was refused."""
        known = {webhook.id: (webhook, user) for webhook, user in self._webhooks.subscribers()}
        if way.notifier not in known:
            return refused("the webhook was deleted")
        webhook, user = known[way.notifier]
        if way.address:
            building = self._building(way.address)
            if building is None or not sees(user, building):
                return refused("not sent: the building is no longer within the user's scope")
        elif not user.active:
            return refused("not sent: the user's account is closed")
        if fault := url_fault(webhook.url, private=self._private):
            return refused(f"not sent: the address {fault}")
        body = event(notice, self._source)
        headers = signed_headers(webhook.secret, body, self._clock)
        hide = (webhook.secret, *telling_parts(webhook.url))
        at = "" if self._private else self._looked_up(webhook.url)
        if isinstance(at, Delivery):
            return at
        reply = self._poster.post(webhook.url, body, headers, (webhook.secret,), at=at)
        return reply if isinstance(reply, Delivery) else read_reply(reply, hide)

    def _looked_up(self, url: str) -> str | Delivery:
        """Find the address to connect to, or tell why not."""
        parts = urlsplit(url)
        try:
            found = self._resolve(parts.hostname or "", parts.port or 443)
        except (OSError, UnicodeError):
            return refused("the host's name cannot be resolved", retry=True)
        if not found:
            return refused("the host's name has no address", retry=True)
        # a scope behind % is only known to addresses of this very network
        if any("%" in address or not is_public(address) for address in found):
            return refused("not sent: the host lies in a private network")
        return found[0]


class OneForAll(Mapping[str, Notifier]):
    """One notifier under every name: so each webhook has a lane, and none waits for another."""

    def __init__(self, notifier: Notifier) -> None:
        self._notifier = notifier

    def __getitem__(self, name: str) -> Notifier:
        """Give the notifier."""
        return self._notifier

    def __contains__(self, name: object) -> bool:
        """Every webhook's name will do."""
        return bool(name)

    def __iter__(self) -> Iterator[str]:
        """Name none: they come with the messages."""
        return iter(())

    def __len__(self) -> int:
        """Count none."""
        return 0
