"""An upload made ready to be parsed: checked, unpacked, repaired on a copy."""

from dataclasses import dataclass
from pathlib import Path

from bim.checks import broken_points, refuse_circles, schema_of, unpacked
from bim.faults import Warned
from bim.limits import ReadLimits
from bim.repair import repaired


@dataclass(frozen=True, slots=True)
class Prepared:
    """A file that may be parsed.

    Parameters
    ----------
    path
        The upload itself, or a copy in the scratch folder.

    """

    path: Path
    content: bytes
    ifc_schema: str
    warnings: tuple[tuple[str, str], ...]


def prepare(upload: Path, scratch: Path, limits: ReadLimits, *, names: bool = True) -> Prepared:
    """Check an upload and put it right.

    Parameters
    ----------
    names
        Whether names are read from it; shapes need no repair of letters.

    Raises
    ------
    ModelRejected
        When it must not be parsed; says why.

    """
    path = unpacked(upload, scratch, limits)
    content = path.read_bytes()
    schema = schema_of(content)
    refuse_circles(content)
    if not names:
        return Prepared(path, content, schema, ())
    warnings: list[tuple[str, str]] = []
    fixed, encoding = repaired(content)
    if encoding:
        warnings.append((Warned.ENCODING, encoding))
        path = scratch / "repaired.ifc"
        path.write_bytes(fixed)
    if broken := broken_points(fixed):
        warnings.append((Warned.BROKEN_LINES, str(broken)))
    return Prepared(path, fixed, schema, tuple(warnings))
