"""Defects over the years: each with every time it was found, and what it grew."""

from typing import Annotated

from fastapi import APIRouter, Depends

from api.fields import At, Out, PathId
from api.permission import Given, may
from api.problem import problems
from api.routes.defects import DefectOut
from api.visibility import building_for
from domain.access import Caller
from domain.defect_chains import Chain, Growth, chains
from domain.defects import DefectStatus

router = APIRouter(tags=["places"])


class GrowthOut(Out):
    """How much a defect grew from one find to another."""

    unit: str
    first: float
    last: float
    change: float
    from_at: At
    to_at: At
    per_year: float | None

    @classmethod
    def of(cls, growth: Growth | None) -> "GrowthOut | None":
        """Show a growth."""
        if growth is None:
            return None
        return cls.model_validate(
            {
                "unit": growth.unit,
                "first": growth.first,
                "last": growth.last,
                "change": growth.change,
                "from_at": growth.from_ns,
                "to_at": growth.to_ns,
                "per_year": growth.per_year,
            }
        )


class ChainOut(Out):
    """One defect with every time it was found, oldest first; the newest one's status counts."""

    id: str
    status: DefectStatus
    finds: list[DefectOut]
    forks: list[DefectOut]
    broken: bool
    sensor_ids: list[str]
    growth: GrowthOut | None
    growth_last: GrowthOut | None
    length_growth: GrowthOut | None

    @classmethod
    def of(cls, chain: Chain) -> "ChainOut":
        """Show a chain."""
        return cls(
            id=chain.id,
            status=chain.newest.status,
            finds=[DefectOut.of(find) for find in chain.finds],
            forks=[DefectOut.of(find) for find in chain.forks],
            broken=chain.broken,
            sensor_ids=list(chain.sensor_ids),
            growth=GrowthOut.of(chain.growth),
            growth_last=GrowthOut.of(chain.growth_last),
            length_growth=GrowthOut.of(chain.length_growth),
        )


@router.get("/buildings/{building_id}/defect-chains", responses=problems(401, 403, 404, 422, 503))
def read_defect_chains(
    building_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("models:read"))],
) -> list[ChainOut]:
    """List a building's defects over the years, the one found last first."""
    building = building_for(services, who, "models:read", building_id)
    return [ChainOut.of(chain) for chain in chains(services.places.defects(building.id))]
