"""API keys for machines: one's own, and other people's for administrators."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import Field

from api.fields import At, In, Moment, Name, Out, PathId
from api.permission import SELF, Given, may
from api.problem import problems
from api.user_scopes import user_for
from domain.access import ApiKey, Caller
from domain.clock import to_ns
from domain.errors import Forbidden
from domain.services import Services

router = APIRouter(tags=["keys"])


class KeyIn(In):
    """A key that is wanted."""

    name: Name = Field(description="what the key is for")
    expires_at: Moment | None = None


class KeyOut(Out):
    """One key; its text is not kept."""

    id: str
    name: str
    prefix: str = Field(description="how the key begins")
    created_at: At = Field(validation_alias="created_at_ns")
    expires_at: At | None = Field(validation_alias="expires_at_ns")
    revoked_at: At | None = Field(validation_alias="revoked_at_ns")


class NewKey(KeyOut):
    """A key that was just made."""

    key: str = Field(description="the whole key; it is shown this once")


@router.get("/keys", responses=problems(401, 403, 503))
def read_keys(services: Given, who: Annotated[Caller, Depends(may(SELF))]) -> list[KeyOut]:
    """List one's own keys, oldest first."""
    return _keys(services, who.user_id)


@router.post("/keys", status_code=201, responses=problems(400, 401, 403, 413, 422, 503))
def make_key(
    body: KeyIn, request: Request, services: Given, who: Annotated[Caller, Depends(may(SELF))]
) -> NewKey:
    """Make a key with one's own role and scopes; a key may not make further keys."""
    if request.state.session is None:
        raise Forbidden("keys are made by people: log in with name and password")
    return _make(services, who.user_id, body, who)


@router.delete("/keys/{key_id}", status_code=204, responses=problems(401, 403, 404, 422, 503))
def revoke_key(key_id: PathId, services: Given, who: Annotated[Caller, Depends(may(SELF))]) -> None:
    """Revoke one of one's own keys; it is refused from the next request on."""
    services.identity.revoke_key(who.user_id, key_id, who.name)


@router.get("/users/{user_id}/keys", responses=problems(401, 403, 404, 422, 503))
def read_keys_of(
    user_id: PathId, services: Given, who: Annotated[Caller, Depends(may("keys:write"))]
) -> list[KeyOut]:
    """List somebody's keys, oldest first."""
    return _keys(services, user_for(services, who, user_id).id)


@router.post(
    "/users/{user_id}/keys",
    status_code=201,
    responses=problems(400, 401, 403, 404, 413, 422, 503),
)
def make_key_of(
    user_id: PathId,
    body: KeyIn,
    request: Request,
    services: Given,
    who: Annotated[Caller, Depends(may("keys:write"))],
) -> NewKey:
    """Make a key that acts as somebody else."""
    if request.state.session is None:
        raise Forbidden("keys are made by people: log in with name and password")
    return _make(services, user_for(services, who, user_id).id, body, who)


@router.delete(
    "/users/{user_id}/keys/{key_id}",
    status_code=204,
    responses=problems(401, 403, 404, 422, 503),
)
def revoke_key_of(
    user_id: PathId,
    key_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("keys:write"))],
) -> None:
    """Revoke somebody's key."""
    services.identity.revoke_key(user_for(services, who, user_id).id, key_id, who.name)


def _keys(services: Services, user_id: str) -> list[KeyOut]:
    return [KeyOut.model_validate(key) for key in services.access.api_keys(user_id)]


def _make(services: Services, user_id: str, body: KeyIn, who: Caller) -> NewKey:
    expires_at_ns = None if body.expires_at is None else to_ns(body.expires_at)
    text, key = services.identity.make_key(user_id, body.name, who.name, expires_at_ns)
    return _new(text, key)


def _new(text: str, key: ApiKey) -> NewKey:
    return NewKey.model_validate(
        {
            "key": text,
            "id": key.id,
            "name": key.name,
            "prefix": key.prefix,
            "created_at_ns": key.created_at_ns,
            "expires_at_ns": key.expires_at_ns,
            "revoked_at_ns": key.revoked_at_ns,
        }
    )
