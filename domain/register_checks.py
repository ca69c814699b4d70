"""What can be true of a record of the register; a put of anything else is refused."""

import math
import re
from collections.abc import Sequence
from dataclasses import fields
from datetime import date
from typing import NoReturn

from domain.buildings import Appraisal, Building
from domain.clock import to_datetime
from domain.errors import InvalidInput
from domain.sensors import Channel, Gateway, Mount, Segment, Sensor

STRUCTURES = ("masonry", "concrete", "timber", "steel", "mixed", "unknown")
USES = ("residential", "public", "industrial", "other")
SYSTEMS = ("EPSG:4326", "EPSG:4490")

#: (lowest, highest) of China's land and islands, degrees
LONGITUDE_DEG = (73.0, 136.0)
LATITUDE_DEG = (3.0, 54.0)
HEIGHT_M = (0.5, 1000.0)
STOREYS_ABOVE = (0, 200)
STOREYS_BELOW = (0, 20)
BUILD_YEAR_MIN = 600
DESIGN_LIFE_YEARS = (1, 1000)
AREA_M2 = (0.0, 10_000_000.0)
HOUSEHOLDS = (0, 100_000)
#: size of a calibration factor: beyond it the unit is wrong, not the instrument
SCALE = (0.001, 1000.0)
ID_LENGTH = 100
TEXT_LENGTH = 500

_DISTRICT = re.compile(r"[1-9][0-9]{5}")

Record = Building | Appraisal | Gateway | Sensor | Channel | Segment | Mount


def check(record: Record, now_ns: int) -> None:
    """Refuse a record that cannot be true.

    Parameters
    ----------
    now_ns
        The moment, ns since 1970 UTC: nothing was built after it.

    Raises
    ------
    InvalidInput
        With the field at fault, what was wanted and what came.

    """
    _texts(record)
    match record:
        case Building():
            _building(record, now_ns)
        case Appraisal():
            for name in ("scheme", "report_number", "appraiser"):
                if not getattr(record, name).strip():
                    _refuse(name, "some text", "")
            if record.valid_until is not None and record.valid_until < record.appraised_on:
                _refuse("valid_until", f"{record.appraised_on} or later", record.valid_until)
        case Gateway():
            # it stands in the gateway's topics
            if not re.fullmatch(r"[^/+#\s]+", record.id):
                _refuse("id", "text without / + # and spaces", record.id)
            between("shard", record.shard, (0, 65535))
        case Sensor():
            if not record.code.strip():
                _refuse("code", "some text", record.code)
            between("resolution", record.resolution, (0.0, 1e9))
            if record.certificate_until:
                _day("certificate_until", record.certificate_until)
        case Channel():
            if not record.address.strip():
                _refuse("address", "some text", record.address)
            between("interval_s", record.interval_s, (1, 366 * 86400))
            if record.low is not None and record.high is not None and record.low >= record.high:
                _refuse("low", f"under high, {record.high:g}", record.low)
        case Segment():
            for name in ("offset", "survey", "start"):
                between(name, getattr(record, name), (-1e6, 1e6))
            if not SCALE[0] <= abs(record.scale) <= SCALE[1]:
                _refuse("scale", f"{SCALE[0]:g} to {SCALE[1]:g} or the same below 0", record.scale)
        case Mount():
            between("x_azimuth_deg", record.x_azimuth_deg, (0.0, 360.0))
            between("longitude", record.longitude, LONGITUDE_DEG)
            between("latitude", record.latitude, LATITUDE_DEG)


def _building(building: Building, now_ns: int) -> None:
    for name in ("code", "name"):
        if not getattr(building, name).strip():
            _refuse(name, "some text", getattr(building, name))
    if not _DISTRICT.fullmatch(building.district):
        _refuse("district", "a division code of six digits", building.district)
    between("longitude", building.longitude, LONGITUDE_DEG)
    between("latitude", building.latitude, LATITUDE_DEG)
    one_of("crs", building.crs, SYSTEMS)
    one_of("structure", building.structure, STRUCTURES)
    one_of("use", building.use, USES)
    between("build_year", building.build_year, (BUILD_YEAR_MIN, to_datetime(now_ns).year))
    between("design_life_years", building.design_life_years, DESIGN_LIFE_YEARS)
    between("storeys_above", building.storeys_above, STOREYS_ABOVE)
    between("storeys_below", building.storeys_below, STOREYS_BELOW)
    between("height_m", building.height_m, HEIGHT_M)
    between("area_m2", building.area_m2, AREA_M2)
    between("households", building.households, HOUSEHOLDS)


def between(name: str, value: float | None, span: tuple[float, float]) -> None:
    """Refuse a number outside a span, both ends included; `None` is not judged.

    Raises
    ------
    InvalidInput
        When it is outside or not finite.

    """
    if value is not None and not (math.isfinite(value) and span[0] <= value <= span[1]):
        _refuse(name, f"{span[0]:g} to {span[1]:g}", value)


def _day(name: str, text: str) -> None:
    try:
        if len(text) != len("2027-03-31"):
            raise ValueError
        date.fromisoformat(text)
    except ValueError:
        _refuse(name, "a day such as 2027-03-31, or nothing", text)


def one_of(name: str, value: str, known: Sequence[str]) -> None:
    """Refuse a word that is not one of those known.

    Raises
    ------
    InvalidInput
        When it is another.

    """
    if value not in known:
        _refuse(name, "one of " + ", ".join(known), value)


def _texts(record: Record) -> None:
    for field in fields(record):
        value = getattr(record, field.name)
        if not isinstance(value, str):
            continue
        longest = ID_LENGTH if field.name == "id" or field.name.endswith("_id") else TEXT_LENGTH
        if len(value) > longest:
            _refuse(field.name, f"at most {longest} characters", f"{len(value)} characters")
        if field.name == "id" and not value:
            _refuse("id", "some text", value)


def _refuse(name: str, wanted: str, came: object) -> NoReturn:
    raise InvalidInput(f"{name} must be {wanted}, got {came!r}", name)
