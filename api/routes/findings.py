"""Findings: what the rules saw, with all that is needed to check it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from api.fields import At, Id, LevelOut, Out, PathId
from api.paging import After, Limit, PageOf, one_more
from api.permission import Given, Seen, may
from api.problem import problems
from api.visibility import building_for
from domain.access import Caller
from domain.access import may as may_do
from domain.clock import SECOND_NS
from domain.errors import NotFound
from domain.findings import Cause, Compensation, Finding
from domain.ports import Page
from domain.services import Services

router = APIRouter(prefix="/findings", tags=["findings"])


class FindingOut(Out):
    """One change of a rule's state at one point."""

    id: str
    building_id: str
    cause: Cause
    rule: str
    subject: str
    subject_name: str
    channels: list[str]
    level: LevelOut = Field(description="that now holds; `none` when the condition is over")
    at: At
    value: float
    limit: float
    unit: str
    window_s: float
    started_at: At
    source: str
    certainty: str
    profile: str
    compensation: Compensation
    capped: bool
    details: dict[str, float | str]

    @classmethod
    def of(cls, finding: Finding) -> "FindingOut":
        """Show a finding."""
        names = cls.model_fields.keys() - {"at", "started_at", "window_s", "details"}
        return cls.model_validate(
            {name: getattr(finding, name) for name in names}
            | {
                "at": finding.at_ns,
                "started_at": finding.started_ns,
                "window_s": finding.window_ns / SECOND_NS,
                "details": dict(finding.details),
            }
        )


def finding_for(services: Services, caller: Caller, finding_id: str) -> Finding:
    """Find a finding on a building that a caller may see.

    Raises
    ------
    NotFound
        When there is none, or it is foreign.

    """
    for finding in services.alerts.findings(Page(1), ids=[finding_id]):
        building = services.register.building(finding.building_id)
        if building is not None and may_do(caller, "findings:read", building):
            return finding
    raise NotFound(f"no finding {finding_id!r}")


@router.get("", responses=problems(401, 403, 404, 422, 503))
def read_findings(
    services: Given,
    sight: Seen,
    who: Annotated[Caller, Depends(may("findings:read"))],
    building_id: Annotated[Id | None, Query()] = None,
    limit: Limit = 100,
    after: After = "",
) -> PageOf[FindingOut]:
    """List findings, newest first."""
    if building_id is not None:
        building_for(services, who, "findings:read", building_id)
        within: list[str] | None = [building_id]
    else:
        seen = sight.buildings(who)
        within = None if seen is None else sorted(seen)
    if after:
        finding_for(services, who, after)
    rows = services.alerts.findings(one_more(limit, after), building_ids=within)
    page = rows[:limit]
    return PageOf(
        items=[FindingOut.of(row) for row in page],
        next=page[-1].id if len(rows) > limit else None,
    )


@router.get("/{finding_id}", responses=problems(401, 403, 404, 422, 503))
def read_finding(
    finding_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("findings:read"))],
) -> FindingOut:
    """Read one finding."""
    return FindingOut.of(finding_for(services, who, finding_id))
