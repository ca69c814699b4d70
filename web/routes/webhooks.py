"""Webhooks of one's own: where changes of bands are told, and what the receiver answered."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response

from alerting.band_notices import trial_notice
from domain.access import Caller
from domain.errors import Conflict, NotFound
from domain.ids import new_id
from domain.score_notices import (
    SECRET_CHARACTERS_MIN,
    WEBHOOKS_MAX,
    NoticeKind,
    ScoreWebhook,
    url_fault,
)
from web.guard import PageRoute, allowed, estate_of, services_of
from web.render import page, words_of

router = APIRouter(prefix="/webhooks", route_class=PageRoute)

MESSAGES = 20
NAME_MAX = 200
_WRITE = "webhooks:write"


@router.get("")
def webhooks(request: Request) -> Response:
    """Show one's own webhooks with the newest messages of each."""
    who = allowed(request, _WRITE)
    return page(request, "webhooks.html", active="portfolio", **_shown(request, who))


@router.get("/list")
def webhook_list(request: Request) -> Response:
    """Show the same without the page around."""
    return _answer(request, allowed(request, _WRITE))


@router.post("")
def add_webhook(
    request: Request,
    name: Annotated[str, Form(max_length=NAME_MAX)] = "",
    url: Annotated[str, Form(max_length=2_000)] = "",
    secret: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Register a webhook."""
    who = allowed(request, _WRITE)
    services, words = services_of(request), words_of(request)
    fault = ""
    if not name.strip():
        fault = words("webhooks.fault_name")
    elif url_fault(url.strip(), private=services.private_webhooks):
        fault = words("webhooks.fault_url")
    elif len(secret) < SECRET_CHARACTERS_MIN:
        fault = words("webhooks.fault_secret")
    if fault:
        given = {"name": name, "url": url}
        return _answer(request, who, status=422, fault=fault, given=given)
    now_ns = services.clock.now_ns()
    made = ScoreWebhook(new_id(now_ns), who.user_id, name.strip(), url.strip(), secret, now_ns)
    try:
        services.score_webhooks.put_webhook(made, who.name)
    except Conflict:
        many = words("webhooks.fault_many", n=WEBHOOKS_MAX)
        return _answer(request, who, status=422, fault=many)
    return _answer(request, who, done=words("webhooks.kept"))


@router.post("/{webhook_id}/test")
def try_webhook(request: Request, webhook_id: str) -> Response:
    """Send a message that only tries the way."""
    who = allowed(request, _WRITE)
    services, words = services_of(request), words_of(request)
    webhook = _own(request, who, webhook_id)
    sent = services.score_webhooks.notices(webhook.id)
    if any(n.kind is NoticeKind.TEST and n.next_at_ns is not None for n in sent):
        return _answer(request, who, done=words("webhooks.busy"))
    services.score_webhooks.add_notice(trial_notice(webhook, services.clock.now_ns()))
    return _answer(request, who, done=words("webhooks.tested"))


@router.post("/{webhook_id}/delete")
def delete_webhook(request: Request, webhook_id: str) -> Response:
    """Delete a webhook with its messages."""
    who = allowed(request, _WRITE)
    webhook = _own(request, who, webhook_id)
    services_of(request).score_webhooks.delete_webhook(webhook.id, who.name)
    return _answer(request, who, done=words_of(request)("webhooks.deleted"))


def _own(request: Request, who: Caller, webhook_id: str) -> ScoreWebhook:
    webhook = services_of(request).score_webhooks.webhook(webhook_id)
    if webhook is None or webhook.user_id != who.user_id:
        raise NotFound(f"no webhook {webhook_id!r}")
    return webhook


def _answer(request: Request, who: Caller, *, status: int = 200, **changes: Any) -> Response:
    shown = _shown(request, who) | changes
    return page(request, "_webhooks.html", status=status, **shown)


def _shown(request: Request, who: Caller) -> dict[str, Any]:
    store, estate = services_of(request).score_webhooks, estate_of(request)
    own = store.webhooks([who.user_id])
    messages = {webhook.id: store.notices(webhook.id, MESSAGES) for webhook in own}
    known = {n.building_id for found in messages.values() for n in found if n.building_id}
    buildings = {id_: estate.building(id_) for id_ in known}
    return {
        "hooks": own,
        "messages": messages,
        "names": {id_: found.name for id_, found in buildings.items() if found},
        "waits": any(n.next_at_ns is not None for found in messages.values() for n in found),
        "fault": "",
        "done": "",
        "given": {},
    }
