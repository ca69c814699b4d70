"""What is looked at in an upload before any library parses it."""

import re
import zipfile
import zlib
from pathlib import Path

from bim.faults import Fault
from bim.limits import ReadLimits
from domain.errors import ModelRejected

#: what both libraries read; a foreign schema would be misread, not refused, by one of them
SCHEMAS = {
    "IFC2X3": "IFC2X3", "IFC2X3_TC1": "IFC2X3", "IFC2X3_FINAL": "IFC2X3",
    "IFC4": "IFC4", "IFC4_ADD1": "IFC4", "IFC4_ADD2": "IFC4", "IFC4_ADD2_TC1": "IFC4",
    "IFC4X3": "IFC4X3", "IFC4X3_TC1": "IFC4X3", "IFC4X3_ADD1": "IFC4X3", "IFC4X3_ADD2": "IFC4X3",
}  # fmt: skip
BEGIN = b"ISO-10303-21;"
END = b"END-ISO-10303-21;"
HEAD_BYTES = 64 * 1024
TAIL_BYTES = 64 * 1024
#: no exporter nests lists this deep; parsers that recurse end their process on deeper ones
BRACKETS_MAX = 64
PIECE_BYTES = 1 << 20
#: zip methods that zipfile reads; others (Deflate64 = 9) are refused by name
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA}
_METHOD_NAMES = {1: "shrink", 6: "implode", 9: "Deflate64", 93: "zstd", 95: "xz", 98: "PPMd"}
_SCHEMA = re.compile(rb"FILE_SCHEMA\s*\(\s*\(\s*'([^']{0,80})'", re.IGNORECASE)
#: begins with plain letters, which are searched for ten times as fast
_PLACEMENT = re.compile(rb"IFCLOCALPLACEMENT\s*\(\s*#(\d{1,18})")
_NUMBER_BEFORE = re.compile(rb"#(\d{1,18})\s*=\s*$")
_POINT = re.compile(rb"=\s*IFC(?:CARTESIANPOINT|DIRECTION)\s*\(", re.IGNORECASE)
_NUMBER = rb"\s*[-+]?\d+(?:\.\d*)?(?:E[-+]?\d+)?\s*"
_GOOD_POINT = re.compile(
    rb"=\s*IFC(?:CARTESIANPOINT|DIRECTION)\s*\(\s*\(" + _NUMBER
    + rb"(?:," + _NUMBER + rb"){0,2}\)\s*\)\s*;",
    re.IGNORECASE,
)  # fmt: skip


def unpacked(upload: Path, scratch: Path, limits: ReadLimits) -> Path:
    """Give the IFC file itself: the upload, or what is in it when it is a zip file.

    Raises
    ------
    ModelRejected
        `empty`, `too large`, or one of the zip reasons.

    """
    size = upload.stat().st_size
    if not size:
        raise ModelRejected(Fault.EMPTY, "the file is empty")
    _keep_small(size, limits)
    with upload.open("rb") as file:
        if file.read(4) not in {b"PK\x03\x04", b"PK\x05\x06"}:
            return upload
    try:
        with zipfile.ZipFile(upload) as archive:
            return _unzip(archive, size, scratch / "unzipped.ifc", limits)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError) as error:
        raise ModelRejected(Fault.ZIP, f"the zip file cannot be read: {error}") from None


def _unzip(archive: zipfile.ZipFile, packed: int, target: Path, limits: ReadLimits) -> Path:
    members = archive.infolist()
    if len(members) > limits.zip_members_max:
        raise ModelRejected(
            Fault.ZIP,
            f"a zip file may hold {limits.zip_members_max} files, got {len(members)}",
        )
    models = [
        one
        for one in members
        if one.filename.lower().endswith(".ifc")
        and not one.filename.rsplit("/", 1)[-1].startswith(".")
    ]
    if len(models) != 1:
        raise ModelRejected(
            Fault.ZIP, f"a zip file must hold exactly one .ifc file, got {len(models)}"
        )
    (model,) = models
    if model.flag_bits & 1:
        raise ModelRejected(Fault.ZIP, "the zip file is locked with a password")
    if model.compress_type not in _METHODS:
        name = _METHOD_NAMES.get(model.compress_type, f"method {model.compress_type}")
        raise ModelRejected(
            Fault.ZIP_METHOD, f"the zip file must be packed with Deflate, got {name}"
        )
    _keep_small(model.file_size, limits)
    allowed = int(packed * limits.zip_ratio_max)
    if model.file_size > allowed:
        raise ModelRejected(Fault.ZIP_RATIO, _ratio(model.file_size / packed, limits))
    done = 0
    # what the directory says of the size is the sender's word: count while unpacking
    with archive.open(model) as source, target.open("wb") as made:
        while piece := source.read(PIECE_BYTES):
            done += len(piece)
            _keep_small(done, limits)
            if done > allowed:
                raise ModelRejected(Fault.ZIP_RATIO, _ratio(done / packed, limits))
            made.write(piece)
    if not done:
        raise ModelRejected(Fault.EMPTY, f"{model.filename} in the zip file is empty")
    return target


def _ratio(ratio: float, limits: ReadLimits) -> str:
    return (
        f"a zip file may unpack to {limits.zip_ratio_max:.0f} times its size,"
        f" got {ratio:.0f} times or more"
    )


def _keep_small(size: int, limits: ReadLimits) -> None:
    if size > limits.file_bytes_max:
        raise ModelRejected(
            Fault.TOO_LARGE,
            f"a model may have {limits.file_bytes_max / 1e6:.0f} MB, got {size / 1e6:.1f} MB",
        )


def schema_of(content: bytes) -> str:
    """Look at the ends of a STEP file; give its schema.

    Returns
    -------
    str
        `IFC2X3`, `IFC4` or `IFC4X3`.

    Raises
    ------
    ModelRejected
        `not ifc`, `cut off`, `schema` or `nested`.

    """
    head = content[:HEAD_BYTES]
    if not head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(BEGIN):
        raise ModelRejected(
            Fault.NOT_IFC,
            f"an IFC file begins with {BEGIN.decode()}, got {head[:24]!r}",
        )
    if END not in content[-TAIL_BYTES:]:
        raise ModelRejected(
            Fault.CUT_OFF,
            f"an IFC file ends with {END.decode()}, got {content[-40:]!r};"
            " it was probably cut off on its way",
        )
    found = _SCHEMA.search(head)
    name = (found[1].decode("ascii", "replace").strip() if found else "") or "none"
    schema = SCHEMAS.get(name.upper())
    if not schema:
        raise ModelRejected(Fault.SCHEMA, f"must be IFC2X3, IFC4 or IFC4X3, got {name}")
    if b"(" * (BRACKETS_MAX + 1) in content:
        raise ModelRejected(
            Fault.NESTED, f"lists may lie {BRACKETS_MAX} deep in each other, got more"
        )
    return schema


def refuse_circles(content: bytes) -> None:
    """Refuse placements that stand on themselves: a library would end its process on them.

    Raises
    ------
    ModelRejected
        `circle`.

    """
    text = content.upper()
    on: dict[int, int] = {}
    for found in _PLACEMENT.finditer(text):
        if own := _NUMBER_BEFORE.search(text, max(0, found.start() - 64), found.start()):
            on[int(own[1])] = int(found[1])
    firm: set[int] = set()
    for start in on:
        path: list[int] = []
        at = start
        seen: set[int] = set()
        while at in on and at not in firm:
            if at in seen:
                raise ModelRejected(
                    Fault.CIRCLE, f"placement #{at} stands on itself, over {len(path)} others"
                )
            seen.add(at)
            path.append(at)
            at = on[at]
        firm.update(path)


def broken_points(content: bytes) -> int:
    """Count points and directions that are not written as numbers."""
    return len(_POINT.findall(content)) - len(_GOOD_POINT.findall(content))
