"""Units of measured quantities and how each is turned into the unit that Anju stores."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from domain.errors import InvalidInput

Values = NDArray[np.float64]


def permille_of_degrees(degrees: Values) -> Values:
    """Turn an angle from the vertical, degrees, into mm of lean per m of height.

    Examples
    --------
    >>> float(permille_of_degrees(np.array([0.0573]))[0].round(3))
    1.0

    """
    return np.asarray(1000.0 * np.tan(np.radians(degrees)))


def _times(factor: float) -> Callable[[Values], Values]:
    return lambda values: values * factor


#: (unit as sent, unit as stored) -> conversion of a column of values
CONVERSIONS: dict[tuple[str, str], Callable[[Values], Values]] = {
    ("°", "‰"): permille_of_degrees,
    ("mm/m", "‰"): _times(1.0),
    ("%", "‰"): _times(10.0),
    ("mrad", "‰"): _times(1.0),
    ("cm", "mm"): _times(10.0),
    ("m", "mm"): _times(1000.0),
    ("µm", "mm"): _times(0.001),
    ("cm/s", "mm/s"): _times(10.0),
    ("m/s", "mm/s"): _times(1000.0),
    ("µm/s", "mm/s"): _times(0.001),
    ("mm/s²", "m/s²"): _times(0.001),
    ("g", "m/s²"): _times(9.80665),
    ("mg", "m/s²"): _times(0.00980665),
    ("gal", "m/s²"): _times(0.01),
    ("K", "°C"): lambda values: values - 273.15,
}


def converter(sent: str, stored: str) -> Callable[[Values], Values] | None:
    """Find the conversion from one unit to another; `None` when they are the same.

    Raises
    ------
    InvalidInput
        When there is no conversion.

    """
    if sent == stored:
        return None
    try:
        return CONVERSIONS[sent, stored]
    except KeyError:
        known = ", ".join(sorted({stored, *(a for a, b in CONVERSIONS if b == stored)}))
        raise InvalidInput(f"unit must be one of {known}, got {sent!r}", "unit") from None
