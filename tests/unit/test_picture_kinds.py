"""Every kind of picture that phones send is read in the child process."""

from pathlib import Path

import pytest
from PIL import Image

from lifecycle.picture_child import Refused, look
from lifecycle.picture_limits import PictureLimits

LIMITS = PictureLimits()


def seen_of(folder: Path, kind: str, mode: str = "RGB", **options: object) -> tuple[str, int]:
    path = folder / "sent"
    picture = Image.effect_noise((400, 300), 60).convert(mode)
    picture.save(path, kind, **options)  # type: ignore[arg-type]
    seen = look(path, folder, LIMITS)
    with Image.open(folder / "thumb.jpg") as thumb:
        assert max(thumb.size) == 320
    return seen.content_type, seen.width_px


@pytest.mark.parametrize(
    ("kind", "mode", "content_type"),
    [("JPEG", "RGB", "image/jpeg"), ("JPEG", "CMYK", "image/jpeg"), ("JPEG", "L", "image/jpeg"),
     ("PNG", "RGBA", "image/png"), ("PNG", "P", "image/png"), ("PNG", "I;16", "image/png"),
     ("WEBP", "RGB", "image/webp")],
)  # fmt: skip
def test_a_picture_is_read(tmp_path: Path, kind: str, mode: str, content_type: str) -> None:
    assert seen_of(tmp_path, kind, mode) == (content_type, 400)


def test_a_phones_jpeg_of_several_pictures_is_read(tmp_path: Path) -> None:
    more = [Image.effect_noise((400, 300), 30).convert("RGB")]
    assert seen_of(tmp_path, "MPO", save_all=True, append_images=more) == ("image/jpeg", 400)


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF"])
def test_another_kind_is_refused_by_its_type(tmp_path: Path, kind: str) -> None:
    with pytest.raises(Refused) as caught:
        seen_of(tmp_path, kind)
    assert caught.value.code == "type"
