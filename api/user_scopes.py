"""Whom a caller may administer: users whose scopes lie within the caller's own."""

from domain.access import Caller, Scope, ScopeKind, User
from domain.errors import NotFound
from domain.reach import whole_city
from domain.services import Services


def includes(services: Services, caller: Caller, scope: Scope) -> bool:
    """Tell whether a scope lies wholly within a caller's own."""
    if whole_city(caller) or scope in caller.scopes:
        return True
    if scope.kind is not ScopeKind.BUILDING:
        # which streets a district has is not known: only the same street is surely inside
        return False
    building = services.register.building(scope.value)
    return building is not None and any(own.covers(building) for own in caller.scopes)


def user_visible(services: Services, caller: Caller, user: User) -> bool:
    """Tell whether a caller who administers users has a say over one: within the same scopes."""
    return all(includes(services, caller, scope) for scope in user.scopes)


def user_for(services: Services, caller: Caller, user_id: str) -> User:
    """Find a user whom a caller may administer.

    Raises
    ------
    NotFound
        When there is none, or their scopes go beyond the caller's.

    """
    user = services.access.user(user_id)
    if user is None or not user_visible(services, caller, user):
        raise NotFound(f"no user {user_id!r}")
    return user
