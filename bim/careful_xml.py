"""XML that came from outside: no document types, no entities, bounded depth and size."""

from typing import Any
from xml.etree import ElementTree as ET

from bim.faults import Fault
from domain.errors import ModelRejected

DEPTH_MAX = 48
ELEMENTS_MAX = 200_000


class _Careful(ET.TreeBuilder):
    """Builds a tree as long as nothing in it is meant to harm."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name, self._depth, self._count = name, 0, 0

    def doctype(self, *_: Any) -> None:
        """Refuse: all that expands or reaches out begins with one of these."""
        raise ModelRejected(Fault.XML, f"{self._name} must not have a document type (DOCTYPE)")

    def start(self, tag: Any, attrs: Any) -> Any:
        """Count what begins; names of namespaces are dropped."""
        self._depth += 1
        self._count += 1
        if self._depth > DEPTH_MAX or self._count > ELEMENTS_MAX:
            raise ModelRejected(
                Fault.XML,
                f"{self._name} may be {DEPTH_MAX} deep with {ELEMENTS_MAX:,} elements, got more",
            )
        return super().start(str(tag).rpartition("}")[2], attrs)

    def end(self, tag: Any) -> Any:
        """Go up again."""
        self._depth -= 1
        return super().end(str(tag).rpartition("}")[2])


def parse(content: bytes, name: str) -> ET.Element:
    """Parse a document that may be hostile.

    Parameters
    ----------
    name
        What it is called in an error.

    Raises
    ------
    ModelRejected
        `xml`: it is not well-formed, has a document type, or is too large.

    """
    parser = ET.XMLParser(target=_Careful(name))  # noqa: S314 - a document type is refused
    try:
        parser.feed(content)
        root: ET.Element = parser.close()
    except ET.ParseError as error:
        raise ModelRejected(Fault.XML, f"{name} is not well-formed: {error}") from None
    except ValueError as error:  # an encoding that nobody knows
        raise ModelRejected(Fault.XML, f"{name} cannot be read: {error}") from None
    return root
