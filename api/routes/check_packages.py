"""All that a phone needs for one check-up without a network, as one JSON."""

import hashlib
import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from api.check_package import package_of
from api.check_scope import check_up_for
from api.fields import PathId
from api.permission import Given, may
from api.problem import problems
from domain.access import Caller
from domain.clock import to_datetime

router = APIRouter(prefix="/check-ups/{check_up_id}/package", tags=["check-ups"])


class PackageOut(BaseModel):
    """What a phone takes along."""

    check_up: dict[str, Any]
    building: dict[str, Any]
    template: dict[str, Any] | None = Field(description="the whole form")
    rooms: dict[str, Any] | None = Field(description="schema of a building without a model")
    storeys: list[dict[str, Any]]
    elements: list[dict[str, Any]]
    revision: str = Field(description="revision of the model that all this is of; or empty")
    glb: str | None = Field(description="address of the shapes")
    glb_bytes: int = Field(description="size of the shapes; 0 where there are none")
    model_tags: dict[str, str] = Field(description="what the codes on elements and rooms say")
    defects: list[dict[str, Any]]
    sensors: list[dict[str, Any]]
    alert: dict[str, Any] | None
    assessment: dict[str, Any] | None
    last_check_ups: list[dict[str, Any]]
    jgj: dict[str, Any] = Field(description="weights and thresholds of JGJ 125")
    rules: dict[str, Any] = Field(description="what the intake takes")
    clock: str = Field(description="the server's time; no part of the ETag")


@router.get(
    "",
    responses={
        200: {"model": PackageOut},
        304: {"description": "it is what the caller has"},
        **problems(401, 403, 404, 422, 503),
    },
    response_class=Response,
)
def read_package(
    check_up_id: PathId,
    request: Request,
    services: Given,
    who: Annotated[Caller, Depends(may("checks:read"))],
) -> Response:
    """Read what a phone needs for a check-up: form, places, defects, sensors, evidence."""
    check_up, building = check_up_for(services, who, "checks:read", check_up_id)
    told = package_of(services, who, check_up, building)
    content = json.dumps(told, ensure_ascii=False, sort_keys=True).encode()
    tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    given = {
        one.strip().removeprefix("W/")
        for one in request.headers.get("If-None-Match", "").split(",")
    }
    if tag in given or "*" in given:
        return Response(status_code=304, headers=headers)
    told["clock"] = to_datetime(services.clock.now_ns()).isoformat()
    body = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    return Response(body, media_type="application/json", headers=headers)
