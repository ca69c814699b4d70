"""What the API says of a building's score: one shape for one building, a batch and a portfolio."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, Field

from analytics.assessment.statement import cannot_words, reason_words
from analytics.score_findings import names_of
from api.fields import At, Bound, Out
from api.visibility import list_buildings
from domain.access import Caller
from domain.access import may as may_do
from domain.assessed import Assessed, Band, Coverage, shown_band
from domain.assessments import Reason, SuspectedGrade, Verdict
from domain.buildings import Appraisal, Building, Grade
from domain.clock import DAY_NS, HOUR_NS, to_datetime
from domain.portfolio import Standing, standings
from domain.ports import Page
from domain.services import Services

#: buildings of one portfolio
PORTFOLIO_MAX = 100_000
#: buildings whose details are read at once
_AT_ONCE = 500

AsOf = Annotated[
    Bound | None, Query(description="as it was known at a moment; left out: as it is known now")
]


class ReasonOut(Out):
    """One reason, as a key and figures, and in words."""

    key: str
    subject: str = Field(description="channel or sensor; empty: the building")
    value: float | None
    low: float | None
    high: float | None
    unit: str
    since: At | None = Field(validation_alias="since_ns")
    weight: float = Field(description="points of the score that it accounts for")
    text_zh: str
    text_en: str

    @classmethod
    def of(
        cls, reason: Reason, verdicts: Sequence[Verdict], names: Mapping[str, str]
    ) -> "ReasonOut":
        """Show a reason."""
        known = {name: getattr(reason, name) for name in _REASON_FIELDS}
        return cls.model_validate(
            {
                **known,
                "text_zh": reason_words(reason, verdicts, names, "zh"),
                "text_en": reason_words(reason, verdicts, names, "en"),
            }
        )


_REASON_FIELDS = ("key", "subject", "value", "low", "high", "unit", "since_ns", "weight")


class CoverageOut(Out):
    """How many of the building's channels told something."""

    channels: int
    told: int
    share: float = Field(description="0 to 1")


class CannotJudgeOut(BaseModel):
    """Why there is no score."""

    reason: str = Field(description="`never assessed`, `no data` or `too little`")
    text_zh: str
    text_en: str


class AppraisedOut(Out):
    """What an appraiser found; it stands apart from every score."""

    grade: Grade
    scheme: str = Field(description="standard that the letter belongs to")
    report_number: str
    appraiser: str
    appraised_on: date
    valid_until: date | None


class ChangeOut(BaseModel):
    """What has changed over a span that ends with `known_at`."""

    days: int
    score_before: float | None = Field(description="null: nothing was known then, or not judged")
    band_before: Band | None = Field(description="null: nothing was known then")
    points: float | None = Field(description="how far the score has moved")


class JudgedOut(BaseModel):
    """What was thought of a building at one time; a model's suspicion, never a grade."""

    assessment_id: str | None = Field(description="null: it was never assessed")
    at: At | None = Field(description="moment that the assessment speaks of")
    made_at: At | None = Field(description="when it was said; from then on it was known")
    data_at: At | None = Field(description="newest reading that was used")
    model: str | None
    profile: str | None
    score: float | None = Field(description="0 to 100, higher is worse; null: cannot judge")
    low: float | None = Field(description="ends of the interval; null: cannot judge")
    high: float | None
    band: Band
    suspected: SuspectedGrade
    confidence_percent: float = Field(
        description="how much of what should be known is known: missing data lower this, not "
        "the score"
    )
    coverage: CoverageOut | None = Field(description="null: it was not counted then")


class BuildingScoreOut(JudgedOut):
    """How one building stands, as it was known at a moment."""

    building_id: str
    code: str
    name: str
    district: str
    structure: str
    build_year: int | None
    longitude: float
    latitude: float
    known_at: At = Field(description="the answer holds what had been said by then")
    data_age_h: float | None = Field(description="hours from the newest reading to `known_at`")
    cannot_judge: CannotJudgeOut | None = Field(description="why there is no score")
    reasons: list[ReasonOut] = Field(description="what weighs most, heaviest first")
    change: ChangeOut
    appraised: AppraisedOut | None = Field(description="by an appraiser; null: none is known")


def judged(row: Assessed | None, band: Band) -> dict[str, object]:
    """Tell what was thought at one time, by the fields of `JudgedOut`."""
    made, sure = (row.assessment, row.judged) if row else (None, False)
    coverage = row.coverage if row else Coverage(0, 0)
    return {
        "assessment_id": made.id if made else None,
        "at": made.at_ns if made else None,
        "made_at": row.made_at_ns if row else None,
        "data_at": row.data_at_ns if row else None,
        "model": made.model if made else None,
        "profile": made.profile if made else None,
        "score": made.score if made and sure else None,
        "low": made.low if made and sure else None,
        "high": made.high if made and sure else None,
        "band": band,
        "suspected": made.suspected if made else SuspectedGrade.CANNOT_JUDGE,
        "confidence_percent": made.quality_percent if made else 0.0,
        "coverage": None if coverage is None else CoverageOut.model_validate(coverage),
    }


def portfolio(services: Services, who: Caller, known_at_ns: int, days: int) -> list[Standing]:
    """Read how a caller's buildings stood, as it was known at a moment."""
    buildings = [
        building
        for building in list_buildings(services, who, Page(PORTFOLIO_MAX))
        if may_do(who, "assessments:read", building)
    ]
    return stand(services, buildings, known_at_ns, days)


def stand(
    services: Services, buildings: Sequence[Building], known_at_ns: int, days: int
) -> list[Standing]:
    """Read how some buildings stood, as it was known at a moment."""
    ids = [building.id for building in buildings]
    store, day = services.assessments, to_datetime(known_at_ns).date()
    return standings(
        buildings,
        store.newest(ids, as_of_ns=known_at_ns),
        store.newest(ids, as_of_ns=known_at_ns - days * DAY_NS),
        services.register.appraised(ids, day),
        services.profile,
    )


def shown(
    services: Services, rows: Sequence[Standing], known_at_ns: int, days: int
) -> list[BuildingScoreOut]:
    """Show how some buildings stand; what reasons name is read for many at once."""
    found: list[BuildingScoreOut] = []
    for first in range(0, len(rows), _AT_ONCE):
        part = rows[first : first + _AT_ONCE]
        with_row = [one for one in part if one.row is not None]
        sites = services.register.sites_of([one.building.id for one in with_row])
        verdicts = services.assessments.verdicts(
            [one.row.assessment.id for one in with_row if one.row]
        )
        for one in part:
            site = sites.get(one.building.id)
            said = verdicts.get(one.row.assessment.id, ()) if one.row else ()
            names = names_of(site) if site else {}
            found.append(_building(one, said, names, known_at_ns, days))
    return found


def _building(
    one: Standing,
    verdicts: Sequence[Verdict],
    names: Mapping[str, str],
    known_at_ns: int,
    days: int,
) -> BuildingScoreOut:
    row, house = one.row, one.building
    data_at_ns = row.data_at_ns if row else None
    why = None
    if not one.judged:
        reason, zh, en = cannot_words(row)
        why = CannotJudgeOut(reason=reason, text_zh=zh, text_en=en)
    before = one.before
    return BuildingScoreOut.model_validate(
        judged(row, one.band)
        | {name: getattr(house, name) for name in _OF_BUILDING}
        | {
            "building_id": house.id,
            "known_at": known_at_ns,
            "data_age_h": (known_at_ns - data_at_ns) / HOUR_NS if data_at_ns else None,
            "cannot_judge": why,
            "reasons": [
                ReasonOut.of(reason, verdicts, names)
                for reason in (row.assessment.reasons if row else ())
            ],
            "change": ChangeOut(
                days=days,
                score_before=before.assessment.score if before and before.judged else None,
                band_before=one.band_before,
                points=one.change,
            ),
            "appraised": _appraised(one.appraisal),
        }
    )


_OF_BUILDING = (*("code", "name", "district", "structure", "build_year", "longitude", "latitude"),)


def _appraised(found: Appraisal | None) -> AppraisedOut | None:
    return None if found is None else AppraisedOut.model_validate(found)


def history_row(row: Assessed, services: Services) -> JudgedOut:
    """Show one row of a history."""
    return JudgedOut.model_validate(judged(row, shown_band(row, services.profile)))


def csv_head() -> tuple[str, ...]:
    """Name the columns of a portfolio's table."""
    return (
        *("building_id", "code", "name", "district", "structure", "build_year", "longitude"),
        *("latitude", "score", "low", "high", "band", "suspected", "cannot_judge"),
        *("confidence_percent", "channels", "channels_told", "data_at", "data_age_h"),
        *("assessed_at", "made_at", "known_at", "model", "change_days", "change_points"),
        *("band_before", "reason_1_zh", "reason_1_en", "reason_2_zh", "reason_2_en"),
        *("reason_3_zh", "reason_3_en", "appraised_grade", "report_number", "appraised_on"),
        "appraiser",
    )


def csv_cells(row: BuildingScoreOut) -> tuple[object, ...]:
    """Write one building as the cells of those columns."""
    coverage, grade = row.coverage, row.appraised
    reasons = [text for one in row.reasons[:3] for text in (one.text_zh, one.text_en)]
    return (
        *(row.building_id, row.code, row.name, row.district, row.structure, row.build_year),
        *(row.longitude, row.latitude, _short(row.score), _short(row.low), _short(row.high)),
        *(row.band.value, row.suspected.value),
        row.cannot_judge.reason if row.cannot_judge else None,
        _short(row.confidence_percent),
        *((coverage.channels, coverage.told) if coverage else (None, None)),
        *(_moment(row.data_at), _short(row.data_age_h), _moment(row.at), _moment(row.made_at)),
        *(_moment(row.known_at), row.model, row.change.days, _short(row.change.points)),
        row.change.band_before.value if row.change.band_before else None,
        *(reasons + [None] * (6 - len(reasons))),
        *(
            (grade.grade.value, grade.report_number, grade.appraised_on.isoformat())
            if grade
            else (None, None, None)
        ),
        grade.appraiser if grade else None,
    )


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _moment(at: object) -> object:
    return at.isoformat() if hasattr(at, "isoformat") else None
