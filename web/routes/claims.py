"""The review of claims: which element of the old model is which of the new."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response

from bim.decide import Choice, Wish, decide
from bim.undo import undo
from domain.bim_models import BimModel
from domain.buildings import Building
from domain.claims import IdentityClaim
from domain.errors import Conflict, InvalidInput, NotFound
from domain.services import Services
from web.guard import PageRoute, building_for, caller_of, services_of
from web.render import page
from web.review_rows import Wanted
from web.review_view import DECIDE, shown_as, shown_of, wanted_of

router = APIRouter(route_class=PageRoute)

READ = "models:read"
#: entities that a search answers with
FOUND_MAX = 20
#: claims that are decided on at once
BULK_MAX = 500

Text = Annotated[str, Query(max_length=200)]
Field = Annotated[str, Form(max_length=2_000)]


@router.get("/models/{model_id}/review")
def review_page(
    request: Request,
    model_id: str,
    show: Text = "open",
    text: Text = "",
    kind: Text = "",
    why: Text = "",
    ifc_class: Annotated[str, Query(alias="class", max_length=100)] = "",
    hung: Text = "",
    element: Text = "",
    claim: Text = "",
    number: Annotated[int, Query(alias="page", ge=1, le=10_000)] = 1,
) -> Response:
    """Show the queue with one element of it held against its candidates."""
    building, model = _model(request, model_id, READ)
    wanted = Wanted(shown_as(show), text, kind, why, ifc_class, bool(hung), number)
    part = request.headers.get("HX-Request") == "true"
    shown = shown_of(request, building, model, wanted, element, claim)
    return page(request, "_review.html" if part else "review.html", active="buildings", **shown)


@router.get("/models/{model_id}/review/entities")
def find_entities(request: Request, model_id: str, text: Text = "") -> Response:
    """Offer entities of the newest revision to choose another one from."""
    _, model = _model(request, model_id, DECIDE)
    services = services_of(request)
    live = services.models.live_revision(model.id)
    rows = services.models.versions(live.id, text=text) if live and text.strip() else []
    older = {
        one.id
        for one in services.models.elements(model.id)
        if live and one.first_revision != live.id
    }
    # what is an older element already cannot be another one
    free = [row for row in rows if row.element_id not in older]
    return page(
        request,
        "_review_entities.html",
        rows=free[:FOUND_MAX],
        more=len(free) > FOUND_MAX,
        text=text,
    )


@router.post("/models/{model_id}/review/decide")
def decide_one(
    request: Request,
    model_id: str,
    claim: Field,
    version: Annotated[int, Form(ge=1)],
    choice: Field,
    back: Field = "",
    then: Field = "",
    entity: Annotated[list[int] | None, Form()] = None,
    note: Field = "",
) -> Response:
    """Carry one decision out and go on to the next element."""
    building, model = _model(request, model_id, DECIDE)
    if choice not in tuple(Choice):
        raise InvalidInput(f"choice must be one of {', '.join(Choice)}, got {choice[:40]!r}")
    wish = Wish(claim, version, Choice(choice), tuple(entity or ()), note)
    return _carried(request, building, model, [wish], back, then)


@router.post("/models/{model_id}/review/many")
def decide_many(
    request: Request,
    model_id: str,
    pick: Annotated[list[str] | None, Form(max_length=BULK_MAX)] = None,
    back: Field = "",
) -> Response:
    """Confirm the first proposals of many elements, all or none."""
    building, model = _model(request, model_id, DECIDE)
    wishes = []
    for one in pick or ():
        claim_id, _, version = one.rpartition(":")
        if not version.isdigit():
            raise InvalidInput(f"pick must be a claim and its version, got {one[:80]!r}")
        wishes.append(Wish(claim_id, int(version), Choice.CONFIRM))
    if not wishes:
        raise InvalidInput("choose one element at least")
    return _carried(request, building, model, wishes, back, "")


@router.post("/models/{model_id}/review/undo")
def undo_one(
    request: Request,
    model_id: str,
    claim: Field,
    version: Annotated[int, Form(ge=1)],
    back: Field = "",
) -> Response:
    """Take a decision back and show its element again."""
    building, model = _model(request, model_id, DECIDE)
    services, who = services_of(request), caller_of(request)
    known = _claim(services, model, claim)
    wanted, _ = wanted_of(back)
    try:
        undo(services.models, services.places, claim, version, who.name)
    except Conflict as error:
        shown = shown_of(
            request, building, model, wanted, known.element_id, claim, fault=str(error)
        )
        return page(request, "_review.html", status=409, **shown)
    shown = shown_of(request, building, model, wanted, known.element_id, claim, undone=True)
    return page(request, "_review.html", **shown)


def _model(request: Request, model_id: str, action: str) -> tuple[Building, BimModel]:
    model = services_of(request).models.model(model_id)
    if model is None:
        raise NotFound(f"no model {model_id!r}")
    return building_for(request, model.building_id, action), model


def _claim(services: Services, model: BimModel, claim_id: str) -> IdentityClaim:
    claim = services.models.claim(claim_id)
    if claim is None or claim.model_id != model.id:
        raise NotFound(f"no claim {claim_id!r}")
    return claim


def _carried(
    request: Request,
    building: Building,
    model: BimModel,
    wishes: Sequence[Wish],
    back: str,
    then: str,
) -> Response:
    services, who = services_of(request), caller_of(request)
    for wish in wishes:
        _claim(services, model, wish.claim_id)
    wanted, element = wanted_of(back)
    try:
        now_ns = services.clock.now_ns()
        came = decide(services.models, services.places, wishes, who.name, now_ns)
    except (Conflict, InvalidInput) as error:
        status = 409 if isinstance(error, Conflict) else 422
        shown = shown_of(request, building, model, wanted, element, "", fault=str(error))
        return page(request, "_review.html", status=status, **shown)
    done = [one for one in came if one.decided_by]
    shown = shown_of(request, building, model, wanted, then, "", done=done)
    return page(request, "_review.html", **shown)
