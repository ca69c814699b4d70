"""Which storey and room an element belongs to."""

from typing import Any

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
        for tie in file.by_type("IfcRelAggregates"):
            self._add(tie.RelatingObject, tie.RelatedObjects)
        for tie in file.by_type("IfcRelNests"):
            self._add(tie.RelatingObject, tie.RelatedObjects)
        # a door is in the hole that it fills, the hole in the wall; what holds it itself wins
        for tie in file.by_type("IfcRelVoidsElement"):
            self._add(tie.RelatingBuildingElement, (tie.RelatedOpeningElement,))
        for tie in file.by_type("IfcRelFillsElement"):
            self._add(tie.RelatingOpeningElement, (tie.RelatedBuildingElement,))
        for tie in file.by_type("IfcRelContainedInSpatialStructure"):
            self._add(tie.RelatingStructure, tie.RelatedElements)

    def _add(self, holder: Any, held: Any) -> None:
        if holder is not None:
            for one in held or ():
                if one is not None:
                    self._holds[one.id()] = holder

    def place_of(self, element: Any) -> tuple[Any, str]:
        """Give the storey that holds an element, or `None`, and the name of its room."""
        space = room_name(element) if element.is_a("IfcSpace") else ""
        at = element
        for _ in range(STEPS_MAX):
            at = self._holds.get(at.id())
            if at is None:
                break
            if at.is_a("IfcBuildingStorey"):
                return at, space
            if not space and at.is_a("IfcSpace"):
                space = room_name(at)
        return None, space


def room_name(space: Any) -> str:
    """Name a room as people do: its number and its use."""
    names = (str(space.Name or "").strip(), str(space.LongName or "").strip())
    return " ".join(dict.fromkeys(name for name in names if name))
