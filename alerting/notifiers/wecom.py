"""WeCom group robot (企业微信群机器人)."""

from typing import ClassVar

from pydantic import Field

from alerting.robots import RobotNotifier, RobotSettings, post_json, spoken, verdict
from domain.alerts import Delivery, Notice, Way
from domain.clock import Clock

#: a text message of a WeCom robot holds at most so many bytes
TEXT_BYTES_MAX = 2048


class Settings(RobotSettings):
    """Settings of the WeCom notifier."""

    url: str = Field(
        "https://qyapi.weixin.qq.com/cgi-bin/webhook/send",
        description="address of the robots' service, without the key",
    )
    per_minute: int = Field(20, ge=1, description="messages a minute that one robot may send")


class Wecom(RobotNotifier):
    """Tells a WeCom group through its robot; HTTP 200 says nothing, `errcode` 0 does."""

    name = "wecom"

    #: system busy; too many calls; too many at once
    passing: ClassVar[dict[int, float | None]] = {-1: None, 45009: 60.0, 45033: 5.0}

    def __init__(self, settings: Settings, clock: Clock) -> None:
        super().__init__(settings, clock, settings.per_minute)
        self._url = settings.url

    def send(self, notice: Notice, way: Way) -> Delivery:
        """Send once and read the robot's own code."""
        robot = self._admitted(way.address)
        if isinstance(robot, Delivery):
            return robot
        key = robot.token.get_secret_value()
        hide = (key, robot.secret.get_secret_value())
        payload = {"msgtype": "text", "text": {"content": spoken(notice, TEXT_BYTES_MAX)}}
        answer = post_json(self._poster, f"{self._url}?key={key}", payload, hide)
        if isinstance(answer, Delivery):
            return answer
        return verdict(answer, ("errcode",), ("errmsg",), self.passing, hide)


NOTIFIER = Wecom
