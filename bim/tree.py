"""Which storey and room an element belongs to."""

from typing import Any

from bim.attributes import FIRST, LONG_NAME, NAME, SECOND

#: structures lie in each other a few deep; a file with a circle in it must not hang us
STEPS_MAX = 32


class Tree:
    """Relations of a file that say what holds what.

    Parameters
    ----------
    file
        An open `ifcopenshell.file`.

    """

    def __init__(self, file: Any) -> None:
        self._holds: dict[int, Any] = {}
        # what comes later wins: a door is in the hole that it fills, the hole in the wall, but
        # what holds the door itself counts more
        for what, holder, held in (
            ("IfcRelAggregates", FIRST, SECOND),
            ("IfcRelNests", FIRST, SECOND),
            ("IfcRelVoidsElement", FIRST, SECOND),
            ("IfcRelFillsElement", FIRST, SECOND),
            ("IfcRelContainedInSpatialStructure", SECOND, FIRST),
        ):
            for tie in file.by_type(what):
                some = tie.get_argument(held)
                self._add(tie.get_argument(holder), some if isinstance(some, tuple) else (some,))

    def _add(self, holder: Any, held: Any) -> None:
        if holder is not None:
            for one in held or ():
                if one is not None:
                    self._holds[one.id()] = holder

    def place_of(self, element: Any) -> tuple[Any, str]:
        """Give the storey that holds an element, or `None`, and the name of its room."""
        space = room_name(element) if element.is_a() == "IfcSpace" else ""
        at = element
        for _ in range(STEPS_MAX):
            at = self._holds.get(at.id())
            if at is None:
                break
            what = at.is_a()
            if what == "IfcBuildingStorey":
                return at, space
            if not space and what == "IfcSpace":
                space = room_name(at)
        return None, space


def room_name(space: Any) -> str:
    """Name a room as people do: its number and its use."""
    names = (
        str(space.get_argument(NAME) or "").strip(),
        str(space.get_argument(LONG_NAME) or "").strip(),
    )
    return " ".join(dict.fromkeys(name for name in names if name))
