"""The undoing of decisions on claims, with all that followed from them."""

from dataclasses import replace

from bim.decision_traces import (
    ANSWERED_BY,
    WAS,
    WAS_ROLE,
    WITH,
    trace,
    traced_places,
    untraced,
)
from bim.match import SUPERSEDED
from bim.standing import NEW, Standing, check_version, standing_of
from domain.bim_ports import ModelStore, PlaceStore
from domain.claims import ClaimRole, ClaimStatus, IdentityClaim
from domain.elements import ElementVersion
from domain.errors import Conflict, NotFound


def undo(
    models: ModelStore, places: PlaceStore, claim_id: str, version: int, by: str
) -> list[IdentityClaim]:
    """Take a decision back, with all that followed from it.

    Raises
    ------
    NotFound
        When there is no such claim.
    Conflict
        When nobody has decided on it, a newer revision has come, or what it linked is linked
        otherwise now.

    """
    standing = standing_of(models, places, claim_id)
    claim = standing.claim(claim_id)
    if claim is None:
        raise NotFound(f"no claim {claim_id!r}")
    check_version(claim, version)
    if claim.decided_by == "" or trace(claim, WAS) is None:
        raise Conflict("nobody has decided on this claim")
    _undo(standing, claim)
    return standing.write(by)


def _undo(standing: Standing, claim: IdentityClaim) -> None:
    was = trace(claim, WAS)
    lead_id = trace(claim, WITH) or claim.id
    group = [
        one
        for one in standing.claims.values()
        if one.decided_by and (one.id == claim.id or trace(one, WITH) == lead_id)
    ]
    row = standing.versions.get(claim.to_step_id)
    same = claim.role is ClaimRole.SAME
    if same and claim.status is ClaimStatus.REJECTED and was == ClaimStatus.AUTO:
        _link_again(standing, claim, row)
    elif same and claim.status is ClaimStatus.CONFIRMED and was != ClaimStatus.AUTO and row:
        if row.element_id != claim.element_id:
            raise Conflict("the entity is linked otherwise now")
        standing.part(row)
        _hang_back(standing, claim, {claim.element_id})
    elif claim.status is ClaimStatus.CONFIRMED and was != ClaimStatus.AUTO:
        _bring_back(standing, claim.element_id)
        rows = [standing.versions[one.to_step_id] for one in group if one.to_step_id]
        for one in group:
            _hang_back(standing, one, {row.element_id for row in rows})
    answered = {one.id for one in group} | {lead_id}
    for one in list(standing.claims.values()):
        if trace(one, ANSWERED_BY) in answered and not one.decided_by:
            _reopen(standing, one)
    for one in group:
        _take_back(standing, one)


def _reopen(standing: Standing, one: IdentityClaim) -> None:
    """Open what a decision closed, and close what it opened."""
    if one.status is ClaimStatus.PROPOSED:
        standing.put(replace(one, status=ClaimStatus.REJECTED, note=SUPERSEDED))
    else:
        standing.put(replace(one, status=ClaimStatus.PROPOSED, note="", evidence=untraced(one)))


def _take_back(standing: Standing, one: IdentityClaim) -> None:
    """Set a claim to what it was; one made by hand just for the decision stays as superseded."""
    was = trace(one, WAS)
    by_hand = was == NEW
    standing.put(
        replace(
            one,
            status=ClaimStatus.REJECTED if by_hand else ClaimStatus(was or "proposed"),
            role=ClaimRole(trace(one, WAS_ROLE) or one.role),
            evidence=untraced(one),
            decided_by="",
            decided_at_ns=None,
            note=SUPERSEDED if by_hand else "",
        )
    )


def _link_again(standing: Standing, claim: IdentityClaim, row: ElementVersion | None) -> None:
    element = standing.element(claim.element_id)
    fresh = None if row is None else standing.element(row.element_id)
    gone = element is None or element.retired_revision is not None
    if row is None or fresh is None or fresh.first_revision != standing.revision.id:
        raise Conflict("the entity is linked otherwise now")
    if gone or claim.element_id in standing.steps:
        raise Conflict("the element is linked otherwise now")
    standing.join(row, claim.element_id, fresh)


def _bring_back(standing: Standing, element_id: str) -> None:
    if element := standing.element(element_id):
        standing.put_element(replace(element, retired_revision=None))


def _hang_back(standing: Standing, claim: IdentityClaim, expected: set[str]) -> None:
    """Hang places where they were before a decision, unless somebody has moved them since."""
    for anchor_id, (element_id, uvw) in traced_places(claim).items():
        anchor = standing.anchors.get(anchor_id)
        if anchor is not None and anchor.element_id in expected:
            standing.anchors[anchor_id] = replace(anchor, element_id=element_id, local_uvw=uvw)
