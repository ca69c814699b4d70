"""Calibration certificates of instruments: which have run out, and which soon will."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from domain.buildings import Building
from domain.sensors import Sensor, Site


class Validity(StrEnum):
    """How a certificate stands."""

    VALID = "valid"
    ENDING = "ending"
    ENDED = "ended"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Certificate:
    """One instrument's certificate.

    Parameters
    ----------
    days
        Whole days until it ends, below 0 when it has ended; `None`: its end is not known.

    """

    sensor: Sensor
    building: Building
    validity: Validity
    days: int | None = None


def standing(sensor: Sensor, today: date, warn_days: int) -> tuple[Validity, int | None]:
    """Tell how a sensor's certificate stands on a day; its last day is still valid.

    Examples
    --------
    >>> plain = Sensor("s", "b", "g", "T1", "tilt", certificate_until="2026-11-23")
    >>> standing(plain, date(2026, 11, 23), 60), standing(plain, date(2026, 11, 24), 60)
    ((<Validity.ENDING: 'ending'>, 0), (<Validity.ENDED: 'ended'>, -1))

    """
    try:
        until = date.fromisoformat(sensor.certificate_until)
    except ValueError:  # none, or words from before days were asked for
        return Validity.UNKNOWN, None
    days = (until - today) // timedelta(days=1)
    if days < 0:
        return Validity.ENDED, days
    return (Validity.ENDING if days <= warn_days else Validity.VALID), days


def to_renew(
    houses: Iterable[tuple[Building, Site]], today: date, warn_days: int
) -> list[Certificate]:
    """List the certificates that have ended or will within so many days, the oldest first.

    Sensors without a day are left out: nobody said that they need one. So are series by hand and
    sensors out of use.
    """
    found = []
    for building, site in houses:
        for sensor in site.sensors:
            if not sensor.active or sensor.by_hand is not None:
                continue
            validity, days = standing(sensor, today, warn_days)
            if validity in {Validity.ENDED, Validity.ENDING}:
                found.append(Certificate(sensor, building, validity, days))
    return sorted(found, key=lambda one: (one.days or 0, one.building.name, one.sensor.code))
