"""Safe links between the elements of two revisions: by GlobalId, by tag, by box and content."""

from collections import Counter

import numpy as np

from bim.element_table import ElementTable, unique_pairs
from bim.match_rules import MatchRules
from bim.nearby import near_pairs
from bim.pairing import Links
from bim.twins import drop_doubtful
from domain.claims import ClaimMethod

#: how well two boxes and what stands in them fit
_APART, _BOX, _BOX_AND_CONTENT = 0, 1, 2


class _Ties:
    """Pairs that one key, such as the tag, makes between elements that bear it once."""

    def __init__(self, pairs: dict[int, int]) -> None:
        self.pairs = pairs
        self.back = {there: here for here, there in pairs.items()}

    def agree(self, here: int, there: int) -> bool:
        return self.pairs.get(here) == there

    def contradict(self, here: int, there: int) -> bool:
        return self.pairs.get(here, there) != there or self.back.get(there, here) != here


class Linker:
    """Links what is safe to link of two tables in the same axes."""

    def __init__(self, old: ElementTable, new: ElementTable, rules: MatchRules) -> None:
        self.old, self.new, self.rules = old, new, rules
        self.links = Links()
        self.fits = self._fits()
        self.best_old: dict[int, int] = {}
        self.best_new: dict[int, int] = {}
        for (here, there), fit in self.fits.items():
            self.best_old[here] = max(fit, self.best_old.get(here, 0))
            self.best_new[there] = max(fit, self.best_new.get(there, 0))
        self.plain = self._plain()
        self.guids = self._trusted(
            unique_pairs([row.global_id for row in old.rows], [row.global_id for row in new.rows])
        )
        self.tags = self._trusted(unique_pairs(_tags(old), _tags(new)))

    def link(self) -> Links:
        """Link by GlobalId, by tag, then by box and content."""
        for here, there in self.guids.pairs.items():
            self._try(here, there, self._doubt_of_guid(here, there), ClaimMethod.GUID)
        for here, there in self.tags.pairs.items():
            if self.links.free(here, there):
                self._try(here, there, self._doubt_of_tag(here, there), ClaimMethod.TAG)
        for here, there in self.plain.items():
            if self.links.free(here, there):
                contradicted = self.guids.contradict(here, there) or self.tags.contradict(
                    here, there
                )
                why = "contradicted" if contradicted else ""
                self._try(here, there, why, ClaimMethod.BOX)
        drop_doubtful(self.old, self.new, self.links, self.rules)
        return self.links

    def _try(self, here: int, there: int, why: str, method: ClaimMethod) -> None:
        if why:
            self.links.doubts.setdefault((here, there), why)
        else:
            self.links.add(here, there, method)

    def _fits(self) -> dict[tuple[int, int], int]:
        """Tell how well elements fit whose boxes are the same."""
        here, there = near_pairs(self.old.centres, self.new.centres, self.rules.box_m)
        apart = np.abs(self.old.boxes[here] - self.new.boxes[there])
        same = apart.max(axis=1) <= self.rules.box_m if here.size else np.empty(0, bool)
        return {
            (a, b): _BOX_AND_CONTENT if self._same_content(a, b) else _BOX
            for a, b in zip(here[same].tolist(), there[same].tolist(), strict=True)
            if self.old.groups[a] == self.new.groups[b]
        }

    def _plain(self) -> dict[int, int]:
        """Pair what fits by box and content with one alone, in both directions."""
        pairs = [pair for pair, fit in self.fits.items() if fit == _BOX_AND_CONTENT]
        olds, news = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
        return {a: b for a, b in pairs if olds[a] == news[b] == 1}

    def _trusted(self, pairs: dict[int, int]) -> _Ties:
        """Leave a key out that was numbered anew.

        It contradicts what boxes and contents say plainly, and pairs things that differ. Where it
        pairs things alike, they may as well have changed places: then it goes on contradicting.
        """
        ties = _Ties(pairs)
        against = [here for here, there in self.plain.items() if ties.contradict(here, there)]
        agreed = sum(ties.agree(here, there) for here, there in self.plain.items())
        alike = sum(self._same_content(here, pairs[here]) for here in against if here in pairs)
        least = self.rules.trust_min
        few = len(against) < self.rules.trust_pairs_min
        if few or agreed >= least * (agreed + len(against)) or alike >= least * len(against):
            return ties
        return _Ties({})

    def _same_content(self, here: int, there: int) -> bool:
        mine = self.old.rows[here].content_hash
        return mine != "" and mine == self.new.rows[there].content_hash

    def _moved_m(self, here: int, there: int) -> float:
        """Tell how far the middle moved; nan where one has no shape."""
        return float(np.linalg.norm(self.new.centres[there] - self.old.centres[here]))

    def _contested(self, here: int, there: int) -> bool:
        """Tell whether another element fits the place of one of the two better."""
        best = max(self.best_old.get(here, 0), self.best_new.get(there, 0))
        return self.fits.get((here, there), _APART) < best

    def _doubt_of_guid(self, here: int, there: int) -> str:
        if self.old.groups[here] != self.new.groups[there]:
            return "class differs"
        moved = self._moved_m(here, there)
        if np.isnan(moved):
            return self._doubt_without_shape(here, there)
        if moved >= self.rules.guid_move_m_max:
            return "moved far"
        if self.fits.get((here, there), _APART) == _APART and self.tags.contradict(here, there):
            return "contradicted"
        if self._contested(here, there) and not self.tags.agree(here, there):
            return "contested"
        return ""

    def _doubt_of_tag(self, here: int, there: int) -> str:
        if self.guids.contradict(here, there):
            return "contradicted"
        moved = self._moved_m(here, there)
        if np.isnan(moved):
            return "" if self._same_content(here, there) else "no shape"
        if moved >= self.rules.tag_move_m_max:
            return "moved far"
        return "contested" if self._contested(here, there) else ""

    def _doubt_without_shape(self, here: int, there: int) -> str:
        """Judge a GlobalId that no distance can back."""
        if self._same_content(here, there):
            return ""
        mine, theirs = self.old.rows[here], self.new.rows[there]
        neither = mine.box is None and theirs.box is None
        return "" if neither and mine.name == theirs.name else "no shape"


def _tags(table: ElementTable) -> list[object]:
    pairs = zip(table.groups, table.rows, strict=True)
    return [row.tag and (group, row.tag) for group, row in pairs]
