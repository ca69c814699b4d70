"""Report files of appraisals on the building page: up and down."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, File, Request, Response, UploadFile
from fastapi.responses import StreamingResponse

from domain.buildings import Appraisal, Building
from domain.errors import NotFound
from domain.report_files import fault_of, keep_report, report_of
from web.guard import PageRoute, building_for, services_of
from web.render import page, words_of

router = APIRouter(route_class=PageRoute)


@router.get("/buildings/{building_id}/appraisals/{appraisal_id}/report")
def download(request: Request, building_id: str, appraisal_id: str) -> Response:
    """Hand a report out for saving; it is never shown in a page of ours."""
    building = building_for(request, building_id)
    files = services_of(request).files
    report = report_of(_appraisal(request, building, appraisal_id))
    size = files.size_bytes(report.key)
    return StreamingResponse(
        files.pieces(report.key),
        media_type=report.media_type,
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(report.name)}",
            "Content-Length": str(size),
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )


@router.post("/buildings/{building_id}/appraisals/{appraisal_id}/report")
def upload(
    request: Request, building_id: str, appraisal_id: str, file: Annotated[UploadFile, File()]
) -> Response:
    """Keep an upload as the report of an appraisal."""
    building = building_for(request, building_id, "register:write")
    services, words = services_of(request), words_of(request)
    appraisal = _appraisal(request, building, appraisal_id)
    if fault := fault_of(file.file, services.report_bytes_max):
        text = words.of("report", fault).format(mb=megabytes(services.report_bytes_max))
        return page(request, "_problem.html", status=422, text=text, detail="")
    keep_report(
        services.files,
        services.register,
        appraisal,
        file.file,
        services.report_bytes_max,
        request.state.caller.name,
    )
    return page(
        request,
        "_appraisals.html",
        building=building,
        **appraisals_of(request, building),
        told_of=appraisal.id,
    )


def appraisals_of(request: Request, building: Building) -> dict[str, Any]:
    """Tell what the table of appraisals shows, the newest first."""
    services = services_of(request)
    found = services.register.appraisals(building.id)
    return {
        "appraisals": sorted(found, key=lambda a: (a.appraised_on, a.id), reverse=True),
        "report_mb": megabytes(services.report_bytes_max),
    }


def megabytes(count: int) -> str:
    """Write a size.

    Examples
    --------
    >>> megabytes(15_000_000), megabytes(100_000)
    ('15', '0.1')

    """
    return f"{count / 1e6:g}"


def _appraisal(request: Request, building: Building, appraisal_id: str) -> Appraisal:
    for appraisal in services_of(request).register.appraisals(building.id):
        if appraisal.id == appraisal_id:
            return appraisal
    raise NotFound(f"no appraisal {appraisal_id!r}")
