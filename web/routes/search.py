"""Search over everything: one box on every page, and what was found by kind."""

from fastapi import APIRouter, Request, Response

from domain.search import (
    TEXT_MAX,
    Group,
    Hit,
    SearchKind,
    kinds_for,
    reach_of,
    terms_of,
)
from web.guard import PageRoute, caller_of, estate_of, services_of
from web.render import page, words_of
from web.words import Words

router = APIRouter(prefix="/search", route_class=PageRoute)

#: of each kind while all are shown, and of one that was chosen
FEW, MANY = 6, 50


@router.get("")
def search_page(request: Request, q: str = "", kind: str = "") -> Response:
    """Show what was found, the best first, by kind."""
    caller = caller_of(request)
    services, words = services_of(request), words_of(request)
    text, terms = q.strip()[:TEXT_MAX], terms_of(q)
    chosen = (SearchKind(kind),) if kind in set(SearchKind) else ()
    kinds = kinds_for(caller, chosen)
    reach = reach_of(caller, lambda: estate_of(request).visible_ids(caller, "buildings:read") or ())
    found: list[Group] = []
    if terms and kinds:
        found = services.search.search(terms, kinds, reach, MANY if chosen else FEW)
    return page(
        request,
        "search.html",
        text=text,
        terms=terms,
        groups=found,
        kinds=kinds_for(caller),
        chosen=chosen[0] if chosen else None,
        path_of=path_of,
        title_of=lambda hit: title_of(hit, words),
        word_of=lambda hit: word_of(hit, words),
    )


def path_of(hit: Hit) -> str:
    """Tell the page of what was found; empty: it has none of its own."""
    match hit.kind:
        case SearchKind.BUILDING | SearchKind.APPRAISAL:
            return f"/buildings/{hit.building_id}"
        case SearchKind.ALERT:
            return f"/alerts/{hit.id}"
        case SearchKind.CHECK_UP:
            return f"/check-ups/{hit.id}"
        case SearchKind.DEFECT | SearchKind.MODEL:
            return f"/buildings/{hit.building_id}/model"
        case SearchKind.SENSOR:
            return f"/buildings/{hit.building_id}/sensors/{hit.id}"
        case SearchKind.GATEWAY:
            return f"/fleet/{hit.id}"
        case SearchKind.PERSON:
            return "/users"
        case SearchKind.FIRM:
            return ""


def title_of(hit: Hit, words: Words) -> str:
    """Tell what it is called, in words where its records have a key."""
    match hit.kind:
        case SearchKind.ALERT:
            return words.of("cause", hit.title)
        case SearchKind.CHECK_UP:
            return words.of("check_class", hit.title)
        case SearchKind.DEFECT:
            return hit.title or words.of("defect_code", hit.detail)
        case _:
            return hit.title


def word_of(hit: Hit, words: Words) -> str:
    """Tell its level, state, kind, grade or role in words."""
    group = {
        SearchKind.ALERT: "level",
        SearchKind.CHECK_UP: "search_state",
        SearchKind.DEFECT: "defect_status",
        SearchKind.SENSOR: "kind",
        SearchKind.FIRM: "search_tier",
        SearchKind.PERSON: "role",
    }.get(hit.kind)
    if hit.kind is SearchKind.APPRAISAL:
        return words("search.grade", grade=hit.word)
    return words.of(group, hit.word) if group and hit.word else ""
