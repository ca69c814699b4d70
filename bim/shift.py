"""How far the axes of a model moved from one revision to the next."""

import numpy as np
from numpy.typing import NDArray

from bim.element_table import ElementTable, unique_pairs
from bim.match_rules import MatchRules

Floats = NDArray[np.float64]

#: votes of one kind of element: more members say little and cost their square
_VOTERS = 20
_STILL = np.zeros(3)
_NONE = np.empty((0, 3))


def axes_shift(old: ElementTable, new: ElementTable, rules: MatchRules) -> Floats:
    """Estimate the move of a whole model, as when its site offset is set anew.

    Pairs by GlobalId, tag, content and shape that stand once in either revision vote with how far
    apart they are; most must agree and hardly any may have stayed. Where too few stand once, all
    pairs of like elements vote, and the winner must be plain.

    Returns
    -------
    NDArray
        (3,) float64, m; zeros when the model stays or nothing plain is to be seen.

    """
    moves = _pair_moves(old, new)
    if len(moves) < rules.shift_pairs_min:
        return _by_votes(old, new, rules)
    best = _most_common(moves, rules.box_m)
    near = np.abs(moves - best).max(axis=1) <= rules.box_m
    still = np.abs(moves).max(axis=1) <= rules.box_m
    if not _moved(best, rules) or near.mean() < rules.shift_share_min:
        return _STILL
    if still.mean() > rules.shift_still_max:
        return _STILL
    return np.asarray(np.median(moves[near], axis=0))


def _pair_moves(old: ElementTable, new: ElementTable) -> Floats:
    """Tell moves of elements that some key pairs, each element once, surest key first."""
    found: dict[int, int] = {}
    for mine, theirs in zip(_keys(old), _keys(new), strict=True):
        for here, there in unique_pairs(mine, theirs).items():
            found.setdefault(here, there)
    rows = new.centres[list(found.values())] - old.centres[list(found)] if found else _NONE
    return np.asarray(rows[np.isfinite(rows).all(axis=1)])


def _keys(table: ElementTable) -> list[list[object]]:
    pairs = list(zip(table.groups, table.rows, strict=True))
    return [
        [row.global_id and (group, row.global_id) for group, row in pairs],
        [row.tag and (group, row.tag) for group, row in pairs],
        [row.content_hash and (group, row.content_hash) for group, row in pairs],
        [row.geometry_hash and (group, row.geometry_hash) for group, row in pairs],
    ]


def _by_votes(old: ElementTable, new: ElementTable, rules: MatchRules) -> Floats:
    votes, voters = [], 0
    for keys, others in zip(_keys(old)[2:], _keys(new)[2:], strict=True):
        here, there = _places(keys, old), _places(others, new)
        for key in here.keys() & there.keys():
            mine, theirs = here[key], there[key]
            if max(len(mine), len(theirs)) <= _VOTERS:
                step = new.centres[theirs][None, :, :] - old.centres[mine][:, None, :]
                votes.append(step.reshape(-1, 3))
                voters += min(len(mine), len(theirs))
        if voters >= rules.shift_pairs_min:
            break
    if voters < rules.shift_pairs_min:
        return _STILL
    moves = np.concatenate(votes)
    best = _most_common(moves, rules.box_m)
    near = np.abs(moves - best).max(axis=1) <= rules.box_m
    others_best = _most_common(moves[~near], rules.box_m) if (~near).any() else best
    second = (np.abs(moves[~near] - others_best).max(axis=1) <= rules.box_m).sum()
    still = (np.abs(moves).max(axis=1) <= rules.box_m).sum()
    margin = rules.shift_still_max * voters
    if not _moved(best, rules) or near.sum() < voters - margin:
        return _STILL
    if max(second, still) > near.sum() - margin:
        return _STILL
    return np.asarray(np.median(moves[near], axis=0))


def _places(keys: list[object], table: ElementTable) -> dict[object, list[int]]:
    found: dict[object, list[int]] = {}
    for place, (key, shaped) in enumerate(zip(keys, table.shaped, strict=True)):
        if key and shaped:
            found.setdefault(key, []).append(place)
    return found


def _most_common(moves: Floats, width: float) -> Floats:
    """Find the middle of the fullest cell, and of what lies around it."""
    cells = np.floor(moves / (2 * width) + 0.5).astype(np.int64)
    kinds, counts = np.unique(cells, axis=0, return_counts=True)
    middle = kinds[np.argmax(counts)] * 2 * width
    around = np.abs(moves - middle).max(axis=1) <= 2 * width
    return np.asarray(np.median(moves[around], axis=0))


def _moved(shift_m: Floats, rules: MatchRules) -> bool:
    return bool(np.abs(shift_m).max() > rules.box_m)
