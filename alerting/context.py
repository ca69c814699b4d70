"""What joining and escalating need to know beside the findings and the alerts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from domain.alerts import Recipient
from domain.buildings import Building
from domain.limits import LimitProfile


@dataclass(frozen=True, slots=True)
class JoinContext:
    """Buildings, people, limits and words that alerts and notices are made with.

    Parameters
    ----------
    buildings
        Every building that is watched here, by id: also the base of the share that tells a
        cause common to many buildings.
    recipients
        Everybody who may be told, of all districts.
    profile
        Its numbers steer agreement, reopening and escalation.
    base_url
        Where the pages are, without a slash at the end; notices link to `/alerts/{id}` there.
    gateway_of
        Gateway id by sensor id, where known: points on one gateway that go silent together
        are one fault, not several witnesses.

    """

    buildings: Mapping[str, Building]
    recipients: Sequence[Recipient]
    profile: LimitProfile
    base_url: str = ""
    gateway_of: Mapping[str, str] = field(default_factory=dict)
