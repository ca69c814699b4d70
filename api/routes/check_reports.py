"""Reports of check-ups, as PDF and as a workbook."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response

from api.fields import PathId
from api.file_answer import answer_file, documented
from api.model_scope import owner
from api.permission import Given, may
from api.problem import problems
from domain.access import Caller
from domain.checkups import CheckUp
from domain.errors import NotFound
from domain.services import Services
from domain.submissions import Submission

router = APIRouter(prefix="/check-ups/{check_up_id}", tags=["check-ups"])

WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Wanted = Annotated[
    str,
    Query(
        pattern=r"^[A-Za-z0-9._:~-]{0,64}$",
        description="one of its submissions; left out: the one that counts, else the newest",
    ),
]


@router.get(
    "/report.pdf",
    response_class=Response,
    responses={**documented("application/pdf"), **problems(401, 403, 404, 416, 422, 429, 503)},
)
def read_report(
    check_up_id: PathId,
    request: Request,
    services: Given,
    who: Annotated[Caller, Depends(may("checks:read"))],
    submission_id: Wanted = "",
) -> Response:
    """Read the report of a check-up; it is made when it is asked for first, and then kept.

    The same submission with the same pictures is the same file; its hash can be verified at
    `/verify/{code}` with the code that stands on it.
    """
    check_up, submission = _submission_for(services, who, check_up_id, submission_id)
    seal = services.check_reports.pdf(check_up, submission)
    return answer_file(
        request,
        services.files,
        seal.file_key,
        seal.sha256,
        "application/pdf",
        headers=_saved_as(f"check-up-{seal.code}.pdf"),
    )


@router.get(
    "/report.xlsx",
    response_class=Response,
    responses={
        200: {"content": {WORKBOOK: {}}, "description": "a workbook"},
        **problems(401, 403, 404, 422, 503),
    },
)
def read_workbook(
    check_up_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("checks:read"))],
    submission_id: Wanted = "",
) -> Response:
    """Read a check-up as a workbook."""
    check_up, submission = _submission_for(services, who, check_up_id, submission_id)
    content = services.check_reports.xlsx(check_up, submission)
    return Response(content, media_type=WORKBOOK, headers=_saved_as(f"check-up-{check_up.id}.xlsx"))


def _submission_for(
    services: Services, who: Caller, check_up_id: str, submission_id: str
) -> tuple[CheckUp, Submission]:
    """Find a submission with its check-up; a foreign one is not there."""
    check_up = services.checks.check_up(check_up_id)
    what = f"check-up {check_up_id!r}"
    owner(services, who, "checks:read", check_up.building_id if check_up else None, what)
    assert check_up is not None  # noqa: S101 - else it has no owner
    wanted = submission_id or check_up.submission_id
    if wanted:
        submission = services.checks.submission(wanted)
    else:
        submission = next(reversed(services.checks.submissions(check_up.id)), None)
    if submission is None or submission.check_up_id != check_up.id:
        raise NotFound(f"check-up {check_up.id!r} has no such submission")
    return check_up, submission


def _saved_as(name: str) -> dict[str, str]:
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}
