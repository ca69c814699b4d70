"""Events: the stream of changes that live pages follow (server-sent events)."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from api.caller_middleware import who as who_asks
from api.feed import POLL_S, Feed, Streams
from api.permission import Given, may
from api.problem import problems
from api.sight import Sight
from domain.access import Caller, may_on_installation
from domain.access import may as may_do
from domain.alerts import INSTALLATION
from domain.clock import to_datetime
from domain.errors import StoreUnavailable
from domain.ports import Change

router = APIRouter(prefix="/events", tags=["events"])
log = structlog.get_logger()

EVENT_STREAM = "text/event-stream"
#: a comment is sent after so long a silence, so that nothing between us closes the connection
HEARTBEAT_S = 15.0
#: how soon a revoked key, a log-out or a changed scope counts
ASK_AGAIN_S = 3.0
CHANGES_AT_ONCE = 500
#: kinds of changes that only those hear of who may see models
OF_MODELS = frozenset({"model", "place"})
OF_CHECKS = frozenset({"check-up"})


class EventStream(StreamingResponse):
    """An answer of server-sent events."""

    media_type = EVENT_STREAM


@router.get("", response_class=EventStream, responses=problems(401, 403, 422, 429, 503))
async def follow_events(
    request: Request,
    services: Given,
    who: Annotated[Caller, Depends(may("alerts:read"))],
    last_event_id: Annotated[
        str,
        Header(
            pattern=r"^[0-9]{0,18}$",
            description="number of the last event that came; without it only new ones are sent",
        ),
    ] = "",
) -> EventStream:
    """Follow what happens to the alerts of the buildings that the caller may see.

    Each event has a number (`id`), a kind (`event`: `alert`, `notice`, and for those who may see
    models `model` with a revision's id and `place`, for those who may see check-ups `check-up`)
    and JSON data: `building_id`, `object_id`, `at`. It says what to read again, not what is there.
    """
    streams: Streams = request.app.state.streams
    streams.check(who.user_id)
    newest = await run_in_threadpool(services.alerts.last_change)
    position = min(int(last_event_id), newest) if last_event_id else newest
    headers = {"X-Accel-Buffering": "no"}
    return EventStream(_events(request, who, position), headers=headers)


async def _events(request: Request, caller: Caller, position: int) -> AsyncIterator[str]:
    """Write events until the caller is gone, may no longer ask, or the server closes."""
    state = request.app.state
    services, feed, sight, streams = state.services, state.feed, state.sight, state.streams
    assert isinstance(feed, Feed)  # noqa: S101  the application set it
    assert isinstance(sight, Sight)  # noqa: S101
    user_id = caller.user_id
    streams.enter(user_id)
    try:
        yield "retry: 2000\n\n"
        asked_s = spoken_s = time.monotonic()
        while not state.closing.is_set():
            if time.monotonic() - asked_s >= ASK_AGAIN_S:
                asked_s = time.monotonic()
                again, _ = await run_in_threadpool(who_asks, services, request)
                if again is None or again.user_id != user_id or not may_do(again, "alerts:read"):
                    log.info("event stream ended", user=user_id, reason="may no longer ask")
                    return
                caller = again
            changes: list[Change] = []
            if await feed.newest() > position:
                changes = await run_in_threadpool(
                    services.alerts.changes, position, CHANGES_AT_ONCE
                )
            if changes:
                position = changes[-1].id
                seen = await run_in_threadpool(sight.buildings, caller)
                for change in changes:
                    if _may_know(caller, change, seen):
                        yield _written(change)
                        spoken_s = time.monotonic()
            if time.monotonic() - spoken_s >= HEARTBEAT_S:
                yield ": still here\n\n"
                spoken_s = time.monotonic()
            if len(changes) < CHANGES_AT_ONCE:
                await asyncio.sleep(POLL_S)
    except StoreUnavailable as error:
        # the reader comes back by itself and goes on after the last number it has
        log.warning("event stream ended", user=user_id, reason=str(error))
    finally:
        streams.leave(user_id)


def _may_know(caller: Caller, change: Change, seen: frozenset[str] | None) -> bool:
    """Tell whether a caller may be told of a change: of a building, or of Anju itself."""
    if change.building_id == INSTALLATION:
        return may_on_installation(caller, "alerts:read")
    if change.kind in OF_MODELS and not may_do(caller, "models:read"):
        return False
    if change.kind in OF_CHECKS and not may_do(caller, "checks:read"):
        return False
    return seen is None or change.building_id in seen


def _written(change: Change) -> str:
    data = {
        "building_id": change.building_id,
        "object_id": change.object_id,
        "at": to_datetime(change.at_ns).isoformat().replace("+00:00", "Z"),
    }
    return f"id: {change.id}\nevent: {change.kind}\ndata: {json.dumps(data)}\n\n"
