"""How far the buildings are checked: figures by group, with the lists behind them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from domain.check_figures import Coverage, CoverageBy, CoverageFilter, total
from domain.checkups import CheckClass
from lifecycle.build_years import load_build_years
from lifecycle.results import day_of
from web.guard import PageRoute, allowed, estate_of, services_of
from web.house_filter import built_words
from web.render import page, words_of
from web.tables import csv_answer, xlsx_answer
from web.words import Words

router = APIRouter(prefix="/checks/coverage", route_class=PageRoute)

#: years before this one that can be chosen
YEARS = 5
#: what a link to a list calls a group
_NAMES = {CoverageBy.DISTRICT: "district", CoverageBy.AGE: "built"}
_COLUMNS = (
    "group", "buildings", "wanted", "done", "check_ups", "percent", "late", "missing", "due",
    "overdue", "never",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """What the page was asked for; what is not known counts as not given."""

    by: CoverageBy
    check_class: CheckClass
    year: int
    today: date
    district: str = ""

    def query(self, **changes: object) -> str:
        """Write it as the query of an address."""
        told: dict[str, object] = {
            "by": self.by.value, "kind": self.check_class.value, "year": self.year,
            "district": self.district,
        }  # fmt: skip
        return urlencode({name: value for name, value in (told | changes).items() if value})

    def group(self, key: str) -> dict[str, str]:
        """Tell what of a list's filter stands for a group; an empty key is all of them."""
        told = {"district": self.district, "kind": self.check_class.value}
        if self.by is CoverageBy.CLASS:
            return told | {"kind": key}
        return told | {_NAMES.get(self.by, self.by.value): key} if key else told


@router.get("")
def coverage_page(request: Request) -> Response:
    """Show the figures, each with the list that is behind it."""
    asked, rows = _asked(request), _rows(request)
    caller = allowed(request, "checks:plan")
    seen = estate_of(request).visible(caller, "checks:plan").values()
    words = words_of(request)
    runs = services_of(request).jobs.runs("check-plan", 1)
    return page(
        request,
        "check_coverage.html",
        active="checks",
        asked=asked,
        rows=[(row, _name(row, asked, words), _links(row, asked)) for row in rows],
        whole=_whole(rows, asked, words),
        groups=list(CoverageBy),
        kinds=list(CheckClass),
        years=range(asked.today.year, asked.today.year - YEARS, -1),
        districts=sorted({building.district for building in seen}),
        widest=max((row.wanted for row in rows), default=0),
        run=next(iter(runs), None),
        years_of=load_build_years(),
    )


@router.get(".csv")
def coverage_csv(request: Request) -> Response:
    """Save the figures."""
    return csv_answer("check-coverage.csv", *_table(request))


@router.get(".xlsx")
def coverage_xlsx(request: Request) -> Response:
    """Save the figures as a workbook."""
    return xlsx_answer("check-coverage.xlsx", "coverage", *_table(request))


def _asked(request: Request) -> Asked:
    given, today = request.query_params, day_of(services_of(request).clock.now_ns())
    by, kind, year = (given.get(name, "") for name in ("by", "kind", "year"))
    known = year.isascii() and year.isdecimal() and today.year - YEARS < int(year) <= today.year
    return Asked(
        CoverageBy(by) if by in set(CoverageBy) else CoverageBy.DISTRICT,
        CheckClass(kind) if kind in set(CheckClass) else CheckClass.BASIC,
        int(year) if known else today.year,
        today,
        given.get("district", "")[:20],
    )


def _rows(request: Request) -> list[Coverage]:
    caller, asked = allowed(request, "checks:plan"), _asked(request)
    ids = estate_of(request).visible_ids(caller, "checks:plan")
    wanted = CoverageFilter(
        asked.by, asked.check_class, asked.year, asked.today, load_build_years(),
        None if ids is None else tuple(ids), (asked.district,) if asked.district else None,
    )  # fmt: skip
    rows = services_of(request).check_figures.coverage(wanted)
    if asked.by is CoverageBy.AGE:
        keys = load_build_years().keys
        return sorted(rows, key=lambda row: keys.index(row.key))
    return rows


def _whole(
    rows: list[Coverage], asked: Asked, words: Words
) -> tuple[Coverage, str, dict[str, str]] | None:
    """Add the groups up; classes share their buildings and are not added."""
    if asked.by is CoverageBy.CLASS or not rows:
        return None
    row = total(rows)
    return row, words("coverage.total"), _links(row, asked)


def _name(row: Coverage, asked: Asked, words: Words) -> str:
    match asked.by:
        case CoverageBy.DISTRICT:
            return words.of("district", row.key)
        case CoverageBy.AGE:
            return built_words(row.key, words)
        case CoverageBy.STRUCTURE:
            return words.of("structure", row.key)
        case CoverageBy.CLASS:
            return words.of("check_class", row.key)


def _links(row: Coverage, asked: Asked) -> dict[str, str]:
    """Name the list behind each figure of a group."""
    group = asked.group(row.key)
    house = {name: value for name, value in group.items() if name != "kind"}
    last = date(asked.year, 12, 31)
    past = min(last, asked.today - timedelta(days=1))
    # a basic check-up counts as a daily one
    kind = "daily-or-basic" if group["kind"] == CheckClass.DAILY else group["kind"]
    done = group | {"show": "done", "year": asked.year, "kind": kind}
    return {
        "buildings": _link("/buildings", house),
        "done": _link("/check-ups", done),
        "due": _link("/checks", group | {"until": last}),
        "overdue": _link("/checks", group | {"until": past}),
        "never": _link("/checks", group | {"never": "yes"}),
    }


def _link(path: str, told: Mapping[str, object]) -> str:
    query = urlencode({name: value for name, value in told.items() if value})
    return f"{path}?{query}" if query else path


def _table(request: Request) -> tuple[list[str], Iterator[list[object]]]:
    asked, found, words = _asked(request), _rows(request), words_of(request)
    whole = _whole(found, asked, words)
    named = [(_name(row, asked, words), row) for row in found]
    if whole is not None:
        named.append((whole[1], whole[0]))

    def rows() -> Iterator[list[object]]:
        for name, row in named:
            told = [getattr(row, column) for column in _COLUMNS[1:]]
            yield [name, *(round(one, 1) if isinstance(one, float) else one for one in told)]

    return [words(f"coverage.column_{name}") for name in _COLUMNS], rows()
