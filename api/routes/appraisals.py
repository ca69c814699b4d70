"""Appraisals (鉴定) of a building: the only source of its grade."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from api.fields import Day, In, Name, Out, PathId, Text
from api.permission import Given, may
from api.preconditions import IfMatch, put
from api.problem import PUT_PROBLEMS, problems
from api.visibility import building_for, must_belong
from domain.access import Caller
from domain.buildings import Appraisal, Grade

router = APIRouter(prefix="/buildings/{building_id}/appraisals", tags=["buildings"])


class AppraisalIn(In):
    """What an appraisal report says."""

    scheme: Name = "JGJ 125-2016"
    grade: Grade
    report_number: Name
    appraiser: Name
    appraised_on: Day
    valid_until: Day | None = None
    report_file: Text = ""


class AppraisalOut(Out):
    """One appraisal."""

    id: str
    building_id: str
    scheme: str
    grade: Grade
    report_number: str
    appraiser: str
    appraised_on: date
    valid_until: date | None
    report_file: str


@router.get("", responses=problems(401, 403, 404, 422, 503))
def read_appraisals(
    building_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("buildings:read"))],
) -> list[AppraisalOut]:
    """List a building's appraisals, oldest first; the newest gives the grade."""
    building = building_for(services, who, "buildings:read", building_id)
    found = services.register.appraisals(building.id)
    return [AppraisalOut.model_validate(appraisal) for appraisal in found]


@router.put("/{appraisal_id}", responses={201: {"model": AppraisalOut}, **PUT_PROBLEMS})
def put_appraisal(
    building_id: PathId,
    appraisal_id: PathId,
    body: AppraisalIn,
    services: Given,
    response: Response,
    who: Annotated[Caller, Depends(may("register:write"))],
    if_match: IfMatch = "",
) -> AppraisalOut:
    """Keep an appraisal under an id that the client made, or correct it (with `If-Match`)."""
    building = building_for(services, who, "register:write", building_id)
    must_belong(services, building, appraisal_id, "appraisal")
    wanted = Appraisal(id=appraisal_id, building_id=building.id, **body.model_dump())
    found = services.register.appraisals(building.id)
    kept = next((appraisal for appraisal in found if appraisal.id == appraisal_id), None)
    what = f"appraisal {appraisal_id!r}"
    return AppraisalOut.model_validate(
        put(
            kept,
            wanted,
            if_match,
            response,
            what,
            lambda appraisal: services.register.put_appraisal(appraisal, who.name),
        )
    )
