"""The band of each new assessment, and which of them is another than the one that held."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from alerting.band_notices import BandChange
from analytics.assessment.statement import reason_words
from analytics.score_findings import names_of, told_band
from domain.assessed import Assessed, AssessmentStore, coverage_of, shown_band
from domain.buildings import Building
from domain.limits import LimitProfile
from domain.ports import RegisterStore


def banded(
    rows: Sequence[Assessed],
    buildings: Mapping[str, Building],
    assessments: AssessmentStore,
    register: RegisterStore,
    profile: LimitProfile,
) -> tuple[list[Assessed], dict[str, BandChange]]:
    """Tell the band of each row, and by building those whose band has changed.

    A building's first assessment changes no band, and neither does one of an older moment than
    the one that holds. Nobody else adds assessments while the jobs' lease is held, so what is
    read here still holds when the rows are kept.

    Parameters
    ----------
    rows
        At most one a building, not yet kept, with their verdicts.

    """
    ids = [row.assessment.building_id for row in rows]
    newest = assessments.newest(ids)
    judged = assessments.newest(ids, judged=True)
    found: list[Assessed] = []
    changes: dict[str, BandChange] = {}
    for row in rows:
        id_ = row.assessment.building_id
        before, known = newest.get(id_), judged.get(id_)
        # a building that was blind for a while goes on from where it was last judged
        last = shown_band(known, profile) if known else None
        band = told_band(row.assessment, profile, last)
        made = replace(row, band=band, coverage=coverage_of(row.assessment.verdicts))
        found.append(made)
        if before is None or before.assessment.at_ns > row.assessment.at_ns:
            continue
        held = shown_band(before, profile)
        if band is not held:
            reasons = _reasons(made, register)
            changes[id_] = BandChange(buildings[id_], before, held, made, band, reasons)
    return found, changes


def _reasons(row: Assessed, register: RegisterStore) -> tuple[tuple[str, str, str], ...]:
    made = row.assessment
    names = names_of(register.site(made.building_id))
    return tuple(
        (
            one.key,
            reason_words(one, made.verdicts, names, "zh"),
            reason_words(one, made.verdicts, names, "en"),
        )
        for one in made.reasons
    )
