"""Answers to MQTT brokers that ask over HTTP who may connect, publish and subscribe."""

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl

import msgspec
from fastapi import APIRouter, Depends, Request
from fastapi.responses import PlainTextResponse

from api.fields import Out
from api.permission import Given, may
from api.problem import problems
from domain.access import Caller
from domain.errors import Forbidden
from domain.services import Services

router = APIRouter(prefix="/mqtt", tags=["brokers"])

BODY_BYTES_MAX = 200_000
#: length of the longest text in an MQTT packet
_TEXT_MAX = 65_535
_FIELDS = {
    "clientid": "client id",
    "username": "name to log in with",
    "password": "password, when somebody connects",
    "topic": "topic or filter",
    "action": "`publish` or `subscribe`",
    "acc": "instead of `action`: 1 read, 2 publish, 3 both, 4 subscribe",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a broker asks, as far as it is looked at; what cannot be read is left empty."""

    clientid: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    topic: str = ""
    action: str = ""
    acc: str = ""


class AnswerOut(Out):
    """The answer as EMQX 5 reads it."""

    result: Literal["allow", "deny"]
    is_superuser: bool = False


async def asked(request: Request) -> Asked:
    """Read a question, JSON or form; one that cannot be read asks for nothing.

    A broker takes an error for "ask somebody else": a question with a strange client id must
    therefore get a clear no, never an error.
    """
    body = await request.body()
    fields: dict[str, Any] = {}
    if len(body) <= BODY_BYTES_MAX:
        form = "form" in request.headers.get("Content-Type", "")
        try:
            read = dict(parse_qsl(body.decode())) if form else msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError, RecursionError):
            read = {}
        fields = read if isinstance(read, dict) else {}

    def text(name: str) -> str:
        value = fields.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        return value if isinstance(value, str) and len(value) <= _TEXT_MAX else ""

    return Asked(**{name: text(name) for name in _FIELDS})


#: no types: a field of another type is answered with no, not with an error
_SCHEMA = {
    "type": "object",
    "properties": {name: {"description": text} for name, text in _FIELDS.items()},
}
_QUESTION = {
    "requestBody": {
        "required": True,
        "content": {
            kind: {"schema": _SCHEMA}
            for kind in ("application/json", "application/x-www-form-urlencoded")
        },
    }
}
Question = Annotated[Asked, Depends(asked)]
Broker = Annotated[Caller, Depends(may("gateways:admit"))]
_PROBLEMS = problems(401, 403, 413, 503)


@router.post("/auth", openapi_extra=_QUESTION, responses=_PROBLEMS)
def may_connect(question: Question, services: Given, who: Broker) -> AnswerOut:
    """Tell EMQX whether a client may connect."""
    found = services.admission.admit(question.clientid, question.username, question.password)
    if found:
        return AnswerOut(result="allow", is_superuser=found == "superuser")
    return AnswerOut(result="deny")


@router.post("/acl", openapi_extra=_QUESTION, responses=_PROBLEMS)
def may_act(question: Question, services: Given, who: Broker) -> AnswerOut:
    """Tell EMQX whether a client that is connected may publish or subscribe to a topic."""
    allowed = services.admission.may(question.username, question.action, question.topic)
    return AnswerOut(result="allow" if allowed else "deny")


@router.post(
    "/status/user", openapi_extra=_QUESTION, responses=_PROBLEMS, response_class=PlainTextResponse
)
def status_of_connection(question: Question, services: Given, who: Broker) -> PlainTextResponse:
    """Answer by status, 200 or 403, whether a client may connect."""
    return _status(
        services.admission.admit(question.clientid, question.username, question.password) != ""
    )


@router.post(
    "/status/superuser",
    openapi_extra=_QUESTION,
    responses=_PROBLEMS,
    response_class=PlainTextResponse,
)
def status_of_superuser(question: Question, services: Given, who: Broker) -> PlainTextResponse:
    """Answer by status whether a log-in name is the one of ingest itself."""
    return _status(services.admission.superuser(question.username))


@router.post(
    "/status/acl", openapi_extra=_QUESTION, responses=_PROBLEMS, response_class=PlainTextResponse
)
def status_of_act(question: Question, services: Given, who: Broker) -> PlainTextResponse:
    """Answer by status whether a client may do `acc` with a topic."""
    return _status(_may(services, question))


def _may(services: Services, question: Asked) -> bool:
    may = services.admission.may
    name, topic = question.username, question.topic
    match question.acc:
        case "1":
            # a gateway is only ever sent what it may subscribe to
            return may(name, "subscribe", topic)
        case "2":
            return may(name, "publish", topic)
        case "3":
            return may(name, "publish", topic) and may(name, "subscribe", topic)
        case "4":
            return may(name, "subscribe", topic)
    return False


def _status(allowed: bool) -> PlainTextResponse:
    if not allowed:
        raise Forbidden("no")
    # the word is for brokers that read the body instead of the status
    return PlainTextResponse("ok")
