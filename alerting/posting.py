"""One HTTP POST to a channel: what came back, in the words of an answer, without secrets."""

import json
import logging
import re
import ssl
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx2

from domain.alerts import Delivery, NoticeState

ANSWER_BYTES_MAX = 65_536
WORDS_MAX = 200
RETRY_AFTER_S_MAX = 86_400.0
#: statuses besides 5xx that may pass
_PASSING = frozenset({408, 425, 429})
# the library's own line for each request holds the whole address, and with it the token
logging.getLogger("httpx2").addFilter(lambda record: record.levelno > logging.INFO)

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer with a good HTTP status; whether the channel took the message stands in it."""

    status: int
    kind: str
    body: bytes

    def json(self) -> Any:
        """Read the body as JSON.

        Raises
        ------
        ValueError
            When it is none.

        """
        return json.loads(self.body)


@cache
def trust(ca_file: str) -> ssl.SSLContext:
    """Make the TLS settings that trust a file's certificates, or the system's; read once."""
    return ssl.create_default_context(cafile=ca_file or None)


class Poster:
    """Posts to one channel; never raises for its failures.

    Redirects are not followed, an answer is read up to 64 KiB, and neither an answer nor a log
    line holds an address or a secret: those who may read notices may not send in our name.

    Parameters
    ----------
    timeout_s
        For connecting and for each read, and for the answer as a whole.
    ca_file
        CA certificates (PEM) for TLS; empty: the system's.
    proxy
        HTTP proxy to go through; the environment's proxies are not used.

    """

    def __init__(self, timeout_s: float, ca_file: str = "", proxy: str = "") -> None:
        self._timeout_s = timeout_s
        self._client = httpx2.Client(
            timeout=timeout_s,
            verify=trust(ca_file),
            follow_redirects=False,
            trust_env=False,
            proxy=proxy or None,
            # a kept connection that the channel has dropped would look like a refusal
            limits=httpx2.Limits(max_keepalive_connections=0),
        )

    def post(
        self,
        url: str,
        content: bytes,
        headers: Mapping[str, str],
        hide: Iterable[str] = (),
        *,
        at: str = "",
    ) -> Reply | Delivery:
        """Post once.

        Parameters
        ----------
        hide
            Secrets that may stand in an answer and must not go on.
        at
            IP address to connect to in place of looking the host up; TLS still asks for the host.

        Returns
        -------
        Reply or Delivery
            A reply for a status of 2xx, else what the failure means.

        """
        return self._send("POST", url, content, headers, hide, at)

    def get(self, url: str) -> Reply | Delivery:
        """Ask once, as `post` does, without a body."""
        return self._send("GET", url, None, {}, ())

    def _send(
        self,
        method: str,
        url: str,
        content: bytes | None,
        headers: Mapping[str, str],
        hide: Iterable[str],
        at: str = "",
    ) -> Reply | Delivery:
        hide = (*hide, *telling_parts(url))
        extensions: dict[str, str] = {}
        if at:
            asked = httpx2.URL(url)
            headers = {**headers, "Host": asked.netloc.decode("ascii")}
            extensions["sni_hostname"] = asked.host
            url = str(asked.copy_with(host=at))
        until = time.monotonic() + self._timeout_s
        try:
            with self._client.stream(
                method, url, content=content, headers=headers, extensions=extensions
            ) as response:
                body = bytearray()
                for piece in response.iter_bytes():
                    body += piece
                    if len(body) > ANSWER_BYTES_MAX:
                        return refused(
                            f"answer is longer than {ANSWER_BYTES_MAX} bytes", retry=True
                        )
                    if time.monotonic() > until:
                        return refused(f"timed out after {self._timeout_s:g} s", retry=True)
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, OSError) as error:
            return _broken(error, self._timeout_s)
        if 200 <= response.status_code < 300:
            kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
            return Reply(response.status_code, kind, bytes(body))
        return _unwelcome(response, bytes(body), hide)

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()


def refused(answer: str, *, retry: bool = False, retry_after_s: float | None = None) -> Delivery:
    """Say that a channel did not take a message."""
    return Delivery(NoticeState.REFUSED, answer, retry, retry_after_s)


def words(text: object, hide: Iterable[str] = ()) -> str:
    """Make a channel's own words fit to be kept: one line, short, without secrets."""
    plain = str(text)
    for secret in sorted(filter(None, hide), key=len, reverse=True):
        plain = plain.replace(secret, "***")
    plain = _CONTROL.sub(" ", plain)
    # whatever looks like an address could carry a token
    plain = re.sub(r"\b\w+://\S+", "***", plain)
    return " ".join(plain.split())[:WORDS_MAX]


def _broken(error: Exception, timeout_s: float) -> Delivery:
    """Say how a connection failed; an error's own text may hold the address."""
    if isinstance(error, httpx2.TimeoutException):
        return refused(f"timed out after {timeout_s:g} s", retry=True)
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return refused(f"TLS: certificate not trusted ({cause.verify_message})", retry=True)
        if isinstance(cause, ssl.SSLError):
            return refused(f"TLS: {words(cause.reason or 'handshake failed')}", retry=True)
        if isinstance(cause, ConnectionRefusedError):
            return refused("connection refused", retry=True)
        cause = cause.__cause__ or cause.__context__
    match error:
        case httpx2.InvalidURL() | httpx2.UnsupportedProtocol() | httpx2.LocalProtocolError():
            return refused("the address set for this channel is not valid")
        case httpx2.ConnectError():
            return refused("cannot connect", retry=True)
        case _:
            return refused("connection dropped before an answer came", retry=True)


def telling_parts(url: str) -> list[str]:
    """List the parts of an address that may be secret: the values of its query, long segments."""
    parts = urlsplit(url)
    values = [value for _, value in parse_qsl(parts.query) if len(value) >= 4]
    segments = [unquote(part) for part in parts.path.split("/") if len(part) >= 16]
    return [url, *values, *segments, *filter(None, [parts.password])]


def _unwelcome(response: httpx2.Response, body: bytes, hide: Iterable[str]) -> Delivery:
    status = response.status_code
    if 300 <= status < 400:
        return refused(f"HTTP {status}: redirects are not followed")
    said = words(body[:2000].decode("utf-8", "replace"), hide)
    answer = f"HTTP {status}" + (f": {said}" if said else "")
    retry = status >= 500 or status in _PASSING
    return refused(answer, retry=retry, retry_after_s=_retry_after_s(response) if retry else None)


def _retry_after_s(response: httpx2.Response) -> float | None:
    """Read `Retry-After` (RFC 9110 10.2.3): seconds, or a date read against the answer's own."""
    text = response.headers.get("retry-after", "").strip()
    if not text:
        return None
    if text.isascii() and text.isdigit():
        return min(float(text), RETRY_AFTER_S_MAX)
    until, now = _date(text), _date(response.headers.get("date", ""))
    if until is None or now is None:
        return None
    return min(max((until - now).total_seconds(), 0.0), RETRY_AFTER_S_MAX)


def _date(text: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return at if at.tzinfo else None
