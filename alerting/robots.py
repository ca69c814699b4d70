"""What the group robots of WeCom, DingTalk and Feishu have in common."""

import json
import threading
from collections import deque
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from alerting.posting import Poster, Reply, refused, words
from domain.alerts import Delivery, Notice, NoticeState
from domain.clock import MINUTE_NS, SECOND_NS, Clock


class Robot(BaseModel):
    """One robot of one group."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    token: SecretStr = Field(description="what the robot's own address ends in")
    secret: SecretStr = Field(
        SecretStr(""), description="key for signing; empty: the robot does not ask for one"
    )


class RobotSettings(BaseModel):
    """Settings that every kind of robot has."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    robots: dict[str, Robot] = Field(
        {}, description="robots by the name that a recipient's way gives as its address"
    )
    timeout_s: float = Field(10.0, gt=0, le=60, description="for connecting and for an answer")
    ca_file: str = Field("", description="CA certificates (PEM); empty: the system's")
    proxy: str = Field("", description="HTTP proxy to go through; empty: none")


class MinuteLimit:
    """Counts what was sent in the last minute, by name; the clock is an argument's."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._sent: dict[str, deque[int]] = {}
        self._lock = threading.Lock()

    def wait_s(self, name: str, now_ns: int) -> float:
        """Count one more, or tell how many seconds it has to wait; 0: it may go."""
        with self._lock:
            sent = self._sent.setdefault(name, deque())
            while sent and now_ns - sent[0] >= MINUTE_NS:
                sent.popleft()
            if len(sent) >= self._per_minute:
                return (sent[0] + MINUTE_NS - now_ns) / SECOND_NS
            sent.append(now_ns)
            return 0.0


def robot_named(robots: Mapping[str, Robot], name: str) -> Robot | Delivery:
    """Find the robot that a way names."""
    if name in robots:
        return robots[name]
    known = ", ".join(sorted(robots)) or "none"
    return refused(f"robot must be one of those that are set up ({known}), got {name[:80]!r}")


def spoken(notice: Notice, limit: int) -> str:
    """Write a notice as plain text of at most so many bytes; a link is whole or left out."""
    tail = f"\n{notice.link}" if notice.link else ""
    if len(tail.encode()) > limit // 2:
        tail = ""
    head = cut(f"{notice.title}\n{notice.text}", limit - len(tail.encode()))
    return head + tail


def cut(text: str, limit: int) -> str:
    """Cut a text to so many bytes of UTF-8, at a whole character, and show that it was cut.

    Examples
    --------
    >>> cut("裂缝裂缝", 12), cut("裂缝裂缝", 11)
    ('裂缝裂缝', '裂缝…')

    """
    raw = text.encode()
    if len(raw) <= limit:
        return text
    return raw[: max(limit - 3, 0)].decode("utf-8", "ignore") + ("…" if limit >= 3 else "")


def post_json(
    poster: Poster, url: str, payload: Mapping[str, Any], hide: tuple[str, ...]
) -> dict[str, Any] | Delivery:
    """Post JSON and read the object that must come back; anything else is a refusal."""
    reply = poster.post(
        url,
        json.dumps(payload, ensure_ascii=False).encode(),
        {"Content-Type": "application/json; charset=utf-8"},
        hide,
    )
    return reply if isinstance(reply, Delivery) else read_object(reply)


def read_object(reply: Reply) -> dict[str, Any] | Delivery:
    """Read a JSON object; what became of the message is not known otherwise."""
    try:
        answer = reply.json()
    except (ValueError, RecursionError):
        return refused(f"HTTP {reply.status}: the answer is not JSON", retry=True)
    if not isinstance(answer, dict):
        return refused(f"HTTP {reply.status}: the answer is no JSON object", retry=True)
    return answer


def verdict(
    answer: Mapping[str, Any],
    code_names: tuple[str, ...],
    text_names: tuple[str, ...],
    passing: Mapping[int, float | None],
    hide: tuple[str, ...],
) -> Delivery:
    """Read a robot's own error code: 0 alone means that it took the message.

    Parameters
    ----------
    code_names, text_names
        Names that the code and its text may have, the first one present counts.
    passing
        Codes that may pass, with the seconds to wait where the channel's rules tell them.

    """
    name = next((n for n in code_names if n in answer), code_names[0])
    code = answer.get(name)
    if isinstance(code, bool) or not isinstance(code, int):
        return refused(f"the answer has no {name}", retry=True)
    said = words(next((answer[n] for n in text_names if n in answer), ""), hide)
    text = f"{name} {code}" + (f": {said}" if said else "")
    if code == 0:
        return Delivery(NoticeState.ACCEPTED, text)
    return refused(text, retry=code in passing, retry_after_s=passing.get(code))


class RobotNotifier:
    """A notifier whose recipients are robots; a channel says how it signs and answers."""

    name = "robot"

    def __init__(self, settings: RobotSettings, clock: Clock, per_minute: int) -> None:
        self._settings, self._clock = settings, clock
        self._limit = MinuteLimit(per_minute)
        self._poster = Poster(settings.timeout_s, settings.ca_file, settings.proxy)

    def _admitted(self, robot_name: str) -> Robot | Delivery:
        """Find a robot that may send now."""
        robot = robot_named(self._settings.robots, robot_name)
        if isinstance(robot, Delivery):
            return robot
        wait_s = self._limit.wait_s(robot_name, self._clock.now_ns())
        if wait_s > 0:
            return refused(
                "not sent: the robot's limit a minute is used up", retry=True, retry_after_s=wait_s
            )
        return robot
