"""Who may do what: users, roles, scopes, API keys, and the one function that answers."""

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum

from domain.buildings import Building


class Role(StrEnum):
    """What kind of user somebody is."""

    ADMINISTRATOR = "administrator"
    DUTY_OFFICER = "duty officer"
    INSPECTOR = "inspector"
    INSURER = "insurer"
    BUREAU = "bureau"
    OPERATOR = "operator"
    OWNER = "gateway owner"
    BROKER = "broker"
    TECHNICIAN = "technician"


class ScopeKind(StrEnum):
    """How far a scope reaches."""

    CITY = "city"
    DISTRICT = "district"
    STREET = "street"
    BUILDING = "building"
    GATEWAY = "gateway"


@dataclass(frozen=True, slots=True)
class Scope:
    """A part of the city; `value` is the division code, street, building or gateway id."""

    kind: ScopeKind
    value: str = ""

    def covers(self, building: Building) -> bool:
        """Tell whether a building lies in it."""
        match self.kind:
            case ScopeKind.CITY:
                return True
            case ScopeKind.DISTRICT:
                return building.district == self.value
            case ScopeKind.STREET:
                return building.street == self.value
            case ScopeKind.BUILDING:
                return building.id == self.value
            case ScopeKind.GATEWAY:  # a gateway's owner sees the gateway, not the houses
                return False


_READ = {
    *("buildings:read", "readings:read", "findings:read", "alerts:read"),
    *("assessments:read", "contexts:read"),
}

#: what each role may do, within its scopes
ACTIONS: dict[Role, frozenset[str]] = {
    Role.ADMINISTRATOR: frozenset(
        _READ
        | {"register:write", "alerts:act", "users:write", "keys:write", "operations:read"}
        | {"gateways:read", "accounts:read", "recipients:write", "notices:read", "audit:read"}
        | {"refusals:read", "refusals:release", "credentials:write"}
        | {"contexts:write", "labels:read", "budget:read", "budget:write"}
        | {"instruments:work", "readings:enter", "webhooks:write"}
        | {"models:read", "models:write", "places:write", "claims:decide"}
        | {"checks:read", "checks:request", "checks:work", "checks:plan", "checks:rules"}
    ),
    Role.DUTY_OFFICER: frozenset(
        _READ
        | {"alerts:act", "operations:read", "gateways:read", "accounts:read", "notices:read"}
        | {"refusals:read", "contexts:write", "labels:read", "budget:read"}
        | {"models:read", "places:write"}
        | {"checks:read", "checks:request", "checks:plan"}
    ),
    Role.INSPECTOR: frozenset(
        _READ | {"readings:enter", "models:read", "places:write", "checks:read", "checks:work"}
    ),
    Role.INSURER: frozenset(
        {"buildings:read", "readings:read", "alerts:read", "findings:read", "accounts:read"}
        | {"assessments:read", "contexts:read", "labels:read", "webhooks:write"}
        | {"checks:request"}
    ),
    Role.BUREAU: frozenset(
        _READ
        | {"register:write", "gateways:read", "accounts:read", "notices:read", "refusals:read"}
        | {"contexts:write", "labels:read", "budget:read", "budget:write"}
        | {"models:read", "models:write", "claims:decide"}
        | {"checks:read", "checks:request", "checks:plan", "checks:rules"}
    ),
    Role.OPERATOR: frozenset(
        {"operations:read", "gateways:read", "accounts:read", "credentials:write"}
        | {"refusals:read", "refusals:release"}
    ),
    Role.OWNER: frozenset({"gateways:read", "accounts:read", "refusals:read"}),
    # a monitoring firm: installs, calibrates, swaps, measures by hand
    Role.TECHNICIAN: frozenset(
        _READ
        | {"gateways:read", "accounts:read", "refusals:read"}
        | {"instruments:work", "readings:enter"}
        | {"models:read", "models:write", "places:write", "claims:decide"}
    ),
    # an MQTT broker that asks who may connect: it sees nothing else
    Role.BROKER: frozenset({"gateways:admit"}),
}


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who can log in.

    Parameters
    ----------
    password_hash
        Argon2id; empty when the account has no local password.

    """

    id: str
    name: str
    display_name: str
    role: Role
    scopes: tuple[Scope, ...]
    password_hash: str = field(default="", repr=False)
    active: bool = True
    language: str = "zh"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key for machines; only the hash of its secret is kept.

    Parameters
    ----------
    prefix
        First characters of the key, for people to tell keys apart.
    sha256
        Hex SHA-256 of the whole key, which has 160 random bits.

    """

    id: str
    user_id: str
    name: str
    prefix: str
    sha256: str = field(repr=False)
    created_at_ns: int = 0
    expires_at_ns: int | None = None
    revoked_at_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A log-in that is under way; only the hash of its token is kept."""

    token_sha256: str = field(repr=False)
    user_id: str = ""
    csrf: str = field(default="", repr=False)
    created_at_ns: int = 0
    expires_at_ns: int = 0


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever asks, as the API knows them."""

    user_id: str
    name: str
    role: Role
    scopes: tuple[Scope, ...]
    language: str = "zh"


def may(caller: Caller, action: str, building: Building | None = None) -> bool:
    """Tell whether a caller may do something, to one building or at all.

    Every route, list, count, export, map and file asks here.
    """
    if action not in ACTIONS[caller.role]:
        return False
    return building is None or any(scope.covers(building) for scope in caller.scopes)


def sees_residents(caller: Caller) -> bool:
    """Tell whether somebody may see what concerns those who live in a building or own it."""
    return caller.role is not Role.INSURER


def may_see_gateway(
    caller: Caller, gateway_id: str, serves: Collection[str], seen: Collection[str] | None
) -> bool:
    """Tell whether a gateway lies within a caller's scopes.

    Parameters
    ----------
    serves
        Ids of the buildings that it serves.
    seen
        Ids of the buildings that the caller may see; `None`: all.

    """
    if Scope(ScopeKind.GATEWAY, gateway_id) in caller.scopes or seen is None:
        return True
    if not serves:  # not yet in use: those who look after gateways must find it
        return caller.role not in {Role.INSURER, Role.OWNER}
    return not set(serves).isdisjoint(seen)


def may_on_installation(caller: Caller, action: str) -> bool:
    """Tell whether a caller may do something with the alerts about the installation itself.

    It takes the action and a hand in running Anju; it lies in no district, so scopes don't count.
    """
    return may(caller, action) and may(caller, "operations:read")
