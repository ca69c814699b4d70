"""Places of a building put on a revision of one of its models, all at once."""

from collections.abc import Sequence

import numpy as np

from bim.match_rules import match_rules
from bim.places import Placed, place
from domain.anchors import Anchor, Point
from domain.bim_models import BimRevision
from domain.bim_ports import ModelStore
from domain.elements import ElementVersion


def place_all(
    models: ModelStore,
    anchors: Sequence[Anchor],
    revision: BimRevision,
    revisions: Sequence[BimRevision],
    versions: Sequence[ElementVersion],
) -> dict[str, Placed]:
    """Find places of a model again, by id.

    Those that hang on an element of another model, or were told on one, are left out.

    Parameters
    ----------
    revisions
        Revisions of the model that are ready, newest first.
    versions
        Elements of `revision`.

    """
    here = {row.element_id: row for row in versions}
    seen = [one.id for one in revisions]
    around = _Around(versions, match_rules().surface_m_max)
    found = {}
    for anchor in anchors:
        element = models.element(anchor.element_id) if anchor.element_id else None
        if element is not None and element.model_id != revision.model_id:
            continue
        if element is None and anchor.revision_seen and anchor.revision_seen not in seen:
            continue
        version = here.get(anchor.element_id) if anchor.element_id else None
        lost = element is not None and version is None
        last = _last(models, anchor.element_id, seen) if lost else None
        shift_m = shift_since(revisions, anchor.revision_seen)
        near = around.near(anchor.point, shift_m) if lost else []
        found[anchor.id] = place(anchor, version, near, last=last, shift_m=shift_m)
    return found


class _Around:
    """Elements of a revision, asked for by the places they are near to."""

    def __init__(self, versions: Sequence[ElementVersion], reach_m: float) -> None:
        self._shaped = [row for row in versions if row.box is not None]
        self._boxes = np.array([row.box for row in self._shaped], np.float64).reshape(-1, 6)
        self._reach_m = reach_m

    def near(self, point: Point | None, shift_m: Point) -> list[ElementVersion]:
        """List those within reach of a point, m, in the axes of the revision."""
        if point is None:
            return []
        at = np.add(point, shift_m)
        near = (self._boxes[:, :3] - self._reach_m <= at).all(axis=1)
        near &= (self._boxes[:, 3:] + self._reach_m >= at).all(axis=1)
        return [self._shaped[place] for place in np.flatnonzero(near)]


def shift_since(revisions: Sequence[BimRevision], revision_seen: str) -> Point:
    """Sum up how far the axes moved after a revision, m; zeros when it is not known."""
    total = np.zeros(3)
    for one in revisions:
        if one.id == revision_seen:
            x, y, z = total.tolist()
            return (x, y, z)
        total = total + one.shift_m
    return (0.0, 0.0, 0.0)


def _last(models: ModelStore, element_id: str, revisions: Sequence[str]) -> ElementVersion | None:
    return next(
        (row for one in revisions if (row := models.version_of(one, element_id)) is not None), None
    )
