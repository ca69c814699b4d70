"""Feishu group robot (飞书群机器人), signed."""

import base64
import hashlib
import hmac
from typing import Any, ClassVar

from pydantic import Field

from alerting.robots import RobotNotifier, RobotSettings, post_json, spoken, verdict
from domain.alerts import Delivery, Notice, Way
from domain.clock import SECOND_NS, Clock

#: a message of a Feishu robot holds at most 20 KB; the rest of the JSON takes less than 1 KB
TEXT_BYTES_MAX = 15_000


class Settings(RobotSettings):
    """Settings of the Feishu notifier."""

    url: str = Field(
        "https://open.feishu.cn/open-apis/bot/v2/hook",
        description="address of the robots' service, without the token",
    )
    per_minute: int = Field(100, ge=1, description="messages a minute that one robot may send")


def sign(secret: str, stamp_s: int) -> str:
    r"""Sign a moment: base64 of HMAC-SHA256 over nothing, with `{s}\n{secret}` as key."""
    made = hmac.new(f"{stamp_s}\n{secret}".encode(), b"", hashlib.sha256)
    return base64.b64encode(made.digest()).decode()


class Feishu(RobotNotifier):
    """Tells a Feishu group through its robot; HTTP 200 says nothing, `code` 0 does."""

    name = "feishu"

    #: sent too often, by the robot's own and by the platform's limit
    passing: ClassVar[dict[int, float | None]] = {11232: 60.0, 99991400: 60.0}

    def __init__(self, settings: Settings, clock: Clock) -> None:
        super().__init__(settings, clock, settings.per_minute)
        self._url = settings.url

    def send(self, notice: Notice, way: Way) -> Delivery:
        """Send once and read the robot's own code."""
        robot = self._admitted(way.address)
        if isinstance(robot, Delivery):
            return robot
        token, secret = robot.token.get_secret_value(), robot.secret.get_secret_value()
        payload: dict[str, Any] = {
            "msg_type": "text",
            "content": {"text": spoken(notice, TEXT_BYTES_MAX)},
        }
        if secret:
            stamp_s = self._clock.now_ns() // SECOND_NS
            payload |= {"timestamp": str(stamp_s), "sign": sign(secret, stamp_s)}
        hide = (token, secret, payload.get("sign", ""))
        answer = post_json(self._poster, f"{self._url}/{token}", payload, hide)
        if isinstance(answer, Delivery):
            return answer
        # older robots answer with `StatusCode`
        return verdict(answer, ("code", "StatusCode"), ("msg", "StatusMessage"), self.passing, hide)


NOTIFIER = Feishu
