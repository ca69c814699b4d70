"""Pictures for the demo's check-ups: drawn here, and they say so."""

import io
import random

from PIL import Image, ImageDraw, ImageFilter, JpegImagePlugin, PngImagePlugin

_SIZE = (1200, 900)
_SAYS = "SIMULATED - DEMO"
#: so wide a wall is shown, mm
_WALL_MM = 900.0


def crack_photo(seed: int, width_mm: float) -> bytes:
    """Draw a diagonal crack in a plastered wall, JPEG; the same seed gives the same crack."""
    rng = random.Random(seed)  # noqa: S311 - a drawing
    image = _wall(rng)
    pen = ImageDraw.Draw(image)
    x, y = 180.0, 760.0
    points = [(x, y)]
    while x < 1020 and y > 120:
        x, y = x + rng.uniform(14, 34), y - rng.uniform(6, 30)
        points.append((x, y))
    # a hairline would be less than a pixel: it is drawn dark enough to be seen
    pixels = max(2, round(width_mm * 8 * _SIZE[0] / _WALL_MM))
    pen.line(points, fill=(62, 54, 48), width=pixels, joint="curve")
    return _jpeg(image)


def side_photo(seed: int, storeys: int) -> bytes:
    """Draw the side of a house, JPEG."""
    rng = random.Random(seed)  # noqa: S311 - a drawing
    image = Image.new("RGB", _SIZE, (176, 196, 214))
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 780, *_SIZE), fill=(122, 126, 116))
    top = 800 - storeys * 105
    shade = rng.randint(170, 196)
    pen.rectangle((220, top, 980, 800), fill=(shade, shade - 14, shade - 34))
    for storey in range(storeys):
        for column in range(5):
            x, y = 270 + column * 140, top + 26 + storey * 105
            window = (x, y, x + 78, y + 58)
            pen.rectangle(window, fill=(72, 86, 96), outline=(232, 232, 226), width=5)
    return _jpeg(image)


def signature(seed: int) -> bytes:
    """Draw a scribble that stands for a signature, PNG."""
    rng = random.Random(seed)  # noqa: S311 - a drawing
    image = Image.new("RGB", (480, 200), "white")
    pen = ImageDraw.Draw(image)
    points = [(40 + 20 * n, 100 + rng.randint(-55, 55)) for n in range(20)]
    pen.line(points, fill=(20, 30, 60), width=4, joint="curve")
    pen.text((330, 176), _SAYS, fill=(150, 30, 30))
    return _written(image, PngImagePlugin.PngImageFile.format)


def _wall(rng: random.Random) -> Image.Image:
    small = Image.new("RGB", (60, 45))
    small.putdata([(s := rng.randint(196, 214), s - 5, s - 16) for _ in range(60 * 45)])
    return small.resize(_SIZE).filter(ImageFilter.GaussianBlur(6))


def _jpeg(image: Image.Image) -> bytes:
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 856, 420, 900), fill="white")
    pen.text((12, 862), _SAYS, fill=(150, 30, 30), font_size=28)
    return _written(image, JpegImagePlugin.JpegImageFile.format)


def _written(image: Image.Image, kind: str) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, quality=80)
    return file.getvalue()
