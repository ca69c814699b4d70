"""Tiers of evidence that contradict each other: what each says, and who has looked at it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request, Response

from domain.access import Caller
from domain.assessments import SuspectedGrade
from domain.buildings import Building, Grade
from domain.checkups import ResultClass
from domain.errors import InvalidInput
from domain.labels import Outcome
from domain.limits import Level
from domain.tier_conflicts import Side, SideKind, TierConflict, TierLook, TierScope
from lifecycle.tiers import Listed, listed, load_tier_rules, look_at
from web.alert_rows import Names
from web.formats import table_time
from web.guard import PageRoute, allowed, caller_of, estate_of, services_of
from web.render import page, words_of
from web.tables import csv_answer, xlsx_answer
from web.words import Words

router = APIRouter(prefix="/checks/tier-conflicts", route_class=PageRoute)

#: contradictions on one page; the files have all
ROWS = 20
SHOWS = ("open", "looked")
REASON_MAX = 200
_COLUMNS = (
    "building", "code", "district", "rule", "first", "first_at", "first_by", "second",
    "second_at", "second_by", "settler", "looked_by", "looked_at", "reason", "id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ShownSide:
    """What one tier says, ready to be shown; `says` keeps its own type."""

    side: Side
    who: str
    link: str


@dataclass(frozen=True, slots=True)
class Shown:
    """One contradiction, ready to be shown."""

    conflict: TierConflict
    building: Building
    sides: tuple[ShownSide, ...]
    look: TierLook | None
    link: str


@router.get("")
def tier_conflicts_page(request: Request) -> Response:
    """List contradictions: those that nobody has looked at, or those that somebody has."""
    asked, rows = _asked(request), _rows(request)
    of_show = [row for row in rows if (row[1] is not None) == (asked["show"] == "looked")]
    chosen = [row for row in of_show if asked["rule"] in {"", row[0].rule.id}]
    at = asked["at"]
    first = int(at) if at.isascii() and at.isdecimal() and len(at) < 8 else 0
    first = first if first < len(chosen) else 0
    seen = estate_of(request).visible(caller_of(request), "checks:plan").values()
    rules = load_tier_rules()
    return page(
        request,
        "tier_conflicts.html",
        active="checks",
        asked=asked,
        query=lambda **changes: _query(asked, **changes),
        shows={show: sum((row[1] is not None) == (show == "looked") for row in rows)
               for show in SHOWS},
        counts={rule.id: sum(row[0].rule.id == rule.id for row in of_show)
                for rule in rules.rules},
        total=len(of_show),
        rows=list(_shown(request, chosen[first : first + ROWS])),
        first=first,
        per_page=ROWS,
        found=len(chosen),
        version=rules.version,
        rules=rules.rules,
        districts=sorted({building.district for building in seen}),
        kind_of=_kind_of,
        reason_max=REASON_MAX,
    )  # fmt: skip


@router.get(".csv")
def tier_conflicts_csv(request: Request) -> Response:
    """Save the list, looked at or not."""
    return csv_answer("tier-conflicts.csv", *_table(request))


@router.get(".xlsx")
def tier_conflicts_xlsx(request: Request) -> Response:
    """Save it as a workbook."""
    return xlsx_answer("tier-conflicts.xlsx", "tiers", *_table(request))


@router.post("/{conflict_id}/look")
def look(
    request: Request,
    conflict_id: str,
    reason: Annotated[str, Form(max_length=REASON_MAX)] = "",
    looked: Annotated[str, Form(max_length=3)] = "yes",
) -> Response:
    """Keep that somebody has looked, with the reason; or list it again."""
    caller, services = allowed(request, "checks:plan"), services_of(request)
    if not reason.strip():
        raise InvalidInput(words_of(request)("tiers.why_empty"), "reason")
    look_at(
        services.tiers, _scope(request, caller), conflict_id, services.clock.now_ns(),
        caller.name, reason.strip(), looked=looked == "yes",
    )  # fmt: skip
    return Response(status_code=204, headers={"HX-Refresh": "true"})


def _asked(request: Request) -> dict[str, str]:
    given = request.query_params
    told = {name: given.get(name, "")[:40] for name in ("show", "rule", "district", "at")}
    return told | {"show": "looked" if told["show"] == "looked" else "open"}


def _query(asked: dict[str, str], **changes: object) -> str:
    told = {**asked, "at": "", **changes}
    return urlencode({name: value for name, value in told.items() if value})


def _rows(request: Request) -> list[Listed]:
    """List what the caller may see, cut to the district that is asked for."""
    caller, services = allowed(request, "checks:plan"), services_of(request)
    return listed(services.tiers, _scope(request, caller), services.clock.now_ns())


def _scope(request: Request, caller: Caller) -> TierScope:
    ids = estate_of(request).visible_ids(caller, "checks:plan")
    district = request.query_params.get("district", "")[:40]
    return TierScope(None if ids is None else tuple(ids), (district,) if district else None)


def _shown(request: Request, rows: list[Listed]) -> Iterator[Shown]:
    services, estate = services_of(request), estate_of(request)
    people = Names(services)
    firms = {firm.id: firm.name for firm in services.checks.firms()}
    for one, look in rows:
        building = estate.building(one.building_id)
        if building is None:
            continue
        sides = tuple(
            ShownSide(side, _who(side, people, firms), _link(side, building)) for side in one.sides
        )
        yield Shown(one, building, sides, look, _settled_at(one, building))


def _who(side: Side, people: Names, firms: dict[str, str]) -> str:
    if side.kind in {SideKind.APPRAISAL, SideKind.ASSESSMENT}:
        return side.by
    return firms.get(side.by) or people.of(side.by)


def _link(side: Side, building: Building) -> str:
    """Name the page on which a tier's saying stands."""
    match side.kind:
        case SideKind.CHECK_UP:
            return f"/check-ups/{side.ref}"
        case SideKind.SUBMISSION:
            return f"/check-ups/{side.owner}?{urlencode({'submission': side.ref})}"
        case SideKind.ALERT:
            return f"/alerts/{side.ref}"
        case SideKind.LABEL:
            return f"/alerts/{side.owner}"
        case _:
            return f"/buildings/{building.id}"


def _settled_at(one: TierConflict, building: Building) -> str:
    """Name the page on which a contradiction can be settled."""
    for side in one.sides:
        if side.kind is SideKind.SUBMISSION:
            return f"/check-ups/conflicts#{side.owner}"
    for side in one.sides:
        if side.kind is SideKind.ALERT:
            return f"/alerts/{side.ref}"
    return f"/buildings/{building.id}"


def _kind_of(side: Side) -> str:
    """Tell which of the four types a saying has; a template draws each in its own way."""
    match side.says:
        case Level():
            return "level"
        case ResultClass():
            return "result"
        case Grade():
            return "grade"
        case SuspectedGrade():
            return "suspected"
        case Outcome():
            return "outcome"


def _said(side: Side, words: Words) -> str:
    """Tell what a tier says in words."""
    tier = words.of("tiers_kind", side.kind.replace("-", "_"))
    match side.says:
        case Level():
            told = words(f"level.{side.says.word}")
        case ResultClass():
            told = words("check_result.word", n=side.says.value)
        case Grade():
            told = words("tiers.grade", grade=side.says.value)
        case SuspectedGrade():
            told = words.of("suspected", side.says.value)
        case Outcome():
            told = words.of("outcome", side.says.value)
    if side.check_class is not None:
        tier = words.of("check_class", side.check_class.value)
    return f"{tier} {told}" + (f" {side.number}" if side.number else "")


def _table(request: Request) -> tuple[list[str], Iterator[list[object]]]:
    found, words = _rows(request), words_of(request)

    def rows() -> Iterator[list[object]]:
        for one in _shown(request, found):
            sides = [
                told
                for shown in one.sides
                for told in (_said(shown.side, words), table_time(shown.side.at_ns), shown.who)
            ]
            rule, look = one.conflict.rule, one.look
            yield [
                one.building.name, one.building.code,
                words.of("district", one.building.district),
                words.of("tiers_rule", rule.id.replace("-", "_")), *sides,
                words.of("tiers_settler", rule.settler),
                look.by if look else "", table_time(look.at_ns) if look else "",
                look.reason if look else "", one.conflict.id,
            ]  # fmt: skip

    return [words(f"tiers.column_{name}") for name in _COLUMNS], rows()
