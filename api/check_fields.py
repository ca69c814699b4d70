"""What the routes of check-ups read and write."""

from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

from api.fields import (
    TEXT_PATTERN,
    VISIBLE_PATTERN,
    At,
    Day,
    Flag,
    Id,
    In,
    Out,
    Text,
)
from api.routes.anchors import MaybeId
from domain.buildings import Building
from domain.checkups import (
    CheckCause,
    CheckClass,
    CheckState,
    CheckUp,
    OrderState,
    Tier,
)

#: a text that may be as long as the settings say, and is looked at when it came
LongText = Annotated[str, StringConstraints(pattern=TEXT_PATTERN, max_length=1_000_000)]
Reason = Annotated[str, StringConstraints(pattern=VISIBLE_PATTERN, max_length=2_000)]


class CheckUpIn(In):
    """A check-up as it is opened, assigned or cancelled."""

    building_id: Id
    check_class: CheckClass
    cause: CheckCause
    due_on: Day | None = Field(default=None, description="left out: as the rules say, or as it was")
    cause_ref: MaybeId = Field(default="", description="what caused it, such as an event")
    cause_text: Text = ""
    tier: Tier = Tier.BODY
    firm_id: MaybeId = ""
    inspector_id: MaybeId = Field(default="", description="a user who goes")
    alert_id: MaybeId = Field(default="", description="the alert that it looks into")
    cancelled: Flag = False
    note: Text = Field(default="", description="why it is cancelled; else as people like")


class HouseOut(Out):
    """The building of a check-up, for lists and the way there."""

    id: str
    code: str
    name: str
    address: str
    district: str
    street: str
    longitude: float
    latitude: float
    crs: str


class CheckUpOut(Out):
    """One check-up."""

    id: str
    building_id: str
    check_class: CheckClass
    cause: CheckCause
    cause_ref: str
    cause_text: str
    due_on: date
    opened_at: At
    by: str
    state: CheckState
    tier: Tier
    firm_id: str
    inspector_id: str
    template_id: str
    template_version: int
    submission_id: str = Field(description="what was sent in and counts; empty until then")
    result: int | None = Field(description="1 no problem, 2 minor, 3 danger, 4 imminent")
    done_at: At | None
    alert_id: str
    note: str
    version: int
    building: HouseOut | None = None

    @classmethod
    def of(cls, check_up: CheckUp, building: Building | None = None) -> "CheckUpOut":
        """Show a check-up."""
        names = cls.model_fields.keys() - {"opened_at", "done_at", "building", "result"}
        return cls.model_validate(
            {name: getattr(check_up, name) for name in names}
            | {
                "opened_at": check_up.opened_at_ns,
                "done_at": check_up.done_at_ns,
                "result": None if check_up.result is None else int(check_up.result),
                "building": HouseOut.model_validate(building) if building else None,
            }
        )


class OrderOut(Out):
    """An appraisal that a check-up calls for."""

    id: str
    building_id: str
    check_up_id: str
    cause_text: str
    opened_at: At = Field(validation_alias="opened_at_ns")
    due_on: date
    by: str
    state: OrderState
    appraisal_id: str = Field(description="the report that answers it; empty until then")
    closed_at: At | None = Field(validation_alias="closed_at_ns")
    note: str
    version: int


class OrderIn(In):
    """What becomes of an ordered appraisal."""

    state: OrderState
    due_on: Day | None = Field(default=None, description="left out: as it was")
    appraisal_id: MaybeId = Field(default="", description="of a report of this building")
    note: Text = Field(default="", description="why, when it is cancelled")


class SettleIn(In):
    """Which of several submissions counts, and why."""

    submission_id: Id
    note: Reason
