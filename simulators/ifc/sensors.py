"""Sensors in a made house: IfcSensor, or IfcDistributionControlElement in IFC2X3."""

import random
from typing import Any

from simulators.ifc.writer import IfcWriter

#: kind as in Anju, name, prefix of the label
KINDS = (
    ("tilt", "倾角计", "QX"), ("crack", "裂缝计", "LF"),
    ("vibration", "振动传感器", "ZD"), ("settlement", "静力水准仪", "CJ"),
)  # fmt: skip


def add_sensors(
    writer: IfcWriter,
    count: int,
    hosts: list[tuple[Any, Any, float, float, float]],
    seed: int,
) -> None:
    """Mount sensors on walls and columns; every third has no shape, as is usual.

    Parameters
    ----------
    hosts
        Storey, element, and its length, thickness and height, m.

    """
    draw = random.Random(seed * 104_729 + 7)
    for number in range(count):
        kind, name, prefix = KINDS[number % len(KINDS)]
        storey, host, length, thick, height = draw.choice(hosts)
        at = (length / 2, thick / 2 + 0.001, min(1.6, height - 0.3))
        shape = None
        if number % 3 != 2:
            body = writer.box((-0.05, 0, -0.05), (0.1, 0.06, 0.1))
            shape = writer.bodies(writer.paint(body, "传感器", (0.95, 0.75, 0.1, 1)))
        label = f"{prefix}-{number + 1:02d}"
        sets = {"Anju_Sensor": {"Kind": kind, "Label": label}}
        place = writer.placed(at, host)
        if writer.schema == "IFC2X3":
            made = writer.thing(
                "IfcDistributionControlElement", f"{name} {label}", place, shape,
                ControlElementId=label, ObjectType=name, sets=sets,
            )  # fmt: skip
        else:
            made = writer.thing(
                "IfcSensor", f"{name} {label}", place, shape, PredefinedType="USERDEFINED",
                ObjectType=kind.upper(), sets=sets,
            )  # fmt: skip
        writer.hold(storey, made)
