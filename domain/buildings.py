"""Buildings (房屋, 幢) and the appraisals that alone give them a grade."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Grade(StrEnum):
    """Dangerous-building grade (危险性等级); only an appraisal report under JGJ 125 sets it.

    Source: JGJ 125-2016 6.1.4.
    """

    A = "A"
    B = "B"
    C = "C"
    D = "D"


class HeritageClass(StrEnum):
    """Protection class; picks the vibration table (GB/T 50452-2008)."""

    NONE = "none"
    COUNTY = "county"
    PROVINCIAL = "provincial"
    NATIONAL = "national"


@dataclass(frozen=True, slots=True)
class Building:
    """One building.

    Parameters
    ----------
    code
        Unified building code, kept as text; its digits are not interpreted.
    district
        Division code, six digits (GB/T 2260).
    longitude, latitude
        Degrees in `crs`.
    crs
        `EPSG:4326` (WGS-84) or `EPSG:4490` (CGCS2000).
    structure
        `masonry`, `concrete`, `timber`, `steel`, `mixed` or `unknown`.
    use
        `residential`, `public`, `industrial` or `other`.
    height_m
        From outdoor grade to the main roof.
    substandard
        Built below the seismic standard or self-built without a designer: 70 % of the
        vibration limits (GB 50868-2013).
    works_nearby
        Excavation or other ground works next door now.

    """

    id: str
    code: str
    name: str
    address: str
    district: str
    street: str
    community: str
    longitude: float
    latitude: float
    crs: str = "EPSG:4326"
    use: str = "residential"
    ownership: str = "unknown"
    build_year: int | None = None
    design_life_years: int | None = None
    structure: str = "unknown"
    storeys_above: int = 1
    storeys_below: int = 0
    height_m: float = 3.0
    area_m2: float | None = None
    households: int | None = None
    heritage: HeritageClass = HeritageClass.NONE
    substandard: bool = False
    works_nearby: bool = False
    version: int = 1


@dataclass(frozen=True, slots=True)
class Appraisal:
    """An appraisal (鉴定): the only source of a grade.

    Parameters
    ----------
    scheme
        Standard that the letters belong to, `JGJ 125-2016`: the same letters mean other
        things under GB 50292.
    report_file
        Key of the report in the file store; empty when it was filed on paper.

    """

    id: str
    building_id: str
    scheme: str
    grade: Grade
    report_number: str
    appraiser: str
    appraised_on: date
    valid_until: date | None = None
    report_file: str = ""


def grade_on(appraisals: list[Appraisal], day: date) -> Grade | None:
    """Tell the grade that is in force on a day; `None` when nobody has appraised the building.

    The newest report counts. A report past its validity still stands as the last known grade:
    an expired D is no reason to sleep in the house.
    """
    newest = in_force(appraisals, day)
    return newest.grade if newest else None


def in_force(appraisals: list[Appraisal], day: date) -> Appraisal | None:
    """Tell the appraisal that is in force on a day: the newest report."""
    made = [a for a in appraisals if a.appraised_on <= day]
    return max(made, key=lambda a: (a.appraised_on, a.id)) if made else None
