"""Where the places of a building are in the revision that is looked at."""

from collections.abc import Sequence

from bim.placing import place_all
from domain.anchors import Anchor, Hold, Point
from domain.bim_models import BimRevision, RevisionState
from domain.bim_ports import ModelStore
from domain.elements import ElementVersion


class Places:
    """Anchors by id, and each one's point in a revision's axes.

    Parameters
    ----------
    anchors
        Those that hold.
    revision, revisions
        What is looked at (`None`: the building has no model), and all of its model, newest first.
    versions
        All elements of the revision.

    """

    def __init__(
        self,
        models: ModelStore,
        anchors: Sequence[Anchor],
        revision: BimRevision | None,
        revisions: Sequence[BimRevision],
        versions: Sequence[ElementVersion],
    ) -> None:
        self.anchors = {anchor.id: anchor for anchor in anchors}
        self._by_element = {v.element_id: v for v in versions if v.element_id}
        self._placed = {}
        if revision is not None:
            until = [
                r
                for r in revisions
                if r.state is RevisionState.READY and r.number <= revision.number
            ]
            self._placed = place_all(models, anchors, revision, until, versions)

    def where(self, anchor: Anchor) -> tuple[Point | None, Hold]:
        """Tell the point that an anchor has here, and how well it holds."""
        placed = self._placed.get(anchor.id)
        if placed is None:
            # without a model, or on another one: all models of a building share its axes
            return anchor.point, anchor.hold
        return placed.point, placed.hold

    def name_of(self, anchor: Anchor) -> str:
        """Tell what an element is called, for a place that has no words of its own."""
        version = self._by_element.get(anchor.element_id) if anchor.element_id else None
        return version.name or version.ifc_class if version else ""
