"""Calibration certificates that have run out or soon will."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api.fields import DIGITS, Out
from api.permission import Given, may
from api.problem import problems
from domain.access import Caller
from domain.access import may as may_see
from domain.certificates import Certificate, Validity, to_renew
from domain.clock import to_datetime
from domain.services import Services

router = APIRouter(prefix="/certificates", tags=["upkeep"])


class CertificateOut(Out):
    """One certificate that is to be renewed."""

    building_id: str
    building: str
    sensor_id: str
    code: str
    place: str
    serial: str
    certificate: str
    until: str
    validity: Validity
    days: int


@router.get("", responses=problems(401, 403, 422, 503))
def read_certificates(
    services: Given,
    who: Annotated[Caller, Depends(may("buildings:read"))],
    days: Annotated[
        int,
        Query(ge=-1, le=3650, description="that end within so many days; -1: as set"),
        DIGITS,
    ] = -1,
) -> list[CertificateOut]:
    """List the certificates that have ended or soon will, the oldest first."""
    return [
        CertificateOut(
            building_id=one.building.id,
            building=one.building.name,
            sensor_id=one.sensor.id,
            code=one.sensor.code,
            place=one.sensor.place,
            serial=one.sensor.serial,
            certificate=one.sensor.certificate,
            until=one.sensor.certificate_until,
            validity=one.validity,
            days=one.days or 0,
        )
        for one in certificates_for(services, who, None if days < 0 else days)
    ]


def certificates_for(
    services: Services, caller: Caller, days: int | None = None
) -> list[Certificate]:
    """List what a caller may see of the certificates that are to be renewed."""
    warn_days = int(services.profile.number("certificate.warn_days")) if days is None else days
    shards = sorted({gateway.shard for gateway in services.register.gateways()})
    houses = [
        (building, site)
        for shard in shards
        for building, _, site in services.register.sites(shard)
        if may_see(caller, "buildings:read", building)
    ]
    return to_renew(houses, to_datetime(services.clock.now_ns()).date(), warn_days)
