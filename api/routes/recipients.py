"""Recipients: who is told about alerts, by which ways, and in which order."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import Field, StringConstraints

from api.fields import TEXT_PATTERN, Division, Flag, In, LevelOut, LevelWord, Name, Out, PathId
from api.permission import Given, may
from api.preconditions import IfMatch, etag, put
from api.problem import PUT_PROBLEMS, problems
from domain.access import Caller, Scope, ScopeKind
from domain.alerts import Concern, Recipient, Way
from domain.errors import Forbidden, NotFound
from domain.limits import Level
from domain.reach import whole_city

router = APIRouter(prefix="/recipients", tags=["recipients"])


class WayIn(In):
    """One way to tell somebody."""

    notifier: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}$")] = Field(
        description="webhook, smtp, wecom, dingtalk, feishu, sms, …"
    )
    address: Annotated[str, StringConstraints(pattern=TEXT_PATTERN, min_length=1, max_length=500)]


class RecipientIn(In):
    """Somebody who is told."""

    name: Name
    ways: Annotated[list[WayIn], Field(min_length=1, max_length=10)] = Field(
        description="the first is tried first, the next when it refuses"
    )
    districts: Annotated[list[Division], Field(max_length=200)] = Field(
        default=[], description="division codes; empty: the whole city"
    )
    level_min: LevelWord = "yellow"
    escalation: Flag = Field(
        default=False, description="told only when a red alert was not acknowledged in time"
    )
    language: Literal["zh", "en"] = "zh"
    active: Flag = True
    concerns: Annotated[list[Concern], Field(min_length=1, max_length=2)] = Field(
        default=[Concern.BUILDINGS],
        description="what they are told of: buildings, Anju's own installation, or both",
    )


class WayOut(Out):
    """One way to tell somebody."""

    notifier: str
    address: str


class RecipientOut(Out):
    """One recipient."""

    id: str
    name: str
    ways: list[WayOut]
    districts: list[str]
    level_min: LevelOut
    escalation: bool
    language: str
    active: bool
    concerns: list[Concern]


@router.get("", responses=problems(401, 403, 503))
def read_recipients(
    services: Given, who: Annotated[Caller, Depends(may("recipients:write"))]
) -> list[RecipientOut]:
    """List the recipients whose districts the caller may administer, by name."""
    return [
        RecipientOut.model_validate(recipient)
        for recipient in services.alerts.recipients()
        if _covers(who, recipient.districts)
    ]


@router.get("/{recipient_id}", responses=problems(401, 403, 404, 422, 503))
def read_recipient(
    recipient_id: PathId,
    services: Given,
    response: Response,
    who: Annotated[Caller, Depends(may("recipients:write"))],
) -> RecipientOut:
    """Read one recipient."""
    for recipient in services.alerts.recipients():
        if recipient.id == recipient_id and _covers(who, recipient.districts):
            response.headers["ETag"] = etag(recipient)
            return RecipientOut.model_validate(recipient)
    raise NotFound(f"no recipient {recipient_id!r}")


@router.put("/{recipient_id}", responses={201: {"model": RecipientOut}, **PUT_PROBLEMS})
def put_recipient(
    recipient_id: PathId,
    body: RecipientIn,
    services: Given,
    response: Response,
    who: Annotated[Caller, Depends(may("recipients:write"))],
    if_match: IfMatch = "",
) -> RecipientOut:
    """Keep a recipient under an id that the client made, or change it (with `If-Match`)."""
    found = services.alerts.recipients()
    kept = next((each for each in found if each.id == recipient_id), None)
    if kept is not None and not _covers(who, kept.districts):
        raise NotFound(f"no recipient {recipient_id!r}")
    districts = tuple(body.districts)
    if not _covers(who, districts):
        raise Forbidden("districts must lie within your own scopes")
    wanted = Recipient(
        id=recipient_id,
        name=body.name,
        ways=tuple(Way(way.notifier, way.address) for way in body.ways),
        districts=districts,
        level_min=Level.named(body.level_min),
        escalation=body.escalation,
        language=body.language,
        active=body.active,
        concerns=tuple(sorted(set(body.concerns))),
    )
    done = put(
        kept,
        wanted,
        if_match,
        response,
        f"recipient {recipient_id!r}",
        lambda recipient: services.alerts.put_recipient(recipient, who.name),
    )
    return RecipientOut.model_validate(done)


def _covers(caller: Caller, districts: tuple[str, ...]) -> bool:
    """Tell whether a caller's scopes hold all of a recipient's districts; none is the city."""
    if whole_city(caller):
        return True
    own = {Scope(ScopeKind.DISTRICT, district) for district in districts}
    return bool(own) and own <= set(caller.scopes)
