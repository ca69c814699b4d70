"""Firms that send inspectors (体检机构): the list, adding, changing and retiring one."""

from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request, Response

from domain.access import Caller, Role
from domain.check_ports import CheckFilter
from domain.checkups import CheckState, Firm, Tier
from domain.errors import Conflict, InvalidInput, NotFound
from domain.ids import new_id
from domain.reach import covers_district, whole_city
from domain.services import Services
from lifecycle.firm_desk import is_seen, is_theirs, keep
from web.guard import PageRoute, allowed, estate_of, services_of
from web.render import page, words_of

router = APIRouter(prefix="/checks/firms", route_class=PageRoute)

WAITING = (CheckState.PLANNED, CheckState.ASSIGNED)
NAME_MAX, MEMBERS_MAX, DISTRICTS_MAX = 200, 1_000, 200
MONTHLY_MAX = 100_000
Short = Annotated[str, Query(max_length=100)]
Line = Annotated[str, Form(max_length=NAME_MAX)]
Most = Annotated[int, Form(ge=0, le=MONTHLY_MAX)]


@dataclass(frozen=True, slots=True)
class FirmRow:
    """One firm, ready to be shown.

    Parameters
    ----------
    waiting
        Check-ups that are the firm's to do.

    """

    firm: Firm
    members: tuple[str, ...]
    waiting: int
    theirs: bool


@router.get("")
def firms_page(request: Request, text: Short = "", show: Short = "") -> Response:
    """List the firms that work where the caller looks."""
    caller = allowed(request, "checks:read")
    services, words = services_of(request), words_of(request)
    every = [firm for firm in services.checks.firms() if is_seen(caller, firm)]
    needle = text.strip().casefold()
    people = {user.id: user.display_name for user in services.access.users()}
    rows = [
        _row(services, caller, firm, people) for firm in every if firm.active != (show == "retired")
    ]
    found = [
        row
        for row in rows
        if not needle
        or needle in "\n".join(
            (row.firm.name, row.firm.qualification, row.firm.contact, *row.members,
             *(words.of("district", code) for code in row.firm.districts))
        ).casefold()
    ]  # fmt: skip
    return page(
        request, "check_firms.html", active="checks", rows=found, text=text, show=show,
        counts={"": sum(f.active for f in every), "retired": sum(not f.active for f in every)},
    )  # fmt: skip


@router.get("/new")
def new_page(request: Request) -> Response:
    """Show the empty form."""
    caller = allowed(request, "checks:plan")
    return _form(request, caller, Firm("", "", Tier.BODY))


@router.get("/{firm_id}")
def firm_page(request: Request, firm_id: str) -> Response:
    """Show a firm, as a form to whoever may change it."""
    caller = allowed(request, "checks:read")
    return _form(request, caller, _found(services_of(request), caller, firm_id))


@router.post("/save")
def save(
    request: Request,
    name: Line,
    tier: Annotated[Tier, Form()],
    firm_id: Annotated[str, Form(max_length=64)] = "",
    version: Annotated[int, Form(ge=0)] = 0,
    districts: Annotated[list[str], Form(max_length=DISTRICTS_MAX)] = [],  # noqa: B006
    member_ids: Annotated[list[str], Form(max_length=MEMBERS_MAX)] = [],  # noqa: B006
    qualification: Line = "",
    contact: Line = "",
    monthly_max: Most = 0,
    monthly_max_each: Most = 0,
) -> Response:
    """Keep a firm, new or changed."""
    caller = allowed(request, "checks:plan")
    services, words = services_of(request), words_of(request)
    if not name.strip():
        raise InvalidInput(words("firms.name_wanted"), "name")
    kept = _found(services, caller, firm_id) if firm_id else None
    if kept is not None and kept.version != version:
        raise Conflict(words("firms.changed_since"))
    base = kept or Firm(new_id(services.clock.now_ns()), "", tier, version=0)
    wanted = replace(
        base, name=name.strip(), tier=tier, districts=tuple(dict.fromkeys(districts)),
        member_ids=tuple(dict.fromkeys(member_ids)), qualification=qualification.strip(),
        contact=contact.strip(), monthly_max=monthly_max, monthly_max_each=monthly_max_each,
        version=base.version + 1,
    )  # fmt: skip
    keep(services, caller, kept, wanted)
    return Response(status_code=204, headers={"HX-Redirect": "/checks/firms"})


@router.post("/{firm_id}/retire")
def retire(request: Request, firm_id: str) -> Response:
    """Give a firm no more work, or take it up again; what it has stays its own."""
    caller = allowed(request, "checks:plan")
    services = services_of(request)
    kept = _found(services, caller, firm_id)
    keep(services, caller, kept, replace(kept, active=not kept.active, version=kept.version + 1))
    return Response(status_code=204, headers={"HX-Redirect": "/checks/firms"})


def _form(request: Request, caller: Caller, firm: Firm) -> Response:
    services = services_of(request)
    users = services.access.users()
    inspectors = [
        user
        for user in users
        if (user.active and user.role is Role.INSPECTOR) or user.id in firm.member_ids
    ]
    known = {building.district for building in estate_of(request).buildings().values()}
    mine = {code for code in known if covers_district(caller, code)} | set(firm.districts)
    given: dict[str, Any] = {"inspectors": inspectors, "tiers": list(Tier)}
    return page(
        request, "check_firm.html", active="checks", firm=firm, districts=sorted(mine),
        whole=whole_city(caller), theirs=not firm.id or is_theirs(caller, firm),
        waiting=_waiting(services, firm) if firm.id else 0, **given,
    )  # fmt: skip


def _row(services: Services, caller: Caller, firm: Firm, people: dict[str, str]) -> FirmRow:
    members = tuple(people.get(one, one) for one in firm.member_ids)
    return FirmRow(firm, members, _waiting(services, firm), is_theirs(caller, firm))


def _waiting(services: Services, firm: Firm) -> int:
    return services.checks.count_check_ups(CheckFilter(states=WAITING, firm_id=firm.id))


def _found(services: Services, caller: Caller, firm_id: str) -> Firm:
    firm = services.checks.firm(firm_id)
    if firm is None or not is_seen(caller, firm):
        raise NotFound(f"no firm {firm_id!r}")
    return firm
