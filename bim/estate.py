"""A building's models as they are served, looked up by element and by GlobalId."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.bim_models import BimRevision
from domain.bim_ports import ModelStore
from domain.elements import Box, ElementVersion, Storey


@dataclass(frozen=True, slots=True)
class LiveModel:
    """One served revision with all that it says of elements, without their properties."""

    revision: BimRevision
    storeys: tuple[Storey, ...]
    versions: tuple[ElementVersion, ...]


@dataclass(frozen=True, slots=True)
class Estate:
    """The served revisions of all models of a building."""

    models: tuple[LiveModel, ...]

    def by_element(self) -> dict[str, tuple[LiveModel, ElementVersion]]:
        """Find elements by our own id."""
        return {
            version.element_id: (model, version)
            for model in self.models
            for version in model.versions
            if version.element_id
        }

    def by_guid(self) -> dict[str, tuple[LiveModel, ElementVersion]]:
        """Find elements by GlobalId; what bears one that another has too is left out."""
        found: dict[str, tuple[LiveModel, ElementVersion]] = {}
        double: set[str] = set()
        for model in self.models:
            for version in model.versions:
                if version.global_id in found:
                    double.add(version.global_id)
                found[version.global_id] = (model, version)
        return {guid: each for guid, each in found.items() if guid not in double}

    def box(self) -> Box | None:
        """Tell the box around all that has a shape; `None`: nothing has."""
        return around([v.box for model in self.models for v in model.versions if v.box])


def read_estate(models: ModelStore, building_id: str) -> Estate:
    """Read the served revisions of a building."""
    live = (models.live_revision(model.id) for model in models.models(building_id))
    return Estate(
        tuple(
            LiveModel(
                revision,
                tuple(models.storeys(revision.id)),
                tuple(models.versions(revision.id)),
            )
            for revision in live
            if revision is not None
        )
    )


def around(boxes: Sequence[Box]) -> Box | None:
    """Give the box around some boxes."""
    if not boxes:
        return None
    low = [min(box[axis] for box in boxes) for axis in range(3)]
    high = [max(box[axis] for box in boxes) for axis in range(3, 6)]
    return low[0], low[1], low[2], high[0], high[1], high[2]


def middle(box: Box) -> tuple[float, float, float]:
    """Give the middle of a box."""
    return (box[0] + box[3]) / 2, (box[1] + box[4]) / 2, (box[2] + box[5]) / 2
