"""N of M, hysteresis and steps that count at once: the gate that all rules pass."""

from analytics.confirm import Gate, level_of
from domain.limits import Level

GATE = Gate(need=3, of=5, hysteresis=0.8)
N, B, Y, O, R = Level  # noqa: E741


def _run(hits: list[Level], stays: list[Level] | None = None) -> list[tuple[int, Level]]:
    standing, changes = None, []
    for at, (hit, stay) in enumerate(zip(hits, stays or hits, strict=True)):
        standing, change = GATE.push(standing, at, hit, stay)
        if change is not None:
            changes.append((at, change))
    return changes


def test_two_wild_readings_in_a_row_raise_nothing() -> None:
    assert _run([N, R, R, N, N, N, R, N, N, R, N, N]) == []


def test_three_of_five_raise_and_three_of_five_lower() -> None:
    assert _run([R, N, R, N, R, N, N, R, N, N, N]) == [(4, R), (8, N)]


def test_the_level_is_what_three_agree_on() -> None:
    assert _run([R, R, Y, B]) == [(2, Y)]


def test_a_level_rises_in_steps_as_more_agree() -> None:
    assert _run([Y, Y, Y, R, R, R]) == [(2, Y), (5, R)]


def test_a_level_holds_while_the_value_stays_over_four_fifths() -> None:
    assert _run([Y, Y, Y, N, N, N, N], [Y, Y, Y, Y, Y, Y, Y]) == [(2, Y)]


def test_a_step_raises_at_once_and_only_later_readings_lower_it() -> None:
    standing, _ = GATE.push(None, 0, B, B)
    standing, change = GATE.force(standing, 1, R, 0)
    assert change is R
    for at in (2, 3):
        standing, change = GATE.push(standing, at, N, N)
        assert change is None
    standing, change = GATE.push(standing, 4, N, N)
    assert change is N


def test_a_step_never_lowers() -> None:
    standing, _ = GATE.force(None, 0, R, 0)
    standing, change = GATE.force(standing, 1, Y, 1)
    assert change is None
    assert level_of(standing) is R


def test_quiet_leaves_nothing_to_keep() -> None:
    standing = None
    for at in range(20):
        standing, _ = GATE.push(standing, at, N, N)
    assert standing is None
