"""Forms of check-ups: their versions, as JSON; a version that is there is never changed."""

from dataclasses import replace
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Body, Depends, Path, Response

from api.fields import At, Id, Out, PathId
from api.permission import Given, may
from api.problem import problems
from domain.access import Caller
from domain.checkups import CheckClass
from domain.errors import Conflict, NotFound
from domain.services import Services
from domain.templates import Template
from lifecycle.templates import must_be_next, parse_template, template_json

router = APIRouter(prefix="/check-templates", tags=["check-ups"])
Version = Annotated[int, Path(ge=1, le=100_000)]


class TemplateOut(Out):
    """One version of a form, without its items."""

    id: Id
    version: int
    check_class: CheckClass
    zh: str
    en: str
    items: int
    made_at: At
    by: str
    retired: bool

    @classmethod
    def of(cls, one: Template) -> "TemplateOut":
        """Show a version."""
        names = cls.model_fields.keys() - {"items", "made_at"}
        told = {name: getattr(one, name) for name in names}
        return cls.model_validate(told | {"items": len(one.items), "made_at": one.made_at_ns})


@router.get("", responses=problems(401, 403, 503))
def read_templates(
    services: Given, _: Annotated[Caller, Depends(may("checks:read"))]
) -> list[TemplateOut]:
    """List all versions of all forms by id, the newest first."""
    return [TemplateOut.of(one) for one in services.check_plans.templates()]


@router.get(
    "/{template_id}/{version}",
    responses={
        200: {"content": {"application/json": {}}, "description": "the whole form"},
        **problems(401, 403, 404, 422, 503),
    },
    response_class=Response,
)
def read_template(
    template_id: PathId,
    version: Version,
    services: Given,
    _: Annotated[Caller, Depends(may("checks:read"))],
) -> Response:
    """Read one version whole; the same JSON may be edited and put as the next version."""
    found = _found(services, template_id, version)
    return Response(template_json(found), media_type="application/json")


@router.put(
    "/{template_id}/{version}",
    responses={201: {"model": TemplateOut}, **problems(400, 401, 403, 404, 409, 413, 422, 503)},
)
def put_template(
    template_id: PathId,
    version: Version,
    body: Annotated[dict[str, Any], Body()],
    services: Given,
    response: Response,
    who: Annotated[Caller, Depends(may("checks:rules"))],
) -> TemplateOut:
    """Publish the next version of a form; check-ups that are open keep theirs."""
    told = parse_template(msgspec.json.encode(body | {"id": template_id, "version": version}))
    kept = services.check_plans.template(template_id, version)
    if kept is not None:
        same = replace(told, made_at_ns=kept.made_at_ns, by=kept.by, retired=kept.retired)
        if same != kept:
            raise Conflict(f"version {version} of {template_id!r} is there already")
        return TemplateOut.of(kept)
    made = replace(told, made_at_ns=services.clock.now_ns(), by=who.name, retired=False)
    must_be_next(made, services.check_plans.templates())
    services.check_plans.put_template(made, who.name)
    response.status_code = 201
    return TemplateOut.of(made)


@router.post("/{template_id}/{version}/retire", responses=problems(401, 403, 404, 422, 503))
def retire_template(
    template_id: PathId,
    version: Version,
    services: Given,
    who: Annotated[Caller, Depends(may("checks:rules"))],
) -> TemplateOut:
    """Let no new check-up take a version; those that have it keep it."""
    retired = replace(_found(services, template_id, version), retired=True)
    services.check_plans.put_template(retired, who.name)
    return TemplateOut.of(retired)


def _found(services: Services, template_id: str, version: int) -> Template:
    found = services.check_plans.template(template_id, version)
    if found is None:
        raise NotFound(f"no form {template_id!r} of version {version}")
    return found
