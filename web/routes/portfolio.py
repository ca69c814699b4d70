"""The portfolio: how an insurer's buildings stand, on a map and in a table, and what changed."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from analytics.assessment.statement import reason_words
from analytics.score_findings import names_of
from domain.access import may
from domain.assessed import Band
from domain.building_columns import WrongCell
from domain.clock import DAY_NS
from domain.context_import import read_moment
from domain.portfolio import SPANS_DAYS, Sort, Standing, Wanted, listed, movers, standings
from web.districts import outlines
from web.formats import local, table_time
from web.guard import PageRoute, allowed, caller_of, estate_of, services_of
from web.render import page, words_of
from web.tables import csv_answer, xlsx_answer
from web.words import Words

router = APIRouter(prefix="/portfolio", route_class=PageRoute)

#: buildings on one page of the table; the files have all
ROWS = 50
MOVERS = 6
#: how the map draws each band, the mildest first; of several the highest number is shown
MAP_RANK = {
    Band.CALM: 0,
    Band.CANNOT_JUDGE: 1,
    Band.WATCH: 2,
    Band.C_SUSPECT: 3,
    Band.D_SUSPECT: 4,
}
_AT_ONCE = 500
_COLUMNS = (
    "building", "code", "district", "score", "score_low", "score_high", "band", "suspected",
    "quality", "channels", "channels_told", "data_at", "assessed_at", "model", "points",
    "band_before", "reason", "grade", "report_number", "appraised_on", "id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """What the page was asked for; what cannot be read is left out."""

    as_of: str = ""
    text: str = ""
    band: str = ""
    district: str = ""
    sort: str = Sort.SCORE.value
    days: str = str(SPANS_DAYS[0])
    at: str = ""

    @property
    def sorting(self) -> Sort:
        """Tell the order."""
        return Sort(self.sort) if self.sort in set(Sort) else Sort.SCORE

    @property
    def span_days(self) -> int:
        """Tell the span over which changes are looked at."""
        return next((days for days in SPANS_DAYS if str(days) == self.days), SPANS_DAYS[0])

    @property
    def wanted(self) -> Wanted:
        """Tell what is listed."""
        bands = frozenset({Band(self.band)} if self.band in set(Band) else ())
        return Wanted(bands, district=self.district, text=self.text)

    @property
    def filtered(self) -> bool:
        """Tell whether anything is left out."""
        return self.wanted != Wanted()

    @property
    def first(self) -> int:
        """Tell which row of the list the page begins with."""
        return int(self.at) if self.at.isascii() and self.at.isdecimal() and len(self.at) < 8 else 0

    def moment(self) -> tuple[int | None, bool]:
        """Read the moment; tells, too, whether it could not be read."""
        if not self.as_of.strip():
            return None, False
        try:
            return read_moment(self.as_of), False
        except WrongCell:
            return None, True

    def query(self, **changes: object) -> str:
        """Write it as the query of an address, with some changes; what is usual is left out."""
        usual = Asked()
        given = {name: getattr(self, name) for name in usual.__dataclass_fields__}
        given |= {"at": ""} | {name: str(value) for name, value in changes.items()}
        return urlencode({n: v for n, v in given.items() if v != getattr(usual, n)})


@router.get("")
def portfolio_page(request: Request) -> Response:
    """Show the buildings that the caller may see: counts, map, movers, table."""
    asked = asked_of(request)
    as_of_ns, fault = asked.moment()
    rows, known_at_ns = standing(request, asked)
    chosen = listed(rows, asked.wanted, asked.sorting)
    first = asked.first if asked.first < len(chosen) else 0
    counts = {band: sum(row.band is band and row.row is not None for row in rows) for band in Band}
    return page(
        request,
        "portfolio.html",
        active="portfolio",
        asked=asked,
        rows=chosen[first : first + ROWS],
        first=first,
        per_page=ROWS,
        found=len(chosen),
        total=len(rows),
        counts=counts,
        never=sum(row.row is None for row in rows),
        movers=movers(rows, MOVERS),
        spans=SPANS_DAYS,
        districts=sorted({row.building.district for row in rows}),
        known_at_ns=known_at_ns,
        as_of_ns=as_of_ns,
        picked=f"{local(as_of_ns):%Y-%m-%dT%H:%M}" if as_of_ns is not None else "",
        fault=fault,
        ranks=MAP_RANK,
        webhooks=may(caller_of(request), "webhooks:write"),
        map_words=words_of(request).group("map")
        | {f"band.{rank}": words_of(request).of("band", b.value) for b, rank in MAP_RANK.items()},
    )


@router.get("/map")
def portfolio_map(request: Request) -> Response:
    """Give the buildings with their bands: what the map draws."""
    asked = asked_of(request)
    rows, _ = standing(request, asked)
    chosen = listed(rows, asked.wanted, asked.sorting)
    words = words_of(request)
    return JSONResponse(
        {
            "type": "FeatureCollection",
            "districts": {
                "type": "FeatureCollection",
                "features": outlines((r.building for r in chosen), {}, words.group("district")),
            },
            "features": [
                {
                    "type": "Feature",
                    "geometry": {
                        "type": "Point",
                        "coordinates": [row.building.longitude, row.building.latitude],
                    },
                    "properties": {
                        "id": row.building.id,
                        "name": row.building.name,
                        "address": row.building.address,
                        "level": MAP_RANK[row.band],
                    },
                }
                for row in chosen
            ],
        },
        headers={"Cache-Control": "no-store"},
    )


@router.get(".csv")
def portfolio_csv(request: Request) -> Response:
    """Give the whole list that was chosen as a table."""
    head, rows = _table(request)
    return csv_answer("anju-portfolio.csv", head, rows)


@router.get(".xlsx")
def portfolio_xlsx(request: Request) -> Response:
    """Give the same as a workbook."""
    head, rows = _table(request)
    return xlsx_answer("anju-portfolio.xlsx", words_of(request)("portfolio.title"), head, rows)


def asked_of(request: Request) -> Asked:
    """Read what a page was asked for; too long a text is cut."""
    given = request.query_params
    return Asked(**{n: given[n][:100] for n in Asked.__dataclass_fields__ if n in given})


def standing(request: Request, asked: Asked) -> tuple[list[Standing], int]:
    """Read how a caller's buildings stood, and as of which moment."""
    caller = allowed(request, "assessments:read")
    services = services_of(request)
    visible = estate_of(request).visible(caller, "assessments:read")
    ids = list(visible)
    as_of_ns, _ = asked.moment()
    known_at_ns = services.clock.now_ns() if as_of_ns is None else as_of_ns
    store = services.assessments
    rows = standings(
        visible.values(),
        store.newest(ids, as_of_ns=known_at_ns),
        store.newest(ids, as_of_ns=known_at_ns - asked.span_days * DAY_NS),
        services.register.appraised(ids, local(known_at_ns).date()),
        services.profile,
    )
    return rows, known_at_ns


def _table(request: Request) -> tuple[list[str], Iterable[tuple[object, ...]]]:
    asked = asked_of(request)
    rows, _ = standing(request, asked)
    words = words_of(request)
    chosen = listed(rows, asked.wanted, asked.sorting)
    return [words(f"table.{name}") for name in _COLUMNS], _cells(request, chosen)


def _cells(request: Request, rows: list[Standing]) -> Iterable[tuple[object, ...]]:
    services, words = services_of(request), words_of(request)
    for first in range(0, len(rows), _AT_ONCE):
        part = rows[first : first + _AT_ONCE]
        sites = services.register.sites_of([one.building.id for one in part])
        kept = [one.row.assessment.id for one in part if one.row]
        verdicts = services.assessments.verdicts(kept)
        for one in part:
            site = sites.get(one.building.id)
            made = one.row.assessment if one.row else None
            said = verdicts.get(made.id, ()) if made else ()
            reason = next(iter(made.reasons), None) if made else None
            names = names_of(site) if site else {}
            why = reason_words(reason, said, names, words.language) if reason else ""
            yield _row(one, why, words)


def _row(one: Standing, why: str, words: Words) -> tuple[object, ...]:
    row, made, grade = one.row, one.row.assessment if one.row else None, one.appraisal
    coverage = row.coverage if row else None
    judged = made if one.judged else None
    return (
        one.building.name,
        one.building.code,
        words.of("district", one.building.district),
        round(judged.score, 1) if judged else "",
        round(judged.low, 1) if judged else "",
        round(judged.high, 1) if judged else "",
        words.of("band", one.band.value) if row else words("band.never"),
        words.of("suspected", one.suspected.value) if row else "",
        round(made.quality_percent) if made else "",
        coverage.channels if coverage else "",
        coverage.told if coverage else "",
        table_time(row.data_at_ns) if row else "",
        table_time(made.at_ns) if made else "",
        made.model if made else "",
        round(one.change, 1) if one.change is not None else "",
        words.of("band", one.band_before.value) if one.band_before else "",
        why,
        grade.grade.value if grade else words("grade.none"),
        grade.report_number if grade else "",
        grade.appraised_on.isoformat() if grade else "",
        one.building.id,
    )
