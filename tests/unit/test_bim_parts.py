"""Repair of letters, checks before parsing, hashes, and what makes a reader safe."""

import random
from pathlib import Path

import numpy as np
import pytest

from bim.checks import BRACKETS_MAX, broken_points, refuse_circles, schema_of
from bim.faults import Fault
from bim.hashes import content_hash, geometry_hash
from bim.limited import LimitedReader
from bim.limits import ReadLimits
from bim.repair import repaired
from domain.errors import ModelRejected
from simulators.ifc.house import HouseSpec, write_house

HEAD = "ISO-10303-21;HEADER;FILE_SCHEMA(('{}'));ENDSEC;DATA;{}ENDSEC;END-ISO-10303-21;"


@pytest.mark.parametrize(
    ("text", "encoding", "said", "written"),
    [
        ("'一层'", "gb18030", "GB18030", rb"'\X2\4E005C42\X0\'"),
        ("'一层'", "utf-8", "UTF-8", rb"'\X2\4E005C42\X0\'"),
        ("'一层'", "utf-8-sig", "UTF-8", rb"'\X2\4E005C42\X0\'"),
        ("'Türen'", "latin-1", "ISO 8859-1", rb"'T\X2\00FC\X0\ren'"),
        ("'屋顶🏠'", "utf-8", "UTF-8", rb"'\X4\00005C4B000098760001F3E0\X0\'"),
        ("'plain'", "ascii", "", b"'plain'"),
    ],
)
def test_letters_are_written_as_the_format_wants(
    text: str, encoding: str, said: str, written: bytes
) -> None:
    assert repaired(text.encode(encoding)) == (written, said)


@pytest.mark.parametrize(
    ("name", "schema"),
    [("IFC2X3", "IFC2X3"), ("ifc4", "IFC4"), ("IFC4X3_ADD2", "IFC4X3"), ("IFC4_ADD2", "IFC4")],
)
def test_three_schemas_and_their_corrections_are_known(name: str, schema: str) -> None:
    assert schema_of(HEAD.format(name, "").encode()) == schema


@pytest.mark.parametrize("name", ["IFC2X2_FINAL", "IFC4X1", "IFC5", "AUTOMOTIVE_DESIGN", ""])
def test_other_schemas_are_refused_by_name(name: str) -> None:
    with pytest.raises(ModelRejected, match=name or "none") as refused:
        schema_of(HEAD.format(name, "").encode())
    assert refused.value.code == Fault.SCHEMA


def test_lists_may_lie_as_deep_as_allowed_and_no_deeper() -> None:
    schema_of(HEAD.format("IFC4", "(" * BRACKETS_MAX).encode())
    with pytest.raises(ModelRejected) as refused:
        schema_of(HEAD.format("IFC4", "(" * (BRACKETS_MAX + 1)).encode())
    assert refused.value.code == Fault.NESTED


def test_placements_in_a_circle_are_refused_and_long_chains_are_not() -> None:
    chain = "".join(f"#{n}=IFCLOCALPLACEMENT(#{n + 1},#9);\n" for n in range(1, 5000))
    refuse_circles(chain.encode())
    with pytest.raises(ModelRejected) as refused:
        refuse_circles((chain + "#5000=IFCLOCALPLACEMENT(#4000,#9);").encode())
    assert refused.value.code == Fault.CIRCLE
    with pytest.raises(ModelRejected):
        refuse_circles(b"#7 = IFCLOCALPLACEMENT( #7 , #9 );")


@pytest.mark.parametrize(
    ("point", "broken"),
    [
        ("(1.,2.,3.)", 0), ("( 1. , -2.E-3 , 3 )", 0), ("(0.,0.)", 0),
        ("(1.,,2.)", 1), ("(1.;2.)", 1), ("(a,b)", 1), ("1.,2.", 1),
    ],
)  # fmt: skip
def test_points_that_are_no_numbers_are_counted(point: str, broken: int) -> None:
    assert broken_points(f"#1= IFCCARTESIANPOINT({point});".encode()) == broken


def test_a_content_hash_knows_no_ids() -> None:
    rows = [("Pset", "FireRating", "2.0h", ""), ("Pset", "LoadBearing", "true", "")]
    same = content_hash("IfcWall", "W200", "Wall:W200:358703", "358703", "brick", rows)
    assert same == content_hash("IfcWall", "W200", "Wall:W200:411902", "411902", "brick", rows)
    assert same == content_hash("IfcWall", "W200", "Wall:W200:411902", "", "brick", rows[::-1])
    assert same != content_hash("IfcWall", "W200", "Wall:W200:358703", "358703", "stone", rows)
    assert same != content_hash("IfcWall", "W200", "Wall:W200:358703", "358703", "brick", rows[1:])


def test_a_geometry_hash_knows_no_place_and_no_noise_below_a_millimetre() -> None:
    draw = np.random.default_rng(3)
    corners = np.round(draw.uniform(0, 4, (60, 3)) * 2000) / 2000
    moved = np.add(corners, (487_250.1375, 3_391_800.0005, 12.25))
    assert geometry_hash(corners) == geometry_hash(moved)
    assert geometry_hash(corners) == geometry_hash(corners[::-1] + draw.uniform(-1e-6, 1e-6, 3))
    bigger = corners * (1.001, 1, 1)
    assert geometry_hash(corners) != geometry_hash(bigger)
    box = (*corners.min(axis=0).tolist(), *corners.max(axis=0).tolist())
    assert geometry_hash(corners, box) == geometry_hash(corners)


def test_a_geometry_hash_tells_shapes_of_kilometres_apart_too() -> None:
    long = np.array([[0.0, 0, 0], [3_000, 0, 0], [3_000, 1, 0], [0, 1, 4]])
    assert geometry_hash(long) == geometry_hash(long[[2, 0, 3, 1]] + 1)
    longer = np.add(long, [[0, 0, 0], [0, 0, 0], [0, 0.01, 0], [0, 0, 0]])
    assert geometry_hash(long) != geometry_hash(longer)


@pytest.mark.slow
def test_files_broken_at_random_are_read_or_refused_with_a_reason(tmp_path: Path) -> None:
    good = write_house(HouseSpec(storeys=1, bays_x=1, bays_y=1), tmp_path / "good.ifc")
    lines = good.read_bytes().split(b"\n")
    reader = LimitedReader(ReadLimits(mesh_wall_s=5.0, fallback_wall_s=3.0))
    for seed in range(12):
        draw = random.Random(seed)
        broken = [*lines]
        for _ in range(12):
            at = draw.randrange(8, len(broken) - 3)
            line = broken[at]
            # references that point anywhere, also in circles, and what is no STEP at all
            other = draw.choice(broken[8:-3]).partition(b"=")[0] or b"#1"
            broken[at] = draw.choice(
                [line.replace(b"#1", other, 1), line.replace(b",", b",(", 1),
                 line.replace(b"#", other + b",#", 1), b"", line[: len(line) // 2]]
            )  # fmt: skip
        upload = tmp_path / f"{seed}.ifc"
        upload.write_bytes(b"\n".join(broken))
        assert answer_to(reader, upload, tmp_path / "scratch") in {"", *Fault}, seed


def answer_to(reader: LimitedReader, upload: Path, scratch: Path) -> str:
    """Give why a file is refused; empty when it is read."""
    try:
        reader.index(upload, scratch, "r1")
        reader.shapes(upload, scratch, lambda done, of: None)
    except ModelRejected as refused:
        return refused.code
    return ""
