"""How claims, links and places of a revision stand while somebody decides on them."""

from dataclasses import replace

import numpy as np

from bim.decision_traces import JOINED, place_trace
from bim.places import place
from bim.placing import place_all, shift_since
from bim.rematch import all_claims, moved
from domain.anchors import Anchor, Point
from domain.bim_models import BimRevision, RevisionState
from domain.bim_ports import ModelStore, PlaceStore
from domain.claims import ClaimStatus, IdentityClaim
from domain.elements import Box, Element, ElementVersion
from domain.errors import Conflict, NotFound
from domain.ids import same_id

#: what a claim was that only a decision has made
NEW = "new"
_DECIDABLE = (ClaimStatus.PROPOSED, ClaimStatus.CONFIRMED, ClaimStatus.REJECTED)


class Standing:
    """A revision's links as they are, changed in memory and written at once.

    Parameters
    ----------
    revision
        The live one of its model.

    """

    def __init__(self, models: ModelStore, places: PlaceStore, revision: BimRevision) -> None:
        self._models, self._places, self.revision = models, places, revision
        model = models.model(revision.model_id)
        if model is None:
            raise NotFound(f"no model {revision.model_id!r}")
        self.revisions = [
            one
            for one in models.revisions(revision.model_id)
            if one.state is RevisionState.READY and one.number <= revision.number
        ]
        self.versions = {row.step_id: row for row in models.versions(revision.id)}
        self.steps = {row.element_id: step for step, row in self.versions.items()}
        found = all_claims(models, revision.model_id, *_DECIDABLE, to_revision=revision.id)
        self.claims = {one.id: one for one in found}
        self.anchors = {one.id: one for one in places.anchors(model.building_id)}
        self._claims_before = dict(self.claims)
        self._anchors_before = dict(self.anchors)
        self._links_before = {step: row.element_id for step, row in self.versions.items()}
        self._elements: dict[str, Element] = {}
        self._elements_before: dict[str, Element | None] = {}
        self._last: dict[str, ElementVersion | None] = {}

    def claim(self, claim_id: str) -> IdentityClaim | None:
        """Read a claim of this revision, an automatic one too."""
        if claim_id not in self.claims:
            found = self._models.claim(claim_id)
            if found is None or found.to_revision != self.revision.id:
                return None
            self.claims[claim_id] = self._claims_before[claim_id] = found
        return self.claims[claim_id]

    def put(self, claim: IdentityClaim) -> None:
        """Change or make a claim; its version is counted when all is written."""
        if claim.id not in self.claims and self.claim(claim.id) is None:
            self.claims[claim.id] = claim
        self.claims[claim.id] = claim

    def element(self, element_id: str) -> Element | None:
        """Read an element."""
        if element_id not in self._elements:
            found = self._models.element(element_id)
            self._elements_before[element_id] = found
            if found is None:
                return None
            self._elements[element_id] = found
        return self._elements[element_id]

    def put_element(self, element: Element) -> None:
        """Change or make an element."""
        self.element(element.id)
        self._elements[element.id] = element

    def link(self, step_id: int, element_id: str) -> None:
        """Say which element an entity is."""
        row = self.versions[step_id]
        if self.steps.get(row.element_id) == step_id:
            del self.steps[row.element_id]
        self.versions[step_id] = replace(row, element_id=element_id)
        self.steps[element_id] = step_id

    def join(self, row: ElementVersion, element_id: str, fresh: Element) -> list[tuple[str, str]]:
        """Make an entity an older element; returns what the undoing needs."""
        traces = [(JOINED, fresh.id)]
        for anchor in self.anchors_on(fresh.id):
            traces.append(place_trace(anchor))
            self.anchors[anchor.id] = replace(anchor, element_id=element_id)
        self.put_element(replace(fresh, retired_revision=self.revision.id))
        self.link(row.step_id, element_id)
        return traces

    def part(self, row: ElementVersion) -> None:
        """Give an entity an element of its own again."""
        fresh_id = same_id("element", self.revision.id, row.step_id)
        fresh = self.element(fresh_id) or Element(
            id=fresh_id,
            model_id=self.revision.model_id,
            ifc_class=row.ifc_class,
            name=row.name,
            first_revision=self.revision.id,
        )
        self.put_element(replace(fresh, retired_revision=None))
        self.link(row.step_id, fresh_id)

    def last(self, element_id: str) -> ElementVersion | None:
        """Read an element as it was seen last before this revision, in the axes of this one."""
        if element_id not in self._last:
            self._last[element_id] = None
            for one in self.revisions[1:]:
                if row := self._models.version_of(one.id, element_id):
                    shift_m = shift_since(self.revisions, one.id)
                    self._last[element_id] = moved(row, shift_m)
                    break
        return self._last[element_id]

    def anchors_on(self, element_id: str) -> list[Anchor]:
        """List places that hang on an element."""
        return [one for one in self.anchors.values() if one.element_id == element_id]

    def spot(self, anchor: Anchor) -> Point | None:
        """Tell where a place is by what is known of it, in the axes of this revision."""
        row = self.last(anchor.element_id)
        step_id = self.steps.get(anchor.element_id)
        version = self.versions[step_id] if step_id is not None else row
        shift_m = shift_since(self.revisions, anchor.revision_seen)
        return place(anchor, version, (), shift_m=shift_m).point

    def hang(self, anchor: Anchor, element_id: str, box: Box | None, point: Point | None) -> None:
        """Hang a place on another element, where it was."""
        uvw = None
        if box is not None and point is not None:
            low, size = np.array(box[:3]), np.subtract(box[3:], box[:3])
            share = np.clip((np.array(point) - low) / np.where(size > 0, size, 1.0), 0, 1)
            u, v, w = share.tolist()
            uvw = (u, v, w)
        self.anchors[anchor.id] = replace(anchor, element_id=element_id, local_uvw=uvw)

    def write(self, by: str) -> list[IdentityClaim]:
        """Write all that has changed in one transaction; returns the claims that did."""
        self._settle()
        before = self._claims_before
        claims = [
            replace(one, version=before[one.id].version + 1 if one.id in before else 1)
            for one in self.claims.values()
            if before.get(one.id) != one
        ]
        elements = [
            one for one in self._elements.values() if self._elements_before.get(one.id) != one
        ]
        linked = {
            step: row.element_id
            for step, row in self.versions.items()
            if row.element_id != self._links_before[step]
        }
        anchors = [
            replace(one, version=self._anchors_before[one.id].version + 1)
            for one in self.anchors.values()
            if self._anchors_before[one.id] != one
        ]
        self._models.decide(claims, elements, linked, anchors, by)
        return claims

    def _settle(self) -> None:
        """Tell places on what has changed how they hold now."""
        touched = {
            name
            for step, row in self.versions.items()
            if row.element_id != self._links_before[step]
            for name in (row.element_id, self._links_before[step])
        } | set(self._elements)
        asked = [
            one
            for one in self.anchors.values()
            if one.element_id in touched or self._anchors_before[one.id] != one
        ]
        rows = list(self.versions.values())
        placed = place_all(self._models, asked, self.revision, self.revisions, rows)
        for one in asked:
            if one.id in placed:
                self.anchors[one.id] = replace(one, hold=placed[one.id].hold)


def standing_of(models: ModelStore, places: PlaceStore, claim_id: str) -> Standing:
    """Read how a claim's revision stands.

    Raises
    ------
    NotFound
        When there is no such claim.
    Conflict
        When its revision is not the live one.

    """
    claim = models.claim(claim_id)
    if claim is None:
        raise NotFound(f"no claim {claim_id!r}")
    live = models.live_revision(claim.model_id)
    if live is None or live.id != claim.to_revision:
        raise Conflict("a newer revision has come: its own claims are to be decided")
    return Standing(models, places, live)


def check_version(claim: IdentityClaim, version: int) -> None:
    """Refuse a claim that somebody has changed since it was seen.

    Raises
    ------
    Conflict
        When it has another version.

    """
    if claim.version != version:
        raise Conflict(
            f"claim {claim.id!r} is at version {claim.version}, got {version}:"
            " somebody has changed it since"
        )
