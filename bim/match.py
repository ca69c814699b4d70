"""Matching two revisions of a model: what is safe to link is linked, the rest is proposed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bim.element_table import ElementTable, element_table
from bim.links import Linker
from bim.match_rules import MatchRules, match_rules
from bim.pairing import Links
from bim.parts import wholes
from bim.proposals import Fit, fits, proposals
from bim.shift import axes_shift
from domain.claims import ClaimMethod, ClaimRole, ClaimStatus, IdentityClaim
from domain.elements import Element, ElementVersion
from domain.ids import same_id

#: note of a claim that a newer revision has taken the place of
SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class Matched:
    """What matching came to.

    Parameters
    ----------
    linked
        Element id by step id, for every entity of the new revision: old ones that were linked
        safely, new ones for the rest.
    claims
        One of each safe link (`auto`), proposals, what seems gone, and earlier proposals that
        these supersede.
    new_elements
        Made for what was not linked; a proposal confirmed later joins them to their elder.
    missing
        Ids of elements that this revision does not have; each has a claim that waits.
    shift_m
        How far the axes moved, m.

    """

    linked: dict[int, str]
    claims: tuple[IdentityClaim, ...]
    new_elements: tuple[Element, ...]
    missing: tuple[str, ...]
    shift_m: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class _Naming:
    """What every claim of one run bears."""

    model_id: str
    revision_id: str
    at_ns: int

    def claim(
        self,
        old: ElementVersion,
        new: ElementVersion | None,
        method: ClaimMethod,
        status: ClaimStatus,
        score: float,
        evidence: tuple[tuple[str, str], ...],
        role: ClaimRole = ClaimRole.SAME,
    ) -> IdentityClaim:
        step_id, global_id = (new.step_id, new.global_id) if new else (0, "")
        return IdentityClaim(
            id=same_id("claim", self.revision_id, old.element_id, step_id),
            model_id=self.model_id,
            from_revision=old.revision_id,
            to_revision=self.revision_id,
            element_id=old.element_id,
            to_step_id=step_id,
            to_global_id=global_id,
            method=method,
            score=score,
            status=status,
            role=role,
            evidence=evidence,
            made_at_ns=self.at_ns,
        )


def match(
    old: Sequence[ElementVersion],
    new: Sequence[ElementVersion],
    *,
    model_id: str,
    revision_id: str,
    at_ns: int,
    stragglers: Sequence[ElementVersion] = (),
    open_claims: Sequence[IdentityClaim] = (),
    refused: Collection[tuple[str, str]] = (),
    rules: MatchRules | None = None,
) -> Matched:
    """Match a new revision with what a model had.

    Automatic are links by GlobalId, by tag, and by box and content, each under the conditions of
    `match-2026.toml`; nothing else. The order of what comes in makes no difference.

    Parameters
    ----------
    old
        Elements of the revision before, with their ids.
    new
        Entities of the new one.
    stragglers
        Elements that an earlier revision lost and nobody has declared gone, as they were seen
        last, in the axes of the revision before.
    open_claims
        Undecided proposals of earlier revisions; they are carried on or superseded.
    refused
        (element id, GlobalId) pairs that somebody has rejected: neither linked nor proposed.

    """
    rules = rules or match_rules()
    naming = _Naming(model_id, revision_id, at_ns)
    fresh = element_table(new, rules)
    before = element_table(old, rules)
    shift_m = axes_shift(before, fresh, rules)
    known = frozenset(refused)
    first = _Round(before.moved(shift_m), fresh, known, rules)
    left = [place for place in range(len(fresh.rows)) if place not in first.links.to_old]
    late = element_table(stragglers, rules).moved(shift_m)
    second = _Round(late, fresh.only(left), known, rules)

    linked = first.linked() | second.linked()
    made = tuple(
        Element(
            id=same_id("element", revision_id, row.step_id),
            model_id=model_id,
            ifc_class=row.ifc_class,
            name=row.name,
            first_revision=revision_id,
        )
        for row in fresh.rows
        if row.step_id not in linked
    )
    unlinked = [row for row in fresh.rows if row.step_id not in linked]
    linked |= {row.step_id: one.id for row, one in zip(unlinked, made, strict=True)}
    carried = _carried(open_claims, old, fresh, linked, naming)
    claims = [*first.claims(naming, {}), *second.claims(naming, carried)]
    superseded = [
        replace(one, status=ClaimStatus.REJECTED, note=SUPERSEDED, version=one.version + 1)
        for one in open_claims
    ]
    return Matched(
        linked=dict(sorted(linked.items())),
        claims=(*claims, *superseded),
        new_elements=made,
        missing=tuple(sorted({*first.missing(), *second.missing()})),
        shift_m=(float(shift_m[0]), float(shift_m[1]), float(shift_m[2])),
    )


class _Round:
    """One table of elements matched with one of entities that are free."""

    def __init__(
        self,
        old: ElementTable,
        new: ElementTable,
        refused: frozenset[tuple[str, str]],
        rules: MatchRules,
    ) -> None:
        self.old, self.new, self.refused, self.rules = old, new, refused, rules
        self.links: Links = Linker(old, new, rules).link()
        for here, (there, _) in list(self.links.to_new.items()):
            if (old.rows[here].element_id, new.rows[there].global_id) in refused:
                self.links.drop(here, "rejected before")
        self.splits = self._splits()
        self.merges = self._merges()

    def linked(self) -> dict[int, str]:
        return {
            self.new.rows[there].step_id: self.old.rows[here].element_id
            for here, (there, _) in self.links.to_new.items()
        }

    def missing(self) -> list[str]:
        return [self.old.rows[here].element_id for here in self._open_old()]

    def claims(
        self, naming: _Naming, carried: dict[str, list[IdentityClaim]]
    ) -> list[IdentityClaim]:
        """Make a claim of each link, and one or more of whatever waits for somebody."""
        return [*self._auto(naming), *self._waiting(naming, carried)]

    def _auto(self, naming: _Naming) -> list[IdentityClaim]:
        pairs = sorted((here, there) for here, (there, _) in self.links.to_new.items())
        return [
            naming.claim(
                self.old.rows[fit.old],
                self.new.rows[fit.new],
                self.links.to_new[fit.old][1],
                ClaimStatus.AUTO,
                fit.score,
                evidence_of(fit),
            )
            for fit in self._measured(pairs)
        ]

    def _waiting(
        self, naming: _Naming, carried: dict[str, list[IdentityClaim]]
    ) -> list[IdentityClaim]:
        found: dict[int, list[IdentityClaim]] = {}
        for pairs, role, why in (
            (self.splits, ClaimRole.PART, "split"),
            (self.merges, ClaimRole.MERGED, "merged"),
        ):
            for fit in self._measured(pairs):
                found.setdefault(fit.old, []).append(
                    naming.claim(
                        self.old.rows[fit.old],
                        self.new.rows[fit.new],
                        fit.method,
                        ClaimStatus.PROPOSED,
                        fit.score,
                        (*evidence_of(fit), ("why", why)),
                        role,
                    )
                )
        single = [here for here in self._open_old() if here not in found]
        free = [place for place in range(len(self.new.rows)) if place not in self.links.to_old]
        ranked = proposals(self.old.only(single), self.new.only(free), self.refused, self.rules)
        for at, here in enumerate(single):
            row = self.old.rows[here]
            if row.element_id in carried:
                found[here] = carried[row.element_id]
                continue
            best = [replace(fit, old=here, new=free[fit.new]) for fit in ranked.get(at, [])]
            found[here] = [self._proposal(naming, fit) for fit in best] or [_gone(naming, row)]
        return [claim for here in sorted(found) for claim in found[here]]

    def _proposal(self, naming: _Naming, fit: Fit) -> IdentityClaim:
        why = self.links.doubts.get((fit.old, fit.new), "")
        if not why and self.old.groups[fit.old] != self.new.groups[fit.new]:
            why = "class differs"
        if not why:
            why = "several" if "guid" in fit.agree else "alike"
        return naming.claim(
            self.old.rows[fit.old],
            self.new.rows[fit.new],
            fit.method,
            ClaimStatus.PROPOSED,
            fit.score,
            (*evidence_of(fit), ("why", why)),
        )

    def _open_old(self) -> list[int]:
        return [here for here in range(len(self.old.rows)) if here not in self.links.to_new]

    def _measured(self, pairs: Sequence[tuple[int, int]]) -> list[Fit]:
        rows = np.array(pairs, np.int64).reshape(-1, 2)
        return fits(self.old, self.new, rows[:, 0], rows[:, 1], self.rules)

    def _splits(self) -> list[tuple[int, int]]:
        """Find what was split, and take links to a part alone back."""
        free = [there for there in range(len(self.new.rows)) if there not in self.links.to_old]
        pairs = [(here, there) for here, (there, _) in self.links.to_new.items()]
        shrunk = self._within(pairs, whole=self.old, part=self.new) if free else {}
        found = wholes(self.old, self.new, self._open_old(), free, shrunk, self.rules)
        return self._unlinked(
            [(here, part) for here, parts in found.items() for part in parts], "split"
        )

    def _merges(self) -> list[tuple[int, int]]:
        """Find what became one, and take links of one alone back."""
        split, taken = {here for here, _ in self.splits}, {there for _, there in self.splits}
        free = [here for here in self._open_old() if here not in split]
        pairs = [(there, here) for here, (there, _) in self.links.to_new.items()]
        grown = self._within(pairs, whole=self.new, part=self.old) if free else {}
        places = [
            there
            for there in range(len(self.new.rows))
            if there not in self.links.to_old and there not in taken
        ]
        found = wholes(self.new, self.old, places, free, grown, self.rules)
        return self._unlinked(
            [(part, there) for there, parts in found.items() for part in parts], "merged"
        )

    def _within(
        self, pairs: list[tuple[int, int]], whole: ElementTable, part: ElementTable
    ) -> dict[int, int]:
        """Keep pairs whose second box lies within the first and is smaller."""
        rows = np.array(pairs, np.int64).reshape(-1, 2)
        outer, inner = whole.boxes[rows[:, 0]], part.boxes[rows[:, 1]]
        within = (inner[:, :3] >= outer[:, :3] - self.rules.box_m).all(axis=1)
        within &= (inner[:, 3:] <= outer[:, 3:] + self.rules.box_m).all(axis=1)
        within &= np.abs(inner - outer).max(axis=1) > self.rules.box_m
        return {int(a): int(b) for a, b in rows[within]}

    def _unlinked(self, pairs: list[tuple[int, int]], why: str) -> list[tuple[int, int]]:
        for here, there in pairs:
            if self.links.to_new.get(here, (-1,))[0] == there:
                self.links.drop(here, why)
        names = [
            (self.old.rows[here].element_id, self.new.rows[there].global_id)
            for here, there in pairs
        ]
        kept = [two for two, name in zip(pairs, names, strict=True) if name not in self.refused]
        return sorted(kept)


def _carried(
    open_claims: Sequence[IdentityClaim],
    old: Sequence[ElementVersion],
    fresh: ElementTable,
    linked: dict[int, str],
    naming: _Naming,
) -> dict[str, list[IdentityClaim]]:
    """Carry undecided proposals on to where their candidate went, by element id."""
    elements = {(row.revision_id, row.step_id): row.element_id for row in old}
    rows = {linked[row.step_id]: row for row in fresh.rows}
    found: dict[str, list[IdentityClaim]] = {}
    for one in sorted(open_claims, key=lambda claim: (-claim.score, claim.id)):
        candidate = elements.get((one.to_revision, one.to_step_id), "")
        if row := rows.get(candidate):
            carried = replace(
                one,
                id=same_id("claim", naming.revision_id, one.element_id, row.step_id),
                to_revision=naming.revision_id,
                to_step_id=row.step_id,
                to_global_id=row.global_id,
                made_at_ns=naming.at_ns,
                version=1,
            )
            found.setdefault(one.element_id, []).append(carried)
    return found


def _gone(naming: _Naming, row: ElementVersion) -> IdentityClaim:
    evidence = (("why", "no candidate"),)
    return naming.claim(row, None, ClaimMethod.GUID, ClaimStatus.PROPOSED, 0.0, evidence)


def evidence_of(fit: Fit) -> tuple[tuple[str, str], ...]:
    """Tell what an engineer can check: distance in m, common share of the boxes, agreements."""
    told = [("agree", ", ".join(fit.agree))]
    if not np.isnan(fit.moved_m):
        told.insert(0, ("distance_m", f"{fit.moved_m:.3f}"))
        told.insert(1, ("overlap", f"{fit.overlap:.2f}"))
    return tuple(told)
