"""Windows and doors of a made house: shared shapes in holes of walls."""

from typing import Any

from simulators.ifc.writer import IfcWriter

WINDOW_M = (1.5, 1.5)
DOOR_M = (0.9, 2.1)
SILL_M = 0.9
_FRAME = 0.06


class Openings:
    """Puts windows and doors into walls; each kind's shape is written once."""

    def __init__(self, writer: IfcWriter) -> None:
        self._writer = writer
        self._stamps: dict[str, Any] = {}
        old = writer.schema == "IFC2X3"
        self._window_type = "IfcWindowStyle" if old else "IfcWindowType"
        self._door_type = "IfcDoorStyle" if old else "IfcDoorType"

    def window(self, storey: Any, wall: Any, length: float, thick: float) -> None:
        """Put a window into the middle of a wall."""
        wide, high = WINDOW_M
        at = ((length - wide) / 2, -thick / 2 - 0.05, SILL_M)
        hole = self._writer.opening(wall, at, (wide, thick + 0.1, high))
        self._fill(storey, hole, "IfcWindow", "推拉窗 C1515:", thick, "C1515",
                   (wide, high), "铝合金")  # fmt: skip

    def door(self, storey: Any, wall: Any, length: float, thick: float, *, outer: bool) -> None:
        """Put a door into a wall."""
        wide, high = DOOR_M
        at = (min(0.4, length - wide - 0.1), -thick / 2 - 0.05, 0.0)
        hole = self._writer.opening(wall, at, (wide, thick + 0.1, high))
        kind = "入户门 FM0921" if outer else "木门 M0921"
        self._fill(storey, hole, "IfcDoor", f"{kind}:", thick, kind, (wide, high),
                   "钢" if outer else "木")  # fmt: skip

    def _fill(
        self, storey: Any, hole: Any, what: str, name: str, thick: float, kind: str,
        size: tuple[float, float], material: str,
    ) -> None:  # fmt: skip
        writer = self._writer
        is_door = what == "IfcDoor"
        made = writer.thing(
            what, name, writer.placed((0, 0.05 + thick / 2, 0), hole),
            writer.stamped(self._stamp(kind, size, door=is_door)),
            kind=(self._door_type if is_door else self._window_type, kind), material=material,
            OverallWidth=writer.length(size[0]), OverallHeight=writer.length(size[1]),
            sets={"Pset_DoorCommon" if is_door else "Pset_WindowCommon": {"Reference": kind}},
        )  # fmt: skip
        writer.fill(hole, made)
        writer.hold(storey, made)

    def _stamp(self, kind: str, size: tuple[float, float], *, door: bool) -> Any:
        if kind not in self._stamps:
            writer = self._writer
            wide, high = size
            frame = _FRAME
            parts = [
                writer.box((0, -0.04, 0), (frame, 0.08, high)),
                writer.box((wide - frame, -0.04, 0), (frame, 0.08, high)),
                writer.box((frame, -0.04, high - frame), (wide - 2 * frame, 0.08, frame)),
            ]
            if not door:
                parts.append(writer.box((frame, -0.04, 0), (wide - 2 * frame, 0.08, frame)))
            color = (0.45, 0.3, 0.2, 1) if door else (0.7, 0.72, 0.75, 1)
            items = [writer.paint(one, "木" if door else "铝", color) for one in parts]
            low = 0.0 if door else frame
            pane = writer.box((frame, -0.01, low), (wide - 2 * frame, 0.02, high - frame - low))
            glass = ("木", color) if door else ("玻璃", (0.6, 0.8, 0.9, 0.35))
            # readers give an element one colour, that of its first body: glass for a window
            items.insert(0 if not door else len(items), writer.paint(pane, *glass))
            self._stamps[kind] = writer.stamp(writer.bodies(*items))
        return self._stamps[kind]
