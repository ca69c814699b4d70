"""The re-link benchmark: what it counts, and that nothing is linked wrongly on made models."""

from dataclasses import replace

import pytest

from benchmarks.bim_relink import JUDGING, Outcome, judged, relinked
from simulators.ifc.revisions import CHANGES, Truth
from tests.model_rows import block, next_revision


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    """Every change of a small house, with a seed of its own."""
    return list(relinked(quick=True, seeds=range(JUDGING - 1, JUDGING)))


def test_no_link_is_wrong_and_nothing_drops_out_of_view(outcomes: list[Outcome]) -> None:
    assert {one.change.name for one in outcomes} == {one.name for one in CHANGES}
    assert [one for one in outcomes if one.wrong or one.lost] == []


def test_what_only_has_new_guids_is_linked(outcomes: list[Outcome]) -> None:
    renamed = [one for one in outcomes if one.only_renamed]
    assert len(renamed) == 5
    assert min(one.linked / one.alive for one in renamed) >= 0.95


def test_a_link_that_is_not_true_is_counted() -> None:
    old = [replace(row, element_id=f"e{row.step_id}") for row in block(2, 2)]
    pair = next_revision(old, 5)
    became = {row.step_id: tuple(pair.truth[row.element_id]) for row in old}
    right = judged("block", old, pair.new, CHANGES[0], 5, Truth(became))
    assert (right.wrong, right.lost, right.waiting) == (0, 0, 0)
    first, second = old[0].step_id, old[1].step_id
    became[first], became[second] = became[second], became[first]
    assert judged("block", old, pair.new, CHANGES[0], 5, Truth(became)).wrong == 2
