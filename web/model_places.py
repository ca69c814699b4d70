"""Where the places of a building are in the revision that is looked at."""

from collections.abc import Sequence

from domain.anchors import Anchor, Hold, Point
from domain.elements import ElementVersion


class Places:
    """Anchors by id, and each one's point in a revision's axes.

    Parameters
    ----------
    anchors
        Those that hold.
    versions
        All elements of the revision; none for a building without a model.

    """

    def __init__(self, anchors: Sequence[Anchor], versions: Sequence[ElementVersion]) -> None:
        self.anchors = {anchor.id: anchor for anchor in anchors}
        self._versions = versions
        self._by_element = {v.element_id: v for v in versions if v.element_id}

    def where(self, anchor: Anchor) -> tuple[Point | None, Hold]:
        """Tell the point that an anchor has here, and how well it holds."""
        version = self._by_element.get(anchor.element_id) if anchor.element_id else None
        point, hold = anchor.point, anchor.hold
        if point is None and version is not None and version.box is not None:
            # told by element alone: its middle stands for it
            low, high = version.box[:3], version.box[3:]
            point = tuple((a + b) / 2 for a, b in zip(low, high, strict=True))  # type: ignore[assignment]
        return point, hold

    def name_of(self, anchor: Anchor) -> str:
        """Tell what an element is called, for a place that has no words of its own."""
        version = self._by_element.get(anchor.element_id) if anchor.element_id else None
        return version.name or version.ifc_class if version else ""
