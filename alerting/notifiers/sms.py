"""SMS through a gateway that takes HTTP and JSON; a table tells how it is asked and answers."""

import json
import re
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field, JsonValue, SecretStr

from alerting.posting import Poster, refused, telling_parts, words
from alerting.robots import read_object
from domain.alerts import Delivery, Notice, NoticeState, Way
from domain.clock import Clock

_NUMBER = re.compile(r"\+?[0-9]{5,20}")
_PLACE = re.compile(r"\{(phone|text|title|link|id|level)\}")


class Settings(BaseModel):
    """Settings of the SMS notifier."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: SecretStr = Field(description="address of the gateway")
    headers: dict[str, SecretStr] = Field({}, description="headers to send, keys among them")
    body: dict[str, JsonValue] = Field(
        {"phone": "{phone}", "content": "{text}", "id": "{id}"},
        description="what is sent; `{phone}`, `{text}`, `{title}`, `{link}`, `{id}` and `{level}` "
        "are filled in, at any depth",
    )
    secrets: dict[str, SecretStr] = Field(
        {}, description="further top-level entries of the body that must not be shown"
    )
    encoding: Literal["json", "form"] = Field("json", description="how the body is written")
    state_path: str = Field(
        "code", description="where the answer says what became of it, such as `result.0.status`"
    )
    accepted_values: list[str] = Field(
        ["0", "OK"], description="values there that mean: accepted by the carrier"
    )
    queued_values: list[str] = Field(
        [], description="values that mean: taken, not yet with the carrier"
    )
    retry_values: list[str] = Field([], description="values of refusals that may pass")
    message_path: str = Field("message", description="where the answer says why, for people")
    characters_max: int = Field(300, ge=20, description="longer texts are cut")
    timeout_s: float = Field(10.0, gt=0, le=60, description="for connecting and for an answer")
    ca_file: str = Field("", description="CA certificates (PEM); empty: the system's")
    proxy: str = Field("", description="HTTP proxy to go through; empty: none")


def at_path(answer: Any, path: str) -> Any:
    """Read a value from nested JSON; `None` when there is nothing at that path.

    Examples
    --------
    >>> at_path({"result": [{"status": 0}]}, "result.0.status")
    0
    >>> at_path({"result": []}, "result.0.status") is None
    True

    """
    for part in path.split("."):
        if isinstance(answer, dict) and part in answer:
            answer = answer[part]
        elif isinstance(answer, list) and part.isdecimal() and int(part) < len(answer):
            answer = answer[int(part)]
        else:
            return None
    return answer


class Sms:
    """Sends a notice as one SMS through a gateway."""

    name = "sms"

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._poster = Poster(settings.timeout_s, settings.ca_file, settings.proxy)

    def send(self, notice: Notice, way: Way) -> Delivery:
        """Send once and read the gateway's own word."""
        if not _NUMBER.fullmatch(way.address):
            return refused("phone number must be 5 to 20 digits")
        s = self._settings
        keys = {name: secret.get_secret_value() for name, secret in s.secrets.items()}
        headers = {name: secret.get_secret_value() for name, secret in s.headers.items()}
        url = s.url.get_secret_value()
        body = {**_filled(s.body, self._values(notice, way)), **keys}
        if s.encoding == "json":
            content = json.dumps(body, ensure_ascii=False).encode()
            kind = "application/json; charset=utf-8"
        else:
            content = urlencode({k: _plain(v) for k, v in body.items()}).encode()
            kind = "application/x-www-form-urlencoded"
        hide = (*telling_parts(url), *keys.values(), *headers.values(), way.address)
        reply = self._poster.post(url, content, {"Content-Type": kind, **headers}, hide)
        if isinstance(reply, Delivery):
            return reply
        answer = read_object(reply)
        return answer if isinstance(answer, Delivery) else self._read(answer, hide)

    def _values(self, notice: Notice, way: Way) -> dict[str, str]:
        text = f"{notice.title} {notice.text}"
        limit = self._settings.characters_max
        return {
            "phone": way.address,
            "text": text if len(text) <= limit else text[: limit - 1] + "…",
            "title": notice.title,
            "link": notice.link,
            "id": notice.id,
            "level": notice.level.word,
        }

    def _read(self, answer: dict[str, Any], hide: tuple[str, ...]) -> Delivery:
        s = self._settings
        value = at_path(answer, s.state_path)
        if value is None or isinstance(value, dict | list):
            return refused(f"the answer has no {s.state_path}", retry=True)
        state = _plain(value)
        said = at_path(answer, s.message_path)
        text = words(f"{s.state_path} {state}" + (f": {said}" if said else ""), hide)
        if state in s.accepted_values:
            return Delivery(NoticeState.ACCEPTED, text)
        if state in s.queued_values:
            return Delivery(NoticeState.QUEUED, text)
        return refused(text, retry=state in s.retry_values)


def _filled(template: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    return {name: _fill(part, values) for name, part in template.items()}


def _fill(part: Any, values: Mapping[str, str]) -> Any:
    """Fill the places of a template in one pass: what is filled in is not looked at again."""
    if isinstance(part, str):
        return _PLACE.sub(lambda place: values[place[1]], part)
    if isinstance(part, dict):
        return _filled(part, values)
    if isinstance(part, list):
        return [_fill(one, values) for one in part]
    return part


def _plain(value: Any) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value).lower() if isinstance(value, bool) else str(value)


NOTIFIER = Sms
