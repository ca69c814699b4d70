"""Assessments in the records database: rows are added, never changed."""

import json
import math
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import msgspec
from sqlalchemy import (
    ARRAY,
    Connection,
    FromClause,
    Row,
    Text,
    bindparam,
    func,
    select,
    tuple_,
)

from domain.assessed import Assessed, Coverage, ModelVersion, coverage_of
from domain.assessments import Reason, RiskAssessment, SuspectedGrade, Verdict
from domain.errors import NotFound
from domain.score_notices import BandNotice
from storage.records import tables_assessments as tables
from storage.records.engine import Database
from storage.records.jobs import check_fence
from storage.records.rows import among, insert_into
from storage.records.score_notices import add_notices

_OWN = tuple(field.name for field in fields(RiskAssessment) if field.name != "verdicts")
_MADE = ("made_at_ns", "because", "data_at_ns", "band", "channels", "told")
_T = tables.assessments
_ENCODER = msgspec.msgpack.Encoder(enc_hook=float)
_DECODER = msgspec.msgpack.Decoder(tuple[Verdict, ...])
_COLUMNS = [_T.c[name] for name in (*_OWN, *_MADE)]


class RecordsAssessments:
    """Assessments; a `domain.assessed.AssessmentStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(
        self,
        rows: Sequence[Assessed],
        lease: str = "",
        fence: int = 0,
        tell: Sequence[BandNotice] = (),
    ) -> int:
        """Keep assessments, all or none; those that are there already stay as they are."""
        new: set[str] = set()
        with self._database.writing() as connection:
            if lease:
                check_fence(connection, lease, fence)
            for row in rows:
                made = row.assessment
                values: dict[str, Any] = {name: getattr(made, name) for name in _OWN}
                values["reasons"] = [_finite(reason) for reason in made.reasons]
                values["would_change"] = [_finite(reason) for reason in made.would_change]
                values["details"] = _finite_details(made.details)
                coverage = row.coverage or coverage_of(made.verdicts)
                values |= {
                    "made_at_ns": row.made_at_ns,
                    "because": row.because,
                    "data_at_ns": row.data_at_ns,
                    "band": row.band,
                    "channels": coverage.channels,
                    "told": coverage.told,
                }
                statement = insert_into(connection, _T).on_conflict_do_nothing(
                    index_elements=["id"]
                )
                # the row comes back only when it is new; counts of rows are not told alike
                if connection.execute(statement.returning(_T.c.id), values).first() is not None:
                    new.add(made.id)
                    connection.execute(
                        tables.verdicts.insert(),
                        {"assessment_id": made.id, "verdicts": _ENCODER.encode(made.verdicts)},
                    )
            add_notices(connection, [notice for notice in tell if notice.assessment_id in new])
        return len(new)

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

    def verdicts(self, assessment_ids: Sequence[str]) -> dict[str, tuple[Verdict, ...]]:
        """Read what every channel's history said, of several assessments at once."""
        v = tables.verdicts.c
        with self._database.reading() as connection:
            question = select(v.assessment_id, v.verdicts)
            found = connection.execute(
                question.where(among(connection, v.assessment_id, assessment_ids))
            )
            return {row.assessment_id: _DECODER.decode(row.verdicts) for row in found}

    def history(
        self,
        building_id: str,
        *,
        start_ns: int | None = None,
        as_of_ns: int | None = None,
        after: str = "",
        limit: int = 400,
    ) -> list[Assessed]:
        """List those of a building, newest first, without their verdicts.

        Raises
        ------
        NotFound
            When `after` is no assessment of the building.

        """
        question = select(*_COLUMNS).where(_T.c.building_id == building_id)
        if start_ns is not None:
            question = question.where(_T.c.at_ns >= start_ns)
        if as_of_ns is not None:
            question = question.where(_T.c.made_at_ns <= as_of_ns)
        question = question.order_by(_T.c.at_ns.desc(), _T.c.made_at_ns.desc(), _T.c.id)
        with self._database.reading() as connection:
            if after:
                place = select(_T.c.at_ns, _T.c.made_at_ns).where(
                    _T.c.id == after, _T.c.building_id == building_id
                )
                last = connection.execute(place).first()
                if last is None:
                    raise NotFound(f"no assessment {after!r} of building {building_id!r}")
                earlier = tuple_(_T.c.at_ns, _T.c.made_at_ns) < (last.at_ns, last.made_at_ns)
                same = (_T.c.at_ns == last.at_ns) & (_T.c.made_at_ns == last.made_at_ns)
                question = question.where(earlier | (same & (_T.c.id > after)))
            return [_assessed(row) for row in connection.execute(question.limit(limit))]

    def newest(
        self,
        building_ids: Sequence[str] | None = None,
        *,
        as_of_ns: int | None = None,
        judged: bool = False,
    ) -> dict[str, Assessed]:
        """Tell what holds of each building, without verdicts: the last moment that was assessed.

        One step into the index a building, however long its history is.
        """
        one = _T.alias("one")
        first = select(one.c.id)
        if as_of_ns is not None:
            # nothing is said of a moment before it has come: the index need not be read from
            # its newest end on
            first = first.where(one.c.made_at_ns <= as_of_ns, one.c.at_ns <= as_of_ns)
        if judged:
            first = first.where(one.c.suspected != SuspectedGrade.CANNOT_JUDGE)
        order = one.c.at_ns.desc(), one.c.made_at_ns.desc(), one.c.id
        with self._database.reading() as connection:
            named = _named(connection, building_ids)
            holds = (
                first.where(one.c.building_id == named.c.building_id)
                .order_by(*order)
                .limit(1)
                .correlate(named)
                .scalar_subquery()
            )
            ids = list(connection.execute(select(holds).select_from(named)).scalars())
            question = select(*_COLUMNS).where(among(connection, _T.c.id, filter(None, ids)))
            return {row.building_id: _assessed(row) for row in connection.execute(question)}


def _named(connection: Connection, building_ids: Sequence[str] | None) -> FromClause:
    """Make a table of the buildings that are asked for; `None`: all that were ever assessed."""
    if building_ids is None:
        return select(_T.c.building_id).distinct().subquery("named")
    wanted = sorted(set(building_ids))
    if connection.dialect.name == "postgresql":
        unnested = func.unnest(bindparam(None, wanted, ARRAY(Text))).column_valued("unnested")
        return select(unnested.label("building_id")).subquery("named")
    listed = func.json_each(json.dumps(wanted)).table_valued("value")
    return select(listed.c.value.label("building_id")).subquery("named")


def _assessed(row: Row[Any]) -> Assessed:
    # by position: a portfolio has ten thousand of them
    own = dict(zip(_OWN, row, strict=False))
    made_at_ns, because, data_at_ns, band, channels, told = row[len(_OWN) :]
    coverage = None if channels is None else Coverage(channels, told)
    return Assessed(RiskAssessment(**own), made_at_ns, because, data_at_ns, band, coverage)


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
