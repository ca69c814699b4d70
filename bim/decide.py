"""What people decide on claims, with all that follows, and its undoing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from bim.decision_traces import ANSWERED_BY, WAS, WAS_ROLE, WITH, place_trace, untraced
from bim.element_table import element_table
from bim.match import SUPERSEDED, evidence_of
from bim.match_rules import match_rules
from bim.proposals import fits
from bim.standing import NEW, Standing, check_version, standing_of
from domain.bim_ports import ModelStore, PlaceStore
from domain.claims import ClaimMethod, ClaimRole, ClaimStatus, IdentityClaim
from domain.elements import Element, ElementVersion
from domain.errors import Conflict, InvalidInput, NotFound
from domain.ids import same_id

#: at most this many parts of one element
PARTS_MAX = 50


class Choice(StrEnum):
    """What may be decided on a claim."""

    CONFIRM = "confirm"
    REJECT = "reject"
    ANOTHER = "another"
    PART = "part of"
    MERGED = "merged into"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Wish:
    """One decision as somebody asks for it.

    Parameters
    ----------
    version
        Of the claim as it was seen; another one is a conflict.
    to_step_ids
        Entities of the revision: one for `another` and `merged into`, one or more for `part of`;
        none takes what the claims propose.

    """

    claim_id: str
    version: int
    choice: Choice
    to_step_ids: tuple[int, ...] = ()
    note: str = ""


def decide(
    models: ModelStore, places: PlaceStore, wishes: Sequence[Wish], by: str, at_ns: int
) -> list[IdentityClaim]:
    """Decide on claims of one revision, all or none, in one transaction.

    Returns
    -------
    list
        Claims that have changed or were made.

    Raises
    ------
    NotFound
        When there is no such claim.
    Conflict
        When somebody has decided first, the revision is not the live one, or the entity or the
        element is linked otherwise.
    InvalidInput
        When the wish does not fit the claim.

    """
    standing = standing_of(models, places, wishes[0].claim_id)
    for wish in wishes:
        claim = standing.claim(wish.claim_id)
        if claim is None:
            raise InvalidInput("claims must be of one revision", "claims")
        check_version(claim, wish.version)
        _Decision(standing, claim, wish, by, at_ns).run()
    return standing.write(by)


class _Decision:
    """One wish carried out on what stands."""

    def __init__(
        self, standing: Standing, claim: IdentityClaim, wish: Wish, by: str, at_ns: int
    ) -> None:
        self.standing, self.claim, self.wish = standing, claim, wish
        self.by, self.at_ns = by, at_ns

    def run(self) -> None:
        """Do what is wished."""
        if self.claim.status not in (ClaimStatus.PROPOSED, ClaimStatus.AUTO):
            raise Conflict(
                f"claim {self.claim.id!r} is {self.claim.status} already: undo that first"
            )
        choice = self.wish.choice
        if choice is Choice.CONFIRM:
            choice = {ClaimRole.PART: Choice.PART, ClaimRole.MERGED: Choice.MERGED}.get(
                self.claim.role, Choice.CONFIRM
            )
            if choice is Choice.CONFIRM and self.claim.to_step_id == 0:
                choice = Choice.GONE
        match choice:
            case Choice.CONFIRM:
                self._confirm()
            case Choice.REJECT:
                self._reject()
            case Choice.ANOTHER:
                self._another()
            case Choice.PART:
                self._parts()
            case Choice.MERGED:
                self._merged()
            case Choice.GONE:
                self._gone()

    def _confirm(self) -> None:
        if self.claim.status is ClaimStatus.AUTO:
            self._mark(self.claim, ClaimStatus.CONFIRMED, ())
            return
        self._link(self.claim)

    def _link(self, claim: IdentityClaim) -> None:
        """Make the entity the element, which takes over what hangs on the entity's own one."""
        self._free()
        row = self._entity(claim.to_step_id)
        fresh = self._fresh(row)
        traces = self.standing.join(row, claim.element_id, fresh)
        self._mark(claim, ClaimStatus.CONFIRMED, traces)
        self._answer(claim, also_step=claim.to_step_id)

    def _reject(self) -> None:
        if self.claim.status is ClaimStatus.AUTO:
            row = self._entity(self.claim.to_step_id)
            if row.element_id != self.claim.element_id:
                raise Conflict("the entity is linked otherwise now")
            self.standing.part(row)
        self._mark(self.claim, ClaimStatus.REJECTED, ())
        self._keep_in_view(self.claim.element_id, self.claim)

    def _another(self) -> None:
        if len(self.wish.to_step_ids) != 1:
            raise InvalidInput("another entity must be one", "to_step_ids")
        self._free()
        self._link(self._claim_to(self.wish.to_step_ids[0], ClaimRole.SAME))

    def _parts(self) -> None:
        steps = self.wish.to_step_ids or tuple(
            one.to_step_id
            for one in self._open_of(self.claim.element_id)
            if one.role is ClaimRole.PART
        )
        if not 1 <= len(set(steps)) <= PARTS_MAX:
            raise InvalidInput(f"parts must be 1 to {PARTS_MAX} entities", "to_step_ids")
        self._replace_by(sorted(set(steps)), ClaimRole.PART)

    def _merged(self) -> None:
        steps = self.wish.to_step_ids or (self.claim.to_step_id,)
        if len(steps) != 1 or steps[0] == 0:
            raise InvalidInput("what it was merged into must be one entity", "to_step_ids")
        self._replace_by(list(steps), ClaimRole.MERGED)

    def _replace_by(self, steps: Sequence[int], role: ClaimRole) -> None:
        """Retire the element; what hangs on it goes to the nearest of the entities."""
        self._free()
        rows = [self._entity(step) for step in steps]
        traces = []
        for anchor in self.standing.anchors_on(self.claim.element_id):
            spot = self.standing.spot(anchor)
            row = min(rows, key=lambda row: (_away(row, spot), row.step_id))
            traces.append(place_trace(anchor))
            self.standing.hang(anchor, row.element_id, row.box, spot)
        self._retire(self.claim.element_id)
        lead = self._claim_to(rows[0].step_id, role)
        for row in rows:
            one = self._claim_to(row.step_id, role)
            more = tuple(traces) if one.id == lead.id else ()
            self._mark(one, ClaimStatus.CONFIRMED, (*more, (WITH, lead.id)))
        self._answer(lead)

    def _gone(self) -> None:
        self._free()
        self._retire(self.claim.element_id)
        claim = self._claim_to(0, ClaimRole.SAME)
        self._mark(claim, ClaimStatus.CONFIRMED, ())
        self._answer(claim)

    def _retire(self, element_id: str) -> None:
        element = self.standing.element(element_id)
        if element is None:
            raise NotFound(f"no element {element_id!r}")
        self.standing.put_element(replace(element, retired_revision=self.standing.revision.id))

    def _free(self) -> None:
        """Refuse when the element is linked already, or retired."""
        element = self.standing.element(self.claim.element_id)
        if self.claim.element_id in self.standing.steps:
            raise Conflict("the element is linked in this revision: reject or undo that first")
        if element is None or element.retired_revision is not None:
            raise Conflict("the element is decided on already: undo that first")

    def _entity(self, step_id: int) -> ElementVersion:
        row = self.standing.versions.get(step_id)
        if row is None:
            raise InvalidInput(f"the revision has no entity #{step_id}", "to_step_ids")
        return row

    def _fresh(self, row: ElementVersion) -> Element:
        """Refuse an entity that is an older element already."""
        element = self.standing.element(row.element_id)
        if element is None or element.first_revision != self.standing.revision.id:
            raise Conflict(f"entity #{row.step_id} is linked already: reject or undo that first")
        return element

    def _claim_to(self, step_id: int, role: ClaimRole) -> IdentityClaim:
        """Find the element's claim to an entity, or make one by hand."""
        claim_id = same_id("claim", self.standing.revision.id, self.claim.element_id, step_id)
        found = self.standing.claim(claim_id)
        if found is not None:
            if found.decided_by and found.status is ClaimStatus.CONFIRMED:
                raise Conflict(f"claim {claim_id!r} is confirmed already")
            return replace(found, role=role)
        score, evidence = self._measured(step_id)
        row = self.standing.versions.get(step_id)
        return replace(
            self.claim,
            id=claim_id,
            to_step_id=step_id,
            to_global_id=row.global_id if row else "",
            method=ClaimMethod.MANUAL,
            score=score,
            status=ClaimStatus.PROPOSED,
            role=role,
            evidence=evidence,
            made_at_ns=self.at_ns,
            note="",
            version=1,
        )

    def _measured(self, step_id: int) -> tuple[float, tuple[tuple[str, str], ...]]:
        last = self.standing.last(self.claim.element_id)
        row = self.standing.versions.get(step_id)
        if last is None or row is None:
            return 0.0, ()
        rules, one = match_rules(), np.zeros(1, np.int64)
        fit = fits(element_table([last], rules), element_table([row], rules), one, one, rules)[0]
        return fit.score, evidence_of(fit)

    def _mark(
        self, claim: IdentityClaim, status: ClaimStatus, traces: Sequence[tuple[str, str]]
    ) -> None:
        known = self.standing.claim(claim.id)
        was = known.status.value if known else NEW
        role = (known or claim).role.value
        self.standing.put(
            replace(
                claim,
                status=status,
                evidence=(*untraced(claim), (WAS, was), (WAS_ROLE, role), *traces),
                decided_by=self.by,
                decided_at_ns=self.at_ns,
                note=self.wish.note,
            )
        )

    def _open_of(self, element_id: str) -> list[IdentityClaim]:
        return [
            one
            for one in self.standing.claims.values()
            if one.element_id == element_id and one.status is ClaimStatus.PROPOSED
        ]

    def _answer(self, claim: IdentityClaim, also_step: int = 0) -> None:
        """Close proposals that a decision has answered; nobody else drops out of view."""
        bereft = set()
        for one in list(self.standing.claims.values()):
            if one.status is not ClaimStatus.PROPOSED or one.id == claim.id:
                continue
            taken = also_step and one.to_step_id == also_step and one.role is ClaimRole.SAME
            if one.element_id == claim.element_id or taken:
                closed = (*one.evidence, (ANSWERED_BY, claim.id))
                self.standing.put(
                    replace(one, status=ClaimStatus.REJECTED, note=SUPERSEDED, evidence=closed)
                )
                bereft.add(one.element_id)
        for element_id in sorted(bereft - {claim.element_id}):
            self._keep_in_view(element_id, claim)

    def _keep_in_view(self, element_id: str, cause: IdentityClaim) -> None:
        """Let an element without any proposal wait as one without a candidate."""
        if self._open_of(element_id) or element_id in self.standing.steps:
            return
        claim_id = same_id("claim", self.standing.revision.id, element_id, 0)
        evidence = (("why", "no candidate"), (ANSWERED_BY, cause.id))
        known = self.standing.claim(claim_id)
        if known is not None and known.decided_by:
            return
        made = known or replace(
            cause,
            id=claim_id,
            element_id=element_id,
            to_step_id=0,
            to_global_id="",
            method=ClaimMethod.GUID,
            score=0.0,
            role=ClaimRole.SAME,
            made_at_ns=self.at_ns,
            version=1,
        )
        self.standing.put(
            replace(
                made,
                status=ClaimStatus.PROPOSED,
                evidence=evidence,
                decided_by="",
                decided_at_ns=None,
                note="",
            )
        )


def _away(row: ElementVersion, spot: tuple[float, float, float] | None) -> float:
    """Tell how far a point is from an entity's box, m."""
    if row.box is None or spot is None:
        return float("inf")
    return float(np.linalg.norm(np.clip(spot, row.box[:3], row.box[3:]) - np.array(spot)))
