"""Assessments, context events, labels and budgets on both databases: kept, never rewritten."""

import math
from dataclasses import replace

import numpy as np
import pytest

from domain.assessed import Band, Coverage
from domain.assessments import Health, Reason, SuspectedGrade
from domain.budget import Budget
from domain.clock import DAY_NS
from domain.contexts import ContextEvent, ContextKind
from domain.errors import Conflict, InvalidInput, NotFound
from domain.labels import Label, Outcome
from domain.ports import GatewayStatus, Judgement, Page
from storage.records import Records
from tests.api_city import NOW_NS, assessed


def test_an_assessment_is_read_as_it_was_written_infinite_bounds_too(records: Records) -> None:
    row = assessed("near")
    (verdict,) = row.assessment.verdicts
    wide = replace(
        verdict, low=-math.inf, high=math.inf, z=np.float64(1.5), details=(("shape", "step"),)
    )
    reason = Reason("reason.step", "c", np.float64(1.5), -math.inf, 2.0, details=(("r", math.nan),))
    made = replace(row.assessment, verdicts=(wide,), reasons=(reason,), details=(("x", 0.5),))
    assert records.assessments.put([replace(row, assessment=made)]) == 1
    kept = records.assessments.assessment(made.id)
    assert kept is not None
    assert kept.assessment.verdicts == (wide,)
    (told,) = kept.assessment.reasons
    assert (told.value, told.low, told.high, told.details) == (1.5, None, 2.0, ())
    assert (kept.made_at_ns, kept.because, kept.data_at_ns) == (
        row.made_at_ns, "assess", row.data_at_ns,
    )  # fmt: skip
    assert records.assessments.assessment("no-such") is None


def test_one_that_is_there_is_never_written_over(records: Records) -> None:
    row = assessed("near", 40.0)
    assert records.assessments.put([row]) == 1
    other = replace(row, assessment=replace(row.assessment, score=99.0), made_at_ns=NOW_NS)
    assert records.assessments.put([other]) == 0
    assert records.assessments.newest()["b-near"].assessment.score == 40.0


def test_newest_and_history_tell_what_had_been_said_by_a_moment(records: Records) -> None:
    rows = []
    for number, (at, made, score) in enumerate([(1, 1, 10.0), (2, 2, 20.0), (1, 3, 90.0)]):
        one = assessed("near", score, at * DAY_NS)
        again = replace(one.assessment, id=f"as-{number}")
        rows.append(replace(one, assessment=again, made_at_ns=made * DAY_NS))
    assert records.assessments.put([*rows, assessed("far")]) == 4
    store = records.assessments
    assert store.newest(["b-near"])["b-near"].assessment.score == 20.0
    assert set(store.newest()) == {"b-near", "b-far"}
    assert store.newest([]) == {}
    then = store.newest(["b-near"], as_of_ns=DAY_NS)
    assert then["b-near"].assessment.score == 10.0
    assert store.newest(["b-near"], as_of_ns=DAY_NS - 1) == {}
    assert [r.assessment.score for r in store.history("b-near")] == [20.0, 90.0, 10.0]
    by = store.history("b-near", as_of_ns=2 * DAY_NS)
    assert [r.assessment.score for r in by] == [20.0, 10.0]
    assert len(store.history("b-near", limit=1)) == 1
    (version,) = store.versions()
    assert (version.model, version.assessments) == ("model-test v1", 4)


def test_context_events_are_versioned_listed_and_found_by_time(records: Records) -> None:
    store = records.contexts
    pit = ContextEvent("pit", ContextKind.WORKS, "基坑", 10, 90, 115.9, 28.7, 300.0)
    rain = ContextEvent("r", ContextKind.WEATHER, "", 50, 60, figures=(("rain_mm", 3.0),))
    store.put([pit, rain], "me")
    store.put([pit], "me")
    assert store.event("pit") == pit
    longer = replace(pit, ended_at_ns=120, version=2)
    store.put([longer], "me")
    with pytest.raises(Conflict, match="version must be 3, got 2"):
        store.put([replace(longer, name="x")], "me")
    assert [e.id for e in store.events(Page())] == ["r", "pit"]
    assert [e.id for e in store.events(Page(1, "r"))] == ["pit"]
    assert [e.id for e in store.events(Page(), start_ns=100, end_ns=200)] == ["pit"]
    assert [e.id for e in store.events(Page(), kinds=[ContextKind.WEATHER])] == ["r"]
    assert store.weather(50, 51) == [rain]
    assert store.weather(51, 100) == []
    assert store.add([rain, replace(rain, id="r2")], "me") == 1
    with pytest.raises(InvalidInput, match="after must be an event's id"):
        store.events(Page(1, "nobody"))
    lines = [line for line in records.audit.audit(Page()) if "context" in line[2]]
    assert [line[2] for line in reversed(lines)] == [
        "context event added", "context event added", "context event changed",
        "context events added",
    ]  # fmt: skip


def test_labels_and_budgets_are_only_ever_added(records: Records) -> None:
    label = Label("l", "a", "b-near", "crack", Outcome.BENIGN, 5, "me", "雨", 12.5, "as", "m")
    records.labels.put(label)
    records.labels.put(replace(label, outcome=Outcome.CONFIRMED))
    assert records.labels.labels() == [label]
    records.labels.put(replace(label, id="l2", building_id="b-far", at_ns=9))
    assert [one.id for one in records.labels.labels(building_ids=["b-far"])] == ["l2"]
    assert [one.id for one in records.labels.labels(start_ns=5, end_ns=9)] == ["l"]
    for at, pages in ((1, 2.0), (2, 3.5)):
        records.labels.set_budget(Budget(at, pages, "me"))
    assert [b.pages_a_month for b in records.labels.budgets()] == [3.5, 2.0]


def test_a_boot_counter_is_kept_with_the_moment_it_was_first_heard(records: Records) -> None:
    for offset, (at, boot) in enumerate([(10, 1), (20, 1), (30, 2), (25, 2), (40, None)], 1):
        status = GatewayStatus("g", at, True, boot)
        records.judgement.commit(Judgement(0, offset, statuses=(status,)))
    assert records.fleet.boots(["g", "other"]) == {"g": [10, 30]}
    assert records.fleet.boots([]) == {}


def test_what_holds_is_found_by_building_blind_ones_passed_over_when_asked(
    records: Records,
) -> None:
    calm = assessed("near", 20.0, DAY_NS)
    blind = replace(
        calm.assessment, id="blind", at_ns=2 * DAY_NS, suspected=SuspectedGrade.CANNOT_JUDGE
    )
    mute = replace(calm.assessment.verdicts[0], health=Health.BLIND)
    blind = replace(blind, verdicts=(*calm.assessment.verdicts, mute))
    row = replace(calm, assessment=blind, made_at_ns=2 * DAY_NS, band=Band.CANNOT_JUDGE)
    assert records.assessments.put([calm, row]) == 2
    store = records.assessments
    assert store.newest(["b-near", "no-such"])["b-near"].band is Band.CANNOT_JUDGE
    assert store.newest(["b-near"])["b-near"].coverage == Coverage(2, 1)
    judged = store.newest(["b-near"], judged=True)["b-near"]
    assert (judged.assessment.score, judged.band, judged.coverage) == (20.0, None, Coverage(1, 1))
    assert store.newest(as_of_ns=DAY_NS)["b-near"].assessment.id == calm.assessment.id
    said = store.verdicts(["blind", "no-such"])
    assert said == {"blind": blind.verdicts}


def test_a_history_goes_on_after_any_of_its_rows(records: Records) -> None:
    rows = []
    for number, (at, made) in enumerate([(1, 1), (2, 2), (2, 2), (2, 3), (3, 3)]):
        one = assessed("near", float(number), at * DAY_NS)
        again = replace(one.assessment, id=f"as-{number}")
        rows.append(replace(one, assessment=again, made_at_ns=made * DAY_NS))
    records.assessments.put([*rows, assessed("far")])
    whole = [r.assessment.id for r in records.assessments.history("b-near")]
    assert whole == ["as-4", "as-3", "as-1", "as-2", "as-0"]
    paged, after = [], ""
    while page := records.assessments.history("b-near", after=after, limit=2):
        paged += [r.assessment.id for r in page]
        after = paged[-1]
    assert paged == whole
    with pytest.raises(NotFound, match="no assessment 'as-far' of building 'b-near'"):
        records.assessments.history("b-near", after="as-far")
