"""Buildings (房屋): list, read, register and correct."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field

from api.fields import (
    WHOLE,
    Division,
    Flag,
    In,
    Latitude,
    Longitude,
    Name,
    Number,
    Out,
    PathId,
    QueryText,
    ShortText,
)
from api.paging import After, Limit, PageOf, one_more
from api.permission import Given, may
from api.preconditions import IfMatch, etag, put
from api.problem import PUT_PROBLEMS, problems
from api.visibility import building_for, list_buildings, must_cover
from domain import register_checks as checks
from domain.access import Caller, sees_residents
from domain.buildings import Building, Grade, HeritageClass, grade_on
from domain.clock import to_datetime
from domain.services import Services

router = APIRouter(prefix="/buildings", tags=["buildings"])


LifeYears = Annotated[
    int, Field(ge=checks.DESIGN_LIFE_YEARS[0], le=checks.DESIGN_LIFE_YEARS[1]), WHOLE
]


class BuildingIn(In):
    """The facts of one building."""

    code: Name = Field(description="unified building code; its digits are not interpreted")
    name: Name
    address: ShortText
    district: Division = Field(description="division code (GB/T 2260)")
    street: ShortText
    community: ShortText
    longitude: Longitude
    latitude: Latitude
    crs: Literal["EPSG:4326", "EPSG:4490"] = "EPSG:4326"
    use: Literal["residential", "public", "industrial", "other"] = "residential"
    ownership: ShortText = "unknown"
    build_year: Annotated[int, Field(ge=checks.BUILD_YEAR_MIN, le=2200), WHOLE] | None = None
    design_life_years: LifeYears | None = None
    structure: Literal["masonry", "concrete", "timber", "steel", "mixed", "unknown"] = "unknown"
    storeys_above: Annotated[int, Field(ge=0, le=checks.STOREYS_ABOVE[1]), WHOLE] = 1
    storeys_below: Annotated[int, Field(ge=0, le=checks.STOREYS_BELOW[1]), WHOLE] = 0
    height_m: Annotated[Number, Field(ge=checks.HEIGHT_M[0], le=checks.HEIGHT_M[1])] = 3.0
    area_m2: Annotated[Number, Field(ge=0, le=checks.AREA_M2[1])] | None = None
    households: Annotated[int, Field(ge=0, le=checks.HOUSEHOLDS[1]), WHOLE] | None = None
    heritage: HeritageClass = HeritageClass.NONE
    substandard: Flag = False
    works_nearby: Flag = False


class BuildingOut(Out):
    """One building with the grade that is in force."""

    id: str
    code: str
    name: str
    address: str
    district: str
    street: str
    community: str
    longitude: float
    latitude: float
    crs: str
    use: str
    ownership: str = Field(description="`unknown` for insurers")
    build_year: int | None
    design_life_years: int | None
    structure: str
    storeys_above: int
    storeys_below: int
    height_m: float
    area_m2: float | None
    households: int | None = Field(description="null for insurers")
    heritage: HeritageClass
    substandard: bool
    works_nearby: bool
    version: int
    grade: Grade | None = Field(
        default=None, description="from the newest appraisal; null when nobody has appraised it"
    )

    @classmethod
    def of(cls, building: Building, grade: Grade | None, who: Caller) -> "BuildingOut":
        """Show a building; to an insurer without what concerns those who live there."""
        shown = cls.model_validate(building)
        shown.grade = grade
        if not sees_residents(who):
            shown.households, shown.ownership = None, "unknown"
        return shown


@router.get("", responses=problems(401, 403, 422, 503))
def read_buildings(
    services: Given,
    who: Annotated[Caller, Depends(may("buildings:read"))],
    text: Annotated[QueryText, Query(description="looked for in code, name and address")] = "",
    district: Annotated[str, Query(pattern=r"^([0-9]{6})?$")] = "",
    limit: Limit = 100,
    after: After = "",
) -> PageOf[BuildingOut]:
    """List the buildings that the caller may see, by id."""
    rows = list_buildings(services, who, one_more(limit, after), text, district)
    page = rows[:limit]
    today = to_datetime(services.clock.now_ns()).date()
    grades = services.register.grades([row.id for row in page], today)
    return PageOf(
        items=[BuildingOut.of(row, grades.get(row.id), who) for row in page],
        next=page[-1].id if len(rows) > limit else None,
    )


@router.get("/{building_id}", responses=problems(401, 403, 404, 422, 503))
def read_building(
    building_id: PathId,
    services: Given,
    response: Response,
    who: Annotated[Caller, Depends(may("buildings:read"))],
) -> BuildingOut:
    """Read one building; its `ETag` is its version."""
    building = building_for(services, who, "buildings:read", building_id)
    response.headers["ETag"] = etag(building)
    return BuildingOut.of(building, _grade(services, building_id), who)


@router.put(
    "/{building_id}",
    responses={201: {"model": BuildingOut}, **PUT_PROBLEMS},
)
def put_building(
    building_id: PathId,
    body: BuildingIn,
    services: Given,
    response: Response,
    who: Annotated[Caller, Depends(may("register:write"))],
    if_match: IfMatch = "",
) -> BuildingOut:
    """Register a building under an id that the client made, or correct it (with `If-Match`).

    The same content again changes nothing, so a request may safely be repeated.
    """
    kept = services.register.building(building_id)
    if kept is not None:
        building_for(services, who, "register:write", building_id)
    wanted = Building(id=building_id, **body.model_dump())
    must_cover(who, wanted)
    what = f"building {building_id!r}"
    done = put(
        kept,
        wanted,
        if_match,
        response,
        what,
        lambda b: services.register.put_building(b, who.name),
    )
    return BuildingOut.of(done, _grade(services, building_id), who)


def _grade(services: Services, building_id: str) -> Grade | None:
    """Tell the grade that is in force today."""
    today = to_datetime(services.clock.now_ns()).date()
    return grade_on(services.register.appraisals(building_id), today)
