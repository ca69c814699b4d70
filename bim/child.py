"""Entry of the processes that read models: `python -m bim.child TASK UPLOAD SCRATCH LIMITS`.

Nothing here is run in a process that anything else depends on. What comes out is a JSON file in
the scratch folder (`index.json`, `shapes.json` or `fault.json`) and, for shapes, `shapes.glb`;
progress goes out line by line as `done of`.
"""

import sys
import time
from pathlib import Path

import msgspec

from bim.exchange_tasks import TASKS
from bim.faults import Fault, Warned
from bim.limits import ReadLimits
from bim.prepared import prepare
from confined.binding import bind
from domain.bim_ports import ModelIndex
from domain.elements import Box
from domain.errors import ModelRejected

#: corners farther than this from (0, 0, 0) are kept about an origin of their own
NEAR_M = 1_000.0
#: elements that the slow kernel is asked for at most
FALLBACK_MAX = 500


class ShapesMade(msgspec.Struct):
    """What the shapes task hands back; `without` are step ids that have a shape but got none."""

    origin_m: tuple[float, float, float]
    boxes: dict[int, Box]
    geometry_hashes: dict[int, str]
    without: tuple[int, ...] = ()
    warnings: tuple[tuple[str, str], ...] = ()


class IndexMade(msgspec.Struct):
    """What the index task hands back, and how long its steps took, s."""

    index: ModelIndex
    spent_s: dict[str, float]


def main(arguments: list[str]) -> int:
    """Run one task; 0: done, 3: refused with a reason in `fault.json`."""
    task, upload, folder, told = arguments[:4]
    limits = msgspec.json.decode(told, type=ReadLimits)
    scratch = Path(folder)
    cpu_s = float(arguments[4])
    bind(limits.memory_bytes_max, limits.written_bytes_max, cpu_s, limits.nice)
    try:
        if task == "index":
            index(Path(upload), scratch, limits, arguments[5])
        elif task == "shapes":
            shapes(Path(upload), scratch, limits)
        elif task == "fallback":
            from bim.fallback import mesh_missing  # noqa: PLC0415

            mesh_missing(scratch)
        elif task in TASKS:
            TASKS[task](Path(upload), scratch, limits)
        else:
            raise ValueError(f"task must be one of this module or of {list(TASKS)}, got {task!r}")
    except ModelRejected as error:
        _refuse(scratch, error.code, str(error))
        return 3
    except MemoryError:
        _refuse(scratch, Fault.TOO_MUCH_MEMORY, f"got over {limits.memory_bytes_max / 1e9:.1f} GB")
        return 3
    except RecursionError:
        _refuse(scratch, Fault.NESTED, "parts of the file lie too deep in each other")
        return 3
    return 0


def index(upload: Path, scratch: Path, limits: ReadLimits, revision_id: str) -> None:
    """Write `index.json`."""
    start = time.perf_counter()
    ready = prepare(upload, scratch, limits)
    checked = time.perf_counter()
    from bim.index import read  # noqa: PLC0415

    loaded, busy = time.perf_counter(), time.process_time()
    found = read(ready.path, revision_id, ready.warnings)
    spent = {
        "check": checked - start, "load": loaded - checked,
        "read": time.perf_counter() - loaded, "read, processor": time.process_time() - busy,
    }  # fmt: skip
    _write(scratch / "index.json", IndexMade(found, spent))


def shapes(upload: Path, scratch: Path, limits: ReadLimits) -> None:
    """Write `shapes.glb` and `shapes.json`."""
    _tell(0, 4)
    ready = prepare(upload, scratch, limits, names=False)
    from bim import glb, mesh  # noqa: PLC0415
    from bim.fallback import by_kernel  # noqa: PLC0415
    from bim.hashes import geometry_hash  # noqa: PLC0415
    from bim.products import without_shape  # noqa: PLC0415
    from bim.shapes import box_of, origin_of  # noqa: PLC0415

    _tell(1, 4)
    found = mesh.shapes_of(ready.content)
    _tell(2, 4)
    warnings: list[tuple[str, str]] = []
    have = {one.step_id for one in found}
    missing = without_shape(ready.content, have)
    if missing:
        more = by_kernel(ready.path, missing[:FALLBACK_MAX], scratch, limits)
        if more:
            warnings.append((Warned.SHAPES_FALLBACK, str(len(more))))
            found += more
            have |= {one.step_id for one in more}
    without = tuple(one for one in missing if one not in have)
    if without:
        told = ", ".join(f"#{one}" for one in without[:5])
        warnings.append((Warned.SHAPES_MISSING, f"{len(without)}: {told}"))
    drawn = [one for one in found if one.drawn]
    if not drawn:
        raise ModelRejected(Fault.NO_SHAPES, "elements must have shapes, got none")
    boxes = {one.step_id: box_of(one) for one in found}
    origin = origin_of([boxes[one.step_id] for one in drawn], NEAR_M)
    if any(origin):
        warnings.append((Warned.FAR_AWAY, ", ".join(f"{value:.0f}" for value in origin)))
    glb.write(scratch / "shapes.glb", drawn, origin)
    _tell(3, 4)
    hashes = {one.step_id: geometry_hash(one.vertices, boxes[one.step_id]) for one in found}
    _write(scratch / "shapes.json", ShapesMade(origin, boxes, hashes, without, tuple(warnings)))
    _tell(4, 4)


def _tell(done: int, of: int) -> None:
    sys.stdout.write(f"{done} {of}\n")
    sys.stdout.flush()


def _write(path: Path, made: object) -> None:
    path.write_bytes(msgspec.json.encode(made))


def _refuse(scratch: Path, code: str, text: str) -> None:
    _write(scratch / "fault.json", {"code": str(code), "text": text})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
