"""The work of firms and of inspectors, with intervals: nobody is ranked by noise."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query

from api.check_scope import narrowed
from api.fields import DIGITS, Division, Out
from api.permission import Given, Seen, may
from api.problem import problems
from domain.access import Caller
from domain.check_work import Work, WorkBy, WorkFilter, together
from domain.checkups import CheckClass
from lifecycle.comparison import Share, load_comparison, shares_of
from lifecycle.results import day_of

router = APIRouter(prefix="/check-comparison", tags=["check-ups"])
Year = Annotated[int | None, Query(ge=2000, le=2100, description="this year without it"), DIGITS]


class ShareOut(Out):
    """A share from 0 to 1 with its 95 % interval; null where there is nothing to share.

    `outside` is `above` or `below` where, with the share of all, chance gives one so far off less
    than once in a thousand times.
    """

    hits: int
    of: int
    value: float | None
    low: float
    high: float
    outside: Literal["", "above", "below"]

    @classmethod
    def of_share(cls, share: Share) -> "ShareOut":
        """Show a share."""
        return cls.model_validate(share)


class WorkOut(Out):
    """The work of one firm or inspector; all but `opened` is of check-ups done in the year."""

    key: str
    name: str
    opened: int
    done: int
    median_days: float | None
    photos_each: float | None
    defects_each: float | None
    shares: dict[str, ShareOut]


class Comparison(Out):
    """The work of each, by name, and of all together."""

    by: WorkBy
    year: int
    check_class: CheckClass | None
    rows: list[WorkOut]
    total: WorkOut


@router.get("", responses=problems(401, 403, 422, 503))
def read_comparison(
    services: Given,
    sight: Seen,
    who: Annotated[Caller, Depends(may("checks:plan"))],
    by: WorkBy = WorkBy.FIRM,
    class_: Annotated[CheckClass | None, Query(alias="class")] = None,
    year: Year = None,
    district: Annotated[Division | None, Query()] = None,
) -> Comparison:
    """Compare the work of firms or inspectors within what the caller may see, by name."""
    today = day_of(services.clock.now_ns())
    seen = narrowed(sight, who, district)
    wanted = WorkFilter(by, year or today.year, class_, seen.building_ids, seen.districts)
    rows = services.check_work.work(wanted)
    whole = together(rows)
    if by is WorkBy.FIRM:
        names = {firm.id: firm.name for firm in services.checks.firms()}
    else:
        names = {user.id: user.display_name or user.name for user in services.access.users()}
    shown = [_out(row, whole, names.get(row.key, row.key)) for row in rows]
    return Comparison(
        by=by,
        year=wanted.year,
        check_class=class_,
        rows=sorted(shown, key=lambda row: (not row.key, row.name, row.key)),
        total=_out(whole, whole, ""),
    )


def _out(row: Work, whole: Work, name: str) -> WorkOut:
    shares = shares_of(row, whole, load_comparison())
    return WorkOut(
        key=row.key,
        name=name,
        opened=row.opened,
        done=row.done,
        median_days=row.median_days,
        photos_each=row.photos_each,
        defects_each=row.defects_each,
        shares={one: ShareOut.of_share(share) for one, share in shares.items()},
    )
