"""Element versions of made-up revisions, and what authoring tools do to them between two."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from domain.elements import Box, ElementVersion

MODEL, FIRST, SECOND = "model", "revision-1", "revision-2"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two revisions, and the step ids that each element truly lives on in."""

    old: list[ElementVersion]
    new: list[ElementVersion]
    truth: dict[str, set[int]]


def block(storeys: int = 3, bays: int = 6, seed: int = 1) -> list[ElementVersion]:
    """Make a block: walls and slabs of their own names, rows of windows that are all alike."""
    rng = np.random.default_rng(seed)
    rows: list[ElementVersion] = []

    def add(ifc_class: str, name: str, storey: int, box: Sequence[float], kind: str) -> None:
        step = 100 + len(rows) * 7
        rows.append(
            ElementVersion(
                revision_id=FIRST,
                step_id=step,
                element_id=f"element-{len(rows)}",
                global_id=f"guid-{seed}-{len(rows)}",
                tag=str(50_000 + len(rows)),
                ifc_class=ifc_class,
                name=name,
                type_name=kind,
                storey_guid=f"storey-{storey}",
                storey_name=f"{storey + 1} 层",
                storey_elevation_m=storey * 3.0,
                box=_box(box),
                content_hash=f"{ifc_class}|{kind}|{name}",
                geometry_hash=f"{ifc_class}|{np.round(np.subtract(box[3:], box[:3]), 3)}",
            )
        )

    for storey in range(storeys):
        z = storey * 3.0
        add("IfcSlab", f"slab {storey}", storey, (0, 0, z - 0.2, bays * 3, 8, z), "slab 200")
        for bay in range(bays):
            x = bay * 3.0
            long = 3.0 + float(rng.uniform(-0.2, 0.0))
            name = f"wall {storey}-{bay}"
            add("IfcWallStandardCase", name, storey, (x, 0, z, x + long, 0.24, z + 3), "W240")
            add("IfcWall", f"back {storey}-{bay}", storey, (x, 7.8, z, x + 3, 8, z + 3), "W200")
            add("IfcColumn", "column 400", storey, (x, 4, z, x + 0.4, 4.4, z + 3), "C400")
            for third in range(3):
                left = x + 0.2 + third * 0.8
                add(
                    "IfcWindow", "window 600", storey, (left, 0, z + 1, left + 0.6, 0.2, z + 2), "N"
                )
    rows.append(
        replace(
            rows[0],
            step_id=9_000,
            element_id="element-space",
            global_id="guid-space",
            tag="",
            ifc_class="IfcSpace",
            name="客厅 101",
            type_name="",
            box=None,
            content_hash="space 101",
            geometry_hash="",
        ),
    )
    return rows


def next_revision(
    old: Sequence[ElementVersion],
    seed: int,
    *,
    new_guids: bool = False,
    tags: str = "kept",
    deleted: float = 0.0,
    moved: Sequence[tuple[float, float]] = (),
    shift_m: tuple[float, float, float] = (0.0, 0.0, 0.0),
    other_content: float = 0.0,
) -> Pair:
    """Make what the next export of a model may look like.

    Parameters
    ----------
    tags
        `kept`, `gone` or `numbered` anew in the order of the file.
    deleted, other_content
        Share of elements that are gone, and whose content was changed.
    moved
        (share, metres): how many elements moved how far, in a random direction.

    """
    rng = np.random.default_rng(seed)
    rows: list[ElementVersion] = []
    truth: dict[str, set[int]] = {row.element_id: set() for row in old}
    kept = [row for row in old if rng.uniform() >= deleted]
    for place, row in enumerate(rng.permutation(len(kept)).tolist()):
        was = kept[row]
        step = np.zeros(3)
        draw = rng.uniform()
        for share, metres in moved:
            if draw < share:
                way = rng.normal(size=3)
                step = way / np.linalg.norm(way) * metres
                break
            draw -= share
        box = None if was.box is None else _box(np.add(was.box, np.tile(step + shift_m, 2)))
        tag = {"kept": was.tag, "gone": "", "numbered": str(50_000 + place)}[tags]
        content = was.content_hash
        if rng.uniform() < other_content:
            content += " changed"
        one = replace(
            was,
            revision_id=SECOND,
            element_id="",
            step_id=1_000 + place * 3,
            global_id=f"again-{seed}-{place}" if new_guids else was.global_id,
            tag=tag,
            box=box,
            content_hash=content,
        )
        rows.append(one)
        truth[was.element_id].add(one.step_id)
    return Pair(list(old), rows, truth)


def rebuilt(old: Sequence[ElementVersion], change: str, seed: int) -> Pair:
    """Rebuild a part of a block, as if exported with new GlobalIds and without tags.

    Parameters
    ----------
    change
        `storey put in`, `storey taken out`, `bay put in`, `windows moved on` (by their pitch) or
        `columns moved on` (by a bay). What is put in has twins of windows and columns.

    """
    rows: list[tuple[ElementVersion, str]] = []
    levels = sorted({row.storey_elevation_m or 0.0 for row in old})
    middle = levels[len(levels) // 2]
    for row in old:
        level, twin = row.storey_elevation_m or 0.0, row.ifc_class in {"IfcWindow", "IfcColumn"}
        other = row if twin else replace(row, content_hash=row.content_hash + " put in")
        match change:
            case "storey put in":
                rows.append((_moved(row, z=3.0) if level >= middle else row, row.element_id))
                rows += [(other, "")] if level == middle else []
            case "storey taken out":
                down = _moved(row, z=-3.0) if level > middle else row
                rows += [(down, row.element_id)] if level != middle else []
            case "bay put in":
                rows.append((_moved(row, x=3.0), row.element_id))
                rows += [(other, "")] if row.box and row.box[3] < 3.5 else []
            case "windows moved on":
                here = _moved(row, x=0.8) if row.ifc_class == "IfcWindow" else row
                rows.append((here, row.element_id))
            case _:
                here = _moved(row, x=3.0) if row.ifc_class == "IfcColumn" else row
                rows.append((here, row.element_id))
    truth: dict[str, set[int]] = {row.element_id: set() for row in old}
    new = []
    for place, at in enumerate(np.random.default_rng(seed).permutation(len(rows)).tolist()):
        row, source = rows[at]
        fields = {"step_id": 1_000 + place, "global_id": f"built-{seed}-{place}", "tag": ""}
        new.append(replace(row, revision_id=SECOND, element_id="", **fields))  # type: ignore[arg-type]
        if source:
            truth[source].add(1_000 + place)
    return Pair(list(old), new, truth)


def _moved(row: ElementVersion, x: float = 0.0, z: float = 0.0) -> ElementVersion:
    if row.box is None:
        return row
    level = (row.storey_elevation_m or 0.0) + z
    return replace(row, box=_box(np.add(row.box, (x, 0, z, x, 0, z))), storey_elevation_m=level)


def _box(values: object) -> Box:
    x, y, z, right, back, top = np.asarray(values, np.float64).tolist()
    return (x, y, z, right, back, top)
