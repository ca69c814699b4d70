"""One shape for the figures of every benchmark, for machines and for people."""

import json
import operator
import os
import platform
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

_GOAL = re.compile(r"(>=|<=|>|<|==) (\d+(?:\.\d+)?)")
_COMPARE = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "==": operator.eq,
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure.

    Parameters
    ----------
    value
        `None` when it was not measured; `against` then says why, or a peer's name says what is
        missing.
    against
        A peer's or limit's name and its value in the same run and unit; the ratio is
        `value / against`.
    goal
        Such as `>= 0.75`, about the ratio or the value.
    interval
        Ends of the value's 95 % interval.

    """

    name: str
    value: float | None
    unit: str
    against: tuple[str, float | None] | None = None
    goal: str | None = None
    goal_of: Literal["ratio", "value"] = "value"
    interval: tuple[float, float] | None = None

    @property
    def ratio(self) -> float | None:
        """Value over the peer's, when both were measured."""
        if self.value is None or not self.against or not self.against[1]:
            return None
        return self.value / self.against[1]

    @property
    def holds(self) -> bool | None:
        """Whether the goal is reached; `None` without a goal or a measurement."""
        measured = self.ratio if self.goal_of == "ratio" else self.value
        if self.goal is None or measured is None:
            return None
        parts = _GOAL.fullmatch(self.goal)
        if not parts:
            raise ValueError(f"a goal must be like '>= 0.75', got {self.goal!r}")
        return bool(_COMPARE[parts[1]](measured, float(parts[2])))

    def as_json(self) -> dict[str, Any]:
        """Give the figure's part of the report."""
        figure: dict[str, Any] = {"name": self.name, "value": _short(self.value), "unit": self.unit}
        if self.interval:
            figure["interval_95"] = [_short(end) for end in self.interval]
        if self.value is None:
            figure["note"] = "not measured"
        if self.against:
            figure["against"] = {"name": self.against[0], "value": _short(self.against[1])}
        if self.ratio is not None:
            figure["ratio"] = _short(self.ratio)
        if self.goal is not None:
            figure |= {"goal_of": self.goal_of, "goal": self.goal, "holds": self.holds}
        return figure


def report(bench: str, figures: list[Figure]) -> dict[str, Any]:
    """Put figures together with the machine and the moment."""
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "bench": bench,
        "machine": (
            f"{platform.system()} {platform.machine()}, {len(os.sched_getaffinity(0))} cores,"
            f" {memory_gib:.0f} GiB, Python {platform.python_version()}"
        ),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "figures": [figure.as_json() for figure in figures],
    }


def show(made: dict[str, Any], *, as_json: bool) -> None:
    """Print a report as JSON or as a table."""
    if as_json:
        print(json.dumps(made, ensure_ascii=False, indent=1))
        return
    print(f"{made['bench']} on {made['machine']}, {made['at']}")
    for figure in made["figures"]:
        value = figure["value"]
        line = f"  {figure['name']:<52} "
        line += "not measured" if value is None else f"{value:>14,g} {figure['unit']}"
        if ends := figure.get("interval_95"):
            line += f" [{ends[0]:g} to {ends[1]:g}]"
        if against := figure.get("against"):
            peer = "not measured" if against["value"] is None else f"{against['value']:,g}"
            line += f"   ({against['name']}: {peer}"
            line += f", ratio {figure['ratio']:.2f})" if "ratio" in figure else ")"
        if "goal" in figure:
            verdict = {True: "holds", False: "NOT REACHED", None: "not measured"}[figure["holds"]]
            line += f"   goal {figure['goal_of']} {figure['goal']}: {verdict}"
        print(line)


def _short(value: float | None) -> float | None:
    """Keep four digits: more would be noise."""
    return None if value is None else float(f"{value:.4g}")
