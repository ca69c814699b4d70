"""Forms of check-ups: versions, a preview as the phone shows it, upload, publishing, retiring."""

import hashlib
from dataclasses import asdict, replace
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Request, Response, UploadFile

from domain.errors import InvalidInput, NotFound
from domain.services import Services
from domain.templates import Template
from lifecycle.template_changes import changes
from lifecycle.template_sheets import HEADER, rows_of, template_of
from lifecycle.templates import BYTES_MAX, must_be_next, parse_template, template_json
from web.guard import PageRoute, allowed, services_of
from web.render import page
from web.tables import xlsx_answer

router = APIRouter(prefix="/checks/forms", route_class=PageRoute)


@router.get("")
def forms(request: Request) -> Response:
    """List the forms with their versions."""
    allowed(request, "checks:read")
    every = services_of(request).check_plans.templates()
    groups: dict[str, list[Template]] = {}
    for one in every:
        groups.setdefault(one.id, []).append(one)
    return page(request, "check_forms.html", active="checks", groups=list(groups.values()))


@router.get("/{template_id}/{version}")
def form(request: Request, template_id: str, version: int) -> Response:
    """Show a version as the phone does, and what is new in it."""
    allowed(request, "checks:read")
    return _shown(request, _found(services_of(request), template_id, version))


@router.get("/{template_id}/{version}/form.json")
def as_json(request: Request, template_id: str, version: int) -> Response:
    """Hand a version out as JSON."""
    allowed(request, "checks:read")
    found = _found(services_of(request), template_id, version)
    name = f"{found.id}-{found.version}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(template_json(found), media_type="application/json", headers=headers)


@router.get("/{template_id}/{version}/form.xlsx")
def as_xlsx(request: Request, template_id: str, version: int) -> Response:
    """Hand a version out as a workbook, a row an item."""
    allowed(request, "checks:read")
    found = _found(services_of(request), template_id, version)
    return xlsx_answer(f"{found.id}-{found.version}.xlsx", "form", HEADER, rows_of(found))


@router.post("/{template_id}/look")
def look(request: Request, template_id: str, file: Annotated[UploadFile, File()]) -> Response:
    """Show what a file would become; nothing is written."""
    allowed(request, "checks:rules")
    services = services_of(request)
    newest = _newest(services, template_id)
    content = file.file.read(BYTES_MAX * 4 + 1)
    try:
        made = _read(services, newest, file.filename or "", content)
    except InvalidInput as error:
        return _shown(request, newest, faults=str(error).splitlines(), name=file.filename or "")
    told = {"text": template_json(made).decode(), "digest": _digest(made)}
    return _shown(request, made, before=newest, offer=told, name=file.filename or "")


@router.post("/{template_id}/publish")
def publish(
    request: Request,
    template_id: str,
    text: Annotated[str, Form(max_length=BYTES_MAX)],
    digest: Annotated[str, Form(max_length=64)],
) -> Response:
    """Publish what was looked at as the next version."""
    caller = allowed(request, "checks:rules")
    services = services_of(request)
    made = parse_template(text.encode())
    # what is written is what was looked at
    if made.id != template_id or digest != _digest(made):
        raise InvalidInput("the form is not the one that was looked at", "digest")
    must_be_next(made, services.check_plans.templates())
    new = replace(made, made_at_ns=services.clock.now_ns(), by=caller.name, retired=False)
    services.check_plans.put_template(new, caller.name)
    return Response(
        status_code=204, headers={"HX-Redirect": f"/checks/forms/{new.id}/{new.version}"}
    )


@router.post("/{template_id}/{version}/retire")
def retire(request: Request, template_id: str, version: int) -> Response:
    """Let no new check-up take a version, or take it up again."""
    caller = allowed(request, "checks:rules")
    services = services_of(request)
    found = _found(services, template_id, version)
    services.check_plans.put_template(replace(found, retired=not found.retired), caller.name)
    return Response(status_code=204, headers={"HX-Redirect": "/checks/forms"})


def _read(services: Services, newest: Template, name: str, content: bytes) -> Template:
    """Read a file as the next version of a form."""
    number = newest.version + 1
    if name.lower().endswith(".json"):
        made = parse_template(content)
        if made.id != newest.id:
            raise InvalidInput(f"id must be {newest.id!r}, got {made.id!r}", "id")
        return replace(made, version=number, made_at_ns=0, by="", retired=False)
    rows = services.read_sheet(name, content)
    return template_of(rows, replace(newest, version=number, made_at_ns=0, by="", retired=False))


def _shown(request: Request, one: Template, **more: Any) -> Response:
    services = services_of(request)
    versions = [each for each in services.check_plans.templates() if each.id == one.id]
    before = more.pop("before", None) or next(
        (each for each in versions if each.version < one.version), None
    )
    given: dict[str, Any] = {"faults": [], "offer": None, "name": ""} | more
    return page(
        request, "check_form.html", active="checks", form=one, versions=versions,
        changes=changes(before, one) if before else [], before=before, told=asdict(one), **given,
    )  # fmt: skip


def _found(services: Services, template_id: str, version: int) -> Template:
    found = services.check_plans.template(template_id, version)
    if found is None:
        raise NotFound(f"no form {template_id!r} of version {version}")
    return found


def _newest(services: Services, template_id: str) -> Template:
    mine = [one for one in services.check_plans.templates() if one.id == template_id]
    if not mine:
        raise NotFound(f"no form {template_id!r}")
    return mine[0]


def _digest(template: Template) -> str:
    return hashlib.sha256(template_json(template)).hexdigest()
