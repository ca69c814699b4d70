"""Accounts made from the command line and for the demo."""

from domain.access import Role, Scope, ScopeKind, User
from domain.clock import SystemClock
from domain.errors import InvalidInput
from domain.ids import new_id
from domain.ports import AccessStore
from domain.services import Identity

_PASSWORD_CHARACTERS_MIN = 8


def parse_scope(text: str) -> Scope:
    """Read a scope: `city`, or `district:360103`, `street:…`, `building:…`, `gateway:…`.

    Raises
    ------
    InvalidInput
        When it is none of these.

    Examples
    --------
    >>> parse_scope("district:360103")
    Scope(kind=<ScopeKind.DISTRICT: 'district'>, value='360103')

    """
    kind, _, value = text.partition(":")
    if kind not in set(ScopeKind) or (kind == "city") == bool(value):
        raise InvalidInput(
            "scope must be city, district:CODE, street:NAME, building:ID or gateway:ID, "
            f"got {text!r}",
            "scope",
        )
    return Scope(ScopeKind(kind), value)


def add_user(
    access: AccessStore,
    identity: Identity,
    name: str,
    password: str,
    *,
    role: str,
    scopes: list[str],
    display_name: str = "",
    by: str = "command line",
) -> User:
    """Make an account with a local password.

    Raises
    ------
    InvalidInput
        When the role or a scope is unknown, or the password is too short.
    Conflict
        When the name is taken.

    """
    if role not in set(Role):
        raise InvalidInput(f"role must be one of {', '.join(Role)}, got {role!r}", "role")
    if len(password) < _PASSWORD_CHARACTERS_MIN:
        raise InvalidInput(
            f"password must have {_PASSWORD_CHARACTERS_MIN} characters or more, "
            f"got {len(password)}",
            "password",
        )
    user = User(
        new_id(SystemClock().now_ns()),
        name,
        display_name or name,
        Role(role),
        tuple(parse_scope(scope) for scope in scopes),
        identity.hash_password(password),
    )
    access.put_user(user, by)
    return user
