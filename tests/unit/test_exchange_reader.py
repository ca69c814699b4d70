"""Bad files through the exchange: each is answered with its reason, and this process goes on."""

from pathlib import Path

import pytest

from bim.exchange_reader import ExchangeReader
from bim.limits import ReadLimits
from domain.errors import ModelRejected
from domain.exchange import HandOver, SensorMark
from simulators.ifc.bad_files import BAD_FILES
from simulators.ifc.house import HouseSpec, write_house

FACTS = HandOver(
    "m", "b", "c", "楼", "https://anju.example.org/b", 1,
    sensors=(SensorMark("s", "S-1", "tilt", point=(1.0, 2.0, 3.0)),),
)  # fmt: skip


@pytest.mark.slow
def test_a_bad_model_is_refused_with_its_reason_or_handed_over_whole(tmp_path: Path) -> None:
    small = HouseSpec(storeys=1, bays_x=1, bays_y=1, sensors=0)
    good = write_house(small, tmp_path / "good.ifc").read_bytes()
    reader = ExchangeReader(ReadLimits())
    for number, bad in enumerate(BAD_FILES):
        upload, scratch = tmp_path / f"{number}.ifc", tmp_path / f"scratch{number}"
        upload.write_bytes(bad.make(good))
        scratch.mkdir()
        if bad.codes and not bad.in_shapes:
            with pytest.raises(ModelRejected) as refused:
                reader.export(upload, scratch, FACTS)
            assert refused.value.code in bad.codes, bad.name
        else:
            made = reader.export(upload, scratch, FACTS).read_bytes()
            assert made.rstrip().endswith(b"END-ISO-10303-21;"), bad.name
            assert b"'S-1'" in made, bad.name


def test_what_takes_too_long_or_too_much_ends_with_a_reason(tmp_path: Path) -> None:
    upload = write_house(HouseSpec(sensors=0), tmp_path / "good.ifc")
    hasty = ExchangeReader(ReadLimits(index_wall_s=0.01, mesh_wall_s_per_mb=0.0))
    with pytest.raises(ModelRejected) as refused:
        hasty.fitness(upload, tmp_path / "a", None)
    assert refused.value.code == "too slow"
    (tmp_path / "b").mkdir()
    narrow = ExchangeReader(ReadLimits(written_bytes_max=1_000))
    with pytest.raises(ModelRejected):
        narrow.export(upload, tmp_path / "b", FACTS)
    (tmp_path / "c").mkdir()
    with pytest.raises(ModelRejected) as refused:
        ExchangeReader().topics(upload, tmp_path / "c")
    assert refused.value.code == "not bcf"
