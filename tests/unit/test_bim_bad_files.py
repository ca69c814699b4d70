"""Files that must be answered with a reason, whatever is in them."""

import contextlib
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from bim.faults import Fault, Warned
from bim.limited import LimitedReader
from bim.limits import ReadLimits
from domain.errors import ModelRejected
from simulators.ifc.bad_files import BAD_FILES, BadFile, endless, zipped
from simulators.ifc.house import HouseSpec, write_house

TEXTS = Path(__file__).parents[2] / "web" / "texts"
QUICK = ReadLimits(mesh_wall_s=2.0, mesh_wall_s_per_mb=0.0, memory_bytes_max=2**30)


def no_note(done: int, of: int) -> None:
    """Progress is not looked at here."""


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("good") / "house.ifc"
    return write_house(HouseSpec(storeys=1, ifc_schema="IFC2X3"), path).read_bytes()


@pytest.mark.parametrize("bad", BAD_FILES, ids=lambda bad: bad.name)
def test_a_bad_file_gets_its_reason_or_warning(bad: BadFile, good: bytes, tmp_path: Path) -> None:
    upload = tmp_path / "upload.ifc"
    upload.write_bytes(bad.make(good))
    reader = LimitedReader(QUICK)
    if bad.in_shapes:
        index = reader.index(upload, tmp_path / "scratch", "r1")
        assert index.storeys[0].name == "一层"
        with pytest.raises(ModelRejected) as refused:
            reader.shapes(upload, tmp_path / "scratch", no_note)
        assert refused.value.code in bad.codes
    elif bad.codes:
        with pytest.raises(ModelRejected) as refused:
            reader.index(upload, tmp_path / "scratch", "r1")
        assert refused.value.code in bad.codes
        assert str(refused.value)
    else:
        index = reader.index(upload, tmp_path / "scratch", "r1")
        assert bad.warning in dict(index.warnings)
        assert index.storeys[0].name == "一层"
        assert any(one.material == "MU10 砖" for one in index.versions)


def test_every_reason_and_warning_has_its_words_in_both_languages() -> None:
    for language in ("zh", "en"):
        texts = tomllib.loads((TEXTS / f"{language}.toml").read_text(encoding="utf-8"))
        assert {one.replace(" ", "_") for one in Fault} == set(texts["bim_fault"])
        assert {one.replace(" ", "_") for one in Warned} == set(texts["bim_warning"])


def test_shapes_that_take_too_long_are_given_up(good: bytes, tmp_path: Path) -> None:
    upload = tmp_path / "upload.ifc"
    upload.write_bytes(endless(good))
    reader = LimitedReader(ReadLimits(mesh_wall_s=1.0, mesh_wall_s_per_mb=0.0))
    with pytest.raises(ModelRejected) as refused:
        reader.shapes(upload, tmp_path / "scratch", no_note)
    assert refused.value.code in {Fault.TOO_SLOW, Fault.TOO_MUCH_MEMORY}
    assert not processes_about(tmp_path)


def processes_about(folder: Path) -> list[str]:
    """List processes, also started by others, that name a folder."""
    found = []
    for one in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if str(folder).encode() in (line := one.read_bytes()):
                found.append(line.replace(b"\0", b" ").decode("utf-8", "replace"))
    return found


def test_the_process_that_asks_never_loads_what_parses() -> None:
    asked = "import sys, app.house; print([m for m in sys.modules if m.startswith('ifc')])"
    done = subprocess.run(
        [sys.executable, "-c", asked], cwd=TEXTS.parents[1], capture_output=True, check=True
    )
    assert done.stdout.strip() == b"[]"


def test_a_limit_of_time_holds_for_the_index_too(good: bytes, tmp_path: Path) -> None:
    upload = tmp_path / "upload.ifc"
    upload.write_bytes(good)
    with pytest.raises(ModelRejected) as refused:
        LimitedReader(ReadLimits(index_wall_s=0.01)).index(upload, tmp_path / "scratch", "r1")
    assert refused.value.code == Fault.TOO_SLOW


def test_a_zipped_model_reads_as_the_same_model(good: bytes, tmp_path: Path) -> None:
    plain, packed = tmp_path / "house.ifc", tmp_path / "house.ifczip"
    plain.write_bytes(good)
    packed.write_bytes(zipped(good))
    reader = LimitedReader()
    one = reader.index(plain, tmp_path / "one", "r1")
    assert reader.index(packed, tmp_path / "other", "r1") == one


def test_a_file_of_exactly_the_allowed_size_is_read_and_one_byte_more_is_not(
    good: bytes, tmp_path: Path
) -> None:
    upload = tmp_path / "upload.ifc"
    upload.write_bytes(good)
    LimitedReader(ReadLimits(file_bytes_max=len(good))).index(upload, tmp_path / "s", "r1")
    with pytest.raises(ModelRejected) as refused:
        LimitedReader(ReadLimits(file_bytes_max=len(good) - 1)).index(upload, tmp_path / "s", "r1")
    assert refused.value.code == Fault.TOO_LARGE


def test_what_a_file_says_beyond_the_bounds_of_a_result_is_refused(
    good: bytes, tmp_path: Path
) -> None:
    upload = tmp_path / "upload.ifc"
    upload.write_bytes(good)
    with pytest.raises(ModelRejected) as refused:
        LimitedReader(ReadLimits(result_bytes_max=1000)).index(upload, tmp_path / "s", "r1")
    assert refused.value.code == Fault.TOO_LARGE


def test_a_shape_that_one_library_cannot_make_is_made_by_the_other(
    good: bytes, tmp_path: Path
) -> None:
    broken = next(one for one in BAD_FILES if one.name == "broken points")
    upload = tmp_path / "upload.ifc"
    upload.write_bytes(broken.make(good))
    made = LimitedReader().shapes(upload, tmp_path / "scratch", no_note)
    told = dict(made.warnings)
    assert int(told[Warned.SHAPES_FALLBACK]) > 0
    upload.write_bytes(good)
    whole = LimitedReader().shapes(upload, tmp_path / "scratch", no_note)
    assert set(made.boxes) | set(made.failed) <= set(whole.boxes)
