"""The counter of JGJ 125-2016: what counted members come to. It sets no grade."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field

from api.check_receipts import MemberIn
from api.fields import WHOLE, Flag, In, Out
from api.permission import Given, may
from api.problem import problems
from domain.access import Caller
from domain.jgj125 import BASEMENT_MAX, STOREY_MAX, ComputedClass, FloorGrade, tally
from domain.submissions import MemberCount

router = APIRouter(prefix="/jgj125", tags=["check-ups"])


class CountIn(In):
    """A house whose members were counted."""

    storeys_above: Annotated[int, Field(ge=1, le=STOREY_MAX), WHOLE]
    storeys_below: Annotated[int, Field(ge=0, le=BASEMENT_MAX), WHOLE] = 0
    soil_dangerous: Flag = False
    members: list[MemberIn] = Field(default=[], max_length=2_000)


class LayerOut(Out):
    """The foundation layer (storey 0) or one storey."""

    storey: int
    dangerous_tenths: int
    total_tenths: int
    ratio: float = Field(description="Rf or Rsi, 0 to 1")
    grade: FloorGrade = Field(description="of the layer; no grade of the house")


class CountOut(Out):
    """What the counting comes to."""

    layers: list[LayerOut]
    ratio: float | None = Field(description="R, 0 to 1; null: nothing was counted")
    du_layers: int
    du_layers_max: float
    computed: ComputedClass | None = Field(
        description="computed from what was entered; only a signed appraisal sets a grade"
    )
    rule: str
    missing: list[int] = Field(description="layers of which nothing was counted")
    direct: bool = Field(description="so low that the standard allows grading directly")
    rules: str = Field(description="id and version of weights and thresholds")


@router.post("", responses=problems(400, 401, 403, 413, 422, 503))
def count(
    body: CountIn, services: Given, _: Annotated[Caller, Depends(may("checks:read"))]
) -> CountOut:
    """Count dangerous members after JGJ 125-2016; nothing is kept."""
    members = [MemberCount(m.storey, m.kind, m.total, m.dangerous) for m in body.members]
    rules = services.member_rules
    found = tally(members, body.storeys_above, body.storeys_below, body.soil_dangerous, rules)
    return CountOut(
        layers=[LayerOut.model_validate(layer) for layer in found.layers],
        ratio=found.ratio,
        du_layers=found.du_layers,
        du_layers_max=found.du_layers_max,
        computed=found.computed,
        rule=found.rule,
        missing=list(found.missing),
        direct=found.direct,
        rules=rules.id,
    )
