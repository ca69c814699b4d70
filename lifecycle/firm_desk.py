"""Firms with the stores: whose they are to see and to change, and keeping them."""

from dataclasses import replace

from domain.access import Caller, ScopeKind
from domain.checkups import Firm
from domain.errors import Forbidden, InvalidInput
from domain.reach import covers_district, whole_city
from domain.services import Services


def is_seen(who: Caller, firm: Firm) -> bool:
    """Tell whether a firm works where a caller looks."""
    if whole_city(who) or not firm.districts:
        return True
    mine = {scope.value for scope in who.scopes if scope.kind is ScopeKind.DISTRICT}
    return not mine.isdisjoint(firm.districts)


def is_theirs(who: Caller, firm: Firm) -> bool:
    """Tell whether a firm works within a caller's districts only."""
    if whole_city(who):
        return True
    return bool(firm.districts) and all(covers_district(who, code) for code in firm.districts)


def must_be_theirs(services: Services, who: Caller, kept: Firm | None, wanted: Firm) -> None:
    """Refuse a firm that is not the caller's to keep, or that names nobody known.

    Raises
    ------
    Forbidden
        When it works, or shall work, beyond the caller's districts.
    InvalidInput
        When it names a member who is no user.

    """
    if any(firm is not None and not is_theirs(who, firm) for firm in (kept, wanted)):
        raise Forbidden("a firm must work within the caller's districts only")
    known = kept.member_ids if kept else ()
    for member in wanted.member_ids:
        if member not in known and services.access.user(member) is None:
            raise InvalidInput(f"member_ids must name users, got {member!r}", "member_ids")


def keep(services: Services, who: Caller, kept: Firm | None, wanted: Firm) -> Firm:
    """Keep a firm as the one after what was there; the same again changes nothing.

    Raises
    ------
    Conflict
        When somebody else has changed it meanwhile.

    """
    must_be_theirs(services, who, kept, wanted)
    if kept is not None and replace(wanted, version=kept.version) == kept:
        return kept
    services.checks.put_firm(wanted, who.name)
    return wanted
