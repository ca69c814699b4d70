"""The thresholds of matching, read from their data file and checked."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from domain.errors import SettingsInvalid
from domain.limits import Certainty

WEIGHTS = ("guid", "tag", "overlap", "content", "geometry", "name", "type", "storey")


@dataclass(frozen=True, slots=True)
class MatchRules:
    """What two revisions are matched by; each number's source stands in its data file.

    Parameters
    ----------
    guid_move_m_max, tag_move_m_max
        Centroids of elements that share a GlobalId, or a tag, are nearer than this, m.
    box_m
        Corners of equal boxes differ by no more, m, on each axis.
    twin_m
        Elements alike that stand nearer than this and of which one is left over are not linked
        by box and content, m.
    block_pairs_min
        Elements standing once that moved alike, for their storey to have moved.
    near_m
        Proposals are looked for within this, m.
    proposals_max, score_min
        Candidates told of one element, and the score below which none is told.
    trust_min, trust_pairs_min
        Share of agreement with box and content, and of things alike among the contradictions,
        below which GlobalIds or tags say nothing; and how many contradictions that takes at least.
    shift_pairs_min, shift_share_min, shift_still_max
        Pairs, share that moved alike, and share that stayed, for the axes to have moved.
    split_cover_min, split_cover_max
        Share of a whole's length that its parts cover.
    surface_m_max
        How far a place's new surface may be, m.
    moved_m_min
        What the report of a revision calls a move, m.
    weights
        How much each agreement counts, by `WEIGHTS`.
    groups
        Group by class; a class that stands in none is its own group.

    """

    guid_move_m_max: float
    tag_move_m_max: float
    box_m: float
    twin_m: float
    block_pairs_min: int
    near_m: float
    proposals_max: int
    score_min: float
    trust_min: float
    trust_pairs_min: int
    shift_pairs_min: int
    shift_share_min: float
    shift_still_max: float
    split_cover_min: float
    split_cover_max: float
    surface_m_max: float
    moved_m_min: float
    weights: dict[str, float]
    groups: dict[str, str]

    def group(self, ifc_class: str) -> str:
        """Name the group of classes that may stand for one another."""
        return self.groups.get(ifc_class, ifc_class)


_WHOLE = ("proposals_max", "block_pairs_min", "trust_pairs_min", "shift_pairs_min")


@cache
def match_rules(name: str = "match-2026") -> MatchRules:
    """Read the shipped rules."""
    return parse_rules(files("bim").joinpath(f"{name}.toml").read_text("utf-8"))


def parse_rules(text: str) -> MatchRules:
    """Build rules from their TOML text.

    Raises
    ------
    SettingsInvalid
        When a row is missing, doubled, without a source or no number; the text names it.

    """
    data = tomllib.loads(text)
    numbers: dict[str, float] = {}
    for row in data["rows"]:
        label, value = str(row.get("id")), row.get("value")
        if label in numbers:
            raise SettingsInvalid(f"match rule {label!r} must stand once")
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            raise SettingsInvalid(f"match rule {label!r} must be a number above 0, got {value!r}")
        if not row.get("source") or row.get("certainty") not in tuple(Certainty):
            raise SettingsInvalid(f"match rule {label!r} must tell its source and how sure it is")
        numbers[label] = float(value)
    wanted = set(MatchRules.__dataclass_fields__) - {"weights", "groups"}
    if numbers.keys() != wanted:
        odd = ", ".join(sorted(numbers.keys() ^ wanted))
        raise SettingsInvalid(f"match rules must be complete and known, differ in {odd}")
    weights = {str(key): float(value) for key, value in data["weights"].items()}
    if set(weights) != set(WEIGHTS) or abs(sum(weights.values()) - 1) > 1e-9:
        raise SettingsInvalid(f"weights must be {', '.join(WEIGHTS)} and sum to 1, got {weights}")
    groups = {name: group for group, names in data["groups"].items() for name in names}
    if len(groups) != sum(map(len, data["groups"].values())):
        raise SettingsInvalid("each class must stand in one group only")
    whole = {key: int(numbers.pop(key)) for key in _WHOLE}
    return MatchRules(**numbers, **whole, weights=weights, groups=groups)  # type: ignore[arg-type]
