"""Shapes by ifcopenshell's kernel, element by element, for what ifclite-geom gave nothing for.

The kernel may end its process on an element, or never end. So it runs in yet another process,
which says which element it is at before it begins; the one it ends or hangs at is left out and
the rest begun again.
"""

import os
import selectors
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from bim.limits import MB, ReadLimits
from bim.shapes import Shape

#: beginning of a process and its libraries, s, and opening of a file, s per MB
START_S, OPEN_S_PER_MB = 5.0, 0.5
_PLAIN = (0.8, 0.8, 0.8, 1.0)


class Missing(msgspec.Struct):
    """What is asked of the kernel."""

    path: str
    step_ids: list[int]


class Found(msgspec.Struct):
    """One element as the kernel gave it; its arrays stand in a file of their own."""

    step_id: int
    global_id: str
    ifc_class: str
    color: tuple[float, float, float, float]


def by_kernel(
    path: Path, step_ids: Sequence[int], scratch: Path, limits: ReadLimits
) -> list[Shape]:
    """Make shapes of some elements; those the kernel cannot do in time are left out.

    Parameters
    ----------
    path
        A file that passed `bim.prepared`.

    """
    until = time.monotonic() + limits.fallback_wall_s
    left = list(step_ids)
    open_s = START_S + OPEN_S_PER_MB * path.stat().st_size / MB
    while left and time.monotonic() < until:
        ask = scratch / "missing.json"
        ask.write_bytes(msgspec.json.encode(Missing(str(path), left)))
        begun = _run(scratch, until, open_s, limits)
        if not begun:
            break
        # the last that was begun is done when the process ended well, and guilty when not
        left = left[left.index(begun[-1]) + 1 :] if begun[-1] in left else []
    return _collected(scratch, step_ids)


def _run(scratch: Path, until: float, open_s: float, limits: ReadLimits) -> list[int]:
    """Run the kernel until it ends, hangs or its time is over; give the elements it began."""
    command = [
        sys.executable, "-P", "-m", "bim.child", "fallback", "", str(scratch),
        msgspec.json.encode(limits).decode(), str(limits.fallback_wall_s * 2),
    ]  # fmt: skip
    begun: list[int] = []
    with subprocess.Popen(  # noqa: S603 - our own words and a path
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            pipe = process.stdout
            if pipe is None:
                raise RuntimeError("a process has no pipe")
            with selectors.DefaultSelector() as selector:
                selector.register(pipe, selectors.EVENT_READ)
                rest, quiet_s = b"", open_s
                while (time_left := min(quiet_s, until - time.monotonic())) > 0:
                    if not selector.select(time_left):
                        break
                    piece = os.read(pipe.fileno(), 4096)
                    if not piece:
                        break
                    *lines, rest = (rest + piece).split(b"\n")
                    begun += [int(line) for line in lines if line.isdigit()]
                    quiet_s = limits.element_wall_s
        finally:
            process.kill()
    return begun


def _collected(scratch: Path, step_ids: Sequence[int]) -> list[Shape]:
    shapes = []
    for step_id in step_ids:
        told = scratch / f"kernel-{step_id}.json"
        if not told.exists():
            continue
        found = msgspec.json.decode(told.read_bytes(), type=Found)
        with np.load(scratch / f"kernel-{step_id}.npz", allow_pickle=False) as arrays:
            vertices, faces = arrays["vertices"], arrays["faces"]
        shapes.append(
            Shape(found.step_id, found.global_id, found.ifc_class, found.color, vertices, faces)
        )
    return shapes


def mesh_missing(scratch: Path) -> None:
    """Mesh what is asked for, in the process that may end over it."""
    import ifcopenshell  # noqa: PLC0415
    import ifcopenshell.geom  # noqa: PLC0415

    # its types tell less than it does
    geom: Any = ifcopenshell.geom
    asked = msgspec.json.decode((scratch / "missing.json").read_bytes(), type=Missing)
    file: Any = ifcopenshell.open(asked.path)
    settings = geom.settings()
    settings.set("use-world-coords", True)
    settings.set("weld-vertices", True)
    for step_id in asked.step_ids:
        sys.stdout.write(f"{step_id}\n")
        sys.stdout.flush()
        try:
            element = file.by_id(step_id)
            shape = geom.create_shape(settings, element)
        except (RuntimeError, ValueError):
            continue
        if shape is None:
            continue
        made = shape.geometry
        vertices = np.asarray(made.verts, dtype=np.float64).reshape(-1, 3)
        faces = np.asarray(made.faces, dtype=np.int64).reshape(-1, 3)
        if not len(faces) or not np.isfinite(vertices).all():
            continue
        np.savez(scratch / f"kernel-{step_id}.npz", vertices=vertices, faces=faces)
        found = Found(step_id, str(element.GlobalId), element.is_a(), _color(made))
        # last, and at once: an element without it is one that was not done
        half = scratch / "half.json"
        half.write_bytes(msgspec.json.encode(found))
        half.replace(scratch / f"kernel-{step_id}.json")


def _color(made: Any) -> tuple[float, float, float, float]:
    materials = made.materials
    if not materials:
        return _PLAIN
    diffuse = materials[0].diffuse
    opacity = 1.0 - (materials[0].transparency or 0.0)
    red, green, blue = (float(getattr(diffuse, part)()) for part in "rgb")
    return (red, green, blue, opacity if 0 <= opacity <= 1 else 1.0)
