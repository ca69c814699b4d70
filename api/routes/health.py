"""Whether the service lives, and how its parts are."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from api.permission import Given, may
from api.problem import problems
from domain.access import Caller

router = APIRouter(prefix="/health", tags=["health"])


class Alive(BaseModel):
    """The process answers."""

    state: Literal["ok"]


class PartOut(BaseModel):
    """One part's state."""

    part: str
    state: str
    text: str = Field(description="what the part itself says: an address, an error's text")
    code: str = Field(description="stable word for what is the matter; empty when there is none")
    figures: dict[str, float]


class HealthOut(BaseModel):
    """All parts, and the worst state among them."""

    state: str
    parts: list[PartOut]


@router.get("/live")
def read_live() -> Alive:
    """Tell that the process answers; open to everybody, says nothing else."""
    return Alive(state="ok")


@router.get("", responses=problems(401, 403, 503))
def read_health(
    services: Given, _: Annotated[Caller, Depends(may("operations:read"))]
) -> HealthOut:
    """Tell how each part is: `ok`, `degraded` or `down`."""
    parts = [
        PartOut(
            part=each.part,
            state=each.state,
            text=each.text,
            code=each.code,
            figures=dict(each.figures),
        )
        for each in services.health()
    ]
    worst = next((s for s in ("down", "degraded") if any(p.state == s for p in parts)), "ok")
    return HealthOut(state=worst, parts=parts)
