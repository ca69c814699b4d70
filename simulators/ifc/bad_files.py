"""Files that a model reader meets from outside and must answer with a reason; made from a good one.

Each is made by our own code. `code` is what a reader must refuse it with (`bim/faults.py`), or
`warning` what it must tell of it while using it.
"""

import io
import random
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

_CHINESE = re.compile(rb"\\X2\\([0-9A-F]+)\\X0\\")
_PLACEMENT = re.compile(rb"#(\d+)=IFCLOCALPLACEMENT\((#\d+|\$),")
_POINT = re.compile(rb"=IFCCARTESIANPOINT\(\(([^()]*)\)\);")
_SCHEMA = re.compile(rb"FILE_SCHEMA\(\('[^']*'\)\)")
_GUID = re.compile(rb"(=IFC(?:WALLSTANDARDCASE|WALL|COLUMN)\()'([^']{22})'")
_LAST = re.compile(rb"#(\d+)=")
BRACKETS = 300_000
BOMB_BYTES = 60_000_000
DEFLATE64 = 9
BROKEN_POINTS = 40


@dataclass(frozen=True, slots=True)
class BadFile:
    """One way to be bad.

    Parameters
    ----------
    make
        Makes it from a good file, in STEP text.
    codes
        What it may be refused with; empty: it is used.
    warning
        What is told of it then.
    in_shapes
        Its index is good; what is refused is its shapes.

    """

    name: str
    make: Callable[[bytes], bytes]
    codes: tuple[str, ...] = ()
    warning: str = ""
    in_shapes: bool = False


def circle(good: bytes) -> bytes:
    """Let the first placement stand on the last."""
    found = list(_PLACEMENT.finditer(good))
    first, last = found[0], found[-1]
    return good[: first.start(2)] + b"#" + last[1] + good[first.end(2) :]


def endless(good: bytes) -> bytes:
    """Let a window be made of windows of windows: 8 to the power of 12 boxes."""
    number = max(int(one) for one in _LAST.findall(good))
    found = re.search(rb"#(\d+)=IFCREPRESENTATIONMAP\(#(\d+),#(\d+)\)", good)
    if not found:
        raise ValueError("a good file must have shared shapes, got none")
    origin, shape, inner = found[2], found[3], found[1]
    context = re.search(rb"#" + shape + rb"=IFCSHAPEREPRESENTATION\(#(\d+),", good)
    point = re.search(rb"#(\d+)=IFCCARTESIANPOINT\(\(0\.,0\.,0\.\)\)", good)
    if not context or not point:
        raise ValueError("a good file must have a body and an origin, got none")
    lines = []
    at = number
    for _ in range(12):
        items = []
        for _ in range(8):
            lines.append(
                b"#%d=IFCCARTESIANTRANSFORMATIONOPERATOR3D($,$,#%s,$,$);" % (at + 1, point[1])
            )
            lines.append(b"#%d=IFCMAPPEDITEM(#%s,#%d);" % (at + 2, inner, at + 1))
            items.append(b"#%d" % (at + 2))
            at += 2
        lines.append(
            b"#%d=IFCSHAPEREPRESENTATION(#%s,'Body','MappedRepresentation',(%s));"
            % (at + 1, context[1], b",".join(items))
        )
        lines.append(b"#%d=IFCREPRESENTATIONMAP(#%s,#%d);" % (at + 2, origin, at + 1))
        at += 2
        inner = b"%d" % at
    # every element that used the shared shape now uses the tower upon it
    body = good.replace(b"=IFCMAPPEDITEM(#%s," % found[1], b"=IFCMAPPEDITEM(#%s," % inner)
    head, sep, tail = body.rpartition(b"ENDSEC;")
    return head + b"\n".join(lines) + b"\n" + sep + tail


def cut_off(good: bytes) -> bytes:
    """Keep the first seven tenths."""
    return good[: len(good) * 7 // 10]


def _raw(good: bytes, encoding: str) -> bytes:
    return _CHINESE.sub(
        lambda found: bytes.fromhex(found[1].decode()).decode("utf-16-be").encode(encoding), good
    )


def raw_gbk(good: bytes) -> bytes:
    """Write Chinese as GBK bytes."""
    return _raw(good, "gbk")


def raw_utf8(good: bytes) -> bytes:
    """Write Chinese as UTF-8 bytes."""
    return _raw(good, "utf-8")


def broken_points(good: bytes) -> bytes:
    """Break the syntax of forty points."""
    left = BROKEN_POINTS

    def broken(found: re.Match[bytes]) -> bytes:
        nonlocal left
        if not left or found.start() % 3:
            return found[0]
        left -= 1
        return b"=IFCCARTESIANPOINT((" + found[1].replace(b",", b",,") + b"));"

    return _POINT.sub(broken, good)


def foreign_schema(good: bytes) -> bytes:
    """Name a schema of another age."""
    return _SCHEMA.sub(b"FILE_SCHEMA(('IFC2X_FINAL'))", good)


def random_bytes(good: bytes) -> bytes:
    """Give noise."""
    return random.Random(5).randbytes(len(good))


def empty(good: bytes) -> bytes:
    """Give nothing."""
    return good[:0]


def nested(good: bytes) -> bytes:
    """Give lists that lie very deep in each other."""
    head, _, _ = good.partition(b"DATA;")
    return (
        head + b"DATA;\n#1=IFCCARTESIANPOINT(" + b"(" * BRACKETS + b"0." + b")" * BRACKETS
        + b");\nENDSEC;\nEND-ISO-10303-21;\n"
    )  # fmt: skip


def double_guids(good: bytes) -> bytes:
    """Give every wall and column one GlobalId."""
    found = _GUID.search(good)
    if not found:
        raise ValueError("a good file must have walls, got none")
    return _GUID.sub(rb"\1'" + found[2] + b"'", good)


def deflate64(good: bytes) -> bytes:
    """Zip it, and say that it is packed with Deflate64."""
    made = bytearray(zipped(good))
    at = made.find(b"PK\x01\x02")
    made[8:10] = made[at + 10 : at + 12] = DEFLATE64.to_bytes(2, "little")
    return bytes(made)


def bomb(good: bytes) -> bytes:
    """Zip a file that unpacks to a thousand times its size."""
    return zipped(good[:2000] + b" " * BOMB_BYTES + b"END-ISO-10303-21;\n")


def lying_bomb(good: bytes) -> bytes:
    """Zip it too, and say that it is small."""
    made = bytearray(bomb(good))
    at = made.find(b"PK\x01\x02")
    made[22:26] = made[at + 24 : at + 28] = (1000).to_bytes(4, "little")
    return bytes(made)


def zipped(good: bytes) -> bytes:
    """Zip a file as IFCZIP does."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("house.ifc"), good, zipfile.ZIP_DEFLATED)
    return target.getvalue()


BAD_FILES = (
    BadFile("cycle placement", circle, ("circle",)),
    BadFile("endless", endless, ("too slow", "too much memory", "no shapes"), in_shapes=True),
    BadFile("cut off", cut_off, ("cut off",)),
    BadFile("raw GBK", raw_gbk, warning="encoding repaired"),
    BadFile("raw UTF-8", raw_utf8, warning="encoding repaired"),
    BadFile("broken points", broken_points, warning="broken lines"),
    BadFile("foreign schema", foreign_schema, ("schema",)),
    BadFile("random bytes", random_bytes, ("not ifc",)),
    BadFile("empty", empty, ("empty",)),
    BadFile("nested brackets", nested, ("nested",)),
    BadFile("double GUIDs", double_guids, warning="double guids"),
    BadFile("Deflate64", deflate64, ("zip method",)),
    BadFile("zip bomb", bomb, ("zip ratio",)),
    BadFile("zip bomb that lies", lying_bomb, ("zip ratio", "zip")),
)
