"""The register of buildings: search, and import with a look before anything is written."""

import csv
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, File, Form, Query, Request, Response, UploadFile

from domain.access import Caller, may, sees_residents
from domain.building_import import TEMPLATE_EXAMPLE, TEMPLATE_HEADER, ImportPreview, preview
from domain.buildings import Building, Grade
from domain.errors import Conflict, InvalidInput
from domain.limits import Level
from domain.ports import Page
from domain.services import Services
from lifecycle.build_years import load_build_years
from web.alert_rows import LIVE
from web.formats import local
from web.guard import PageRoute, allowed, estate_of, services_of
from web.house_filter import HouseFilter, built_words, house_filter
from web.render import page, words_of
from web.tables import csv_answer

router = APIRouter(route_class=PageRoute)

ROWS = 50
#: buildings read at once while foreign ones are left out
READ = 500
#: open alerts of those: one for each building and cause
READ_ALERTS = 4_000
FILE_BYTES_MAX = 10_000_000

Text = Annotated[str, Query(max_length=100)]
After = Annotated[str, Query(max_length=100)]


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """One building of the list; the grade and the level never share a column."""

    building: Building
    grade: Grade | None
    level: Level


@dataclass(frozen=True, slots=True)
class ShownProblem:
    """Something wrong in one cell, in the reader's language."""

    row: int
    column: str
    text: str


@router.get("/buildings")
def register(request: Request, text: Text = "", district: Text = "", after: After = "") -> Response:
    """Show the register."""
    caller = allowed(request, "buildings:read")
    visible = estate_of(request).visible(caller, "buildings:read")
    return page(
        request,
        "buildings.html",
        active="buildings",
        total=len(visible),
        text=text,
        built_keys=load_build_years().keys,
        built_word=lambda key: built_words(key, words_of(request)),
        structures=sorted({b.structure for b in visible.values()}),
        districts=sorted({b.district for b in visible.values()}),
        **_list(request, text, district, after),
    )


@router.get("/register/list")
def register_list(
    request: Request, text: Text = "", district: Text = "", after: After = ""
) -> Response:
    """Show the list by itself, to be put in place of the old one."""
    return page(request, "_register.html", **_list(request, text, district, after))


@router.get("/register/buildings.csv")
def register_csv(request: Request, text: Text = "", district: Text = "") -> Response:
    """Give every building that the filters let through, as a table."""
    caller, house = allowed(request, "buildings:read"), house_filter(request)
    services, words = services_of(request), words_of(request)
    today = local(services.clock.now_ns()).date()
    sees_alerts, residents = may(caller, "alerts:read"), sees_residents(caller)

    def rows() -> Iterator[tuple[object, ...]]:
        for part in _every(services, caller, text.strip(), district, house):
            ids = [b.id for b in part]
            grades = services.register.grades(ids, today)
            worst = _worst(services, ids) if sees_alerts else {}
            for b in part:
                grade = grades.get(b.id)
                yield (
                    b.name,
                    b.code,
                    b.address,
                    b.district,
                    words.of("district", b.district),
                    b.street,
                    b.community,
                    b.longitude,
                    b.latitude,
                    b.crs,
                    words.of("use", b.use),
                    words.of("structure", b.structure),
                    b.build_year,
                    b.storeys_above,
                    b.storeys_below,
                    b.height_m,
                    b.area_m2,
                    b.households if residents else None,
                    words.of("heritage", b.heritage.value),
                    grade.value if grade else words("grade.none"),
                    words(f"level.{worst.get(b.id, Level.NONE).word}") if sees_alerts else "",
                    b.id,
                )

    columns = (
        "building", "code", "address", "district_code", "district", "street", "community",
        "longitude", "latitude", "crs", "use", "structure", "build_year", "storeys_above",
        "storeys_below", "height_m", "area_m2", "households", "heritage", "grade", "level", "id",
    )  # fmt: skip
    return csv_answer("anju-buildings.csv", [words(f"table.{name}") for name in columns], rows())


@router.get("/register/import")
def import_page(request: Request) -> Response:
    """Ask for the file."""
    allowed(request, "register:write")
    return page(request, "import.html", active="buildings")


@router.get("/register/import/template.csv")
def import_template(request: Request) -> Response:
    """Give a table with the right header and one example."""
    allowed(request, "register:write")
    buffer = io.StringIO()
    csv.writer(buffer).writerows([TEMPLATE_HEADER, TEMPLATE_EXAMPLE])
    return Response(
        "\ufeff" + buffer.getvalue(),  # spreadsheets take it for GBK otherwise
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="anju-buildings.csv"'},
    )


@router.post("/register/import")
def import_look(request: Request, file: Annotated[UploadFile, File()]) -> Response:
    """Tell row by row what is wrong; nothing is written."""
    caller = allowed(request, "register:write")
    name, content = _content(file)
    try:
        found = _preview(services_of(request), name, content)
    except InvalidInput as error:
        return _shown(request, fault=str(error))
    return _shown(request, found, caller, digest=_digest(content))


@router.post("/register/import/commit")
def import_commit(
    request: Request, file: Annotated[UploadFile, File()], digest: Annotated[str, Form()] = ""
) -> Response:
    """Write the buildings of a table: all of them or none."""
    caller = allowed(request, "register:write")
    services = services_of(request)
    name, content = _content(file)
    try:
        found = _preview(services, name, content)
    except InvalidInput as error:
        return _shown(request, fault=str(error))
    # what is written is what was looked at: another file, or a changed one, is shown first
    foreign = [b for b in found.buildings if not may(caller, "register:write", b)]
    if digest != _digest(content) or not found.ok or foreign:
        return _shown(request, found, caller, digest=_digest(content))
    try:
        services.register.put_buildings(found.buildings, caller.name)
    except Conflict as error:
        return _shown(request, fault=str(error))
    return _shown(request, written=len(found.buildings))


def _list(request: Request, text: str, district: str, after: str) -> dict[str, Any]:
    caller = allowed(request, "buildings:read")
    services = services_of(request)
    house = house_filter(request)
    found = _matching(services, caller, text.strip(), district, after, house)
    rows = found[:ROWS]
    ids = [b.id for b in rows]
    today = local(services.clock.now_ns()).date()
    grades = services.register.grades(ids, today)
    worst = _worst(services, ids) if may(caller, "alerts:read") else {}
    kept = {name: value for name, value in (("text", text), ("district", district)) if value}
    kept |= house.query
    return {
        "rows": [RegisterRow(b, grades.get(b.id), worst.get(b.id, Level.NONE)) for b in rows],
        "chosen_district": district,
        "chosen_house": house,
        "filtered": bool(text.strip() or district or house.given),
        "export": "/register/buildings.csv" + (f"?{urlencode(kept)}" if kept else ""),
        "before": urlencode(kept) if after else None,
        "next": urlencode(kept | {"after": rows[-1].id}) if len(found) > ROWS else None,
    }


def _matching(
    services: Services, caller: Caller, text: str, district: str, after: str, house: HouseFilter
) -> list[Building]:
    """Read one building more than a page shows."""
    found: list[Building] = []
    while len(found) <= ROWS:
        part = services.register.buildings(
            Page(READ, after), text=text, districts=[district] if district else None
        )
        found += [b for b in part if may(caller, "buildings:read", b) and house.fits(b)]
        if len(part) < READ:
            break
        after = part[-1].id
    return found[: ROWS + 1]


def _every(
    services: Services, caller: Caller, text: str, district: str, house: HouseFilter
) -> Iterator[list[Building]]:
    """Read all buildings that a caller may see, some at a time."""
    after = ""
    while True:
        part = services.register.buildings(
            Page(READ, after), text=text, districts=[district] if district else None
        )
        yield [b for b in part if may(caller, "buildings:read", b) and house.fits(b)]
        if len(part) < READ:
            return
        after = part[-1].id


def _worst(services: Services, ids: list[str]) -> dict[str, Level]:
    """Tell the worst level that is open at each of some buildings."""
    worst: dict[str, Level] = {}
    if ids:
        for alert in services.alerts.alerts(Page(READ_ALERTS), building_ids=ids, states=LIVE):
            worst[alert.building_id] = max(worst.get(alert.building_id, Level.NONE), alert.level)
    return worst


def _content(file: UploadFile) -> tuple[str, bytes]:
    content = file.file.read(FILE_BYTES_MAX + 1)
    return file.filename or "", content


def _preview(services: Services, name: str, content: bytes) -> ImportPreview:
    if not content:
        raise InvalidInput("file must be a CSV or XLSX table, got nothing", "file")
    if len(content) > FILE_BYTES_MAX:
        raise InvalidInput(f"file must have at most {FILE_BYTES_MAX // 1_000_000} MB", "file")
    rows = services.read_sheet(name, content)
    return preview(rows, services.register.building_codes(), services.clock.now_ns())


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _shown(
    request: Request,
    found: ImportPreview | None = None,
    caller: Caller | None = None,
    *,
    fault: str = "",
    digest: str = "",
    written: int | None = None,
) -> Response:
    words = words_of(request)
    problems: list[ShownProblem] = []
    if found is not None and caller is not None:
        problems = [
            ShownProblem(p.row, p.column, p.message_en if words.language == "en" else p.message_zh)
            for p in found.problems
        ]
        foreign = [b for b in found.buildings if not may(caller, "register:write", b)]
        problems += [
            ShownProblem(0, words("building.district"), words("import.foreign", name=b.name))
            for b in foreign
        ]
    return page(
        request,
        "_import_preview.html",
        fault=fault,
        written=written,
        buildings=found.buildings if found else (),
        problems=problems,
        faulty_rows=len({(p.row, p.text if not p.row else "") for p in problems}),
        digest=digest,
    )
