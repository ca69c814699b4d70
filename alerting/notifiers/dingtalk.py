"""DingTalk group robot (钉钉群机器人), signed."""

import base64
import hashlib
import hmac
import json
from typing import Any, ClassVar
from urllib.parse import urlencode

from pydantic import Field

from alerting.robots import RobotNotifier, RobotSettings, post_json, spoken, verdict
from domain.alerts import Delivery, Notice, Way
from domain.clock import Clock

#: a message of a DingTalk robot, JSON and all, holds at most so many bytes
MESSAGE_BYTES_MAX = 20_000


class Settings(RobotSettings):
    """Settings of the DingTalk notifier."""

    url: str = Field(
        "https://oapi.dingtalk.com/robot/send",
        description="address of the robots' service, without the token",
    )
    per_minute: int = Field(
        20, ge=1, description="messages a minute that one robot may send; more and it is banned"
    )


def sign(secret: str, stamp_ms: int) -> str:
    r"""Sign a moment: base64 of HMAC-SHA256 over `{ms}\n{secret}` with the secret as key."""
    made = hmac.new(secret.encode(), f"{stamp_ms}\n{secret}".encode(), hashlib.sha256)
    return base64.b64encode(made.digest()).decode()


class Dingtalk(RobotNotifier):
    """Tells a DingTalk group through its robot; HTTP 200 says nothing, `errcode` 0 does."""

    name = "dingtalk"

    #: system busy; sent too fast
    passing: ClassVar[dict[int, float | None]] = {-1: None, 130101: 60.0, 410100: 60.0}

    def __init__(self, settings: Settings, clock: Clock) -> None:
        super().__init__(settings, clock, settings.per_minute)
        self._url = settings.url

    def send(self, notice: Notice, way: Way) -> Delivery:
        """Send once and read the robot's own code."""
        robot = self._admitted(way.address)
        if isinstance(robot, Delivery):
            return robot
        token, secret = robot.token.get_secret_value(), robot.secret.get_secret_value()
        query = {"access_token": token}
        if secret:
            stamp_ms = self._clock.now_ns() // 1_000_000
            query |= {"timestamp": str(stamp_ms), "sign": sign(secret, stamp_ms)}
        hide = (token, secret, query.get("sign", ""))
        url = f"{self._url}?{urlencode(query)}"
        answer = post_json(self._poster, url, _fitting(notice), hide)
        if isinstance(answer, Delivery):
            return answer
        return verdict(answer, ("errcode",), ("errmsg",), self.passing, hide)


def _fitting(notice: Notice) -> dict[str, Any]:
    """Write the message, its text cut until the whole of it fits."""
    limit = MESSAGE_BYTES_MAX
    while True:
        payload = {"msgtype": "text", "text": {"content": spoken(notice, limit)}}
        size = len(json.dumps(payload, ensure_ascii=False).encode())
        if size <= MESSAGE_BYTES_MAX:
            return payload
        # JSON writes quotes and line breaks longer than they are: by the same share as before
        limit = limit * MESSAGE_BYTES_MAX // size - 1


NOTIFIER = Dingtalk
