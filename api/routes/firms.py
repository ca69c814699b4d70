"""Firms that send inspectors: who they are, where they work, and whom they send."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from api.fields import Division, Flag, Id, In, Name, Out, PathId, Text
from api.permission import Given, may
from api.preconditions import IfMatch, etag, put
from api.problem import PUT_PROBLEMS, problems
from domain.access import Caller
from domain.checkups import Firm, Tier
from domain.errors import NotFound
from lifecycle.firm_desk import is_seen, must_be_theirs

router = APIRouter(prefix="/firms", tags=["check-ups"])

Most = Annotated[int, Field(strict=True, ge=0, le=100_000)]


class FirmIn(In):
    """A firm."""

    name: Name
    tier: Tier = Tier.BODY
    districts: Annotated[list[Division], Field(max_length=200)] = Field(
        default=[], description="division codes that it works in; empty: the whole city"
    )
    member_ids: Annotated[list[Id], Field(max_length=1000)] = Field(
        default=[], description="ids of its users"
    )
    qualification: Text = Field(default="", description="number of its certificate")
    contact: Text = ""
    active: Flag = True
    monthly_max: Most = Field(
        default=0, description="check-ups a month that it can do; 0: no limit"
    )
    monthly_max_each: Most = Field(
        default=0, description="check-ups a month that each of its inspectors can do; 0: no limit"
    )


class FirmOut(Out):
    """A firm."""

    id: str
    name: str
    tier: Tier
    districts: list[str]
    member_ids: list[str]
    qualification: str
    contact: str
    active: bool
    monthly_max: int
    monthly_max_each: int
    version: int


@router.get("", responses=problems(401, 403, 503))
def read_firms(
    services: Given, who: Annotated[Caller, Depends(may("checks:read"))]
) -> list[FirmOut]:
    """List the firms that work where the caller looks, by name."""
    return [FirmOut.model_validate(firm) for firm in services.checks.firms() if is_seen(who, firm)]


@router.get("/{firm_id}", responses=problems(401, 403, 404, 422, 503))
def read_firm(
    firm_id: PathId,
    services: Given,
    response: Response,
    who: Annotated[Caller, Depends(may("checks:read"))],
) -> FirmOut:
    """Read a firm."""
    firm = services.checks.firm(firm_id)
    if firm is None or not is_seen(who, firm):
        raise NotFound(f"no firm {firm_id!r}")
    response.headers["ETag"] = etag(firm)
    return FirmOut.model_validate(firm)


@router.put("/{firm_id}", responses={201: {"model": FirmOut}, **PUT_PROBLEMS})
def put_firm(
    firm_id: PathId,
    body: FirmIn,
    services: Given,
    response: Response,
    who: Annotated[Caller, Depends(may("checks:plan"))],
    if_match: IfMatch = "",
) -> FirmOut:
    """Keep a firm; one that works beyond the caller's districts is not theirs to change."""
    kept = services.checks.firm(firm_id)
    if kept is not None and not is_seen(who, kept):
        raise NotFound(f"no firm {firm_id!r}")
    wanted = Firm(
        firm_id, body.name, body.tier, tuple(dict.fromkeys(body.districts)),
        tuple(dict.fromkeys(body.member_ids)), body.qualification, body.contact, body.active,
        monthly_max=body.monthly_max, monthly_max_each=body.monthly_max_each,
    )  # fmt: skip
    must_be_theirs(services, who, kept, wanted)
    done = put(
        kept, wanted, if_match, response, f"firm {firm_id!r}",
        lambda firm: services.checks.put_firm(firm, who.name),
    )  # fmt: skip
    return FirmOut.model_validate(done)
