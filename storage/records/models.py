"""Models of buildings, their revisions, elements and claims in the records database."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import and_, or_, select, union_all

from domain.anchors import Anchor
from domain.bim_models import BimModel, BimRevision, MeshState, RevisionState
from domain.claims import ClaimStatus, IdentityClaim
from domain.elements import Box, Element, ElementVersion, Storey
from domain.errors import Conflict, InvalidInput
from domain.ports import Page
from storage.records import tables_models as tables
from storage.records.audit import AuditLine, line_of, write_audit
from storage.records.claims import CLAIMS, read_claims, write_decision, write_matches
from storage.records.elements import (
    ELEMENTS,
    read_version,
    read_versions,
    write_shapes,
    write_storeys,
    write_versions,
)
from storage.records.engine import Database
from storage.records.register import BUILDINGS
from storage.records.revisions import (
    MODELS,
    REVISIONS,
    model_there,
    newest_of,
    next_number,
    put_versioned,
    tell,
    write_revision,
)
from storage.records.rows import check_text, count

_STATES = (RevisionState.QUEUED, RevisionState.READING, RevisionState.MATCHING)
_MESHES = (MeshState.WAITING, MeshState.CONVERTING)


class RecordsModels:
    """Models and what is in them; a `domain.bim_ports.ModelStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put_model(self, model: BimModel, by: str) -> None:
        """Keep a model; it stays with its building."""
        check_text(model)
        if not model.name.strip():
            raise InvalidInput(f"name must be some text, got {model.name!r}", "name")
        with self._database.writing() as connection:
            count(connection, "audit", lock=True)
            if BUILDINGS.one(connection, model.building_id) is None:
                raise InvalidInput(
                    f"building_id must name a building, got {model.building_id!r}", "building_id"
                )
            old = put_versioned(connection, MODELS, "model", model)
            if old is not None and old.building_id != model.building_id:
                raise InvalidInput("a model stays with its building", "building_id")
            if old != model:
                write_audit(self._database, connection, [line_of(by, "model", old, model)])

    def model(self, model_id: str) -> BimModel | None:
        """Read a model."""
        with self._database.reading() as connection:
            return MODELS.one(connection, model_id)

    def models(self, building_id: str) -> list[BimModel]:
        """List a building's models, oldest first."""
        c = tables.bim_models.c
        question = MODELS.select().where(c.building_id == building_id)
        with self._database.reading() as connection:
            return MODELS.many(connection, question.order_by(c.made_at_ns, c.id))

    def add_revision(self, revision: BimRevision, by: str) -> BimRevision:
        """Put a revision up with the next number; the newest one's file again answers that one."""
        check_text(revision)
        with self._database.writing() as connection:
            count(connection, "audit", lock=True)  # one after another: numbers have no holes
            model_there(connection, revision.model_id)
            kept = REVISIONS.one(connection, revision.id)
            if kept is not None:
                if kept.file_sha256 != revision.file_sha256:
                    raise Conflict(f"revision {revision.id!r} is there with another file")
                return kept
            newest = newest_of(connection, revision.model_id)
            if (
                newest is not None
                and newest.file_sha256 == revision.file_sha256
                and newest.state is not RevisionState.REJECTED
            ):
                return newest
            new = replace(revision, number=next_number(connection, revision.model_id), version=1)
            REVISIONS.insert(connection, [new])
            detail = f"{new.number} of model {new.model_id}: {new.file_name} {new.file_sha256}"
            line = AuditLine(by, "revision added", new.id, detail)
            write_audit(self._database, connection, [line])
            tell(self._database, connection, new)
        return new

    def put_revision(self, revision: BimRevision) -> None:
        """Note how far a revision is."""
        with self._database.writing() as connection:
            if write_revision(connection, revision):
                tell(self._database, connection, revision)

    def revision(self, revision_id: str) -> BimRevision | None:
        """Read a revision."""
        with self._database.reading() as connection:
            return REVISIONS.one(connection, revision_id)

    def revisions(self, model_id: str) -> list[BimRevision]:
        """List newest first."""
        c = tables.bim_revisions.c
        question = REVISIONS.select().where(c.model_id == model_id).order_by(c.number.desc())
        with self._database.reading() as connection:
            return REVISIONS.many(connection, question)

    def live_revision(self, model_id: str) -> BimRevision | None:
        """Find the newest ready revision."""
        c = tables.bim_revisions.c
        question = REVISIONS.select().where(c.model_id == model_id, c.state == RevisionState.READY)
        with self._database.reading() as connection:
            found = REVISIONS.many(connection, question.order_by(c.number.desc()).limit(1))
        return found[0] if found else None

    def unfinished_revisions(self) -> list[BimRevision]:
        """List what is left to do, oldest first."""
        c = tables.bim_revisions.c
        no_shapes = and_(c.state == RevisionState.READY, c.mesh.in_(_MESHES))
        question = REVISIONS.select().where(or_(c.state.in_(_STATES), no_shapes))
        with self._database.reading() as connection:
            return REVISIONS.many(connection, question.order_by(c.at_ns, c.number, c.id))

    def put_index(
        self,
        revision: BimRevision,
        storeys: Sequence[Storey],
        versions: Sequence[ElementVersion],
    ) -> None:
        """Keep what a file says; the same again replaces it, element ids excepted."""
        with self._database.writing() as connection:
            write_revision(connection, revision)
            write_storeys(connection, revision.id, storeys)
            write_versions(connection, revision.id, versions)
            tell(self._database, connection, revision)

    def put_shapes(
        self, revision: BimRevision, boxes: dict[int, Box], geometry_hashes: dict[int, str]
    ) -> None:
        """Note shapes by step id."""
        with self._database.writing() as connection:
            write_revision(connection, revision)
            write_shapes(connection, revision.id, boxes, geometry_hashes)
            tell(self._database, connection, revision)

    def put_matches(
        self,
        revision: BimRevision,
        elements: Sequence[Element],
        linked: dict[int, str],
        claims: Sequence[IdentityClaim],
        anchors: Sequence[Anchor],
        by: str,
    ) -> None:
        """Write in one transaction what matching came to."""
        with self._database.writing() as connection:
            count(connection, "audit", lock=True)
            write_revision(connection, revision)
            lines = write_matches(connection, revision, elements, linked, claims, anchors, by)
            write_audit(self._database, connection, lines)
            tell(self._database, connection, revision)

    def storeys(self, revision_id: str) -> list[Storey]:
        """List by elevation, lowest first."""
        t = tables.bim_storeys
        question = select(t.c.global_id, t.c.name, t.c.elevation_m)
        question = question.where(t.c.revision_id == revision_id)
        with self._database.reading() as connection:
            rows = connection.execute(question.order_by(t.c.elevation_m, t.c.place))
            return [Storey(*row) for row in rows]

    def versions(
        self,
        revision_id: str,
        page: Page | None = None,
        *,
        text: str = "",
        storey_guid: str | None = None,
        ifc_class: str = "",
        with_properties: bool = False,
    ) -> list[ElementVersion]:
        """List by step id; each word of `text` must occur in what is searched."""
        with self._database.reading() as connection:
            return read_versions(
                connection,
                revision_id,
                page,
                text=text,
                storey_guid=storey_guid,
                ifc_class=ifc_class,
                with_properties=with_properties,
            )

    def version_of(self, revision_id: str, element_id: str) -> ElementVersion | None:
        """Read one element of a revision, with its properties."""
        with self._database.reading() as connection:
            return read_version(connection, revision_id, element_id)

    def element(self, element_id: str) -> Element | None:
        """Read an element."""
        with self._database.reading() as connection:
            return ELEMENTS.one(connection, element_id)

    def elements(self, model_id: str) -> list[Element]:
        """List a model's elements, retired ones too, by id."""
        c = tables.bim_elements.c
        question = ELEMENTS.select().where(c.model_id == model_id).order_by(c.id)
        with self._database.reading() as connection:
            return ELEMENTS.many(connection, question)

    def claims(
        self,
        model_id: str,
        page: Page,
        *,
        statuses: Sequence[ClaimStatus] = (),
        to_revision: str = "",
    ) -> list[IdentityClaim]:
        """List newest first, best score first within a revision."""
        with self._database.reading() as connection:
            return read_claims(connection, model_id, page, statuses, to_revision)

    def claim(self, claim_id: str) -> IdentityClaim | None:
        """Read a claim."""
        with self._database.reading() as connection:
            return CLAIMS.one(connection, claim_id)

    def decide(
        self,
        claims: Sequence[IdentityClaim],
        elements: Sequence[Element],
        linked: dict[int, str],
        anchors: Sequence[Anchor],
        by: str,
    ) -> None:
        """Write a decision on claims of one revision with all that follows."""
        with self._database.writing() as connection:
            count(connection, "audit", lock=True)
            revision, lines = write_decision(connection, claims, elements, linked, anchors, by)
            write_audit(self._database, connection, lines)
            tell(self._database, connection, revision)

    def building_of(self, object_id: str) -> str | None:
        """Tell the building of a model, revision, element or claim; `None`: no such."""
        m = tables.bim_models.c
        questions = [select(m.building_id).where(m.id == object_id)]
        for table in (tables.bim_revisions, tables.bim_elements, tables.identity_claims):
            joined = select(m.building_id).join(table, table.c.model_id == m.id)
            questions.append(joined.where(table.c.id == object_id))
        with self._database.reading() as connection:
            found = connection.execute(union_all(*questions)).scalar()
        return None if found is None else str(found)
