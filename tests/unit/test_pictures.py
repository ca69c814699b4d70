"""Photos as they come: looked at in a process of its own, copies that tell nothing, refusals."""

import io
import struct
import zlib
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image, PngImagePlugin

from domain.clock import to_ns
from domain.errors import StoreUnavailable
from domain.labels import CHINA
from lifecycle.picture_child import Seen
from lifecycle.picture_limits import PictureLimits
from lifecycle.picture_looker import PictureLooker
from tests.check_samples import encoded, jpeg

GPS = {1: "N", 2: (28.0, 40.0, 48.0), 3: "E", 4: (115.0, 53.0, 24.0), 31: 4.5}


def look(content: bytes, tmp_path: Path, limits: PictureLimits | None = None) -> Seen:
    path = tmp_path / "photo"
    path.write_bytes(content)
    return PictureLooker(limits).look(path, tmp_path / "copies")


def copy(tmp_path: Path, name: str = "public") -> Image.Image:
    return Image.open(tmp_path / "copies" / f"{name}.jpg")


def with_exif(picture: Image.Image, **parts: object) -> bytes:
    """Encode a photo with an EXIF block."""
    exif = Image.Exif()
    for tag, value in parts.items():
        if tag == "gps":
            exif.get_ifd(ExifTags.IFD.GPSInfo).update(value)  # type: ignore[call-overload]
        elif tag in {"DateTimeOriginal", "OffsetTimeOriginal", "MakerNote"}:
            exif.get_ifd(ExifTags.IFD.Exif)[getattr(ExifTags.Base, tag)] = value
        else:
            exif[getattr(ExifTags.Base, tag)] = value
    return encoded(picture, "JPEG", exif=exif.tobytes())


def test_a_photo_gets_two_copies_that_say_nothing_of_it(tmp_path: Path) -> None:
    content = with_exif(
        Image.new("RGB", (4000, 3000), "grey"),
        Model="camera",
        DateTimeOriginal="2026:11:20 09:30:00",
        gps=GPS,
    )
    seen = look(content, tmp_path)
    assert (seen.fault, seen.copied, seen.width_px, seen.height_px) == ("", True, 4000, 3000)
    assert seen.exif.taken_at_ns == to_ns(datetime(2026, 11, 20, 9, 30, tzinfo=CHINA))
    assert seen.exif.wgs84 == pytest.approx((115.89, 28.68))
    assert seen.exif.accuracy_m == 4.5
    for name, side in (("public", 1600), ("thumb", 320)):
        with copy(tmp_path, name) as made:
            assert max(made.size) == side
            assert not dict(made.getexif())
            assert made.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        assert b"camera" not in (tmp_path / "copies" / f"{name}.jpg").read_bytes()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_turned_upright(tmp_path: Path, orientation: int) -> None:
    """The red corner of the upright picture is at its top left, whatever the camera wrote."""
    upright = Image.new("RGB", (80, 40), "white")
    upright.paste((255, 0, 0), (0, 0, 20, 20))
    back = {
        1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]  # fmt: skip
    stored = upright if back is None else upright.transpose(back)
    seen = look(with_exif(stored, Orientation=orientation), tmp_path)
    assert (seen.width_px, seen.height_px) == (80, 40)
    with copy(tmp_path) as made:
        assert made.size == (80, 40)
        red, green, _ = made.getpixel((4, 4))  # type: ignore[misc]
        assert (red > 200, green < 60) == (True, True)
        assert made.getpixel((70, 30))[1] > 200  # type: ignore[index]


@pytest.mark.parametrize(
    "parts",
    [
        {"Orientation": 99},
        {"Orientation": 0},
        {"DateTimeOriginal": "0000:00:00 00:00:00"},
        {"DateTimeOriginal": "1970:01:01 00:00:00"},
        {"DateTimeOriginal": "2999:12:31 23:59:59"},
        {"DateTimeOriginal": "yesterday"},
        {"DateTimeOriginal": "2026:11:20 09:30:00", "OffsetTimeOriginal": "x"},
        {"MakerNote": b"\x00" * 60_000},
        {"gps": {1: "N", 2: (999.0, 0.0, 0.0), 3: "E", 4: (999.0, 0.0, 0.0)}},
        {"gps": {1: "N", 2: (0.0, 0.0, 0.0), 3: "E", 4: (0.0, 0.0, 0.0)}},
        {"gps": {1: "N", 3: "E"}},
    ],
)
def test_nonsense_in_the_exif_is_left_out_and_the_photo_taken(
    tmp_path: Path, parts: dict[str, object]
) -> None:
    seen = look(with_exif(Image.new("RGB", (60, 40), "grey"), **parts), tmp_path)
    assert (seen.fault, seen.copied, seen.width_px, seen.exif.orientation) == ("", True, 60, 1)
    assert seen.exif.wgs84 is None
    assert (seen.exif.taken_at_ns is not None) == ("OffsetTimeOriginal" in parts)


def test_an_exif_block_of_noise_does_no_harm(tmp_path: Path) -> None:
    noise = np.random.default_rng(7).integers(0, 256, 4_000, np.uint8).tobytes()
    content = jpeg()
    for block in (noise, b"Exif\x00\x00" + noise, b"Exif\x00\x00MM\x00*\xff\xff\xff\xff" + noise):
        segment = b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block
        seen = look(content[:2] + segment + content[2:], tmp_path)
        assert (seen.fault, seen.copied) == ("", True)


def test_the_clock_of_a_camera_abroad_is_believed(tmp_path: Path) -> None:
    content = with_exif(
        Image.new("RGB", (9, 9)),
        DateTimeOriginal="2026:11:20 09:30:00",
        OffsetTimeOriginal="-05:30",
    )
    taken_at_ns = look(content, tmp_path).exif.taken_at_ns
    assert taken_at_ns == to_ns(datetime.fromisoformat("2026-11-20T09:30:00-05:30"))


def animated() -> bytes:
    frames = [Image.new("RGB", (50, 40), colour) for colour in ("red", "blue")]
    return encoded(frames[0], "PNG", save_all=True, append_images=frames[1:])


def grey_16() -> bytes:
    wide = np.linspace(0, 65_535, 50 * 40).reshape(40, 50).astype(np.uint16)
    return encoded(Image.fromarray(wide), "PNG")


def clear() -> bytes:
    picture = Image.new("RGBA", (50, 40), (0, 0, 0, 0))
    picture.paste((255, 0, 0, 255), (0, 0, 10, 10))
    return encoded(picture, "PNG")


@pytest.mark.parametrize(
    ("content", "content_type", "pixel"),
    [
        (encoded(Image.new("CMYK", (50, 40), (0, 255, 255, 0)), "JPEG"), "image/jpeg", (254, 0, 0)),
        (encoded(Image.new("L", (50, 40), 200), "JPEG"), "image/jpeg", (200, 200, 200)),
        (encoded(Image.new("P", (50, 40)), "PNG"), "image/png", (0, 0, 0)),
        (encoded(Image.new("1", (50, 40), 1), "PNG"), "image/png", (255, 255, 255)),
        (clear(), "image/png", (255, 255, 255)),
        (animated(), "image/png", (254, 0, 0)),
        (encoded(Image.new("RGB", (50, 40), "lime"), "WEBP"), "image/webp", (0, 255, 1)),
        (encoded(Image.new("RGB", (50, 40), "lime"), "MPO"), "image/jpeg", (0, 255, 1)),
    ],
    ids=["cmyk", "grey", "palette", "bits", "clear", "animated", "webp", "mpo"],
)
def test_every_kind_of_picture_is_shown_as_it_looks(
    tmp_path: Path, content: bytes, content_type: str, pixel: tuple[int, int, int]
) -> None:
    seen = look(content, tmp_path)
    assert (seen.fault, seen.content_type, seen.width_px) == ("", content_type, 50)
    with copy(tmp_path) as made:
        came = made.getpixel((40, 30))
        assert came == pytest.approx(pixel, abs=8)


def test_16_bits_a_pixel_are_shown_from_black_to_white(tmp_path: Path) -> None:
    assert look(grey_16(), tmp_path).copied
    with copy(tmp_path) as made:
        assert made.getpixel((1, 0))[0] < 10  # type: ignore[index]
        assert made.getpixel((48, 39))[0] > 245  # type: ignore[index]
        assert made.getpixel((25, 20))[0] == pytest.approx(130, abs=8)  # type: ignore[index]


def test_an_heic_is_kept_without_copies(tmp_path: Path) -> None:
    seen = look(b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(400), tmp_path)
    assert (seen.fault, seen.content_type, seen.copied) == ("", "image/heic", False)


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.7\n" + bytes(100),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"GIF89a" + bytes(50),
        encoded(Image.new("RGB", (9, 9)), "TIFF"),
        encoded(Image.new("RGB", (9, 9)), "BMP"),
        b"\xff\xd8",
        b"",
        b"\x00\x00\x00\x18ftypmp42" + bytes(50),
    ],
    ids=["pdf", "svg", "gif", "tiff", "bmp", "two bytes", "nothing", "video"],
)
def test_what_is_no_photo_is_refused(tmp_path: Path, content: bytes) -> None:
    seen = look(content, tmp_path)
    assert seen.fault in {"type", "broken"}
    assert seen.text
    assert not list((tmp_path / "copies").glob("*.jpg"))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_that_is_cut_off_is_refused(tmp_path: Path, kind: str) -> None:
    content = encoded(Image.effect_noise((400, 300), 80).convert("RGB"), kind)
    for share in (0.02, 0.5, 0.9):
        seen = look(content[: int(len(content) * share)], tmp_path)
        assert seen.fault in {"broken", "type"}, share


def bomb(width: int, height: int) -> bytes:
    """Make a PNG whose few bytes unpack to one bit for each of very many pixels."""
    packer = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    body = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    signature = b"\x89PNG\r\n\x1a\n"
    return signature + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def test_a_photo_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    content = bomb(20_000, 20_000)
    assert len(content) < 200_000
    seen = look(content, tmp_path)
    assert (seen.fault, seen.copied) == ("pixels", False)
    assert "400,000,000" in seen.text


def test_a_head_that_lies_about_the_size_is_refused(tmp_path: Path) -> None:
    content = bytearray(bomb(100, 100))
    content[16:24] = struct.pack(">II", 2**31 - 1, 2**31 - 1)
    assert look(bytes(content), tmp_path).fault in {"pixels", "broken", "type"}


def test_notes_in_a_png_that_unpack_to_very_much_are_bounded(tmp_path: Path) -> None:
    notes = PngImagePlugin.PngInfo()
    for number in range(40):
        notes.add_itxt(f"k{number}", "x" * 3_000_000, zip=True)
    file = io.BytesIO()
    Image.new("RGB", (20, 20)).save(file, "PNG", pnginfo=notes)
    assert look(file.getvalue(), tmp_path).fault in {"", "broken", "memory"}


def test_looking_is_bounded_in_memory_and_time(tmp_path: Path) -> None:
    wide = encoded(Image.new("RGB", (7_000, 7_000)), "PNG")
    tight = PictureLimits(memory_bytes_max=250_000_000)
    assert look(wide, tmp_path, tight).fault == "memory"
    hasty = PictureLimits(wall_s=0.01)
    assert look(wide, tmp_path, hasty).fault == "slow"


def test_a_large_jpeg_is_unpacked_small(tmp_path: Path) -> None:
    large = encoded(Image.new("RGB", (12_000, 9_000), "grey"), "JPEG")
    tight = PictureLimits(memory_bytes_max=300_000_000)
    seen = look(large, tmp_path, tight)
    assert (seen.fault, seen.width_px, seen.height_px) == ("", 12_000, 9_000)


def test_whoever_waits_too_long_for_a_turn_is_asked_to_come_again(tmp_path: Path) -> None:
    path = tmp_path / "photo"
    path.write_bytes(jpeg())
    looker = PictureLooker(at_once=0, turn_s=0.01)
    with pytest.raises(StoreUnavailable):
        looker.look(path, tmp_path / "copies")
    assert not (tmp_path / "copies").exists()
