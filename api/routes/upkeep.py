"""A sensor's log book: what technicians did, what an act would come to, and its undoing."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field, StringConstraints

from api.fields import (
    DIGITS,
    TEXT_PATTERN,
    VISIBLE_PATTERN,
    At,
    Azimuth,
    Bound,
    Id,
    In,
    Moment,
    Number,
    Out,
    PathId,
    ShortText,
    Text,
)
from api.permission import Given, may
from api.problem import problems
from api.visibility import building_for
from domain.access import Caller
from domain.clock import to_ns
from domain.ids import new_id
from domain.push_test import PushAnswer
from domain.services import Services
from domain.upkeep import Act, ActKind, Line, Wish, Work
from domain.upkeep_desk import UpkeepDesk, undone

router = APIRouter(prefix="/buildings/{building_id}/sensors/{sensor_id}", tags=["upkeep"])

Value = Annotated[Number, Field(ge=-1e6, le=1e6)]
DayText = Annotated[str, StringConstraints(pattern=r"^(\d{4}-\d\d-\d\d)?$")]


class FactsIn(In):
    """Facts of an instrument; what is left out stays."""

    model: ShortText | None = None
    serial: ShortText | None = None
    certificate: ShortText | None = None
    certificate_until: DayText | None = Field(default=None, description="2027-03-31")
    resolution: Annotated[Number, Field(gt=0)] | None = None


class ActIn(In):
    """What was done to a sensor."""

    kind: ActKind
    at: Moment | None = Field(default=None, description="from when it holds; left out: now")
    reason: Annotated[str, StringConstraints(pattern=VISIBLE_PATTERN, max_length=500)]
    surveys: dict[Id, Value] = Field(
        default_factory=dict,
        description="of `survey`: by channel id what was measured, in the kind's unit",
        max_length=50,
    )
    scales: dict[Id, Value] = Field(
        default_factory=dict, description="of `calibration`: factor by channel id", max_length=50
    )
    facts: FactsIn = Field(default_factory=FactsIn)
    x_azimuth_deg: Azimuth | None = Field(
        default=None, description="where a positive x points, degrees from north, clockwise"
    )
    height_m: Number | None = None
    benchmark: Annotated[str, StringConstraints(pattern=TEXT_PATTERN, max_length=200)] = ""
    undoes: Text = Field(
        default="", description="of `undo`: the act, or the segment that opened by itself"
    )


class ActOut(Out):
    """One entry of the log book; `undone` where a later one took it back."""

    id: str
    sensor_id: str
    kind: ActKind
    at: At = Field(validation_alias="at_ns")
    made_at: At = Field(validation_alias="made_at_ns")
    by: str
    reason: str
    segments: list[str]
    mount: str
    undoes: str
    values: dict[str, float | str]
    undone: bool = False

    @classmethod
    def of(cls, act: Act, gone: frozenset[str] = frozenset()) -> "ActOut":
        """Show an entry."""
        facts = {name: getattr(act, name) for name in Act.__dataclass_fields__}
        facts |= {"values": dict(act.values), "segments": list(act.segments)}
        return cls.model_validate(facts | {"undone": act.id in gone})


class LineOut(Out):
    """What an act comes to on one channel, in the kind's unit."""

    channel_id: str
    axis: str
    before: float | None = Field(description="series value just before; null: nothing was read")
    start: float | None = Field(description="goes on with this; null: the next reading is zero")
    scale: float
    absolute: bool = Field(description="absolute limits count from here on")
    pending: bool = Field(description="the next reading fixes the zero")

    @classmethod
    def of(cls, line: Line) -> "LineOut":
        """Show a line."""
        names = ("before", "start", "scale", "absolute", "pending")
        facts = {name: getattr(line, name) for name in names}
        return cls(channel_id=line.channel.id, axis=line.channel.axis, **facts)


class PlannedOut(Out):
    """What an act would come to; nothing was written."""

    act: ActOut
    lines: list[LineOut]
    withdrawn: list[str] = Field(description="segments that would count no more")


class AxisOut(Out):
    """How one axis answered to the push, ‰."""

    axis: str
    rest: float
    scatter: float
    moved: float
    readings: int
    clear: bool


class PushOut(Out):
    """What a push test tells."""

    axes: list[AxisOut]
    axis: str = Field(description="the axis that answered most; empty: none did")
    sign: int
    x_azimuth_deg: float | None
    between: bool = Field(description="both axes answered")
    agrees: bool | None = Field(description="with the earlier push")
    mirrored: bool | None = Field(description="y turns the wrong way round")


@router.get("/acts", responses=problems(401, 403, 404, 422, 503))
def read_acts(
    building_id: PathId,
    sensor_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("buildings:read"))],
) -> list[ActOut]:
    """Read a sensor's log book, newest entry first."""
    building = building_for(services, who, "buildings:read", building_id)
    desk = UpkeepDesk(services, building.id)
    acts = desk.acts(desk.sensor(sensor_id))
    return [ActOut.of(act, undone(acts)) for act in acts]


@router.post("/acts/preview", responses=problems(400, 401, 403, 404, 409, 413, 422, 503))
def preview_act(
    building_id: PathId,
    sensor_id: PathId,
    body: ActIn,
    services: Given,
    who: Annotated[Caller, Depends(may("instruments:work"))],
) -> PlannedOut:
    """Tell what an act would come to; nothing is written."""
    building = building_for(services, who, "instruments:work", building_id)
    desk = UpkeepDesk(services, building.id)
    wish = wish_of(new_id(services.clock.now_ns()), body, services)
    return _planned(desk.plan(desk.sensor(sensor_id), wish, who.name))


@router.put(
    "/acts/{act_id}",
    responses={201: {"model": PlannedOut}, **problems(400, 401, 403, 404, 409, 413, 422, 503)},
)
def put_act(
    building_id: PathId,
    sensor_id: PathId,
    act_id: PathId,
    body: ActIn,
    services: Given,
    response: Response,
    who: Annotated[Caller, Depends(may("instruments:work"))],
) -> PlannedOut:
    """Do an act under an id that the client made; the same again changes nothing."""
    building = building_for(services, who, "instruments:work", building_id)
    desk = UpkeepDesk(services, building.id)
    sensor = desk.sensor(sensor_id)
    kept = services.upkeep.act(act_id)
    at_ns = kept.at_ns if kept is not None and body.at is None else None
    wish = wish_of(act_id, body, services, at_ns)
    work, new = desk.carry_out(sensor, wish, who.name)
    response.status_code = 201 if new else 200
    return _planned(work)


@router.get("/push-test", responses=problems(401, 403, 404, 422, 503))
def read_push_test(
    building_id: PathId,
    sensor_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("instruments:work"))],
    began: Annotated[Bound | None, Query(description="when the push began; left out: now")] = None,
    pushed_deg: Annotated[float, Query(ge=0, le=360, allow_inf_nan=False)] = 0.0,
    minutes: Annotated[int, Query(ge=1, le=120), DIGITS] = 10,
    earlier_deg: Annotated[float | None, Query(ge=0, le=360, allow_inf_nan=False)] = None,
) -> PushOut:
    """Tell which axis answered to a push in a direction, out of the newest readings."""
    building = building_for(services, who, "instruments:work", building_id)
    desk = UpkeepDesk(services, building.id)
    began_ns = services.clock.now_ns() if began is None else to_ns(began)
    return push_out(desk.push(desk.sensor(sensor_id), began_ns, pushed_deg, minutes, earlier_deg))


def push_out(answer: PushAnswer) -> PushOut:
    """Show what a push test tells."""
    return PushOut.model_validate(answer)


def wish_of(act_id: str, body: ActIn, services: Services, at_ns: int | None = None) -> Wish:
    """Read what somebody wants; without a moment it holds from now on."""
    if at_ns is None:
        at_ns = services.clock.now_ns() if body.at is None else to_ns(body.at)
    return Wish(
        act_id,
        body.kind,
        at_ns,
        body.reason,
        surveys=dict(body.surveys),
        scales=dict(body.scales),
        facts=body.facts.model_dump(exclude_none=True),
        x_azimuth_deg=body.x_azimuth_deg,
        height_m=body.height_m,
        benchmark=body.benchmark,
        undoes=body.undoes,
    )


def _planned(work: Work) -> PlannedOut:
    return PlannedOut(
        act=ActOut.of(work.act),
        lines=[LineOut.of(line) for line in work.lines],
        withdrawn=list(work.withdrawn),
    )
