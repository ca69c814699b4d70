"""Assessments in the records database: rows are added, never changed."""

import math
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import msgspec
from sqlalchemy import Row, Select, func, select

from domain.assessed import Assessed, ModelVersion
from domain.assessments import Reason, RiskAssessment, Verdict
from storage.records import tables_assessments as tables
from storage.records.engine import Database
from storage.records.jobs import check_fence
from storage.records.rows import among, insert_into

_OWN = tuple(field.name for field in fields(RiskAssessment) if field.name != "verdicts")
_T = tables.assessments
_ENCODER = msgspec.msgpack.Encoder(enc_hook=float)
_DECODER = msgspec.msgpack.Decoder(tuple[Verdict, ...])
_COLUMNS = [_T.c[name] for name in (*_OWN, "made_at_ns", "because", "data_at_ns")]


class RecordsAssessments:
    """Assessments; a `domain.assessed.AssessmentStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, rows: Sequence[Assessed], lease: str = "", fence: int = 0) -> int:
        """Keep assessments, all or none; those that are there already stay as they are."""
        new = 0
        with self._database.writing() as connection:
            if lease:
                check_fence(connection, lease, fence)
            for row in rows:
                made = row.assessment
                values: dict[str, Any] = {name: getattr(made, name) for name in _OWN}
                values["reasons"] = [_finite(reason) for reason in made.reasons]
                values["would_change"] = [_finite(reason) for reason in made.would_change]
                values["details"] = _finite_details(made.details)
                values |= {
                    "made_at_ns": row.made_at_ns,
                    "because": row.because,
                    "data_at_ns": row.data_at_ns,
                }
                statement = insert_into(connection, _T).on_conflict_do_nothing(
                    index_elements=["id"]
                )
                # the row comes back only when it is new; counts of rows are not told alike
                if connection.execute(statement.returning(_T.c.id), values).first() is not None:
                    new += 1
                    connection.execute(
                        tables.verdicts.insert(),
                        {"assessment_id": made.id, "verdicts": _ENCODER.encode(made.verdicts)},
                    )
        return new

    def assessment(self, assessment_id: str) -> Assessed | None:
        """Read one, with its verdicts."""
        v = tables.verdicts.c
        with self._database.reading() as connection:
            row = connection.execute(select(*_COLUMNS).where(_T.c.id == assessment_id)).first()
            if row is None:
                return None
            said = connection.execute(
                select(v.verdicts).where(v.assessment_id == assessment_id)
            ).scalar()
        found = _assessed(row)
        verdicts = _DECODER.decode(said) if said else ()
        return replace(found, assessment=replace(found.assessment, verdicts=verdicts))

    def versions(self) -> list[ModelVersion]:
        """List the models that assessments name, the one used last first."""
        last = func.max(_T.c.made_at_ns)
        question = (
            select(_T.c.model, func.count(), func.min(_T.c.made_at_ns), last)
            .group_by(_T.c.model)
            .order_by(last.desc(), _T.c.model)
        )
        with self._database.reading() as connection:
            return [ModelVersion(*row) for row in connection.execute(question)]

    def history(
        self,
        building_id: str,
        *,
        start_ns: int | None = None,
        as_of_ns: int | None = None,
        limit: int = 400,
    ) -> list[Assessed]:
        """List those of a building, newest first, without their verdicts."""
        question = select(*_COLUMNS).where(_T.c.building_id == building_id)
        if start_ns is not None:
            question = question.where(_T.c.at_ns >= start_ns)
        if as_of_ns is not None:
            question = question.where(_T.c.made_at_ns <= as_of_ns)
        question = question.order_by(_T.c.at_ns.desc(), _T.c.made_at_ns.desc(), _T.c.id)
        return self._read(question.limit(limit))

    def newest(
        self, building_ids: Sequence[str] | None = None, *, as_of_ns: int | None = None
    ) -> dict[str, Assessed]:
        """Tell the newest of each building, without verdicts."""
        rank = func.row_number().over(
            partition_by=_T.c.building_id,
            order_by=(_T.c.at_ns.desc(), _T.c.made_at_ns.desc(), _T.c.id),
        )
        inner = select(_T.c.id.label("id"), rank.label("rank"))
        if as_of_ns is not None:
            inner = inner.where(_T.c.made_at_ns <= as_of_ns)
        with self._database.reading() as connection:
            if building_ids is not None:
                inner = inner.where(among(connection, _T.c.building_id, building_ids))
            ranked = inner.subquery()
            first = select(ranked.c.id).where(ranked.c.rank == 1)
            rows = connection.execute(select(*_COLUMNS).where(_T.c.id.in_(first)))
            return {row.building_id: _assessed(row) for row in rows}

    def _read(self, question: Select[Any]) -> list[Assessed]:
        with self._database.reading() as connection:
            return [_assessed(row) for row in connection.execute(question)]


def _assessed(row: Row[Any]) -> Assessed:
    values = {name: getattr(row, name) for name in _OWN}
    return Assessed(RiskAssessment(**values), row.made_at_ns, row.because, row.data_at_ns)


def _finite(reason: Reason) -> Reason:
    """Leave bounds out that are not finite: JSON does not know them."""
    known = {
        name: None if value is None or not math.isfinite(value) else float(value)
        for name, value in (("value", reason.value), ("low", reason.low), ("high", reason.high))
    }
    weight = float(reason.weight) if math.isfinite(reason.weight) else 0.0
    return replace(reason, **known, weight=weight, details=_finite_details(reason.details))  # type: ignore[arg-type]


def _finite_details(
    details: tuple[tuple[str, float | str], ...],
) -> tuple[tuple[str, float | str], ...]:
    return tuple(
        (name, value if isinstance(value, str) else float(value))
        for name, value in details
        if isinstance(value, str) or math.isfinite(value)
    )
