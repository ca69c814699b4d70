"""Why a model is refused, or what is doubtful about one: stable words for pages and callers.

Their words for people stand in `web/texts` under `bim_fault` and `bim_warning`, with `_` for a
blank.
"""

from enum import StrEnum


class Fault(StrEnum):
    """Why a file is not taken; `ModelRejected.code` is one of these."""

    EMPTY = "empty"
    NOT_IFC = "not ifc"
    CUT_OFF = "cut off"
    TOO_LARGE = "too large"
    ZIP = "zip"
    ZIP_METHOD = "zip method"
    ZIP_RATIO = "zip ratio"
    SCHEMA = "schema"
    NESTED = "nested"
    CIRCLE = "circle"
    TOO_SLOW = "too slow"
    TOO_MUCH_MEMORY = "too much memory"
    CRASHED = "crashed"
    NO_ELEMENTS = "no elements"
    NO_SHAPES = "no shapes"
    DISK = "disk"
    NOT_BCF = "not bcf"
    XML = "xml"
    IDS = "ids"


class Warned(StrEnum):
    """What was repaired or is doubtful; the file is used all the same."""

    ENCODING = "encoding repaired"
    DOUBLE_GUIDS = "double guids"
    NO_STOREYS = "no storeys"
    BROKEN_LINES = "broken lines"
    PLACEHOLDERS = "placeholder names"
    SHAPES_MISSING = "shapes missing"
    SHAPES_FALLBACK = "shapes by kernel"
    FAR_AWAY = "far away"
