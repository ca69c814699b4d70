"""Users with their roles and scopes, for administrators."""

from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import Field, StringConstraints

from api.fields import Division, Flag, Id, In, Name, Out, PathId
from api.permission import Given, may
from api.preconditions import IfMatch, etag, put
from api.problem import PUT_PROBLEMS, problems
from api.user_scopes import includes, user_for, user_visible
from domain.access import Caller, Role, Scope, ScopeKind, User
from domain.errors import Conflict, Forbidden, NotFound
from domain.services import Services

router = APIRouter(prefix="/users", tags=["users"])

#: fewer characters are guessed too soon (OWASP ASVS 5.0 6.2.1 asks for 8 at least, 15 advised)
PASSWORD_LENGTH_MIN = 12


class CityScope(In):
    """The whole city."""

    kind: Literal["city"]


class DistrictScope(In):
    """One district."""

    kind: Literal["district"]
    value: Division


class StreetScope(In):
    """One street."""

    kind: Literal["street"]
    value: Name


class BuildingScope(In):
    """One building."""

    kind: Literal["building"]
    value: Id


AnyScope = Annotated[
    CityScope | DistrictScope | StreetScope | BuildingScope, Field(discriminator="kind")
]


class UserIn(In):
    """A user; the password is set apart."""

    name: Annotated[str, StringConstraints(pattern=r"^[^\x00\s]{1,64}$")]
    display_name: Name
    role: Role
    scopes: Annotated[list[AnyScope], Field(max_length=100)]
    active: Flag = True
    language: Literal["zh", "en"] = "zh"


class ScopeOut(Out):
    """A part of the city."""

    kind: ScopeKind
    value: str


class UserOut(Out):
    """One user."""

    id: str
    name: str
    display_name: str
    role: Role
    scopes: list[ScopeOut]
    active: bool
    language: str


class PasswordIn(In):
    """A new password."""

    password: Annotated[str, StringConstraints(min_length=PASSWORD_LENGTH_MIN, max_length=256)] = (
        Field(repr=False)
    )


@router.get("", responses=problems(401, 403, 503))
def read_users(
    services: Given, who: Annotated[Caller, Depends(may("users:write"))]
) -> list[UserOut]:
    """List the users whom the caller may administer, by name."""
    return [
        UserOut.model_validate(user)
        for user in services.access.users()
        if user_visible(services, who, user)
    ]


@router.get("/{user_id}", responses=problems(401, 403, 404, 422, 503))
def read_user(
    user_id: PathId,
    services: Given,
    response: Response,
    who: Annotated[Caller, Depends(may("users:write"))],
) -> UserOut:
    """Read one user."""
    user = user_for(services, who, user_id)
    response.headers["ETag"] = etag(_facts(user))
    return UserOut.model_validate(user)


@router.put("/{user_id}", responses={201: {"model": UserOut}, **PUT_PROBLEMS})
def put_user(
    user_id: PathId,
    body: UserIn,
    services: Given,
    response: Response,
    who: Annotated[Caller, Depends(may("users:write"))],
    if_match: IfMatch = "",
) -> UserOut:
    """Make a user under an id that the client made, or change one (with `If-Match`).

    A new user has no password and cannot log in before one is set. Changes count from the
    user's next request on.
    """
    kept = services.access.user(user_id)
    if kept is not None:
        user_for(services, who, user_id)
    scopes = tuple(
        Scope(ScopeKind(scope.kind), "" if isinstance(scope, CityScope) else scope.value)
        for scope in body.scopes
    )
    wanted = User(user_id, body.name, body.display_name, body.role, scopes)
    wanted = replace(wanted, active=body.active, language=body.language)
    _must_be_grantable(services, who, wanted)

    def save(user: User) -> None:
        # the newest hash: a password that was set meanwhile must not be undone
        now = services.access.user(user_id)
        hashed = now.password_hash if now else ""
        services.access.put_user(replace(user, password_hash=hashed), who.name)

    facts = None if kept is None else _facts(kept)
    done = put(facts, wanted, if_match, response, f"user {user_id!r}", save)
    return UserOut.model_validate(done)


@router.put("/{user_id}/password", status_code=204, responses=PUT_PROBLEMS)
def set_password(
    user_id: PathId,
    body: PasswordIn,
    services: Given,
    who: Annotated[Caller, Depends(may("users:write"))],
) -> None:
    """Set a user's password; the user's sessions end, API keys go on."""
    user_for(services, who, user_id)
    hashed = services.identity.hash_password(body.password)
    user = user_for(services, who, user_id)
    services.access.put_user(replace(user, password_hash=hashed), who.name)


def _facts(user: User) -> User:
    """Leave out the password's hash, which is nobody's to see or compare."""
    return replace(user, password_hash="")


def _must_be_grantable(services: Services, caller: Caller, wanted: User) -> None:
    """Refuse to give what the caller does not have, and to lock oneself out.

    Raises
    ------
    NotFound
        When a scope names a building that is not there or is foreign.
    Forbidden
        When a scope goes beyond the caller's own.
    Conflict
        When it is the caller, who would no longer administer.

    """
    for scope in wanted.scopes:
        if scope.kind is ScopeKind.BUILDING and (
            services.register.building(scope.value) is None or not includes(services, caller, scope)
        ):
            raise NotFound(f"no building {scope.value!r}")
        if not includes(services, caller, scope):
            raise Forbidden(f"{scope.kind.value} {scope.value!r} lies outside your own scopes")
    if wanted.id == caller.user_id:
        scopes = set(wanted.scopes) >= set(caller.scopes)
        if not (wanted.active and wanted.role is caller.role and scopes):
            raise Conflict("another administrator must take your own rights away")
