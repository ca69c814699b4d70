"""What moved: a revision held against the one before it, element by element."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from bim.match_rules import MatchRules, match_rules
from bim.rematch import all_claims, moved
from domain.anchors import Point
from domain.bim_models import BimRevision, RevisionState
from domain.bim_ports import ModelStore
from domain.claims import ClaimRole, ClaimStatus, IdentityClaim
from domain.elements import Element, ElementVersion
from domain.errors import NotFound


class ChangeKind(StrEnum):
    """What became of an element; the first that holds."""

    MOVED = "moved"
    RESHAPED = "reshaped"
    CHANGED = "changed"
    SAME = "unchanged"
    NEW = "new"
    WAITING = "waiting"
    GONE = "gone"
    SPLIT = "split"
    MERGED = "merged"


@dataclass(frozen=True, slots=True)
class ElementChange:
    """One element in two revisions.

    Parameters
    ----------
    old, new
        As each has it; `None` where it has not.
    moved_m
        How far its middle moved beside the axes' own move; `None` without two shapes.
    step_m
        The same as a vector.
    reshaped
        Its shape about its own middle is another one.
    properties
        (set, name, before, after) rows of what its content says otherwise; empty for absent.

    """

    element_id: str
    kind: ChangeKind
    old: ElementVersion | None
    new: ElementVersion | None
    moved_m: float | None = None
    step_m: Point | None = None
    reshaped: bool = False
    properties: tuple[tuple[str, str, str, str], ...] = ()

    @property
    def shown(self) -> ElementVersion:
        """The newer of both."""
        found = self.new or self.old
        if found is None:
            raise ValueError("an element must be in one of both revisions")
        return found


@dataclass(frozen=True, slots=True)
class Changes:
    """A revision's report.

    Parameters
    ----------
    before
        Revision that it is held against; `None`: it is the model's first.
    rows
        By kind, the farthest move first, then by storey and name.

    """

    revision: BimRevision
    before: BimRevision | None
    rows: tuple[ElementChange, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many of each kind, all kinds told."""
        counted = Counter(row.kind for row in self.rows)
        return {kind.value: counted[kind] for kind in ChangeKind}


def revision_changes(models: ModelStore, revision: BimRevision) -> Changes:
    """Tell what a ready revision changed.

    Raises
    ------
    NotFound
        When it is not ready.

    """
    if revision.state is not RevisionState.READY:
        raise NotFound(f"revision {revision.id!r} is not ready")
    before = next(
        (
            one
            for one in models.revisions(revision.model_id)
            if one.number < revision.number and one.state is RevisionState.READY
        ),
        None,
    )
    new = models.versions(revision.id, with_properties=True)
    old = models.versions(before.id, with_properties=True) if before else []
    shift_m = revision.shift_m
    rows = compare(
        [moved(row, shift_m) for row in old],
        new,
        {one.id: one for one in models.elements(revision.model_id)},
        all_claims(models, revision.model_id, ClaimStatus.CONFIRMED, to_revision=revision.id),
    )
    return Changes(revision, before, rows)


def compare(
    old: Sequence[ElementVersion],
    new: Sequence[ElementVersion],
    elements: Mapping[str, Element],
    confirmed: Sequence[IdentityClaim],
    rules: MatchRules | None = None,
) -> tuple[ElementChange, ...]:
    """Hold two revisions' elements against each other, in the same axes.

    Parameters
    ----------
    confirmed
        Claims of the newer revision that somebody has confirmed.

    """
    rules = rules or match_rules()
    there = {row.element_id: row for row in new}
    roles = {one.element_id: one.role for one in confirmed}
    rows = [_fate(row, there.get(row.element_id), elements, roles, rules) for row in old]
    known = {row.element_id for row in old}
    rows += [
        ElementChange(row.element_id, ChangeKind.NEW, None, row)
        for row in new
        if row.element_id not in known
    ]
    order = list(ChangeKind)
    return tuple(
        sorted(
            rows,
            key=lambda one: (
                order.index(one.kind),
                -round(one.moved_m or 0.0, 3),
                one.shown.storey_elevation_m or 0.0,
                one.shown.name,
                one.element_id,
            ),
        )
    )


def _fate(
    old: ElementVersion,
    new: ElementVersion | None,
    elements: Mapping[str, Element],
    roles: Mapping[str, ClaimRole],
    rules: MatchRules,
) -> ElementChange:
    element = elements.get(old.element_id)
    if new is None:
        retired = element is not None and element.retired_revision is not None
        kind = {ClaimRole.PART: ChangeKind.SPLIT, ClaimRole.MERGED: ChangeKind.MERGED}.get(
            roles.get(old.element_id, ClaimRole.SAME),
            ChangeKind.GONE if retired else ChangeKind.WAITING,
        )
        return ElementChange(old.element_id, kind, old, None)
    step = None if old.box is None or new.box is None else _step(old, new)
    away = None if step is None else float(np.linalg.norm(step))
    hashes = {old.geometry_hash, new.geometry_hash}
    reshaped = "" not in hashes and len(hashes) == 2
    changed = old.content_hash != new.content_hash
    if away is not None and away >= rules.moved_m_min:
        kind = ChangeKind.MOVED
    elif reshaped:
        kind = ChangeKind.RESHAPED
    else:
        kind = ChangeKind.CHANGED if changed else ChangeKind.SAME
    told = _differences(old, new) if changed else ()
    return ElementChange(old.element_id, kind, old, new, away, step, reshaped, told)


def _step(old: ElementVersion, new: ElementVersion) -> Point:
    apart = (np.array(new.box) - np.array(old.box)).reshape(2, 3).mean(axis=0)
    x, y, z = apart.tolist()
    return (x, y, z)


def _differences(old: ElementVersion, new: ElementVersion) -> tuple[tuple[str, str, str, str], ...]:
    """Tell what the two say otherwise, own facts first."""
    facts = [
        ("", name, getattr(old, name), getattr(new, name))
        for name in ("ifc_class", "name", "type_name", "material")
    ]
    before = {
        (group, name): f"{value} {unit}".strip() for group, name, value, unit in old.properties
    }
    after = {
        (group, name): f"{value} {unit}".strip() for group, name, value, unit in new.properties
    }
    facts += [
        (*key, before.get(key, ""), after.get(key, "")) for key in sorted(before.keys() | after)
    ]
    return tuple(one for one in facts if one[2] != one[3])
