"""Rows of models and their revisions, inside a transaction of the caller."""

from typing import TypeVar

from sqlalchemy import Connection, func, select

from domain.bim_models import BimModel, BimRevision
from domain.errors import Conflict, InvalidInput
from domain.ports import Change
from storage.records import tables_models as tables
from storage.records.alerts import write_changes
from storage.records.engine import Database
from storage.records.rows import Rows, check_text

MODELS = Rows(BimModel, tables.bim_models)
REVISIONS = Rows(BimRevision, tables.bim_revisions)
T = TypeVar("T")


def check_version(noun: str, old: object | None, new: object) -> None:
    """Refuse to write over what somebody has changed since.

    Raises
    ------
    Conflict
        When the version is not the next one.

    """
    wanted = 1 if old is None else getattr(old, "version", 0) + 1
    came = getattr(new, "version", 0)
    if came != wanted:
        raise Conflict(
            f"{noun} {getattr(new, 'id', '')!r} must come with version {wanted}, got {came}: "
            + ("it is not there yet" if old is None else "somebody has changed it since")
        )


def put_versioned(connection: Connection, rows: Rows[T], noun: str, record: T) -> T | None:
    """Write a record that bears a version; returns what was there before.

    The same record put twice is written once.

    Raises
    ------
    Conflict
        When the version is not the next one.

    """
    old = rows.one(connection, *(getattr(record, key) for key in rows.keys))
    if old == record:
        return old
    check_version(noun, old, record)
    if old is None:
        rows.insert(connection, [record])
    else:
        version = getattr(old, "version", 0)
        if not rows.replace(connection, record, rows.table.c.version == version):
            raise Conflict(f"{noun}: somebody has changed it at this moment")
    return old


def model_there(connection: Connection, model_id: str) -> BimModel:
    """Read a model that something refers to.

    Raises
    ------
    InvalidInput
        When there is none.

    """
    model = MODELS.one(connection, model_id)
    if model is None:
        raise InvalidInput(f"model_id must name a model, got {model_id!r}", "model_id")
    return model


def revision_there(connection: Connection, revision_id: str) -> BimRevision:
    """Read a revision that something refers to.

    Raises
    ------
    InvalidInput
        When there is none.

    """
    revision = REVISIONS.one(connection, revision_id)
    if revision is None:
        raise InvalidInput(f"revision must be one of a model, got {revision_id!r}", "revision")
    return revision


def next_number(connection: Connection, model_id: str) -> int:
    """Tell the number of a model's next revision."""
    c = tables.bim_revisions.c
    question = select(func.max(c.number)).where(c.model_id == model_id)
    return int(connection.execute(question).scalar() or 0) + 1


def newest_of(connection: Connection, model_id: str) -> BimRevision | None:
    """Read a model's revision that was uploaded last."""
    c = tables.bim_revisions.c
    question = REVISIONS.select().where(c.model_id == model_id).order_by(c.number.desc()).limit(1)
    return next(iter(REVISIONS.many(connection, question)), None)


def write_revision(connection: Connection, revision: BimRevision) -> bool:
    """Write how far a revision is; tells whether that changed anything.

    Raises
    ------
    InvalidInput
        When there is no such revision.
    Conflict
        When its version is stale.

    """
    check_text(revision)
    old = revision_there(connection, revision.id)
    if (old.model_id, old.number, old.file_sha256) != (
        revision.model_id, revision.number, revision.file_sha256,
    ):  # fmt: skip
        raise InvalidInput(f"revision {revision.id!r} keeps its model, number and file", "revision")
    put_versioned(connection, REVISIONS, "revision", revision)
    return old != revision


def tell(database: Database, connection: Connection, revision: BimRevision) -> None:
    """Let live pages know; the last thing of a transaction."""
    building_id = model_there(connection, revision.model_id).building_id
    now_ns = database.clock.now_ns()
    write_changes(connection, [Change(0, now_ns, "model", building_id, revision.id)])
