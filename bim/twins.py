"""Links by box and content that twins, or a part of the building that moved, make doubtful.

Content that stands in several places tells them apart by nothing but the place: a deleted element's
box may have been taken by its neighbour, a row may have moved on by one, a storey may have been put
in between. Whatever has a GlobalId or a tag to speak for it is not touched here.
"""

from collections import Counter
from collections.abc import Container, Iterable

import numpy as np

from bim.element_table import ElementTable, Floats, unique_pairs
from bim.match_rules import MatchRules
from bim.nearby import near_pairs
from bim.pairing import Links
from domain.claims import ClaimMethod

Key = tuple[str, str]


def drop_doubtful(old: ElementTable, new: ElementTable, links: Links, rules: MatchRules) -> None:
    """Take back links by box and content that something else explains as well."""
    keys, others = _keys(old), _keys(new)
    _drop_moved_along(old, new, links, rules, keys, others)
    _drop_beside_left_over(old, new, links, rules, keys, others)
    _drop_exchanged(old, new, links, rules, keys, others)


def _keys(table: ElementTable) -> list[Key]:
    return [(group, row.content_hash) for group, row in zip(table.groups, table.rows, strict=True)]


def _by_box(links: Links, places: Iterable[int]) -> list[int]:
    """Keep those that are linked by box and content."""
    return [
        here for here in places if here in links.to_new and links.to_new[here][1] is ClaimMethod.BOX
    ]


def _drop_beside_left_over(
    old: ElementTable, new: ElementTable, links: Links, rules: MatchRules,
    keys: list[Key], others: list[Key],
) -> None:  # fmt: skip
    """Take back what stands beside a left-over twin.

    What is taken back is left over itself, so that of a row of twins all or none are linked.
    """
    olds, news = near_pairs(old.centres, new.centres, rules.twin_m)
    beside_new: dict[int, list[int]] = {}
    beside_old: dict[int, list[int]] = {}
    for here, there in zip(olds.tolist(), news.tolist(), strict=True):
        if keys[here] == others[there] and keys[here][1]:
            beside_old.setdefault(here, []).append(there)
            beside_new.setdefault(there, []).append(here)
    left_old = [here for here in beside_old if here not in links.to_new]
    left_new = [there for there in beside_new if there not in links.to_old]
    while left_old or left_new:
        if left_old:
            there_near = beside_old[left_old.pop()]
            doubtful = [links.to_old[there] for there in there_near if there in links.to_old]
        else:
            doubtful = list(beside_new[left_new.pop()])
        for here in _by_box(links, doubtful):
            left_new.append(links.drop(here, "twin near"))
            left_old.append(here)


def _drop_exchanged(
    old: ElementTable, new: ElementTable, links: Links, rules: MatchRules,
    keys: list[Key], others: list[Key],
) -> None:  # fmt: skip
    """Take back all of a kind of which one is gone here and another has come there.

    Two were changed, or all have moved on by one. One that only moved a little, or was cut, is
    found near by and doubts nothing.
    """
    gone, come = _left_over(old, links.to_new, keys), _left_over(new, links.to_old, others)
    for key in sorted(gone.keys() & come.keys()):
        if not key[1]:
            continue
        near = [
            (here, there)
            for here in gone[key]
            for there in come[key]
            if _meet(old, new, here, there, rules)
        ]
        lost = set(gone[key]) - {here for here, _ in near}
        found = set(come[key]) - {there for _, there in near}
        if lost and found:
            for here in _by_box(links, [at for at, one in enumerate(keys) if one == key]):
                links.drop(here, "exchanged")


def _left_over(
    table: ElementTable, linked: Container[int], keys: list[Key]
) -> dict[Key, list[int]]:
    found: dict[Key, list[int]] = {}
    for place in np.flatnonzero(table.shaped).tolist():
        if place not in linked:
            found.setdefault(keys[place], []).append(place)
    return found


def _meet(old: ElementTable, new: ElementTable, here: int, there: int, rules: MatchRules) -> bool:
    """Tell whether two are near each other or share some room."""
    one, other = old.boxes[here], new.boxes[there]
    if np.abs(old.centres[here] - new.centres[there]).max() <= rules.near_m:
        return True
    return bool((one[:3] < other[3:]).all() and (other[:3] < one[3:]).all())


def _drop_moved_along(
    old: ElementTable, new: ElementTable, links: Links, rules: MatchRules,
    keys: list[Key], others: list[Key],
) -> None:  # fmt: skip
    """Take back twins on storeys that moved, as what stands once on them shows.

    Where a storey was put in between, those above stand where others stood, and fit them.
    """
    once = unique_pairs(_exact(old), _exact(new))
    moves: dict[str, list[Floats]] = {}
    for here, there in once.items():
        step = new.centres[there] - old.centres[here]
        if np.isfinite(step).all():
            moves.setdefault(old.rows[here].storey_name, []).append(step)
    counted, counted_new = Counter(keys), Counter(others)
    moved = {storey for storey, steps in moves.items() if _moved_as_one(np.array(steps), rules)}
    if not moved:
        return
    for here in _by_box(links, sorted(links.to_new)):
        there, _ = links.to_new[here]
        twins = counted[keys[here]] > 1 or counted_new[others[there]] > 1
        storey = old.rows[here].storey_name
        if twins and (storey in moved or storey not in moves):
            links.drop(here, "storey moved")


def _moved_as_one(steps: Floats, rules: MatchRules) -> bool:
    """Tell whether at least half of what stands once on a storey moved by the same step."""
    far = np.abs(steps).max(axis=1) > rules.box_m
    if far.sum() < rules.block_pairs_min:
        return False
    middle = np.median(steps[far], axis=0)
    alike = np.abs(steps[far] - middle).max(axis=1) <= rules.box_m
    return bool(alike.sum() >= max(rules.block_pairs_min, len(steps) / 2))


def _exact(table: ElementTable) -> list[object]:
    """Keys of what is the same in content and shape."""
    pairs = zip(table.groups, table.rows, strict=True)
    return [
        row.content_hash and (group, row.content_hash, row.geometry_hash) for group, row in pairs
    ]
