"""The letters of a report: embedded where a TrueType font is found, else left to the viewer.

A reader on any machine must see the same Chinese letters, so a font is embedded when there is one.
A fresh machine may have none; then the report names `STSong-Light`, one of the fonts that PDF
viewers bring for Chinese, and its text can be searched and copied all the same.
"""

import hashlib
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFError, TTFont

#: what every viewer of PDF has an answer for
VIEWERS = "STSong-Light"
_EMBEDDED = "ReportLetters"
#: where systems put a Chinese font with TrueType outlines; others cannot be embedded
USUAL = (
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/wqy-microhei/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/usr/share/fonts/wqy-zenhei/wqy-zenhei.ttc",
    "/usr/share/fonts/truetype/arphic/uming.ttc",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
    "/usr/share/fonts/google-droid/DroidSansFallback.ttf",
    "C:/Windows/Fonts/Deng.ttf",
    "C:/Windows/Fonts/simhei.ttf",
    "C:/Windows/Fonts/msyh.ttc",
    "/System/Library/Fonts/STHeiti Light.ttc",
    "/Library/Fonts/Arial Unicode.ttf",
)
#: letters that a font for Chinese reports must have
_NEEDED = "房屋体检危险裂缝宽度，。（）：0123456789"


@dataclass(frozen=True, slots=True)
class Letters:
    """The font of a report.

    Parameters
    ----------
    name
        As reportlab knows it.
    mark
        Tells one font from another in the code of a report.

    """

    name: str
    mark: str
    has: Callable[[str], bool]

    @property
    def embedded(self) -> bool:
        """Tell whether the letters lie in the file itself."""
        return self.name != VIEWERS

    def safe(self, text: str) -> str:
        """Make text fit to be laid out: no markup, no control codes, no letter lost.

        A letter that the font lacks is set in the viewer's font; beyond the basic plane, where
        viewers may lack it too, its number follows.
        """
        return "".join(self._letters(text)).replace("\n", "<br/>")

    def plain(self, text: str) -> str:
        """Keep the letters that can be drawn without layout."""
        return "".join(c for c in text if c.isprintable() and ord(c) < 0x10000 and self.has(c))

    def _letters(self, text: str) -> Iterator[str]:
        for letter in text:
            kind = unicodedata.category(letter)
            if letter == "\t":
                yield " "
            elif letter != "\n" and (kind in {"Cc", "Cf", "Cs", "Cn"} or letter == "\ufe0f"):
                continue
            elif ord(letter) < 0x10000 and (letter == "\n" or self.has(letter)):
                yield escape(letter)
            else:
                yield f'<font name="{VIEWERS}">{escape(letter)}</font>'
                if ord(letter) > 0xFFFF:
                    yield f"〔U+{ord(letter):X}〕"


def letters(path: str = "") -> Letters:
    """Take the font of a file, else the first usual one, else the viewer's.

    Parameters
    ----------
    path
        A TrueType file or collection (`.ttf`, `.ttc`); empty: look at the usual places;
        `-`: embed none.

    """
    pdfmetrics.registerFont(UnicodeCIDFont(VIEWERS))
    tried = [path] if path else list(USUAL)
    for one in tried if path != "-" else []:
        found = _embedded(Path(one))
        if found is not None:
            return found
    return Letters(VIEWERS, VIEWERS, lambda letter: True)


def _embedded(path: Path) -> Letters | None:
    """Read a font; `None` when it is not there, cannot be embedded, or is not for Chinese."""
    try:
        content = path.read_bytes()
        font = TTFont(_EMBEDDED, str(path), subfontIndex=0)
    except (OSError, TTFError, ValueError, IndexError):
        return None
    glyphs = font.face.charToGlyph
    if any(ord(letter) not in glyphs for letter in _NEEDED):
        return None
    pdfmetrics.registerFont(font)
    return Letters(
        _EMBEDDED, hashlib.sha256(content).hexdigest()[:16], lambda letter: ord(letter) in glyphs
    )
