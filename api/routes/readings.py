"""Readings of a channel: raw, adjusted, downsampled, and the newest."""

import math
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BaseModel, Field

from api.fields import DIGITS, At, Bound, Out, PathId
from api.paging import PageOf
from api.permission import Given, may
from api.problem import problems
from api.visibility import building_for, channel_for
from domain.access import Caller
from domain.clock import SECOND_NS, to_datetime, to_ns
from domain.errors import NotFound
from domain.ports import ReadingStore
from domain.readings import QualityFlag, Reading
from domain.services import Services

router = APIRouter(tags=["readings"])

Start = Annotated[Bound, Query(description="first instant, included")]
End = Annotated[Bound, Query(description="last instant, left out")]
#: how much wider each further stretch is that is read while a page is not full
WIDER = 4

_WORDS: dict[int, list[str]] = {}


def flag_words(flag: int) -> list[str]:
    """Name the bits of a quality flag; none is a good reading.

    Examples
    --------
    >>> flag_words(5)
    ['late', 'out_of_range']

    """
    if flag not in _WORDS:
        _WORDS[flag] = [str(bit.name).lower() for bit in QualityFlag(flag)]
    return _WORDS[flag]


class AdjustmentOut(BaseModel):
    """What a reading says with its datum put right and the weather taken out."""

    series_value: float | None = Field(
        description="reading * factor + offset of its segment; null while the zero is not known"
    )
    value: float | None = Field(
        description="the series value less the weather, which growth and rates are judged by; "
        "null where the temperature is not known"
    )
    compensation: Literal["not needed", "absent", "immature", "mature"] = Field(
        description="how far the weather is taken out, by the response that is known now"
    )


class ReadingOut(BaseModel):
    """One reading, in the unit of the channel's kind; its moments are cut to the microsecond."""

    taken_at: AwareDatetime
    value: float
    flags: list[str] = Field(description="what is known against it; empty when it is good")
    received_at: AwareDatetime
    adjusted: AdjustmentOut | None = Field(
        default=None, description="only with `adjusted=true`; else null"
    )

    @classmethod
    def of(cls, reading: Reading) -> "ReadingOut":
        """Show a reading."""
        return cls(
            taken_at=to_datetime(reading.taken_at_ns),
            value=reading.value,
            flags=flag_words(int(reading.flag)),
            received_at=to_datetime(reading.received_at_ns),
        )


class LatestOut(ReadingOut):
    """The newest reading of a channel by its own time, whenever it came."""

    channel_id: str
    age_s: float = Field(description="since it was taken, at the moment of the answer")


class SpanOut(Out):
    """One of the equal spans that a range was cut into."""

    start: At
    count: int
    mean: float
    low: float
    high: float


@router.get("/channels/{channel_id}/readings", responses=problems(401, 403, 404, 422, 503))
def read_readings(
    channel_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("readings:read"))],
    start: Start,
    end: End,
    limit: Annotated[int, Query(ge=1, le=10_000), DIGITS] = 1_000,
    after: Annotated[
        str, Query(pattern=r"^(-?[0-9]{1,19})?$", description="`next` of the page before")
    ] = "",
    adjusted: Annotated[
        Literal["true", "false"],
        Query(description="give each reading's value with datum and weather put right beside it"),
    ] = "false",
) -> PageOf[ReadingOut]:
    """List the raw readings of a channel between two instants, oldest first."""
    channel, _, _ = channel_for(services, who, "readings:read", channel_id)
    start_ns, end_ns = to_ns(start), to_ns(end)
    if after:
        start_ns = max(start_ns, int(after) + 1)
    rows = _first(
        services.readings, channel.id, start_ns, end_ns, limit + 1, channel.interval_s * SECOND_NS
    )
    page = rows[:limit]
    return PageOf(
        items=_adjusted(services, page) if adjusted == "true" else [*map(ReadingOut.of, page)],
        next=str(page[-1].taken_at_ns) if len(rows) > limit else None,
    )


@router.get(
    "/channels/{channel_id}/readings/downsampled", responses=problems(401, 403, 404, 422, 503)
)
def read_downsampled(
    channel_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("readings:read"))],
    start: Start,
    end: End,
    points: Annotated[int, Query(ge=1, le=5_000), DIGITS] = 500,
) -> list[SpanOut]:
    """Read a channel in at most `points` equal spans; those without readings are left out."""
    channel, _, _ = channel_for(services, who, "readings:read", channel_id)
    start_ns, end_ns = to_ns(start), to_ns(end)
    if start_ns >= end_ns:
        return []
    rollup = services.readings.downsample(channel.id, start_ns, end_ns, points)
    columns = (rollup.start, rollup.count, rollup.mean, rollup.low, rollup.high)
    return [
        SpanOut(start=to_datetime(at_ns), count=count, mean=mean, low=low, high=high)
        for at_ns, count, mean, low, high in zip(*(c.tolist() for c in columns), strict=True)
    ]


@router.get("/channels/{channel_id}/readings/latest", responses=problems(401, 403, 404, 422, 503))
def read_latest(
    channel_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("readings:read"))],
) -> LatestOut:
    """Read a channel's newest reading; 404 when it has none yet."""
    channel, _, _ = channel_for(services, who, "readings:read", channel_id)
    reading = services.readings.latest([channel.id]).get(channel.id)
    if reading is None:
        raise NotFound(f"channel {channel_id!r} has no reading yet")
    return _latest(services, reading)


@router.get("/buildings/{building_id}/readings/latest", responses=problems(401, 403, 404, 422, 503))
def read_latest_of_building(
    building_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("readings:read"))],
) -> list[LatestOut]:
    """Read the newest reading of each of a building's channels that has any."""
    building = building_for(services, who, "readings:read", building_id)
    ids = [channel.id for channel in services.register.site(building.id).channels]
    found = services.readings.latest(ids) if ids else {}
    return [_latest(services, found[channel_id]) for channel_id in ids if channel_id in found]


def _latest(services: Services, reading: Reading) -> LatestOut:
    age_s = (services.clock.now_ns() - reading.taken_at_ns) / SECOND_NS
    shown = ReadingOut.of(reading).model_dump()
    return LatestOut(channel_id=reading.channel_id, age_s=age_s, **shown)


def _adjusted(services: Services, page: list[Reading]) -> list[ReadingOut]:
    """Show readings of one channel with their adjusted values beside them."""
    if not page:
        return []
    start_ns, end_ns = page[0].taken_at_ns, page[-1].taken_at_ns + 1
    rows = services.adjuster.channel(page[0].channel_id, start_ns, end_ns)
    known = {
        at_ns: (series, value)
        for at_ns, series, value in zip(
            rows.taken_at.tolist(), rows.series.tolist(), rows.value.tolist(), strict=True
        )
    }
    shown = []
    for reading in page:
        # one that was deleted or corrected between the two looks has no value beside it
        series, value = known.get(reading.taken_at_ns, (math.nan, math.nan))
        shown.append(
            ReadingOut.of(reading).model_copy(
                update={
                    "adjusted": AdjustmentOut(
                        series_value=series if math.isfinite(series) else None,
                        value=value if math.isfinite(value) else None,
                        compensation=rows.compensation.value,
                    )
                }
            )
        )
    return shown


def _first(
    store: ReadingStore, channel_id: str, start_ns: int, end_ns: int, count: int, interval_ns: int
) -> list[Reading]:
    """Read the first readings of a range without reading all of it.

    The store answers ranges only: stretches are read that grow until enough have come.
    """
    found: list[Reading] = []
    width_ns = max(interval_ns, SECOND_NS) * count
    while start_ns < end_ns and len(found) < count:
        until_ns = min(start_ns + width_ns, end_ns)
        series = store.between(channel_id, start_ns, until_ns)
        left = count - len(found)
        found += [
            Reading(channel_id, taken_at, value, QualityFlag(flag), received_at)
            for taken_at, value, flag, received_at in zip(
                series.taken_at[:left].tolist(),
                series.value[:left].tolist(),
                series.flag[:left].tolist(),
                series.received_at[:left].tolist(),
                strict=True,
            )
        ]
        start_ns, width_ns = until_ns, width_ns * WIDER
    return found
