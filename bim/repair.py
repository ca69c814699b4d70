r"""Names in raw Chinese bytes, written again as the format wants them.

STEP files are ASCII: other letters stand as `\X2\4E00\X0\`. Some exporters write GBK or UTF-8
as it is, and readers then give empty names. A copy is repaired; the upload stays as it came.
"""

import re

_HIGH = re.compile(rb"[\x80-\xff]")
#: two bytes as every common Chinese character has them in GB 2312
_HAN = re.compile(rb"[\xa1-\xfe]{2}")
_OTHER = re.compile(r"[^\x00-\x7f]+")
_BMP_END = 0xFFFF


def repaired(content: bytes) -> tuple[bytes, str]:
    r"""Write every letter outside ASCII as the format wants it.

    Returns
    -------
    bytes, str
        The content, and the encoding it was in; empty when nothing was to be done.

    Examples
    --------
    >>> repaired("IFCWALL('一层')".encode("gbk"))
    (b"IFCWALL('\\X2\\4E005C42\\X0\\')", 'GB18030')

    """
    if content.isascii():
        return content, ""
    if content.startswith(b"\xef\xbb\xbf"):
        content = content[3:]
        if content.isascii():
            return content, "UTF-8"
    text, encoding = _decoded(content)
    return _OTHER.sub(_written, text).encode("ascii"), encoding


def _decoded(content: bytes) -> tuple[str, str]:
    try:
        return content.decode("utf-8"), "UTF-8"
    except UnicodeDecodeError:
        pass
    high = len(_HIGH.findall(content))
    if 2 * len(_HAN.findall(content)) >= high / 2:
        try:
            return content.decode("gb18030"), "GB18030"
        except UnicodeDecodeError:
            return content.decode("gb18030", "replace"), "GB18030"
    # single bytes among ASCII: a western exporter, as the format's own page is ISO 8859-1
    return content.decode("latin-1"), "ISO 8859-1"


def _written(found: re.Match[str]) -> str:
    """Write a run of letters; those beyond 16 bits need the longer form."""
    text = found[0]
    if max(text) <= chr(_BMP_END):
        return f"\\X2\\{text.encode('utf-16-be').hex().upper()}\\X0\\"
    return f"\\X4\\{text.encode('utf-32-be').hex().upper()}\\X0\\"
