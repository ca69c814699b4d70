"""Signed webhook: a CloudEvents 1.0 message to a receiver of one's own."""

import hashlib
import hmac
import json
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from alerting.posting import Poster, Reply, refused, telling_parts, words
from domain.alerts import Delivery, Notice, NoticeState, Way
from domain.clock import SECOND_NS, Clock, to_datetime

#: what an error code may be when there is no error
_GOOD_CODES = frozenset({"0", "200", "None", ""})


class Target(BaseModel):
    """One receiver."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: SecretStr = Field(description="`https://…` address that is posted to")
    secret: SecretStr = Field(min_length=16, description="shared key of the signature")


class Settings(BaseModel):
    """Settings of the webhook notifier."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    targets: dict[str, Target] = Field(
        {}, description="receivers by the name that a recipient's way gives as its address"
    )
    source: str = Field("/anju", min_length=1, description="`source` of the CloudEvents message")
    timeout_s: float = Field(10.0, gt=0, le=60, description="for connecting and for an answer")
    ca_file: str = Field("", description="CA certificates (PEM); empty: the system's")
    proxy: str = Field("", description="HTTP proxy to go through; empty: none")


def message(notice: Notice, source: str) -> bytes:
    """Write a notice as a CloudEvents 1.0 message in structured JSON; a repeat is the same."""
    event = {
        "specversion": "1.0",
        "id": notice.id,
        "source": source,
        "type": "anju.alert.notice.v1",
        "subject": notice.alert_id,
        "time": to_datetime(notice.created_at_ns).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": {
            "notice_id": notice.id,
            "alert_id": notice.alert_id,
            "event_id": notice.event_id,
            "recipient_id": notice.recipient_id,
            "recipient_name": notice.recipient_name,
            "level": notice.level.word,
            "title": notice.title,
            "text": notice.text,
            "link": notice.link,
        },
    }
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


def signature(secret: str, stamp: str, body: bytes) -> str:
    """Sign the moment of sending and the body: `sha256=` and the hex HMAC-SHA256."""
    made = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256)
    return f"sha256={made.hexdigest()}"


def signed_headers(secret: str, body: bytes, clock: Clock) -> dict[str, str]:
    """Write the headers of a message that is signed now."""
    stamp = str(clock.now_ns() // SECOND_NS)
    return {
        "Content-Type": "application/cloudevents+json; charset=utf-8",
        "X-Anju-Timestamp": stamp,
        "X-Anju-Signature": signature(secret, stamp, body),
    }


class Webhook:
    """Posts notices to receivers of one's own.

    The header `X-Anju-Timestamp` holds the seconds since 1970 at which it was sent and is part of
    what is signed: a receiver refuses an old one, and knows a repeat by its id.
    """

    name = "webhook"

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._poster = Poster(settings.timeout_s, settings.ca_file, settings.proxy)

    def send(self, notice: Notice, way: Way) -> Delivery:
        """Send once; a 2xx answer counts unless its own words say that it was refused."""
        target = self._settings.targets.get(way.address)
        if target is None:
            known = ", ".join(sorted(self._settings.targets)) or "none"
            return refused(
                f"target must be one of those that are set up ({known}), got {way.address[:80]!r}"
            )
        url, secret = target.url.get_secret_value(), target.secret.get_secret_value()
        body = message(notice, self._settings.source)
        headers = signed_headers(secret, body, self._clock)
        reply = self._poster.post(url, body, headers, (secret,))
        hide = (secret, *telling_parts(url))
        return reply if isinstance(reply, Delivery) else read_reply(reply, hide)


def read_reply(reply: Reply, hide: tuple[str, ...]) -> Delivery:
    """Tell from a good status and the body what became of the message.

    An empty or plain answer is taken for what its status says. A web page is no receiver's
    answer: a proxy or a log-in stands in between. JSON may say more: an error code that is not
    zero, an `error`, or `ok`, `success` or `accepted` that is false.
    """
    taken = NoticeState.QUEUED if reply.status == 202 else NoticeState.ACCEPTED
    status = f"HTTP {reply.status}"
    if reply.kind == "text/html":
        return refused(f"{status}: a web page answered, no receiver", retry=True)
    if not reply.body.strip() or not (
        reply.kind.endswith("json") or reply.body.lstrip()[:1] in {b"{", b"["}
    ):
        return Delivery(taken, status)
    try:
        answer: Any = reply.json()
    except (ValueError, RecursionError):
        return refused(f"{status}: the answer is not JSON", retry=True)
    if not isinstance(answer, dict):
        return Delivery(taken, status)
    for name in ("errcode", "error_code", "code"):
        if str(answer.get(name, 0)) not in _GOOD_CODES:
            return refused(words(f"{name} {answer[name]}: {_said(answer)}", hide))
    if answer.get("error"):
        return refused(words(f"error: {answer['error']}", hide))
    for name in ("ok", "success", "accepted"):
        if answer.get(name) is False:
            return refused(words(f"{name} false: {_said(answer)}", hide))
    if answer.get("queued") is True:
        taken = NoticeState.QUEUED
    return Delivery(taken, status)


def _said(answer: dict[str, Any]) -> str:
    return str(next((answer[n] for n in ("errmsg", "message", "msg", "detail") if n in answer), ""))


NOTIFIER = Webhook
