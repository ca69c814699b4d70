"""The limits that are judged by, each with its source and how sure we are of it."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from api.permission import Given, may
from api.problem import problems
from domain.access import Caller
from domain.limits import Certainty

router = APIRouter(prefix="/profile", tags=["limits"])


class LimitOut(BaseModel):
    """One row of the limits."""

    id: str
    quantity: str
    level: str
    op: str
    value: float
    unit: str
    applies: dict[str, bool | float | str]
    consequence: str
    source: str
    certainty: Certainty
    effective_from: str


class TableOut(BaseModel):
    """One frequency table of peak velocity."""

    id: str
    source_kind: str
    use: str
    position: str
    points: list[tuple[float, float]]
    source: str
    certainty: Certainty


class ProfileOut(BaseModel):
    """The limit profile in force."""

    name: str
    version: str
    limits: list[LimitOut]
    numbers: dict[str, float]
    tables: list[TableOut]


@router.get("", responses=problems(401, 403))
def read_profile(
    services: Given, _: Annotated[Caller, Depends(may("findings:read"))]
) -> ProfileOut:
    """Read the limit profile in force."""
    profile = services.profile
    return ProfileOut(
        name=profile.name,
        version=profile.version,
        limits=[
            LimitOut(
                id=row.id,
                quantity=row.quantity,
                level=row.level.word,
                op=row.op,
                value=row.value,
                unit=row.unit,
                applies=dict(row.applies),
                consequence=row.consequence,
                source=row.source,
                certainty=row.certainty,
                effective_from=row.effective_from,
            )
            for row in profile.rows
        ],
        numbers=dict(profile.numbers),
        tables=[
            TableOut(
                id=table.id,
                source_kind=table.source_kind,
                use=table.use,
                position=table.position,
                points=list(table.points),
                source=table.source,
                certainty=table.certainty,
            )
            for table in profile.tables
        ],
    )
