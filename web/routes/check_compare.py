"""The work of firms and of inspectors side by side, with intervals and without a ranking."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from domain.check_work import Work, WorkBy, WorkFilter, together
from domain.checkups import CheckClass
from lifecycle.comparison import Share, load_comparison, shares_of
from lifecycle.results import day_of
from web.guard import PageRoute, allowed, estate_of, services_of
from web.render import page, words_of
from web.tables import csv_answer, xlsx_answer

router = APIRouter(prefix="/checks/compare", route_class=PageRoute)

#: years before this one that can be chosen
YEARS = 5
#: shares in the order in which they are shown
SHARES = (
    "on_time", "disputed", "rejected", "corrected", "result_1", "result_2", "result_3",
    "result_4", "confirmed",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """What the page was asked for; what is not known counts as not given."""

    by: WorkBy
    year: int
    kind: str = ""
    district: str = ""

    def query(self, **changes: object) -> str:
        """Write it as the query of an address."""
        told: dict[str, object] = {
            "by": self.by.value, "year": self.year, "kind": self.kind, "district": self.district,
        }  # fmt: skip
        return urlencode({name: value for name, value in (told | changes).items() if value})


@dataclass(frozen=True, slots=True)
class Row:
    """The work of one, ready to be shown; a link is empty where nobody was named."""

    work: Work
    name: str
    shares: dict[str, Share]
    link: str


@router.get("")
def compare_page(request: Request) -> Response:
    """Show the work of each, by name."""
    caller = allowed(request, "checks:plan")
    asked, (rows, whole) = _asked(request), _rows(request)
    this_year = day_of(services_of(request).clock.now_ns()).year
    seen = estate_of(request).visible(caller, "checks:plan").values()
    marked = sum(share.outside != "" for row in rows for share in row.shares.values())
    return page(
        request,
        "check_compare.html",
        active="checks",
        asked=asked,
        rows=rows,
        whole=whole,
        marked=marked,
        names=SHARES,
        whose=list(WorkBy),
        kinds=list(CheckClass),
        years=range(this_year, this_year - YEARS, -1),
        districts=sorted({building.district for building in seen}),
        rules=load_comparison(),
    )


@router.get(".csv")
def compare_csv(request: Request) -> Response:
    """Save the comparison, each share with its interval."""
    return csv_answer("check-comparison.csv", *_table(request))


@router.get(".xlsx")
def compare_xlsx(request: Request) -> Response:
    """Save it as a workbook."""
    return xlsx_answer("check-comparison.xlsx", "comparison", *_table(request))


def _asked(request: Request) -> Asked:
    given, this_year = request.query_params, day_of(services_of(request).clock.now_ns()).year
    by, kind, year = (given.get(name, "") for name in ("by", "kind", "year"))
    known = year.isascii() and year.isdecimal() and this_year - YEARS < int(year) <= this_year
    return Asked(
        WorkBy(by) if by in set(WorkBy) else WorkBy.FIRM,
        int(year) if known else this_year,
        kind if kind in set(CheckClass) else "",
        given.get("district", "")[:20],
    )


def _rows(request: Request) -> tuple[list[Row], Row]:
    caller, asked = allowed(request, "checks:plan"), _asked(request)
    services, words = services_of(request), words_of(request)
    ids = estate_of(request).visible_ids(caller, "checks:plan")
    wanted = WorkFilter(
        asked.by, asked.year, CheckClass(asked.kind) if asked.kind else None,
        None if ids is None else tuple(ids), (asked.district,) if asked.district else None,
    )  # fmt: skip
    found = services.check_work.work(wanted)
    if asked.by is WorkBy.FIRM:
        names = {firm.id: firm.name for firm in services.checks.firms()}
    else:
        names = {user.id: user.display_name or user.name for user in services.access.users()}
    names[""] = words("compare.nobody")
    whole, rules = together(found), load_comparison()

    def link(work: Work) -> str:
        told = {
            asked.by.value: work.key, "year": asked.year, "show": "done", "kind": asked.kind,
            "district": asked.district,
        }  # fmt: skip
        query = urlencode({name: value for name, value in told.items() if value})
        return f"/check-ups?{query}" if work.key else ""

    rows = [
        Row(one, names.get(one.key, one.key), shares_of(one, whole, rules), link(one))
        for one in found
    ]
    rows.sort(key=lambda row: (not row.work.key, row.name, row.work.key))
    return rows, Row(whole, words("coverage.total"), shares_of(whole, whole, rules), "")


def _table(request: Request) -> tuple[list[str], Iterator[list[object]]]:
    found, whole = _rows(request)
    words = words_of(request)
    head = [words(f"compare.column_{n}") for n in ("name", "opened", "done", "days")]
    for name in SHARES:
        told = words(f"compare.share_{name}")
        head += [f"{told} {words('compare.' + part)}" for part in ("n", "of", "low", "high")]
        head.append(f"{told} {words('compare.outside')}")
    head += [words(f"compare.column_{name}") for name in ("photos", "defects", "key")]

    def rows() -> Iterator[list[object]]:
        for row in [*found, whole]:
            work = row.work
            cells: list[object] = [row.name, work.opened, work.done, work.median_days]
            for name in SHARES:
                share = row.shares[name]
                bounds = [share.low, share.high] if share.of else [None, None]
                cells += [share.hits, share.of]
                cells += [None if bound is None else round(100 * bound, 1) for bound in bounds]
                cells.append(words(f"compare.{share.outside}") if share.outside else "")
            each = [work.photos_each, work.defects_each]
            yield [*cells, *(None if one is None else round(one, 2) for one in each), work.key]

    return head, rows()
