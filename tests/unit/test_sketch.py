"""Plans of where a defect is: what is drawn, and where."""

import struct
import zlib

import numpy as np
import pytest
from numpy.typing import NDArray

from bim.png import SIGNATURE, encode
from bim.sketch import HEIGHT, WIDTH, PlanSketch, outline_of, plan_sketch

#: two walls of 8 m, 6 m apart
WALLS = [outline_of((0.0, y, 0.0, 8.0, y + 0.24, 3.0)) for y in (0.0, 6.0)]
RED = (200, 30, 30)


def dots(content: bytes) -> NDArray[np.uint8]:
    """Unpack a PNG of ours: one block, rows without a filter."""
    assert content.startswith(SIGNATURE)
    width, height = struct.unpack(">II", content[16:24])
    at = content.index(b"IDAT")
    (length,) = struct.unpack(">I", content[at - 4 : at])
    rows = np.frombuffer(zlib.decompress(content[at + 4 : at + 4 + length]), np.uint8)
    return rows.reshape(height, 1 + 3 * width)[:, 1:].reshape(height, width, 3)


def reds(content: bytes) -> NDArray[np.float64]:
    """Give the middle of all red dots, x and y."""
    rows, columns = np.nonzero((dots(content) == RED).all(axis=2))
    return np.array([columns.mean(), rows.mean()])


def test_a_picture_comes_back_as_it_was() -> None:
    picture = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    assert (dots(encode(picture)) == picture).all()


def test_places_lie_as_they_do_in_the_building_with_north_up() -> None:
    west, east, north = (
        reds(plan_sketch(WALLS, place))
        for place in ((1.0, 3.0, 1.0), (7.0, 3.0, 1.0), (1.0, 6.0, 1.0))
    )
    scale = (east - west)[0] / 6.0
    assert scale > 20
    np.testing.assert_allclose(east - west, (6.0 * scale, 0.0), atol=1.0)
    np.testing.assert_allclose(north - west, (0.0, -3.0 * scale), atol=1.0)


def test_what_is_around_is_grey_and_what_it_is_on_is_red() -> None:
    plain = dots(plan_sketch(WALLS, (4.0, 3.0, 1.0)))
    on = dots(plan_sketch(WALLS, (4.0, 3.0, 1.0), [WALLS[1]]))
    assert ((plain == (224, 228, 231)).all(axis=2)).sum() > 1_000
    more = (on == RED).all(axis=2).sum() - (plain == RED).all(axis=2).sum()
    assert more > 500


@pytest.mark.parametrize("place", [(4.0, 3.0, 1.0), (90.0, -3.0, 1.0), (38_500_000.0, 3e6, 1.0)])
def test_a_place_is_in_the_picture_wherever_it_is(place: tuple[float, float, float]) -> None:
    for outlines in (WALLS, []):
        x, y = reds(plan_sketch(outlines, place))
        assert 15 < x < WIDTH - 15
        assert 15 < y < HEIGHT - 15


def test_a_plan_that_is_used_again_draws_each_place_alone() -> None:
    again = PlanSketch(WALLS)
    for place in ((1.0, 3.0, 1.0), (90.0, 3.0, 1.0), (7.0, 3.0, 1.0)):
        assert again.draw(place, [WALLS[0]]) == plan_sketch(WALLS, place, [WALLS[0]])
