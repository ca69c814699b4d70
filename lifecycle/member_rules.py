"""The weights and thresholds of JGJ 125 that Anju ships, read from their data file."""

import tomllib
from importlib.resources import files

from domain.jgj125 import MemberRules, MemberWeight


def load_member_rules(name: str = "jgj125-2016") -> MemberRules:
    """Read shipped rules for counting dangerous members.

    Examples
    --------
    >>> load_member_rules().by_kind["bearing_wall"].tenths
    27

    """
    told = tomllib.loads(files(__package__).joinpath(f"{name}.toml").read_text("utf-8"))
    weights = tuple(MemberWeight(**row) for row in told.pop("weights"))
    sources = tuple((row["name"], row["source"], row["certainty"]) for row in told.pop("sources"))
    return MemberRules(weights=weights, sources=sources, **told)
