"""Whether the service lives, and how its parts are."""

from collections.abc import Iterable
from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from api.fields import At
from api.permission import Given, may
from api.problem import problems
from domain.access import Caller
from domain.services import Health

router = APIRouter(prefix="/health", tags=["health"])


class Alive(BaseModel):
    """The process answers."""

    state: Literal["ok"]


class PartOut(BaseModel):
    """One part's state."""

    part: str
    state: str
    text: str
    figures: dict[str, float]


class RoleOut(BaseModel):
    """One role of one process, wherever it runs, as its last heart-beat told."""

    role: str
    shard: int
    host: str
    pid: int
    started_at: At
    beat_at: At
    age_s: float = Field(description="since the heart-beat, in real time")
    state: str = Field(description="`ok`, `degraded`, `down` (also for its silence) or `stopped`")
    parts: list[PartOut]


class HealthOut(BaseModel):
    """All parts, and the worst state among them; all roles with their heart-beats."""

    state: str
    parts: list[PartOut]
    roles: list[RoleOut]


@router.get("/live")
def read_live() -> Alive:
    """Tell that the process answers; open to everybody, says nothing else."""
    return Alive(state="ok")


@router.get("", responses=problems(401, 403, 503))
def read_health(
    services: Given, _: Annotated[Caller, Depends(may("operations:read"))]
) -> HealthOut:
    """Tell how each part and each role is, in every process."""
    parts = _shown(services.health())
    roles = [
        RoleOut(
            role=each.role,
            shard=each.shard,
            host=each.host,
            pid=each.pid,
            started_at=each.started_at_ns,
            beat_at=each.beat_at_ns,
            age_s=each.age_s,
            state=each.state,
            parts=_shown(each.parts),
        )
        for each in services.roles()
    ]
    states = {part.state for part in parts} | {role.state for role in roles}
    worst = next((state for state in ("down", "degraded") if state in states), "ok")
    return HealthOut(state=worst, parts=parts, roles=roles)


def _shown(parts: Iterable[Health]) -> list[PartOut]:
    return [
        PartOut(part=each.part, state=each.state, text=each.text, figures=dict(each.figures))
        for each in parts
    ]
