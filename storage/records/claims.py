"""Rows of claims, and all that a matching or a decision writes with them."""

from collections.abc import Sequence

from sqlalchemy import Connection, and_, or_

from domain.anchors import Anchor
from domain.bim_models import BimRevision
from domain.claims import ClaimStatus, IdentityClaim
from domain.elements import Element
from domain.errors import InvalidInput
from domain.ports import Page
from storage.records import tables_models as tables
from storage.records.audit import AuditLine, line_of
from storage.records.elements import ELEMENTS, write_elements, write_links
from storage.records.places import write_anchor
from storage.records.revisions import check_version, revision_there
from storage.records.rows import Rows, among, check_text

CLAIMS = Rows(IdentityClaim, tables.identity_claims)


def write_matches(
    connection: Connection,
    revision: BimRevision,
    elements: Sequence[Element],
    linked: dict[int, str],
    claims: Sequence[IdentityClaim],
    anchors: Sequence[Anchor],
    by: str,
) -> list[AuditLine]:
    """Write what matching came to; returns the lines of the audit."""
    write_elements(connection, revision.model_id, elements)
    write_links(connection, revision, linked)
    made = _write_claims(connection, revision, claims)
    proposed = sum(claim.status is ClaimStatus.PROPOSED for claim in claims)
    retired = sum(element.retired_revision is not None for element in elements)
    detail = (
        f"{len(linked)} linked, {len(elements) - retired} elements new or back, {retired} retired, "
        f"{len(made)} claims, {proposed} to decide"
    )
    return [
        AuditLine(by, "revision matched", revision.id, detail),
        *_write_anchors(connection, anchors, by),
    ]


def write_decision(
    connection: Connection,
    claims: Sequence[IdentityClaim],
    elements: Sequence[Element],
    linked: dict[int, str],
    anchors: Sequence[Anchor],
    by: str,
) -> tuple[BimRevision, list[AuditLine]]:
    """Write a decision; returns its revision and the lines of the audit."""
    revisions = {claim.to_revision for claim in claims}
    if len(revisions) != 1:
        raise InvalidInput(f"claims must be of one revision, got {len(revisions)}", "claims")
    revision = revision_there(connection, revisions.pop())
    here = among(connection, tables.bim_elements.c.id, [element.id for element in elements])
    old = {one.id: one for one in ELEMENTS.many(connection, ELEMENTS.select().where(here))}
    write_elements(connection, revision.model_id, elements)
    write_links(connection, revision, linked)
    lines = [
        line_of(by, "claim", before, claim)
        for before, claim in _write_claims(connection, revision, claims)
    ]
    lines += [
        line_of(by, "element", old.get(element.id), element)
        for element in elements
        if old.get(element.id) != element
    ]
    return revision, [*lines, *_write_anchors(connection, anchors, by)]


def _write_claims(
    connection: Connection, revision: BimRevision, claims: Sequence[IdentityClaim]
) -> list[tuple[IdentityClaim | None, IdentityClaim]]:
    """Write claims that are new or changed; returns each with what it was before."""
    c = tables.identity_claims.c
    here = among(connection, c.id, [claim.id for claim in claims])
    old = {one.id: one for one in CLAIMS.many(connection, CLAIMS.select().where(here))}
    changed = [(old.get(claim.id), claim) for claim in claims if old.get(claim.id) != claim]
    for before, claim in changed:
        check_text(claim)
        if before is None and (claim.model_id, claim.to_revision) != (
            revision.model_id, revision.id,
        ):  # fmt: skip
            raise InvalidInput(f"claim {claim.id!r} must be of revision {revision.id!r}", "claims")
        # one of an earlier revision may be changed: a newer matching takes its place
        if before is not None and _between(before) != _between(claim):
            raise InvalidInput(f"claim {claim.id!r} keeps its element and revisions", "claims")
        if not 0.0 <= claim.score <= 1.0:
            raise InvalidInput(f"score must be 0 to 1, got {claim.score:g}", "score")
        check_version("claim", before, claim)
    c_elements = tables.bim_elements.c
    wanted = {claim.element_id for _, claim in changed}
    question = ELEMENTS.select().where(among(connection, c_elements.id, wanted))
    there = {e.id for e in ELEMENTS.many(connection, question) if e.model_id == revision.model_id}
    if unknown := sorted(wanted - there):
        raise InvalidInput(
            f"element_id must name an element of the model, got {unknown[0]!r}", "element_id"
        )
    CLAIMS.upsert(connection, [claim for _, claim in changed])
    return changed


def _between(claim: IdentityClaim) -> tuple[str, str, str, str]:
    return claim.model_id, claim.from_revision, claim.to_revision, claim.element_id


def _write_anchors(connection: Connection, anchors: Sequence[Anchor], by: str) -> list[AuditLine]:
    return [line for anchor in anchors for line in write_anchor(connection, anchor, by)]


def read_claims(
    connection: Connection,
    model_id: str,
    page: Page,
    statuses: Sequence[ClaimStatus],
    to_revision: str,
) -> list[IdentityClaim]:
    """List claims, of the newest revision first, the best score first.

    Raises
    ------
    InvalidInput
        When the page goes on after what is no claim.

    """
    c, r = tables.identity_claims.c, tables.bim_revisions.c
    question = CLAIMS.select().join(tables.bim_revisions, r.id == c.to_revision)
    question = question.where(c.model_id == model_id)
    if statuses:
        question = question.where(c.status.in_(statuses))
    if to_revision:
        question = question.where(c.to_revision == to_revision)
    if page.after:
        last = CLAIMS.one(connection, page.after)
        if last is None:
            raise InvalidInput(f"after must be a claim's id, got {page.after[:80]!r}", "after")
        number = revision_there(connection, last.to_revision).number
        worse = or_(c.score < last.score, and_(c.score == last.score, c.id > last.id))
        question = question.where(or_(r.number < number, and_(r.number == number, worse)))
    order = (r.number.desc(), c.score.desc(), c.id)
    return CLAIMS.many(connection, question.order_by(*order).limit(page.limit))
