"""Which seeds and families of scenarios tune, and which only judge: data, in `ranges.toml`."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Split:
    """Seeds apart, and families that no threshold was ever chosen on.

    Parameters
    ----------
    tuning, judging
        Seeds of worlds; they share none.
    judging_families
        Scenarios that only judge.

    """

    tuning: range
    judging: range
    judging_families: frozenset[str]


@cache
def split() -> Split:
    """Read the data file."""
    data = tomllib.loads((Path(__file__).parent / "ranges.toml").read_text("utf-8"))["split"]
    return Split(
        range(*data["tuning_seeds"]),
        range(*data["judging_seeds"]),
        frozenset(data["judging_families"]),
    )
