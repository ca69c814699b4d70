"""Webhooks: where a user's own system is told when a building's score changes its band."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field, SecretStr, StringConstraints

from alerting.band_notices import trial_notice
from api.fields import DIGITS, At, In, Name, Out, PathId
from api.permission import Given, may
from api.preconditions import IfMatch, etag, put
from api.problem import PUT_PROBLEMS, problems
from api.user_scopes import user_visible
from domain.access import Caller
from domain.access import may as may_do
from domain.alerts import NoticeState
from domain.errors import Conflict, InvalidInput, NotFound
from domain.score_notices import (
    SECRET_CHARACTERS_MIN,
    URL_CHARACTERS_MAX,
    NoticeKind,
    ScoreWebhook,
    url_fault,
)
from domain.services import Services

router = APIRouter(prefix="/webhooks", tags=["webhooks"])

_WRITE = "webhooks:write"


class WebhookIn(In):
    """A webhook that is wanted."""

    name: Name = Field(description="what it is for")
    url: Annotated[
        str, StringConstraints(min_length=9, max_length=URL_CHARACTERS_MAX, pattern=r"^https?://")
    ] = Field(description="`https://…` address that is posted to; none of a private network")
    secret: Annotated[
        SecretStr | None,
        Field(
            min_length=SECRET_CHARACTERS_MIN,
            max_length=200,
            description="shared key of the signature, never shown again; left out: it stays",
        ),
    ] = None


class WebhookOut(Out):
    """One webhook; its secret is not shown."""

    id: str
    user_id: str = Field(description="whose scopes decide which buildings it is told of")
    name: str
    url: str
    created_at: At = Field(validation_alias="created_at_ns")


class DeliveryOut(Out):
    """One message and what is truly known of its way."""

    id: str = Field(description="`id` of the event; the same in every repeat")
    kind: NoticeKind
    building_id: str = Field(description="empty: a test")
    assessment_id: str
    state: NoticeState
    attempts: int
    created_at: At = Field(validation_alias="created_at_ns")
    updated_at: At = Field(validation_alias="updated_at_ns")
    next_at: At | None = Field(
        validation_alias="next_at_ns", description="when it is tried next; null: it is done with"
    )
    answer: str = Field(description="the receiver's own last words, or why it was not sent")


@router.get("", responses=problems(401, 403, 503))
def read_webhooks(
    services: Given, who: Annotated[Caller, Depends(may(_WRITE))]
) -> list[WebhookOut]:
    """List one's own webhooks by name; administrators see those of the users they administer."""
    found = services.score_webhooks.subscribers()
    seen = [
        webhook
        for webhook, user in found
        if webhook.user_id == who.user_id
        or (may_do(who, "users:write") and user_visible(services, who, user))
    ]
    return [WebhookOut.model_validate(w) for w in sorted(seen, key=lambda w: (w.name, w.id))]


@router.get("/{webhook_id}", responses=problems(401, 403, 404, 422, 503))
def read_webhook(
    webhook_id: PathId,
    services: Given,
    response: Response,
    who: Annotated[Caller, Depends(may(_WRITE))],
) -> WebhookOut:
    """Read one webhook."""
    webhook = webhook_for(services, who, webhook_id)
    response.headers["ETag"] = etag(webhook)
    return WebhookOut.model_validate(webhook)


@router.put("/{webhook_id}", responses={201: {"model": WebhookOut}, **PUT_PROBLEMS})
def put_webhook(
    webhook_id: PathId,
    body: WebhookIn,
    services: Given,
    response: Response,
    who: Annotated[Caller, Depends(may(_WRITE))],
    if_match: IfMatch = "",
) -> WebhookOut:
    """Register a webhook of one's own under an id that the client made, or change it."""
    kept = services.score_webhooks.webhook(webhook_id)
    if kept is not None:
        kept = webhook_for(services, who, webhook_id)
    if fault := url_fault(body.url, private=services.private_webhooks):
        raise InvalidInput(f"url {fault}", "url")
    secret = body.secret.get_secret_value() if body.secret else kept.secret if kept else ""
    if not secret:
        raise InvalidInput("secret must be given for a new webhook", "secret")
    wanted = ScoreWebhook(
        webhook_id,
        kept.user_id if kept else who.user_id,
        body.name,
        body.url,
        secret,
        kept.created_at_ns if kept else services.clock.now_ns(),
    )
    done = put(
        kept,
        wanted,
        if_match,
        response,
        f"webhook {webhook_id!r}",
        lambda webhook: services.score_webhooks.put_webhook(webhook, who.name),
    )
    return WebhookOut.model_validate(done)


@router.delete("/{webhook_id}", status_code=204, responses=problems(401, 403, 404, 422, 503))
def delete_webhook(
    webhook_id: PathId, services: Given, who: Annotated[Caller, Depends(may(_WRITE))]
) -> None:
    """Delete a webhook with its messages; nothing more is sent to it."""
    webhook_for(services, who, webhook_id)
    services.score_webhooks.delete_webhook(webhook_id, who.name)


@router.post(
    "/{webhook_id}/test", status_code=202, responses=problems(401, 403, 404, 409, 422, 503)
)
def try_webhook(
    webhook_id: PathId, services: Given, who: Annotated[Caller, Depends(may(_WRITE))]
) -> DeliveryOut:
    """Send a message that only tries the way; what comes of it stands among the deliveries."""
    webhook = webhook_for(services, who, webhook_id)
    waiting = [
        one
        for one in services.score_webhooks.notices(webhook.id)
        if one.kind is NoticeKind.TEST and one.next_at_ns is not None
    ]
    if waiting:
        raise Conflict("a test is still on its way; look at the deliveries")
    notice = trial_notice(webhook, services.clock.now_ns())
    services.score_webhooks.add_notice(notice)
    return DeliveryOut.model_validate(notice)


@router.get("/{webhook_id}/deliveries", responses=problems(401, 403, 404, 422, 503))
def read_deliveries(
    webhook_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may(_WRITE))],
    limit: Annotated[int, Query(ge=1, le=1000), DIGITS] = 100,
) -> list[DeliveryOut]:
    """List the newest messages to a webhook with what its receiver answered, newest first."""
    webhook = webhook_for(services, who, webhook_id)
    return [
        DeliveryOut.model_validate(one)
        for one in services.score_webhooks.notices(webhook.id, limit)
    ]


def webhook_for(services: Services, who: Caller, webhook_id: str) -> ScoreWebhook:
    """Find a webhook that is the caller's own, or of a user whom they administer.

    Raises
    ------
    NotFound
        When there is none, or it is foreign: the two look the same.

    """
    webhook = services.score_webhooks.webhook(webhook_id)
    if webhook is not None:
        if webhook.user_id == who.user_id:
            return webhook
        user = services.access.user(webhook.user_id)
        if user and may_do(who, "users:write") and user_visible(services, who, user):
            return webhook
    raise NotFound(f"no webhook {webhook_id!r}")
