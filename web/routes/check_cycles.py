"""The cycle table (体检周期表): versions, editing one into the next, what it would change."""

import hashlib
from dataclasses import replace
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Form, Request, Response
from starlette.datastructures import FormData

from domain.access import may
from domain.check_cycles import CycleProfile, CycleRow
from domain.checkups import CheckCause, CheckClass
from domain.errors import InvalidInput, NotFound
from domain.reach import whole_city
from domain.services import Services
from lifecycle.cycle_desk import MONTHS, next_version, preview, publish, rule_changes
from lifecycle.cycles import checked
from lifecycle.projection import Effect, Shift
from lifecycle.results import day_of, in_force
from web import cycle_words
from web.cycle_form import CERTAINTIES, LETTERS, NUMBERS, USES, FormReader
from web.guard import PageRoute, allowed, estate_of, services_of
from web.render import page, words_of

router = APIRouter(prefix="/checks/cycles", route_class=PageRoute)

#: buildings whose day moves that a preview names; the sums count all
MOVED_SHOWN = 50
FIELDS_MAX = 6_000
TEXT_MAX = 200_000
BLANK = CycleRow("", CheckClass.BASIC)
SHIFTS = (Shift.EARLIER, Shift.ADDED, Shift.LATER, Shift.DROPPED, Shift.SAME)


async def _fields(request: Request) -> FormData:
    """Read a form whose fields are not known beforehand."""
    return await request.form(max_files=0, max_fields=FIELDS_MAX)


@router.get("")
def cycles_page(request: Request) -> Response:
    """Show the version that is in force."""
    allowed(request, "checks:read")
    services = services_of(request)
    profiles = services.check_plans.profiles()
    return _shown(request, in_force(profiles, day_of(services.clock.now_ns())))


@router.get("/row/{kind}/{number}")
def blank_row(request: Request, kind: str, number: int) -> Response:
    """Hand out an empty row of the form."""
    allowed(request, "checks:plan")
    if kind not in {"c", "r", "t"} or not 0 <= number < 1_000:
        raise NotFound(f"no row {kind!r} {number}")
    return page(request, "_cycle_row.html", kind=kind, number=number, **_choices())


@router.get("/{profile_id}/{version}")
def version_page(request: Request, profile_id: str, version: int) -> Response:
    """Show one version."""
    allowed(request, "checks:read")
    return _shown(request, _found(services_of(request), profile_id, version))


@router.get("/{profile_id}/{version}/edit")
def edit_page(request: Request, profile_id: str, version: int) -> Response:
    """Show a version as a form, to be made into the next one."""
    allowed(request, "checks:plan")
    services = services_of(request)
    one = _found(services, profile_id, version)
    number = next_version(services.check_plans.profiles(), one.id)
    return page(
        request, "check_cycle_edit.html", active="checks", one=one, number=number,
        rules=list(one.cycles), **_choices(),
    )  # fmt: skip


@router.post("/{profile_id}/{version}/preview")
def what_if(
    request: Request,
    profile_id: str,
    version: int,
    form: Annotated[FormData, Depends(_fields)],
) -> Response:
    """Show what the form would change; nothing is written."""
    caller = allowed(request, "checks:plan")
    services = services_of(request)
    base = _found(services, profile_id, version)
    profiles = services.check_plans.profiles()
    reader = FormReader(form, words_of(request))
    now_ns = services.clock.now_ns()
    wanted = reader.profile(base, next_version(profiles, base.id), caller.name, now_ns)
    if wanted is None:
        return page(request, "_cycle_preview.html", status=422, faults=reader.faults)
    before = in_force(profiles, day_of(now_ns))
    effect = preview(services, caller, wanted)
    text = msgspec.json.encode(wanted).decode()
    return page(
        request,
        "_cycle_preview.html",
        faults=[],
        wanted=wanted,
        before=before,
        changes=_changes(request, before, wanted),
        text=text,
        digest=_digest(text),
        publishes=may(caller, "checks:rules") and whole_city(caller),
        whole=whole_city(caller),
        month_count=MONTHS,
        **_effect(request, effect),
    )


@router.post("/publish")
def publish_version(
    request: Request,
    text: Annotated[str, Form(max_length=TEXT_MAX)],
    digest: Annotated[str, Form(max_length=64)],
    reason: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Publish what was looked at, with the reason for it."""
    caller = allowed(request, "checks:rules")
    services = services_of(request)
    if digest != _digest(text):
        raise InvalidInput("the table is not the one that was looked at", "digest")
    try:
        wanted = checked(msgspec.json.decode(text, type=CycleProfile))
    except msgspec.MsgspecError as error:
        raise InvalidInput(f"the table cannot be read: {error}", "text") from error
    made = replace(
        wanted, note=_reason(request, reason), made_at_ns=services.clock.now_ns(), by=caller.name
    )
    publish(services, caller, made)
    return _to(made)


@router.post("/{profile_id}/{version}/restore")
def restore(
    request: Request,
    profile_id: str,
    version: int,
    reason: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Go back to a version: it is published again as the newest."""
    caller = allowed(request, "checks:rules")
    services = services_of(request)
    old = _found(services, profile_id, version)
    made = replace(
        old,
        version=next_version(services.check_plans.profiles(), old.id),
        note=_reason(request, reason),
        made_at_ns=services.clock.now_ns(),
        by=caller.name,
    )
    publish(services, caller, made)
    return _to(made)


def _shown(request: Request, one: CycleProfile) -> Response:
    services, words = services_of(request), words_of(request)
    profiles = services.check_plans.profiles()
    caller = allowed(request, "checks:read")
    today = day_of(services.clock.now_ns())
    now = in_force(profiles, today)
    mine = [other for other in profiles if other.id == one.id and other.version < one.version]
    previous = max(mine, key=lambda other: other.version, default=None)
    return page(
        request, "check_cycles.html", active="checks", one=one, versions=profiles, in_force=now,
        newest=next(iter(profiles), one), today=today,
        previous=previous, changes=_changes(request, previous, one) if previous else [],
        rules=[(row, cycle_words.who(row, words), cycle_words.every(row, words))
               for row in one.cycles],
        rollout=[(row, cycle_words.built(row, words)) for row in one.rollout],
        numbers=list(NUMBERS), publishes=may(caller, "checks:rules") and whole_city(caller),
    )  # fmt: skip


def _effect(request: Request, effect: Effect) -> dict[str, Any]:
    """Make what a preview shows out of what would change."""
    estate = estate_of(request)
    years = sorted({key[0] for key in effect.years})
    sums: dict[tuple[CheckClass, int], tuple[int, int]] = {}
    for (year, _, check_class), (was, now) in effect.years.items():
        old = sums.get((check_class, year), (0, 0))
        sums[check_class, year] = (old[0] + was, old[1] + now)
    classes = [one for one in CheckClass if any(key[0] is one for key in sums)]
    moved = sorted(
        effect.moved, key=lambda one: (SHIFTS.index(one.shift), -abs(one.days), one.building_id)
    )
    return {
        "years": years,
        "classes": classes,
        "sums": sums,
        "shifts": SHIFTS,
        "shift_counts": effect.shifts,
        "charts": [(one, bars) for one in CheckClass
                   if (bars := cycle_words.month_bars(effect, one))],
        "moved": [(one, estate.building(one.building_id)) for one in moved[:MOVED_SHOWN]],
        "moved_more": max(0, len(moved) - MOVED_SHOWN),
    }  # fmt: skip


def _choices() -> dict[str, Any]:
    return {
        "blank": BLANK, "classes": list(CheckClass), "causes": list(CheckCause), "uses": USES,
        "letters": LETTERS, "certainties": CERTAINTIES, "numbers": list(NUMBERS),
    }  # fmt: skip


def _changes(request: Request, before: CycleProfile, after: CycleProfile) -> list[str]:
    words = words_of(request)
    return [cycle_words.told(one, words) for one in rule_changes(before, after)]


def _found(services: Services, profile_id: str, version: int) -> CycleProfile:
    for one in services.check_plans.profiles():
        if (one.id, one.version) == (profile_id, version):
            return one
    raise NotFound(f"no cycle table {profile_id!r} of version {version}")


def _reason(request: Request, reason: str) -> str:
    if not reason.strip():
        raise InvalidInput(words_of(request)("cycles.reason_wanted"), "reason")
    return reason.strip()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _to(profile: CycleProfile) -> Response:
    where = f"/checks/cycles/{profile.id}/{profile.version}"
    return Response(status_code=204, headers={"HX-Redirect": where})
