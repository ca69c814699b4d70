"""The fleet: how gateways and sensors are, and which of them need a visit."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel

from api.fields import At, PathId, QueryText
from api.permission import Given, Seen, may
from api.problem import problems
from api.sheet import CSV, csv_response
from domain.access import Caller
from domain.fleet import FleetRow, SensorHealth
from domain.fleet_view import FleetReader, chosen

router = APIRouter(prefix="/fleet", tags=["gateways"])

Sort = Annotated[
    Literal["needs", "name", "seen", "battery", "signal", "online", "transmission"],
    Query(description="what presses most, or is worst, comes first"),
]
Only = Annotated[Literal["", "visit", "blind", "degraded", "learning", "offline"], Query()]


class NeedOut(BaseModel):
    """One reason for a visit."""

    rule: str
    figure: str
    value: float
    limit: float
    unit: str
    weight: float
    consequence: str
    source: str


class SensorOut(BaseModel):
    """One sensor and how it is."""

    id: str
    code: str
    health: SensorHealth
    latest_at: At | None


class PlanOut(BaseModel):
    """The newest sampling plan of a gateway."""

    version: int
    reason: str
    made_at: At
    sent_at: At | None
    acknowledged_at: At | None


class DayOut(BaseModel):
    """What came of what the plan asked for on one day."""

    day: str
    percent: float | None


class FleetRowOut(BaseModel):
    """One gateway."""

    gateway_id: str
    name: str
    online: bool | None
    last_seen: At | None
    online_percent: float | None
    transmission_percent: float | None
    battery_percent: float | None
    signal_dbm: float | None
    firmware: str
    clock_skew_s: float | None
    sensors: list[SensorOut]
    plan: PlanOut | None
    days: list[DayOut]
    needs: list[NeedOut]
    urgency: float

    @classmethod
    def of(cls, row: FleetRow) -> "FleetRowOut":
        """Show a row."""
        status, plan = row.status, row.plan
        return cls(
            gateway_id=row.gateway.id,
            name=row.gateway.name,
            online=status.online if status else None,
            last_seen=row.last_seen_ns,
            online_percent=row.online_percent,
            transmission_percent=row.transmission_percent,
            battery_percent=status.battery_percent if status else None,
            signal_dbm=status.signal_dbm if status else None,
            firmware=status.firmware if status else "",
            clock_skew_s=row.clock.skew_ns / 1e9 if row.clock else None,
            sensors=[
                SensorOut(
                    id=one.sensor.id,
                    code=one.sensor.code,
                    health=one.health,
                    latest_at=one.latest and one.latest.taken_at_ns,
                )
                for one in row.sensors
            ],
            plan=plan
            and PlanOut.model_validate(
                {
                    "version": plan.version,
                    "reason": plan.reason,
                    "made_at": plan.made_at_ns,
                    "sent_at": plan.sent_at_ns,
                    "acknowledged_at": plan.acknowledged_at_ns,
                }
            ),
            days=[DayOut(day=one.day, percent=one.percent) for one in row.days],
            needs=[
                NeedOut(
                    rule=need.row.id,
                    figure=need.row.figure,
                    value=need.value,
                    limit=need.row.value,
                    unit=need.row.unit,
                    weight=need.row.weight,
                    consequence=need.row.consequence,
                    source=need.row.source,
                )
                for need in row.needs
            ],
            urgency=row.urgency,
        )


@router.get("", responses=problems(401, 403, 422, 503))
def read_fleet(
    services: Given,
    sight: Seen,
    who: Annotated[Caller, Depends(may("gateways:read"))],
    text: QueryText = "",
    only: Only = "",
    sort: Sort = "needs",
) -> list[FleetRowOut]:
    """List the gateways that the caller may see, those that need a visit most first."""
    seen = sight.gateways(who, services.register.gateways())
    rows = chosen(FleetReader(services, seen).rows(), text=text, only=only, sort=sort)
    return [FleetRowOut.of(row) for row in rows]


@router.get(".csv", responses={**CSV, **problems(401, 403, 422, 503)})
def save_fleet(
    services: Given,
    sight: Seen,
    who: Annotated[Caller, Depends(may("gateways:read"))],
    text: QueryText = "",
    only: Only = "",
    sort: Sort = "needs",
) -> Response:
    """Save the same list as CSV."""
    rows = read_fleet(services, sight, who, text, only, sort)
    names = (
        *("gateway_id", "name", "online", "last_seen", "online_percent"),
        *("transmission_percent", "battery_percent", "signal_dbm", "firmware", "urgency"),
    )
    health = tuple(SensorHealth)
    head = (*names, *(f"sensors_{one}" for one in health), "needs")
    return csv_response(
        "fleet.csv",
        head,
        (
            (
                *(_text(getattr(row, name)) for name in names),
                *(sum(s.health is one for s in row.sensors) for one in health),
                "; ".join(f"{need.figure}: {need.value:.1f} {need.unit}" for need in row.needs),
            )
            for row in rows
        ),
    )


@router.get("/{gateway_id}", responses=problems(401, 403, 404, 422, 503))
def read_fleet_row(
    gateway_id: PathId,
    services: Given,
    sight: Seen,
    who: Annotated[Caller, Depends(may("gateways:read"))],
) -> FleetRowOut:
    """Read how one gateway is."""
    gateway = sight.gateway(who, gateway_id)
    return FleetRowOut.of(FleetReader(services, [gateway]).row(gateway))


def _text(value: object) -> object:
    return value.isoformat() if hasattr(value, "isoformat") else value
