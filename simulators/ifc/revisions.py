"""Later revisions of a model, as authors and exporters change it, with the truth of what is what.

Any IFC file serves. Every revision is numbered and ordered anew, as exporters do, so that step
ids tell nothing; the truth says which element of the new file is which of the old one.
"""

import math
import random
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ifcopenshell
import ifcopenshell.guid
import ifcopenshell.util.schema
import ifcopenshell.util.unit

from simulators.ifc.splitting import can_split, split

_NUMBER = re.compile(r"'(?:[^']|'')*'|#(\d+)")
_LINE = re.compile(r"#(\d+)=")


@dataclass(frozen=True, slots=True)
class Change:
    """What is done to a model; shares are of its elements, each element once.

    Parameters
    ----------
    guids, tags, names
        Re-issue every GlobalId; drop every tag; drop the tag that Revit writes into names.
    deleted, nudged, moved, split, reclassed
        Shares that are deleted, moved by 2 cm, moved by 30 cm, cut into two (walls only), or
        given another class.
    storeys
        Rename every storey.
    shift_m
        Move the whole model.

    """

    name: str
    guids: bool = False
    tags: bool = False
    names: bool = False
    deleted: float = 0.0
    nudged: float = 0.0
    moved: float = 0.0
    split: float = 0.0
    reclassed: float = 0.0
    storeys: bool = False
    shift_m: tuple[float, float, float] = (0.0, 0.0, 0.0)


NUDGE_M, MOVE_M = 0.02, 0.30
#: the cases of the re-link marks
CHANGES = (
    Change("same again"),
    Change("guids re-issued", guids=True),
    Change("guids re-issued, tags dropped", guids=True, tags=True),
    Change("guids, tags and names gone", guids=True, tags=True, names=True),
    Change(
        "guids and tags gone, some deleted, some moved",
        guids=True, tags=True, deleted=0.05, nudged=0.20, moved=0.10,
    ),
    Change("walls split, guids kept", split=0.3),
    Change("walls split, guids and tags gone", guids=True, tags=True, split=0.3),
    Change("storeys renamed, guids re-issued", guids=True, storeys=True),
    Change("moved by a site offset", shift_m=(487_250.0, 3_391_800.0, 12.5)),
    Change("moved by a site offset, guids re-issued", guids=True, shift_m=(120.0, -80.0, 3.0)),
    Change("classes changed", reclassed=0.2),
    Change("classes changed, guids and tags gone", guids=True, tags=True, reclassed=0.2),
    Change(
        "everything at once", guids=True, tags=True, names=True, deleted=0.05, nudged=0.2,
        moved=0.1, split=0.1, reclassed=0.05, storeys=True, shift_m=(35.0, 12.0, 0.0),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Truth:
    """What became of each element, by step id.

    Parameters
    ----------
    became
        New step ids of each old one: none when deleted, two when split.
    how
        `deleted`, `nudged`, `moved`, `split` or `reclassed`, of those that were.

    """

    became: dict[int, tuple[int, ...]] = field(default_factory=dict)
    how: dict[int, str] = field(default_factory=dict)


def revise(source: Path, target: Path, change: Change, seed: int) -> Truth:
    """Write a revision of a model.

    Parameters
    ----------
    seed
        Of what is chosen and of the new ids; the same gives the same file.

    """
    draw = random.Random(f"{change.name}/{seed}")
    file: Any = ifcopenshell.open(source)
    metres = ifcopenshell.util.unit.calculate_unit_scale(file)
    elements = elements_of(file)
    became: dict[int, tuple[int, ...]] = {one.id(): (one.id(),) for one in elements}
    how: dict[int, str] = {}
    _touch(file, elements, change, draw, metres, became, how)
    if any(change.shift_m):
        _shift(file, change.shift_m, metres)
    if change.storeys:
        for number, storey in enumerate(file.by_type("IfcBuildingStorey"), 1):
            storey.Name = f"F{number}"
    for one in elements_of(file):
        tag = getattr(one, "Tag", None)
        if change.names and tag and one.Name:
            one.Name = one.Name.removesuffix(f":{tag}")
        if change.tags and hasattr(one, "Tag"):
            one.Tag = None
    if change.guids:
        for root in sorted(file.by_type("IfcRoot"), key=lambda one: int(one.id())):
            root.GlobalId = _guid(draw)
    text, numbers = _numbered_anew(file.to_string(), draw)
    target.write_text(text, encoding="ascii")
    return Truth(
        became={old: tuple(numbers[one] for one in new) for old, new in became.items()}, how=how
    )


def elements_of(file: Any) -> list[Any]:
    """List what a reader lists: elements without the holes in them, and rooms, by step id."""
    some = [
        one
        for kind in ("IfcElement", "IfcSpace")
        for one in file.by_type(kind)
        if not one.is_a("IfcFeatureElement") and not one.is_a("IfcVirtualElement")
    ]
    return sorted(some, key=lambda one: int(one.id()))


def _touch(
    file: Any, elements: Iterable[Any], change: Change, draw: random.Random, metres: float,
    became: dict[int, tuple[int, ...]], how: dict[int, str],
) -> None:  # fmt: skip
    """Delete, move, split and reclass some elements, each at most one of these."""
    free = [one.id() for one in elements]
    total = len(free)
    draw.shuffle(free)
    # what others stand on stays: they would fall with it
    bearing = {
        one.PlacementRelTo.id()
        for one in file.by_type("IfcLocalPlacement")
        if one.PlacementRelTo is not None
    }
    uses: dict[int, int] = {}
    for one in file.by_type("IfcProduct"):
        if one.ObjectPlacement is not None:
            uses[one.ObjectPlacement.id()] = uses.get(one.ObjectPlacement.id(), 0) + 1

    def take(share: float, fits: Any) -> list[Any]:
        wanted = round(share * total)
        taken: list[Any] = []
        for step_id in [*free]:
            if len(taken) >= wanted:
                break
            one = file.by_id(step_id)
            if fits(one):
                free.remove(step_id)
                taken.append(one)
        return taken

    def leaf(one: Any) -> bool:
        place = one.ObjectPlacement
        return place is not None and place.id() not in bearing and not one.IsDecomposedBy

    def movable(one: Any) -> bool:
        place = one.ObjectPlacement
        return (
            place is not None
            and place.is_a("IfcLocalPlacement")
            and uses.get(place.id()) == 1
            and not one.is_a("IfcSpace")
        )

    walls = sum(one.is_a("IfcWall") for one in elements)
    if change.split:
        for one in take(change.split * walls / max(total, 1), can_split):
            how[one.id()] = "split"
            became[one.id()] = split(file, one, _guid(draw), metres)
    for one in take(change.deleted, leaf):
        how[one.id()] = "deleted"
        became[one.id()] = ()
        _delete(file, one)
    for word, share, far_m in (
        ("nudged", change.nudged, NUDGE_M), ("moved", change.moved, MOVE_M)
    ):  # fmt: skip
        for one in take(share, movable):
            how[one.id()] = word
            turn = draw.uniform(0, 2 * math.pi)
            step = (far_m * math.cos(turn) / metres, far_m * math.sin(turn) / metres, 0.0)
            _move(file, one.ObjectPlacement, step)
    for one in take(change.reclassed, _can_reclass):
        old = one.id()
        how[old] = "reclassed"
        other = ifcopenshell.util.schema.reassign_class(file, one, "IfcBuildingElementProxy")
        became[old] = (other.id(),)


def _can_reclass(one: Any) -> bool:
    """Windows and doors fill holes and flights are parts of stairs: these keep their class."""
    return any(
        one.is_a(kind)
        for kind in ("IfcWall", "IfcColumn", "IfcBeam", "IfcMember", "IfcFurnishingElement")
    )


def _delete(file: Any, element: Any) -> None:
    """Take an element out of its relations and the file; a hole that it filled stays open."""
    ties = sorted(file.get_inverse(element), key=lambda one: int(one.id()))
    for tie in ties:
        name = next((one for one in ("RelatedObjects", "RelatedElements") if hasattr(tie, one)), "")
        rest = [one for one in getattr(tie, name) if one != element] if name else []
        if rest and len(rest) < len(getattr(tie, name)):
            setattr(tie, name, rest)
        else:
            file.remove(tie)
    shape = element.Representation
    file.remove(element)
    if shape is not None and not file.get_inverse(shape):
        file.remove(shape)


def _move(file: Any, placement: Any, step: tuple[float, float, float]) -> None:
    """Move a placement in the axes it stands on; what stands on it moves with it."""
    old = placement.RelativePlacement
    at = [*old.Location.Coordinates, 0.0][:3]
    point = file.create_entity(
        "IfcCartesianPoint", Coordinates=[a + b for a, b in zip(at, step, strict=True)]
    )
    placement.RelativePlacement = file.create_entity(
        "IfcAxis2Placement3D", Location=point, Axis=old.Axis, RefDirection=old.RefDirection
    )


def _shift(file: Any, shift_m: tuple[float, float, float], metres: float) -> None:
    x, y, z = (value / metres for value in shift_m)
    for placement in file.by_type("IfcLocalPlacement"):
        if placement.PlacementRelTo is None:
            _move(file, placement, (x, y, z))


def _guid(draw: random.Random) -> str:
    return str(ifcopenshell.guid.compress(uuid.UUID(int=draw.getrandbits(128), version=4).hex))


def _numbered_anew(text: str, draw: random.Random) -> tuple[str, dict[int, int]]:
    """Give every entity another number and place in the file."""
    head, _, rest = text.partition("DATA;\n")
    data, _, tail = rest.rpartition("ENDSEC;")
    lines = [line for line in data.split("\n") if line]
    old = sorted(int(found[1]) for line in lines if (found := _LINE.match(line)))
    new = [*range(1, len(old) + 1)]
    draw.shuffle(new)
    numbers = dict(zip(old, new, strict=True))

    def other(found: re.Match[str]) -> str:
        return f"#{numbers[int(found[1])]}" if found[1] else found[0]

    lines = [_NUMBER.sub(other, line) for line in lines]
    lines.sort(key=lambda line: int(line[1 : line.index("=")]))
    return f"{head}DATA;\n" + "\n".join(lines) + f"\nENDSEC;{tail}", numbers
