"""Appraisals (鉴定) of a building: the only source of its grade; and their report files."""

from datetime import date
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Response, UploadFile
from fastapi.responses import StreamingResponse
from pydantic import Field

from api.fields import Day, In, Name, Out, PathId
from api.permission import Given, may
from api.preconditions import IfMatch, put
from api.problem import PUT_PROBLEMS, problems
from api.visibility import building_for, must_belong
from domain.access import Caller
from domain.buildings import Appraisal, Building, Grade
from domain.errors import NotFound
from domain.report_files import drop_report, keep_report, report_of
from domain.services import Services

router = APIRouter(prefix="/buildings/{building_id}/appraisals", tags=["buildings"])


class AppraisalIn(In):
    """What an appraisal report says."""

    scheme: Name = "JGJ 125-2016"
    grade: Grade
    report_number: Name
    appraiser: Name
    appraised_on: Day
    valid_until: Day | None = None


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
    report_file: str = Field(description="key of the report file; empty: filed on paper")


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
    """Keep an appraisal under an id that the client made, or correct it (with `If-Match`).

    It closes the building's open orders of an appraisal, if they are not younger.
    """
    building = building_for(services, who, "register:write", building_id)
    must_belong(services, building, appraisal_id, "appraisal")
    kept = _kept(services, building, appraisal_id)
    wanted = Appraisal(
        id=appraisal_id,
        building_id=building.id,
        **body.model_dump(),
        # a report comes and goes by its own route: nobody names a key of the file store
        report_file=kept.report_file if kept else "",
    )
    what = f"appraisal {appraisal_id!r}"
    done = put(
        kept,
        wanted,
        if_match,
        response,
        what,
        lambda appraisal: services.register.put_appraisal(appraisal, who.name),
    )
    # each time: a kill between the two is healed by the same again
    services.check_desk.appraised(done, who.name)
    return AppraisalOut.model_validate(done)


@router.get(
    "/{appraisal_id}/report",
    responses={
        200: {"content": {"application/octet-stream": {}}, "description": "the file"},
        **problems(401, 403, 404, 422, 503),
    },
    response_class=StreamingResponse,
)
def read_report(
    building_id: PathId,
    appraisal_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("buildings:read"))],
) -> StreamingResponse:
    """Read the report file of an appraisal; it is always for saving, never shown in a page."""
    building = building_for(services, who, "buildings:read", building_id)
    report = report_of(_found(services, building, appraisal_id))
    size = services.files.size_bytes(report.key)
    return StreamingResponse(
        services.files.pieces(report.key),
        media_type=report.media_type,
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(report.name)}",
            "Content-Length": str(size),
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
            "ETag": f'"{report.sha256}"',
        },
    )


@router.put("/{appraisal_id}/report", responses={**problems(400, 413), **PUT_PROBLEMS})
def put_report(
    building_id: PathId,
    appraisal_id: PathId,
    file: UploadFile,
    services: Given,
    who: Annotated[Caller, Depends(may("register:write"))],
) -> AppraisalOut:
    """Keep a PDF, JPEG or PNG, known by its content, as the report; the same again is no change."""
    building = building_for(services, who, "register:write", building_id)
    appraisal = _found(services, building, appraisal_id)
    changed = keep_report(
        services.files,
        services.register,
        appraisal,
        file.file,
        services.report_bytes_max,
        who.name,
    )
    return AppraisalOut.model_validate(changed)


@router.delete(
    "/{appraisal_id}/report", status_code=204, responses=problems(401, 403, 404, 422, 503)
)
def delete_report(
    building_id: PathId,
    appraisal_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("register:write"))],
) -> None:
    """Take a report file away that was filed by mistake; one that is not there is no error."""
    building = building_for(services, who, "register:write", building_id)
    appraisal = _found(services, building, appraisal_id)
    drop_report(services.files, services.register, appraisal, who.name)


def _kept(services: Services, building: Building, appraisal_id: str) -> Appraisal | None:
    found = services.register.appraisals(building.id)
    return next((appraisal for appraisal in found if appraisal.id == appraisal_id), None)


def _found(services: Services, building: Building, appraisal_id: str) -> Appraisal:
    appraisal = _kept(services, building, appraisal_id)
    if appraisal is None:
        raise NotFound(f"no appraisal {appraisal_id!r}")
    return appraisal
