"""What inspectors send in from check-ups: taken once, whatever happens on the way."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from api.check_receipts import (
    ReceiptOut,
    SubmissionIn,
    SubmissionOut,
    body_of,
    hash_of,
    sent_of,
)
from api.check_scope import check_up_for
from api.fields import PathId
from api.permission import Given, may
from api.problem import problems
from domain.access import Caller
from domain.errors import NotFound

router = APIRouter(prefix="/check-ups/{check_up_id}/submissions", tags=["check-ups"])


@router.get("", responses=problems(401, 403, 404, 422, 503))
def read_submissions(
    check_up_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("checks:read"))],
) -> list[SubmissionOut]:
    """List what was sent in for a check-up, oldest first, whatever its standing."""
    check_up, _ = check_up_for(services, who, "checks:read", check_up_id)
    return [SubmissionOut.of(services, one) for one in services.checks.submissions(check_up.id)]


@router.put(
    "/{submission_id}",
    responses={
        201: {"model": ReceiptOut, "description": "kept now"},
        **problems(400, 401, 403, 404, 409, 413, 422, 503),
    },
)
def put_submission(
    check_up_id: PathId,
    submission_id: PathId,
    body: SubmissionIn,
    raw: Annotated[bytes, Depends(body_of)],
    services: Given,
    response: Response,
    who: Annotated[Caller, Depends(may("checks:work"))],
) -> ReceiptOut:
    """Send a filled-in form under an id that the phone made; the same again changes nothing.

    The receipt comes when all that follows is kept. It is taken from anybody who may work here,
    assigned or not, with whatever clock; where somebody else was first it waits as a conflict.
    """
    check_up, _ = check_up_for(services, who, "checks:work", check_up_id)
    kept = services.checks.submission(submission_id)
    if kept is not None and kept.check_up_id != check_up.id:
        raise NotFound(f"no submission {submission_id!r} of check-up {check_up.id!r}")
    sent = sent_of(
        body, submission_id, hash_of(raw), check_up, who.name, who.user_id,
        services.clock.now_ns(), services.check_rules,
    )  # fmt: skip
    receipt, new = services.check_desk.submit(sent, who)
    if new:
        response.status_code = 201
    return ReceiptOut.of(receipt)
