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
#: neighbours that are measured at most, over all elements
_PAIRS_MAX = 400_000
#: candidates kept beyond those told, for pairs that were rejected
_SPARE = 5


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
    return _told(old, new, here, there, *_agreements(old, new, here, there, rules))


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
    size = max(len(new.rows), 1)
    pairs = np.unique(np.concatenate([here * size + there for here, there in found]))
    here, there = pairs // size, pairs % size
    agree, scores = _agreements(old, new, here, there, rules)
    # some more than are wanted: those that somebody has rejected fall out
    steps = np.array([row.step_id for row in new.rows], np.int64)
    order = np.lexsort((steps[there], -scores, here))
    order = order[scores[order] >= rules.score_min]
    rank = _ranks(here[order])
    best = order[rank < rules.proposals_max + _SPARE]
    chosen: dict[int, list[Fit]] = {}
    for fit in _told(old, new, here[best], there[best], agree[:, best], scores[best]):
        names = old.rows[fit.old].element_id, new.rows[fit.new].global_id
        mine = chosen.setdefault(fit.old, [])
        if names not in refused and len(mine) < rules.proposals_max:
            mine.append(fit)
    return {place: some for place, some in chosen.items() if some}


def _agreements(
    old: ElementTable, new: ElementTable, here: Indices, there: Indices, rules: MatchRules
) -> tuple[Floats, Floats]:
    """Tell what agrees, a row for each of `WEIGHTS`, and what it comes to."""
    agree = np.zeros((len(WEIGHTS), here.size), np.float64)
    for row, name in enumerate(WEIGHTS):
        if name != "overlap":
            mine, theirs = _codes(_texts(old, name), _texts(new, name))
            agree[row] = (mine[here] == theirs[there]) & (mine[here] >= 0)
    moved = np.linalg.norm(new.centres[there] - old.centres[here], axis=1)
    closeness = np.nan_to_num(np.clip(1 - moved / rules.near_m, 0, 1)) / 2
    overlap = _overlaps(old.boxes[here], new.boxes[there])
    agree[WEIGHTS.index("overlap")] = np.maximum(overlap, closeness)
    scores = np.array([rules.weights[name] for name in WEIGHTS]) @ agree
    return agree, np.round(scores, 4)


def _told(
    old: ElementTable, new: ElementTable, here: Indices, there: Indices,
    agree: Floats, scores: Floats,
) -> list[Fit]:  # fmt: skip
    overlap = _overlaps(old.boxes[here], new.boxes[there]).tolist()
    moved = np.linalg.norm(new.centres[there] - old.centres[here], axis=1).tolist()
    told = (agree == 1).T.tolist()
    return [
        Fit(int(a), int(b), float(score), moved[at], overlap[at], _named(told[at]))
        for at, (a, b, score) in enumerate(zip(here, there, scores, strict=True))
    ]


def _named(agrees: Sequence[bool]) -> tuple[str, ...]:
    return tuple(name for name, on in zip(WEIGHTS, agrees, strict=True) if on)


def _ranks(groups: Indices) -> Indices:
    """Give each row its number within its group, whose rows stand together."""
    if not groups.size:
        return groups
    starts = np.flatnonzero(np.r_[True, groups[1:] != groups[:-1]])
    return np.arange(groups.size) - np.repeat(starts, np.diff(np.r_[starts, groups.size]))


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
    here, there = near_pairs(old.centres, new.centres, rules.near_m, _PAIRS_MAX)
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
