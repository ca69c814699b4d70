"""Types of the fields that the API reads and writes; what comes in is taken strictly."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Literal

from fastapi import Path, Query
from pydantic import (
    AfterValidator,
    AllowInfNan,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    StringConstraints,
)

from domain.clock import to_datetime
from domain.limits import Level
from domain.register_checks import LATITUDE_DEG, LONGITUDE_DEG

ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._:~-]{0,63}$"
#: PostgreSQL keeps no NUL in a text
TEXT_PATTERN = r"^[^\x00]*$"
#: the same with at least one character that is not a space
VISIBLE_PATTERN = r"^[^\x00]*[^\x00\s][^\x00]*$"
INT64_MAX = 2**63 - 1
#: what fits into ns since 1970 in 64 bits, with room to calculate
FIRST, LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_DATE_TIME = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_DIGITS = re.compile(r"-?\d{1,18}", re.ASCII)


class In(BaseModel):
    """What comes from outside: no field that is not known."""

    model_config = ConfigDict(extra="forbid")


class Out(BaseModel):
    """What the API says; read from a record's fields."""

    model_config = ConfigDict(from_attributes=True)


def _rfc3339_date_time(value: object) -> object:
    # pydantic alone would also take 1700000000 and "2026-11-23 06:00"
    if isinstance(value, str) and _DATE_TIME.fullmatch(value):
        return value
    raise ValueError("must be a date and time of RFC 3339, such as 2026-11-23T06:00:00Z")


def _rfc3339_date(value: object) -> object:
    if isinstance(value, str) and _DATE.fullmatch(value):
        return value
    raise ValueError("must be a date of RFC 3339, such as 2026-11-23")


def _digits(value: object) -> object:
    # pydantic alone would also take "1.0" and "1_000"
    if not isinstance(value, str) or _DIGITS.fullmatch(value):
        return value
    raise ValueError("must be a whole number")


def _whole(value: object) -> object:
    # pydantic alone would also take "3" and true; JSON knows one kind of number: 3.0 is whole
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError("must be a whole number")


def _in_range(at: datetime) -> datetime:
    if not FIRST <= at < LAST:
        raise ValueError(f"must be from {FIRST:%Y} to {LAST:%Y}")
    return at


def _clamped(at: datetime) -> datetime:
    return min(max(at, FIRST), LAST)


def _day_in_range(day: date) -> date:
    if not FIRST.date() <= day < LAST.date():
        raise ValueError(f"must be from {FIRST:%Y} to {LAST:%Y}")
    return day


def _of_ns(value: object) -> object:
    return to_datetime(value) if isinstance(value, int) else value


def _word(value: object) -> object:
    return value.word if isinstance(value, Level) else value


Id = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
PathId = Annotated[str, Path(pattern=ID_PATTERN)]
Text = Annotated[str, StringConstraints(pattern=TEXT_PATTERN, max_length=500)]
ShortText = Annotated[str, StringConstraints(pattern=TEXT_PATTERN, max_length=200)]
#: a text with at least one character that can be seen
Name = Annotated[str, StringConstraints(pattern=VISIBLE_PATTERN, max_length=200)]
Division = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{5}$")]
Flag = Annotated[bool, Strict()]
Number = Annotated[float, Strict(), AllowInfNan(False), Field(ge=-1e9, le=1e9)]
Azimuth = Annotated[float, Strict(), AllowInfNan(False), Field(ge=0, le=360)]
Longitude = Annotated[
    float, Strict(), AllowInfNan(False), Field(ge=LONGITUDE_DEG[0], le=LONGITUDE_DEG[1])
]
Latitude = Annotated[
    float, Strict(), AllowInfNan(False), Field(ge=LATITUDE_DEG[0], le=LATITUDE_DEG[1])
]
LevelWord = Literal["none", "blue", "yellow", "orange", "red"]

#: a moment that is kept
Moment = Annotated[AwareDatetime, AfterValidator(_in_range), BeforeValidator(_rfc3339_date_time)]
#: a bound of a search; one that lies beyond all readings is as good as the end of them
Bound = Annotated[AwareDatetime, AfterValidator(_clamped), BeforeValidator(_rfc3339_date_time)]
Day = Annotated[date, AfterValidator(_day_in_range), BeforeValidator(_rfc3339_date)]

#: ns since 1970 as the API shows it, cut to the microsecond
At = Annotated[AwareDatetime, BeforeValidator(_of_ns)]
LevelOut = Annotated[LevelWord, BeforeValidator(_word)]

QueryText = Annotated[str, Query(pattern=TEXT_PATTERN, max_length=200)]
#: last in an `Annotated[int, …]`, so that the document keeps the bounds: in JSON, in a query
WHOLE = BeforeValidator(_whole)
DIGITS = BeforeValidator(_digits)
