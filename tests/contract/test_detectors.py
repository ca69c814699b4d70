"""What every detector promises; each one that is found by name runs the same tests."""

import copy
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics import detectors as folder
from analytics.detectors import detectors
from analytics.limits import load_profile
from domain.clock import HOUR_NS, MINUTE_NS
from domain.findings import Cause, Finding
from domain.limits import Level
from domain.ports import Detector
from domain.readings import ReadingBatch, concat
from tests.unit.series import START_NS, House, Series, building, healthy

PROFILE = load_profile()
ALL = {detector.name: detector for detector in detectors(PROFILE)}
POINTS = "T1 C1 C2 S1 S2 V1 V2 TEMP"


@pytest.fixture(params=sorted(ALL))
def detector(request: pytest.FixtureRequest) -> Detector:
    return ALL[request.param]


def _eventful() -> ReadingBatch:
    """Sixteen days in which every rule has something to say."""
    series = healthy(seed=1, days=16)
    series.moved("C1", lambda days: 2.0 * (days >= 12.5))
    series.moved("T1.x", lambda days: 12.0 * (days >= 12.5) + 9.0 * (days >= 14))
    series.moved("S1", lambda days: 3.0 * np.clip(days - 12, 0, None))
    hours = series.hours
    shaking = (np.arange(hours) % 24 > 8) & (np.arange(hours) > 300)
    for name in ("V1", "V2"):
        series.values[f"{name}.ppv"] = np.where(shaking, 4.0, 0.2)
        series.values[f"{name}.frequency"] = np.full(hours, 8.0)
    series.values["V2.frequency"][310:330] = np.nan
    series.lost(["C2"], 14, 0.4)
    batches = list(Series(series.values, hours, 1 + (np.arange(hours) > 250)).batches())
    return concat(batches)


EVENTFUL = _eventful()


def _house() -> House:
    return House.of(PROFILE, POINTS, absolute=True, building=building(works_nearby=True))


def _run(detector: Detector, parts: Sequence[ReadingBatch], *, saved: bool = False) -> House:
    house = _house()
    for part in parts:
        if saved and detector.name in house.states:
            blob = msgspec.msgpack.encode(house.states[detector.name])
            house.states[detector.name] = msgspec.msgpack.decode(blob)
        house.run(detector, [part])
    return house


def _cut(batch: ReadingBatch, cuts: Sequence[int]) -> list[ReadingBatch]:
    edges = [0, *sorted(set(cuts)), len(batch)]
    return [batch.take(np.arange(low, high)) for low, high in pairwise(edges) if low < high]


def _plain(value: Any) -> bool:
    match value:
        case None | bool() | int() | float() | str() | bytes():
            return True
        case list() | tuple():
            return all(map(_plain, value))
        case dict():
            return all(_plain(k) and _plain(v) for k, v in value.items())
        case _:
            return False


def _evidence(found: Sequence[Finding]) -> list[Finding]:
    return sorted(found, key=lambda f: (f.at_ns, f.rule, f.subject, f.level))


def test_it_is_found_by_the_name_of_its_file(detector: Detector) -> None:
    files = {p.stem for p in Path(folder.__file__).parent.glob("*.py")} - {"__init__"}
    assert detector.name.replace("-", "_") in files
    assert len(ALL) == len(files)
    assert detector.kinds


def test_every_rule_of_the_profile_is_spoken_by_some_detector() -> None:
    parts = _cut(EVENTFUL, range(0, len(EVENTFUL), 400))
    rules = {f.rule for d in ALL.values() for f in _run(d, parts).found}
    assert {"tilt.total.h24", "crack.width", "crack.growth", "vibration.ppv"} <= rules
    assert {"tilt.growth", "settlement.rate"} <= rules


def test_an_empty_batch_at_first_finds_nothing(detector: Detector) -> None:
    found, _ = detector.examine(ReadingBatch.empty(), None, _house().view(START_NS))
    assert found == []


def test_a_finding_says_everything(detector: Detector) -> None:
    found = _run(detector, _cut(EVENTFUL, range(0, len(EVENTFUL), 400))).found
    if detector.name != "loss-of-watch":
        assert found
    for each in found:
        assert each.building_id == "b-1"
        assert each.subject
        assert each.subject_name
        assert each.unit
        assert each.source
        assert each.certainty
        assert each.profile == PROFILE.label
        assert each.limit > 0
        assert np.isfinite(each.value)
        assert each.started_ns <= each.at_ns
        assert all(_plain(pair) for pair in each.details)
    assert len({f.id for f in found}) == len(found)


def test_a_finding_comes_only_when_the_level_changes(detector: Detector) -> None:
    held: dict[tuple[str, str], Level] = {}
    for each in _run(detector, _cut(EVENTFUL, range(0, len(EVENTFUL), 50))).found:
        key = (each.rule, each.subject)
        assert each.level != held.get(key, Level.NONE)
        held[key] = each.level


def test_state_is_plain_and_comes_back_from_its_saved_form(detector: Detector) -> None:
    parts = _cut(EVENTFUL, range(0, len(EVENTFUL), 150))
    kept, restarted = _run(detector, parts), _run(detector, parts, saved=True)
    assert _plain(kept.states[detector.name])
    assert kept.found == restarted.found
    assert kept.states == restarted.states


def test_state_is_never_changed_in_place(detector: Detector) -> None:
    house = _house()
    for part in _cut(EVENTFUL, range(0, len(EVENTFUL), 300)):
        before = house.states.get(detector.name)
        copied = copy.deepcopy(before)
        house.run(detector, [part])
        assert before == copied


def test_the_same_readings_judged_twice_give_the_same_ids(detector: Detector) -> None:
    parts = _cut(EVENTFUL, range(0, len(EVENTFUL), 300))
    assert [f.id for f in _run(detector, parts).found] == [
        f.id for f in _run(detector, parts).found
    ]


_TAIL = EVENTFUL.take(np.arange(len(EVENTFUL) - 1400, len(EVENTFUL)))
_HEAD = EVENTFUL.take(np.arange(len(EVENTFUL) - 1400))


@pytest.mark.parametrize("name", sorted(set(ALL) - {"loss-of-watch"}))
def test_reading_by_reading_gives_the_same_as_all_at_once(name: str) -> None:
    at_once = _run(ALL[name], [EVENTFUL])
    singly = _run(ALL[name], [_HEAD, *_cut(_TAIL, range(len(_TAIL)))])
    assert at_once.found
    assert _evidence(at_once.found) == _evidence(singly.found)
    assert at_once.states == singly.states


@pytest.mark.parametrize("name", sorted(set(ALL) - {"loss-of-watch"}))
@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(cuts=st.lists(st.integers(1, 1399), max_size=40))
def test_findings_do_not_depend_on_the_cuts_between_batches(name: str, cuts: list[int]) -> None:
    whole = _run(ALL[name], [_HEAD, _TAIL])
    parts = _run(ALL[name], [_HEAD, *_cut(_TAIL, cuts)])
    assert _evidence(whole.found) == _evidence(parts.found)
    assert whole.states == parts.states


def test_silence_is_told_the_same_however_often_one_looks() -> None:
    told = []
    for step in (10, 20, 30):
        house, detector = _house(), ALL["loss-of-watch"]
        house.run(detector, [EVENTFUL.take(np.arange(200))])
        last_ns = int(EVENTFUL.taken_at[199])
        for minute in range(0, 9 * 60 + 1, step):
            house.look(detector, ReadingBatch.empty(), last_ns + minute * MINUTE_NS)
        told.append([(f.subject, f.level) for f in house.found])
    assert told[0] == told[1] == told[2]
    assert told[0]


def test_a_channel_of_another_house_or_kind_is_passed_over(detector: Detector) -> None:
    at = START_NS + np.arange(50, dtype=np.int64) * HOUR_NS
    strange = ReadingBatch.of(["X9"] * 50, at, np.full(50, 1e6), received_at=at)
    house = _house()
    for name in house.points:
        house.heard["g-1"] = int(at[-1])
        for channel in house.points[name].axes.values():
            house.latest[channel.id] = _fresh(int(at[-1]))
    found, _ = detector.examine(strange, None, house.view(int(at[-1])))
    assert found == []


def test_a_channel_that_is_named_and_has_no_readings_changes_nothing(detector: Detector) -> None:
    plain, named = _house(), _house()
    code = EVENTFUL.channels.index("C1")
    for part in _cut(EVENTFUL, range(0, len(EVENTFUL), 300)):
        rest = part.take(part.channel != code)
        plain.run(detector, [rest])
        strange = ReadingBatch.of(["X9"], rest.taken_at[:1], [1e6])
        mixed = concat([strange, rest])
        named.run(
            detector,
            [replace(mixed, channels=("C1", *mixed.channels), channel=mixed.channel + np.int32(1))],
        )
    assert named.found == plain.found
    assert named.states == plain.states


def test_a_reading_within_its_channels_band_changes_no_level_at_once(detector: Detector) -> None:
    house = _house()
    house.run(detector, [_HEAD])
    calm = 0
    for part in _cut(_TAIL, range(len(_TAIL))):
        channel_id, value = part.channels[0], float(part.value[0])
        bands = detector.calm(house.states[detector.name], house.view(int(part.taken_at[0])))
        low, high = bands.get(channel_id, (-np.inf, np.inf))
        found = house.run(detector, [part])
        if low <= value <= high:
            calm += 1
            assert not [f for f in found if channel_id in f.channels and _at_once(f)]
    assert calm > 20


def _at_once(finding: Finding) -> bool:
    """Tell whether a reading decided, not the end of a bin or the passing of time."""
    if finding.cause is Cause.WATCH:
        return finding.level is Level.NONE
    ended = finding.rule.endswith((".growth", ".rate")) or "_rate" in finding.rule
    return not ended or "step" in dict(finding.details)


def _fresh(at_ns: int) -> Any:
    from domain.views import Latest

    return Latest(at_ns, 0.0, at_ns)
