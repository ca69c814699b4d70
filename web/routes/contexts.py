"""Context events: what happened around the buildings, in a list, on a plan and along time."""

import csv
import hashlib
import io
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Query, Request, Response, UploadFile

from domain.building_columns import WrongCell
from domain.clock import DAY_NS
from domain.context_import import (
    TEMPLATE_EXAMPLE,
    TEMPLATE_HEADER,
    ContextPreview,
    preview,
    read_moment,
)
from domain.contexts import ContextEvent, ContextKind, checked
from domain.errors import InvalidInput
from domain.ids import new_id
from domain.ports import Page
from domain.services import Services
from web.context_plan import plan_of, time_line
from web.guard import PageRoute, allowed, estate_of, services_of
from web.render import page, words_of

router = APIRouter(prefix="/contexts", route_class=PageRoute)

ROWS = 200
FILE_BYTES_MAX = 10_000_000
DAYS = 365
FIELDS = ("kind", "name", "started_at", "ended_at", "longitude", "latitude", "radius_m", "note")


@router.get("")
def contexts(request: Request, kind: Annotated[str, Query(max_length=20)] = "") -> Response:
    """Show the events, newest first."""
    allowed(request, "contexts:read")
    return page(request, "contexts.html", active="contexts", **_shown(request, kind))


@router.post("")
def add_context(
    request: Request,
    kind: Annotated[str, Form(max_length=20)] = "",
    name: Annotated[str, Form(max_length=200)] = "",
    started_at: Annotated[str, Form(max_length=40)] = "",
    ended_at: Annotated[str, Form(max_length=40)] = "",
    longitude: Annotated[str, Form(max_length=20)] = "",
    latitude: Annotated[str, Form(max_length=20)] = "",
    radius_m: Annotated[str, Form(max_length=20)] = "",
    note: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Write one event down."""
    caller = allowed(request, "contexts:write")
    services, words = services_of(request), words_of(request)
    given = dict(
        zip(
            FIELDS,
            (kind, name, started_at, ended_at, longitude, latitude, radius_m, note),
            strict=True,
        )
    )
    try:
        event = _event(given, services.clock.now_ns(), caller.name)
    except WrongCell as error:
        fault = error.en if words.language == "en" else error.zh
        return _form(request, given, fault)
    except InvalidInput as error:
        return _form(request, given, str(error))
    services.contexts.put([event], caller.name)
    return page(request, "_contexts.html", **(_shown(request, "") | {"kept": True}))


@router.get("/template.csv")
def template(request: Request) -> Response:
    """Give a table with the right header and one example."""
    allowed(request, "contexts:write")
    buffer = io.StringIO()
    csv.writer(buffer).writerows([TEMPLATE_HEADER, TEMPLATE_EXAMPLE])
    return Response(
        "\ufeff" + buffer.getvalue(),  # spreadsheets take it for GBK otherwise
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="anju-contexts.csv"'},
    )


@router.post("/import")
def import_look(request: Request, file: Annotated[UploadFile, File()]) -> Response:
    """Tell row by row what is wrong; nothing is written."""
    caller = allowed(request, "contexts:write")
    content = file.file.read(FILE_BYTES_MAX + 1)
    try:
        found = _preview(services_of(request), file.filename or "", content, caller.name)
    except InvalidInput as error:
        return _preview_page(request, fault=str(error))
    return _preview_page(request, found, digest=_digest(content))


@router.post("/import/commit")
def import_commit(
    request: Request, file: Annotated[UploadFile, File()], digest: Annotated[str, Form()] = ""
) -> Response:
    """Write the events of a table: all of them or none."""
    caller = allowed(request, "contexts:write")
    services = services_of(request)
    content = file.file.read(FILE_BYTES_MAX + 1)
    try:
        found = _preview(services, file.filename or "", content, caller.name)
    except InvalidInput as error:
        return _preview_page(request, fault=str(error))
    # what is written is what was looked at: another file, or a changed one, is shown first
    if digest != _digest(content) or not found.ok:
        return _preview_page(request, found, digest=_digest(content))
    new = services.contexts.add(found.events, caller.name)
    return _preview_page(request, written=new, known=len(found.events) - new)


def _event(given: dict[str, str], now_ns: int, by: str) -> ContextEvent:
    """Read the form.

    Raises
    ------
    WrongCell, InvalidInput
        When it cannot be read.

    """

    def number(name: str) -> float | None:
        text = given[name].strip()
        if not text:
            return None
        try:
            return float(text)
        except ValueError:
            raise WrongCell(f"应为数字，得到“{text}”", f"must be a number, got {text!r}") from None

    if given["kind"] not in tuple(ContextKind):
        raise WrongCell("请选择类别", "choose a kind")
    started_ns = read_moment(given["started_at"])
    ended = given["ended_at"].strip()
    return checked(
        ContextEvent(
            new_id(now_ns),
            ContextKind(given["kind"]),
            given["name"].strip(),
            started_ns,
            read_moment(ended) if ended else started_ns,
            number("longitude"),
            number("latitude"),
            number("radius_m") or 0.0,
            (),
            by,
            given["note"].strip(),
        )
    )


def _shown(request: Request, kind: str) -> dict[str, Any]:
    caller = allowed(request, "contexts:read")
    services = services_of(request)
    kinds = [ContextKind(kind)] if kind in tuple(ContextKind) else []
    now_ns = services.clock.now_ns()
    start_ns = now_ns - DAYS * DAY_NS
    rows = services.contexts.events(Page(ROWS), kinds=kinds)
    # the weather comes by the hour: it would hide the rest
    others = [k for k in ContextKind if k is not ContextKind.WEATHER]
    drawn = services.contexts.events(Page(ROWS), kinds=kinds or others, start_ns=start_ns)
    visible = estate_of(request).visible(caller, "buildings:read")
    return {
        "rows": rows,
        "kind": kinds[0].value if kinds else "",
        "kinds": list(ContextKind),
        "line": time_line(drawn, start_ns, now_ns) if drawn else None,
        "plan": plan_of(visible.values(), drawn),
        "given": {},
        "fault": "",
        "kept": False,
    }


def _form(request: Request, given: dict[str, str], fault: str) -> Response:
    shown = _shown(request, "") | {"given": given, "fault": fault}
    return page(request, "_contexts.html", status=422, **shown)


def _preview(services: Services, name: str, content: bytes, by: str) -> ContextPreview:
    if not content:
        raise InvalidInput("file must be a CSV or XLSX table, got nothing", "file")
    if len(content) > FILE_BYTES_MAX:
        raise InvalidInput(f"file must have at most {FILE_BYTES_MAX // 1_000_000} MB", "file")
    return preview(services.read_sheet(name, content), by)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _preview_page(
    request: Request,
    found: ContextPreview | None = None,
    *,
    fault: str = "",
    digest: str = "",
    written: int | None = None,
    known: int = 0,
) -> Response:
    english = words_of(request).language == "en"
    problems = [
        (p.row, p.column, p.message_en if english else p.message_zh)
        for p in (found.problems if found else ())
    ]
    return page(
        request,
        "_context_preview.html",
        fault=fault,
        written=written,
        known=known,
        events=found.events if found else (),
        problems=problems,
        faulty_rows=len({row for row, _, _ in problems}),
        digest=digest,
    )
