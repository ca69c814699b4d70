"""Users and their API keys, for administrators."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from domain.access import ApiKey, Caller, ScopeKind, User
from domain.errors import InvalidInput, NotFound
from web.guard import PageRoute, allowed, services_of
from web.render import page

router = APIRouter(prefix="/users", route_class=PageRoute)


@dataclass(frozen=True, slots=True)
class UserRow:
    """One user with their keys."""

    user: User
    keys: tuple[ApiKey, ...]


@router.get("")
def users(request: Request) -> Response:
    """List the users that the caller has a say over."""
    caller = allowed(request, "users:write")
    access = services_of(request).access
    rows = [
        UserRow(user, tuple(access.api_keys(user.id)))
        for user in access.users()
        if _within(caller, user)
    ]
    return page(request, "users.html", active="users", rows=rows)


@router.post("/{user_id}/keys")
def make_key(
    request: Request, user_id: str, name: Annotated[str, Form(max_length=100)] = ""
) -> Response:
    """Make an API key and show it, this once."""
    caller = allowed(request, "keys:write")
    user = _user_for(request, caller, user_id)
    if not name.strip():
        raise InvalidInput("name must be some text, got nothing", "name")
    text, key = services_of(request).identity.make_key(user.id, name.strip(), caller.name)
    return page(request, "_made_key.html", text=text, name=key.name)


@router.delete("/{user_id}/keys/{key_id}")
def revoke_key(request: Request, user_id: str, key_id: str) -> Response:
    """End an API key."""
    caller = allowed(request, "keys:write")
    user = _user_for(request, caller, user_id)
    services_of(request).identity.revoke_key(user.id, key_id, caller.name)
    return Response(status_code=204, headers={"HX-Refresh": "true"})


def _user_for(request: Request, caller: Caller, user_id: str) -> User:
    user = services_of(request).access.user(user_id)
    if user is None or not _within(caller, user):
        raise NotFound(f"no user {user_id!r}")
    return user


def _within(caller: Caller, user: User) -> bool:
    """Tell whether a user's scopes lie within the caller's own."""
    everywhere = any(scope.kind is ScopeKind.CITY for scope in caller.scopes)
    return everywhere or all(scope in caller.scopes for scope in user.scopes)
