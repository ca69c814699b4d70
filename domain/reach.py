"""How far somebody's scopes reach: the whole city, or a whole district."""

from domain.access import Caller, Scope, ScopeKind


def whole_city(caller: Caller) -> bool:
    """Tell whether a caller's scope leaves nothing out."""
    return any(scope.kind is ScopeKind.CITY for scope in caller.scopes)


def covers_district(caller: Caller, district: str) -> bool:
    """Tell whether a whole district lies within a caller's scopes."""
    return whole_city(caller) or Scope(ScopeKind.DISTRICT, district) in caller.scopes
