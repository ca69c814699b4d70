"""The app's icons as PNG, drawn from `logo.svg`: no phone takes an SVG for its home screen."""

import io
import re
from functools import cache
from pathlib import Path
from xml.etree import ElementTree as ET

from PIL import Image, ImageDraw

LOGO = Path(__file__).parent / "static" / "logo.svg"
#: drawn so many times larger first: edges are smooth afterwards
FINER = 4
_SVG = "{http://www.w3.org/2000/svg}"
_STEP = re.compile(r"([MlhLH])([^MlhLH]*)")
_NUMBER = re.compile(r"-?\d*\.?\d+")

Point = tuple[float, float]


@cache
def drawn(size_px: int, *, whole: bool = False) -> bytes:
    """Draw the logo as a square PNG.

    Parameters
    ----------
    size_px
        Length of a side.
    whole
        The ground fills the square, for phones that cut the icon to a shape of their own; the
        drawing lies in the middle four fifths, which every shape leaves.

    """
    svg = ET.fromstring(LOGO.read_text("utf-8"))  # noqa: S314 our own file
    width = float(svg.attrib["viewBox"].split()[2])
    scale = size_px * FINER / width
    image = Image.new("RGBA", (size_px * FINER, size_px * FINER))
    pen = ImageDraw.Draw(image)
    for shape in svg:
        if shape.tag == f"{_SVG}rect":
            radius = 0 if whole else float(shape.attrib["rx"]) * scale
            box = (0, 0, size_px * FINER - 1, size_px * FINER - 1)
            pen.rounded_rectangle(box, radius, fill=shape.attrib["fill"])
        else:
            points = [(x * scale, y * scale) for x, y in path(shape.attrib["d"])]
            thick = float(shape.attrib["stroke-width"]) * scale
            _line(pen, points, shape.attrib["stroke"], thick)
    out = io.BytesIO()
    image.resize((size_px, size_px), Image.Resampling.LANCZOS).save(out, "PNG", optimize=True)
    return out.getvalue()


def path(told: str) -> list[Point]:
    """Read the corners of a path of straight lines.

    Examples
    --------
    >>> path("M6 15.5 16 7l10 8.5h2")
    [(6.0, 15.5), (16.0, 7.0), (26.0, 15.5), (28.0, 15.5)]

    """
    found: list[Point] = []
    for step, text in _STEP.findall(told):
        numbers = [float(one) for one in _NUMBER.findall(text)]
        if step in "hH":
            pairs = [(x, 0.0 if step == "h" else found[-1][1]) for x in numbers]
        else:
            pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
        for x, y in pairs:
            from_x, from_y = found[-1] if step in "lh" else (0.0, 0.0)
            found.append((from_x + x, from_y + y))
    return found


def _line(pen: ImageDraw.ImageDraw, points: list[Point], colour: str, thick: float) -> None:
    """Draw a line whose ends and corners are round."""
    pen.line(points, fill=colour, width=round(thick))
    for x, y in points:
        half = thick / 2
        pen.ellipse((x - half, y - half, x + half, y + half), fill=colour)
