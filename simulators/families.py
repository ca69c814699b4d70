"""Families of scenarios: one scenario of each seed, its sizes drawn from `ranges.toml`."""

import dataclasses
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Literal

from domain.errors import NotFound
from simulators.noise import draw, key_of
from simulators.scenario import Scenario, scenario_named, scenarios


@cache
def family_ranges() -> dict[str, dict[str, Any]]:
    """Read what a seed draws, by family and field: `[low, high]`, or words to choose from."""
    text = (Path(__file__).parent / "ranges.toml").read_text("utf-8")
    return dict(tomllib.loads(text)["families"])


def families(nature: Literal["structural", "benign", "fault"]) -> tuple[str, ...]:
    """Name the families of one nature; the base in which nothing happens is none."""
    found = (s.name for s in scenarios().values() if s.nature == nature and s.name != "healthy")
    return tuple(sorted(found))


def drawn(name: str, seed: int) -> Scenario:
    """Draw a family's scenario; the same seed gives the same.

    Raises
    ------
    NotFound
        When there is no such scenario, or a range names no field of it.

    """
    scenario = scenario_named(name)
    known = {field.name for field in dataclasses.fields(scenario)}
    chosen: dict[str, Any] = {}
    for field, span in family_ranges().get(name, {}).items():
        if field not in known:
            raise NotFound(f"no field {field!r} in scenario {name!r}, named in ranges.toml")
        key = key_of(seed, name, field)
        if isinstance(span[0], str):
            chosen[field] = span[min(int(draw(key, 0.0, len(span))), len(span) - 1)]
        else:
            chosen[field] = draw(key, *span)
    return dataclasses.replace(scenario, **chosen)
