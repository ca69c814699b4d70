"""Cycle profiles: how often who is checked, version by version, and what another one would ask."""

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from api.fields import Day, Id, In, Out, Text
from api.permission import Given, may
from api.problem import problems
from api.visibility import visible_districts
from domain.access import Caller
from domain.check_cycles import CycleProfile, CycleRow, RolloutRow, TriggerRow
from domain.checkups import CheckCause, CheckClass
from lifecycle.cycle_desk import preview, publish
from lifecycle.cycles import checked
from lifecycle.results import day_of, in_force

router = APIRouter(prefix="/check-cycles", tags=["check-ups"])

Whole = Annotated[int, Field(strict=True, ge=0, le=3_660)]
Year = Annotated[int, Field(strict=True, ge=1000, le=2200)]
Age = Annotated[float, Field(strict=True, ge=0, le=1000, allow_inf_nan=False)]
Use = Literal["residential", "public", "industrial", "other"]
Letter = Literal["A", "B", "C", "D", "none"]


class CycleIn(In):
    """One rule; of those that fit a building the strictest counts."""

    id: Id
    check_class: CheckClass
    every_months: Annotated[int, Field(strict=True, ge=0, le=600)] = 0
    every_days: Whole = Field(default=0, description="both 0: exempt")
    uses: Annotated[list[Use], Field(max_length=4)] = Field(default=[])
    grades: Annotated[list[Letter], Field(max_length=5)] = Field(default=[])
    age_from: Age | None = None
    age_to: Age | None = None
    life: Literal["", "before", "past"] = ""
    source: Text = ""
    certainty: Text = ""


class RolloutIn(In):
    """The year in which buildings of some build years have their first basic check-up."""

    year: Year
    built_from: Year | None = None
    built_to: Year | None = None


class TriggerIn(In):
    """What an event makes due."""

    cause: CheckCause
    check_class: CheckClass
    within_days: Whole
    source: Text = ""
    certainty: Text = ""


class ProfileIn(In):
    """One version of a cycle profile; a version that is there is never changed."""

    id: Id
    version: Annotated[int, Field(strict=True, ge=1, le=100_000)]
    effective_on: Day
    cycles: Annotated[list[CycleIn], Field(max_length=200)]
    rollout: Annotated[list[RolloutIn], Field(max_length=200)] = Field(default=[])
    triggers: Annotated[list[TriggerIn], Field(max_length=200)] = Field(default=[])
    design_life_years: Annotated[int, Field(strict=True, ge=1, le=500)] = 50
    appraise_within_days: Annotated[int, Field(strict=True, ge=1, le=3_660)] = 30
    recheck_within_days: Annotated[int, Field(strict=True, ge=1, le=3_660)] = 180
    conflict_days: Whole = 90
    note: Text = ""

    def profile(self, made_at_ns: int, by: str) -> CycleProfile:
        """Build the profile.

        Raises
        ------
        InvalidInput
            When its rows do not fit together; the text names the row.

        """
        return checked(
            CycleProfile(
                self.id, self.version, self.effective_on,
                tuple(
                    CycleRow(**row.model_dump() | {
                        "uses": tuple(row.uses), "grades": tuple(row.grades),
                    })
                    for row in self.cycles
                ),
                tuple(RolloutRow(**row.model_dump()) for row in self.rollout),
                tuple(TriggerRow(**row.model_dump()) for row in self.triggers),
                self.design_life_years, self.appraise_within_days, self.recheck_within_days,
                self.conflict_days, self.note, made_at_ns, by,
            )
        )  # fmt: skip


class CycleOut(Out):
    """One rule."""

    id: str
    check_class: CheckClass
    every_months: int
    every_days: int
    uses: list[str]
    grades: list[str]
    age_from: float | None
    age_to: float | None
    life: str
    source: str
    certainty: str


class RolloutOut(Out):
    """A rollout year."""

    year: int
    built_from: int | None
    built_to: int | None


class TriggerOut(Out):
    """What an event makes due."""

    cause: CheckCause
    check_class: CheckClass
    within_days: int
    source: str
    certainty: str


class ProfileOut(Out):
    """One version of a cycle profile."""

    id: str
    version: int
    effective_on: date
    in_force: bool = False
    cycles: list[CycleOut]
    rollout: list[RolloutOut]
    triggers: list[TriggerOut]
    design_life_years: int
    appraise_within_days: int
    recheck_within_days: int
    conflict_days: int
    note: str
    by: str


class CountOut(Out):
    """Check-ups of a year, district and class under the rules in force and under the others."""

    year: int
    district: str
    check_class: CheckClass
    before: int
    after: int


@router.get("", responses=problems(401, 403, 503))
def read_cycles(
    services: Given, who: Annotated[Caller, Depends(may("checks:read"))]
) -> list[ProfileOut]:
    """List all versions of all profiles, the newest first."""
    profiles = services.check_plans.profiles()
    now = in_force(profiles, day_of(services.clock.now_ns()))
    return [
        ProfileOut.model_validate(one).model_copy(update={"in_force": one == now})
        for one in profiles
    ]


@router.put(
    "",
    responses={201: {"model": ProfileOut}, **problems(400, 401, 403, 409, 413, 422, 503)},
)
def put_cycles(
    body: ProfileIn,
    services: Given,
    response: Response,
    who: Annotated[Caller, Depends(may("checks:rules"))],
) -> ProfileOut:
    """Keep a new version; the same again changes nothing, another content is refused."""
    kept, new = publish(services, who, body.profile(services.clock.now_ns(), who.name))
    if new:
        response.status_code = 201
    return ProfileOut.model_validate(kept)


@router.post("/preview", responses=problems(400, 401, 403, 413, 422, 503))
def preview_cycles(
    body: ProfileIn, services: Given, who: Annotated[Caller, Depends(may("checks:plan"))]
) -> list[CountOut]:
    """Count the check-ups of the next years under the rules in force and others; keep nothing."""
    wanted = body.profile(services.clock.now_ns(), who.name)
    effect = preview(services, who, wanted, visible_districts(services.register, who))
    return [
        CountOut(year=key[0], district=key[1], check_class=key[2], before=before, after=after)
        for key, (before, after) in sorted(effect.years.items())
    ]
