"""A new revision matched with all that its model had, and its places found again."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bim.match import Matched, match
from bim.placing import place_all, shift_since
from domain.anchors import Anchor, Point
from domain.bim_models import BimRevision, RevisionState
from domain.bim_ports import ModelStore, PlaceStore
from domain.claims import ClaimRole, ClaimStatus, IdentityClaim
from domain.elements import ElementVersion
from domain.ports import Page

_PAGE = 1_000


def rematch(
    models: ModelStore, places: PlaceStore, revision: BimRevision, at_ns: int, by: str
) -> Matched:
    """Match a revision that has been read and write what it comes to in one transaction.

    The first revision of a model makes all its elements.

    Parameters
    ----------
    revision
        As it shall stand afterwards, with its version counted up; its `shift_m` is set here.
    at_ns
        When the claims are made.

    """
    earlier = [
        one
        for one in models.revisions(revision.model_id)
        if one.number < revision.number and one.state is RevisionState.READY
    ]
    fresh = models.versions(revision.id)
    old = models.versions(earlier[0].id) if earlier else []
    matched = match(
        [row for row in old if row.element_id],
        fresh,
        model_id=revision.model_id,
        revision_id=revision.id,
        at_ns=at_ns,
        stragglers=list(last_seen(models, earlier, {row.element_id for row in old}).values()),
        open_claims=all_claims(models, revision.model_id, ClaimStatus.PROPOSED),
        refused=refused_pairs(models, revision.model_id),
    )
    revision = replace(revision, shift_m=matched.shift_m)
    versions = [replace(row, element_id=matched.linked[row.step_id]) for row in fresh]
    anchors = changed_holds(models, places, revision, [revision, *earlier], versions)
    models.put_matches(revision, matched.new_elements, matched.linked, matched.claims, anchors, by)
    return matched


def last_seen(
    models: ModelStore, revisions: Sequence[BimRevision], but: set[str]
) -> dict[str, ElementVersion]:
    """Read elements that are neither retired nor `but` these, as they were seen last.

    Parameters
    ----------
    revisions
        Ready ones, newest first; boxes are told in the axes of the newest.

    """
    if not revisions:
        return {}
    wanted = {
        one.id
        for one in models.elements(revisions[0].model_id)
        if one.retired_revision is None and one.id not in but
    }
    found: dict[str, ElementVersion] = {}
    for revision in revisions[1:]:
        if not wanted:
            break
        shift_m = shift_since(revisions, revision.id)
        for row in models.versions(revision.id):
            if row.element_id in wanted:
                wanted.discard(row.element_id)
                found[row.element_id] = moved(row, shift_m)
    return found


def all_claims(
    models: ModelStore, model_id: str, *statuses: ClaimStatus, to_revision: str = ""
) -> list[IdentityClaim]:
    """Read claims, page after page."""
    found: list[IdentityClaim] = []
    page = Page(limit=_PAGE)
    while rows := models.claims(model_id, page, statuses=statuses, to_revision=to_revision):
        found += rows
        page = Page(limit=_PAGE, after=rows[-1].id)
    return found


def refused_pairs(models: ModelStore, model_id: str) -> set[tuple[str, str]]:
    """List (element id, GlobalId) pairs that somebody has rejected."""
    return {
        (one.element_id, one.to_global_id)
        for one in all_claims(models, model_id, ClaimStatus.REJECTED)
        if one.role is ClaimRole.SAME and one.decided_by
    }


def changed_holds(
    models: ModelStore,
    places: PlaceStore,
    revision: BimRevision,
    revisions: Sequence[BimRevision],
    versions: Sequence[ElementVersion],
) -> list[Anchor]:
    """Tell places of a model that hold otherwise in a revision than they did.

    Parameters
    ----------
    revisions
        Those that are ready, newest first, `revision` among them.
    versions
        Elements of `revision` as they are linked now.

    """
    model = models.model(revision.model_id)
    if model is None:
        return []
    anchors = [one for one in places.anchors(model.building_id) if one.element_id]
    placed = place_all(models, anchors, revision, revisions, versions)
    return [
        replace(one, hold=placed[one.id].hold, version=one.version + 1)
        for one in anchors
        if one.id in placed and placed[one.id].hold is not one.hold
    ]


def moved(row: ElementVersion, shift_m: Point) -> ElementVersion:
    """Tell an element in axes that have moved by `shift_m`."""
    if row.box is None:
        return row
    x, y, z, right, back, top = np.add(row.box, (*shift_m, *shift_m)).tolist()
    return replace(row, box=(x, y, z, right, back, top))
