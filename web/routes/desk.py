"""The duty desk: what needs somebody now."""

from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from alerting.texts import sentence
from domain.access import may
from domain.alerts import AlertState
from domain.limits import Level
from web.alert_rows import (
    LIVE,
    ROWS,
    Chosen,
    Names,
    choose,
    every_alert,
    findings_of,
    read_alerts,
    rows_of,
)
from web.districts import outlines
from web.formats import table_time
from web.guard import PageRoute, allowed, caller_of, estate_of, services_of
from web.render import LEVELS, MENU, page, words_of
from web.tables import csv_answer

router = APIRouter(route_class=PageRoute)

Text = Annotated[str, Query(max_length=100)]


@router.get("/")
def desk(
    request: Request, text: Text = "", district: Text = "", state: Text = "open", level: Text = ""
) -> Response:
    """Show the desk; a role without alerts goes to the first page that it has."""
    caller = caller_of(request)
    if not may(caller, "alerts:read"):
        for path, action in MENU.values():
            if may(caller, action):
                return RedirectResponse(path, status_code=303)
    chosen = Chosen(text, district, state, level)
    words = words_of(request)
    return page(
        request,
        "desk.html",
        active="desk",
        chosen=chosen,
        districts=sorted(
            {b.district for b in estate_of(request).visible(caller, "alerts:read").values()}
        ),
        map_words=words.group("map")
        | {f"level.{value.word}": words(f"level.{value.word}") for value in Level},
        **_queue(request, chosen),
    )


@router.get("/desk/queue")
def queue(
    request: Request, text: Text = "", district: Text = "", state: Text = "open", level: Text = ""
) -> Response:
    """Show the counts and the queue by themselves, to be put in place of the old ones."""
    chosen = Chosen(text, district, state, level)
    return page(request, "_queue.html", chosen=chosen, **_queue(request, chosen))


@router.get("/desk/map")
def map_points(request: Request) -> Response:
    """Give the buildings with the worst open level of each: what the map draws."""
    caller = allowed(request, "alerts:read")
    services, estate, words = services_of(request), estate_of(request), words_of(request)
    levels: dict[str, list[Level]] = {}
    for alert, building in read_alerts(services, estate, caller, LIVE):
        if building is not None:
            levels.setdefault(building.id, []).append(alert.level)
    visible = estate.visible(caller, "alerts:read").values()
    return JSONResponse(
        {
            "type": "FeatureCollection",
            "districts": {
                "type": "FeatureCollection",
                "features": outlines(visible, levels, words.group("district")),
            },
            "features": [
                {
                    "type": "Feature",
                    "geometry": {"type": "Point", "coordinates": [b.longitude, b.latitude]},
                    "properties": {
                        "id": b.id,
                        "name": b.name,
                        "address": b.address,
                        "level": max(levels.get(b.id, []), default=Level.NONE).value,
                    },
                }
                for b in visible
            ],
        },
        headers={"Cache-Control": "no-store"},
    )


@router.get("/desk/alerts.csv")
def alerts_csv(
    request: Request, text: Text = "", district: Text = "", state: Text = "open", level: Text = ""
) -> Response:
    """Give every alert that the filters let through, as a table."""
    caller = allowed(request, "alerts:read")
    services, estate, words = services_of(request), estate_of(request), words_of(request)
    chosen = Chosen(text, district, state, level)
    names = Names(services)

    def rows() -> Iterator[tuple[object, ...]]:
        states = (AlertState.CLOSED,) if state == "closed" else LIVE
        for page_of_them in every_alert(services, estate, caller, states):
            picked = choose(page_of_them, chosen)
            known = findings_of(services.alerts, [alert for alert, _ in picked])
            for alert, building in picked:
                yield (
                    words(f"level.{alert.level.word}"),
                    words(f"state.{alert.state.value}"),
                    words(f"cause.{alert.cause.value}"),
                    building.name if building else "",
                    building.code if building else "",
                    words.of("district", building.district) if building else "",
                    building.address if building else "",
                    sentence(alert, building, words.language, known),
                    table_time(alert.event_started_at_ns),
                    table_time(alert.opened_at_ns),
                    names.of(alert.acknowledged_by),
                    table_time(alert.acknowledged_at_ns),
                    names.of(alert.closed_by),
                    table_time(alert.closed_at_ns),
                    alert.close_reason,
                    words(f"level.{alert.level_max.word}"),
                    alert.id,
                )

    columns = (
        "level", "state", "cause", "building", "code", "district", "address", "sentence", "since",
        "opened", "acknowledged_by", "acknowledged_at", "closed_by", "closed_at", "reason",
        "level_max", "id",
    )  # fmt: skip
    return csv_answer("anju-alerts.csv", [words(f"table.{name}") for name in columns], rows())


def _queue(request: Request, chosen: Chosen) -> dict[str, Any]:
    caller = allowed(request, "alerts:read")
    services, estate, words = services_of(request), estate_of(request), words_of(request)
    live = read_alerts(services, estate, caller, LIVE)
    shown = (
        read_alerts(services, estate, caller, (AlertState.CLOSED,))
        if chosen.state == "closed"
        else live
    )
    picked = choose(shown, chosen)
    unowned = Counter(alert.level for alert, _ in live if alert.state is AlertState.OPEN)
    counted = Counter(alert.level for alert, _ in live)
    waiting = sum(unowned.values())
    answer = (
        words("desk.answer_calm")
        if not live
        else words("desk.answer_owned", n=len(live))
        if not waiting
        else words("desk.answer_waiting", n=waiting, red=unowned[Level.RED])
        if unowned[Level.RED]
        else words("desk.answer_waiting_no_red", n=waiting)
    )
    return {
        "counts": {level: counted[level] for level in LEVELS},
        "answer": answer,
        "rows": rows_of(services, picked[:ROWS], words.language),
        "more": len(picked) > ROWS,
        "filtered": chosen.any,
        "export": "/desk/alerts.csv?"
        + urlencode(
            {
                "text": chosen.text,
                "district": chosen.district,
                "state": chosen.state,
                "level": chosen.level,
            }
        ),
    }
