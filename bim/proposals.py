"""Ranked proposals for elements that nothing links safely."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bim.element_table import ElementTable
from bim.match_rules import WEIGHTS, MatchRules
from bim.nearby import near_pairs
from domain.claims import ClaimMethod

Indices = NDArray[np.int64]
Floats = NDArray[np.float64]

#: things alike that stand in more places than this propose nothing by being alike
_ALIKE_MAX = 5
#: what a box without thickness is given, m
_THIN_M = 0.01


@dataclass(frozen=True, slots=True)
class Fit:
    """How well one pair fits; what agrees is named as in `WEIGHTS`.

    Parameters
    ----------
    moved_m
        Between the middles; nan where one has no shape.
    overlap
        Common share of both boxes, 0 to 1.

    """

    old: int
    new: int
    score: float
    moved_m: float
    overlap: float
    agree: tuple[str, ...]

    @property
    def method(self) -> ClaimMethod:
        """What it rests on most."""
        if "guid" in self.agree:
            return ClaimMethod.GUID
        if "tag" in self.agree:
            return ClaimMethod.TAG
        if "content" in self.agree or self.overlap == 0:
            return ClaimMethod.CONTENT
        return ClaimMethod.BOX


def fits(
    old: ElementTable, new: ElementTable, here: Indices, there: Indices, rules: MatchRules
) -> list[Fit]:
    """Measure pairs, in the order they come."""
    agree = np.zeros((len(WEIGHTS), here.size), np.float64)
    for row, name in enumerate(WEIGHTS):
        if name != "overlap":
            mine, theirs = _codes(_texts(old, name), _texts(new, name))
            agree[row] = (mine[here] == theirs[there]) & (mine[here] >= 0)
    overlap = _overlaps(old.boxes[here], new.boxes[there])
    moved = np.linalg.norm(new.centres[there] - old.centres[here], axis=1)
    closeness = np.nan_to_num(np.clip(1 - moved / rules.near_m, 0, 1)) / 2
    agree[WEIGHTS.index("overlap")] = np.maximum(overlap, closeness)
    scores = np.array([rules.weights[name] for name in WEIGHTS]) @ agree
    told = agree == 1
    return [
        Fit(
            int(here[at]),
            int(there[at]),
            round(float(scores[at]), 4),
            float(moved[at]),
            float(overlap[at]),
            tuple(name for row, name in enumerate(WEIGHTS) if told[row, at]),
        )
        for at in range(here.size)
    ]


def proposals(
    old: ElementTable,
    new: ElementTable,
    refused: frozenset[tuple[str, str]],
    rules: MatchRules,
) -> dict[int, list[Fit]]:
    """Find the best candidates of each old element among the new ones, best first.

    Candidates share a GlobalId, a tag, a place or, being few, content or shape.
    """
    found = [
        _same(_texts(old, "guid"), _texts(new, "guid")),
        _same(_texts(old, "tag"), _texts(new, "tag")),
        _same(_texts(old, "content"), _texts(new, "content")),
        _same(_texts(old, "geometry"), _texts(new, "geometry")),
        _near(old, new, rules),
    ]
    pairs = np.unique(np.concatenate([np.stack(two, axis=1) for two in found]), axis=0)
    chosen: dict[int, list[Fit]] = {}
    for fit in fits(old, new, pairs[:, 0], pairs[:, 1], rules):
        names = old.rows[fit.old].element_id, new.rows[fit.new].global_id
        if fit.score >= rules.score_min and names not in refused:
            chosen.setdefault(fit.old, []).append(fit)
    for one in chosen.values():
        one.sort(key=lambda fit: (-fit.score, new.rows[fit.new].step_id))
        del one[rules.proposals_max :]
    return chosen


def _texts(table: ElementTable, name: str) -> list[str]:
    match name:
        case "guid":
            return [row.global_id for row in table.rows]
        case "content":
            return [row.content_hash for row in table.rows]
        case "geometry":
            return [row.geometry_hash for row in table.rows]
        case "type":
            return [row.type_name for row in table.rows]
        case "storey":
            return [row.storey_name for row in table.rows]
        case "tag":
            pairs = zip(table.groups, table.rows, strict=True)
            return [row.tag and f"{group} {row.tag}" for group, row in pairs]
        case _:
            return [row.name for row in table.rows]


def _codes(old: Sequence[str], new: Sequence[str]) -> tuple[Indices, Indices]:
    """Give texts the same number on both sides, none -1."""
    numbers: dict[str, int] = {"": -1}

    def codes(texts: Iterable[str]) -> Indices:
        return np.array([numbers.setdefault(text, len(numbers)) for text in texts], np.int64)

    return codes(old), codes(new)


def _same(old: Sequence[str], new: Sequence[str]) -> tuple[Indices, Indices]:
    """Pair what bears the same text, where few do."""
    theirs: dict[str, list[int]] = {}
    for place, text in enumerate(new):
        if text:
            theirs.setdefault(text, []).append(place)
    pairs = [
        (here, there)
        for here, text in enumerate(old)
        if len(theirs.get(text, ())) <= _ALIKE_MAX
        for there in theirs.get(text, ())
    ]
    rows = np.array(pairs, np.int64).reshape(-1, 2)
    return rows[:, 0], rows[:, 1]


def _near(old: ElementTable, new: ElementTable, rules: MatchRules) -> tuple[Indices, Indices]:
    """Pair what is near and of one class, and what stands in the same place whatever it is."""
    here, there = near_pairs(old.centres, new.centres, rules.near_m)
    mine, theirs = _codes(old.groups, new.groups)
    apart = np.abs(old.boxes[here] - new.boxes[there]).reshape(-1, 6).max(axis=1)
    fit = (mine[here] == theirs[there]) | (apart <= rules.box_m)
    return here[fit], there[fit]


def _overlaps(old: Floats, new: Floats) -> Floats:
    """Tell the common share of pairs of boxes, row by row; 0 without a shape."""
    thin = np.array([-_THIN_M / 2] * 3 + [_THIN_M / 2] * 3)
    old, new = old + thin, new + thin
    low, high = np.maximum(old[:, :3], new[:, :3]), np.minimum(old[:, 3:], new[:, 3:])
    common = np.clip(high - low, 0, None).prod(axis=1)
    both = (old[:, 3:] - old[:, :3]).prod(axis=1) + (new[:, 3:] - new[:, :3]).prod(axis=1)
    return np.asarray(np.nan_to_num(common / (both - common)))
