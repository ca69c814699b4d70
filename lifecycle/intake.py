"""Takes in what a phone told of places and defects; what does not fit is put right, never lost."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from domain.anchors import Anchor, PickedBy
from domain.defects import Defect
from domain.ids import same_id
from domain.place_checks import NOTE_LENGTH_MAX
from domain.submissions import Sent


@dataclass(frozen=True, slots=True)
class There:
    """What is there already.

    Parameters
    ----------
    anchor, defect
        Find one by id, whichever building it is on.
    element, revision
        Tell whether an id is one of this building's models.
    sensor_ids
        Of the building's sensors.

    """

    anchor: Callable[[str], Anchor | None]
    defect: Callable[[str], Defect | None]
    element: Callable[[str], bool]
    revision: Callable[[str], bool]
    sensor_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class Fitted:
    """Places and defects that are to be kept.

    Parameters
    ----------
    defect_ids
        Those of the submission, under the ids that they have now.

    """

    anchors: tuple[Anchor, ...]
    defects: tuple[Defect, ...]
    defect_ids: tuple[str, ...]


def fitted(sent: Sent, there: There) -> Fitted:
    """Fit what was sent to what is there.

    - An id that stands for something else gets another, which follows from the submission.
    - An element or revision that the building has not (any more) is told in words.
    - A defect whose place is not there gets one in words; one that continues a defect that is
      not there is a new one; sensors that are not there are left out.
    """
    submission_id = sent.submission.id
    anchors, places = _anchors(sent, there)
    renamed: dict[str, str] = {}
    known: set[str] = set()
    for defect in sent.defects:
        kept = there.defect(defect.id)
        if kept is not None and _same_defect(kept, defect):
            known.add(defect.id)
        elif kept is not None:
            renamed[defect.id] = _other_defect(submission_id, defect.id)
    found: dict[str, Defect] = {}
    for defect in sent.defects:
        if defect.id in known:
            continue
        own = replace(defect, id=renamed.get(defect.id, defect.id), version=1)
        own = _placed(own, submission_id, places, there, anchors)
        own = _continued(own, found, renamed, there)
        here = tuple(one for one in own.sensor_ids if one in there.sensor_ids)
        found[own.id] = replace(own, sensor_ids=here)
    told = (*sent.submission.defect_ids, *(defect.id for defect in sent.defects))
    ids = tuple(dict.fromkeys(renamed.get(one, one) for one in told))
    return Fitted(tuple(anchors.values()), tuple(found.values()), ids)


def put_right(sent: Sent, there: There) -> tuple[str, ...]:
    """Tell what was put right, from what was sent and what is kept: always the same."""
    submission_id = sent.submission.id
    notes: list[str] = []
    for anchor in sent.anchors:
        other = there.anchor(_other_anchor(submission_id, anchor.id))
        if other is not None:
            notes.append(f"place {anchor.id}: the id stands for another, kept as {other.id}")
        kept = other or there.anchor(anchor.id)
        if kept is not None and anchor.element_id and not kept.element_id:
            notes.append(f"place {anchor.id}: no element {anchor.element_id}, kept in words")
    for defect in sent.defects:
        moved = there.defect(_other_defect(submission_id, defect.id))
        if moved is not None:
            notes.append(f"defect {defect.id}: the id stands for another, kept as {moved.id}")
        now = moved or there.defect(defect.id)
        if now is None:
            continue
        if defect.continues and not now.continues:
            notes.append(f"defect {now.id}: no defect {defect.continues} here, kept as a new one")
        if there.anchor(_words_anchor(submission_id, now.id)) is not None:
            notes.append(f"defect {now.id}: no place {defect.anchor_id}, kept in words")
        if gone := set(defect.sensor_ids) - set(now.sensor_ids):
            notes.append(f"defect {now.id}: no sensor {min(gone)} on this building")
    return tuple(notes)


def _anchors(sent: Sent, there: There) -> tuple[dict[str, Anchor], Mapping[str, str]]:
    """Tell the places to keep, and the id under which each that was sent is there."""
    anchors: dict[str, Anchor] = {}
    places: dict[str, str] = {}
    for anchor in sent.anchors:
        own = anchor
        if anchor.element_id and not there.element(anchor.element_id):
            words = f"{anchor.note} [{anchor.element_id}]".strip()[:NOTE_LENGTH_MAX]
            own = replace(own, element_id="", local_uvw=None, note=words)
        if anchor.revision_seen and not there.revision(anchor.revision_seen):
            own = replace(own, revision_seen="")
        kept = there.anchor(anchor.id)
        if kept is None:
            places[anchor.id] = anchor.id
            anchors[own.id] = own
        elif _same_place(kept, own):
            places[anchor.id] = kept.id
        else:
            id_ = _other_anchor(sent.submission.id, anchor.id)
            places[anchor.id] = id_
            anchors[id_] = replace(own, id=id_)
    return anchors, places


def _placed(
    defect: Defect,
    submission_id: str,
    places: Mapping[str, str],
    there: There,
    anchors: dict[str, Anchor],
) -> Defect:
    """Give a defect its place; one in words where there is none."""
    if defect.anchor_id in places:
        return replace(defect, anchor_id=places[defect.anchor_id])
    kept = there.anchor(defect.anchor_id)
    if kept is not None and kept.building_id == defect.building_id:
        return defect
    id_ = _words_anchor(submission_id, defect.id)
    anchors[id_] = Anchor(
        id_, defect.building_id, PickedBy.TEXT, defect.found_at_ns, defect.by,
        note=defect.title or defect.code,
    )  # fmt: skip
    return replace(defect, anchor_id=id_)


def _continued(
    defect: Defect, found: Mapping[str, Defect], renamed: Mapping[str, str], there: There
) -> Defect:
    """Tie a defect to the one of before; it begins anew where that is not on the building."""
    if not defect.continues:
        return defect
    own = renamed.get(defect.continues, defect.continues)
    if own in found and own != defect.id:
        return replace(defect, continues=own)
    before = there.defect(defect.continues)
    if before is not None and before.building_id == defect.building_id and before.id != defect.id:
        return defect
    words = f"{defect.note} [continues {defect.continues}]".strip()
    return replace(defect, continues="", note=words[:NOTE_LENGTH_MAX])


def _other_anchor(submission_id: str, anchor_id: str) -> str:
    return same_id("anchor", submission_id, anchor_id)


def _words_anchor(submission_id: str, defect_id: str) -> str:
    return same_id("anchor", submission_id, "of", defect_id)


def _other_defect(submission_id: str, defect_id: str) -> str:
    return same_id("defect", submission_id, defect_id)


def _same_place(kept: Anchor, sent: Anchor) -> bool:
    """Tell whether a place is there already; who told it when, and how it holds, do not count."""
    return kept == replace(
        sent, made_at_ns=kept.made_at_ns, by=kept.by, hold=kept.hold, version=kept.version,
        withdrawn_at_ns=kept.withdrawn_at_ns,
    )  # fmt: skip


def _same_defect(kept: Defect, sent: Defect) -> bool:
    """Tell whether a defect is there already; what was made of it since does not count."""
    return kept.check_up_id == sent.check_up_id and kept == replace(
        sent, by=kept.by, version=kept.version, status=kept.status, anchor_id=kept.anchor_id,
        continues=kept.continues, sensor_ids=kept.sensor_ids, note=kept.note,
        found_at_ns=kept.found_at_ns,
    )  # fmt: skip
