"""Which mode of one hour is which of the hour before: by shape first, by frequency second."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from analytics.assessment.model import Model
from analytics.assessment.modes import Complex, Mode, Modes, mac

#: a shape on fewer points is none
_POINTS_LEAST = 3


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One mode as it is known so far.

    Parameters
    ----------
    found, of
        Records in which it was found, of those since it was first seen.
    number
        1 is the building's first; 0: not yet known well enough.

    """

    frequency_hz: float
    shape: Complex
    found: int = 1
    of: int = 1
    silent: int = 0
    number: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Tracks:
    """What is known of a building's modes; plain enough to be kept between two records."""

    channels: tuple[str, ...] = ()
    records: int = 0
    tracks: tuple[Track, ...] = ()


def tracked(
    found: Modes, channels: Sequence[str], known: Tracks, numbers: Model
) -> tuple[dict[int, Mode], Tracks]:
    """Say which of the found modes is the building's first and which its second.

    A record that tells nothing changes nothing. Numbers are given once, when a day of records
    has shown which modes are found again, and stay: a mode that falls by a fifth is still the
    first one, and one that is found later below it never takes its place.

    Returns
    -------
    tuple
        Modes by number, and what is known now.

    """
    if not found.modes:
        return {}, known
    here = {name: row for row, name in enumerate(channels)}
    common = [name for name in known.channels if name in here]
    if known.channels and len(common) < _POINTS_LEAST:
        known = Tracks()
    mine = [here[name] for name in common]
    theirs = [known.channels.index(name) for name in common]
    pairs = _pairs(found.modes, known.tracks, mine, theirs, numbers)
    follow = numbers.number("track.follow")
    rows: list[tuple[Track, Mode | None]] = []
    for place, track in enumerate(known.tracks):
        if place in pairs:
            mode = found.modes[pairs[place]]
            # a mean until it has its number, then slowly along with the season
            share = follow if track.number else 1.0 / (track.found + 1)
            hertz = track.frequency_hz + share * (mode.frequency_hz - track.frequency_hz)
            again = Track(hertz, mode.shape, track.found + 1, track.of + 1, 0, track.number)
            rows.append((again, mode))
        elif track.number or track.silent + 1 < numbers.number("track.lost_hours"):
            shape = _spread(track.shape, known.channels, channels)
            silent = replace(track, shape=shape, of=track.of + 1, silent=track.silent + 1)
            rows.append((silent, None))
    taken = set(pairs.values())
    rows += [
        (Track(mode.frequency_hz, mode.shape), mode)
        for place, mode in enumerate(found.modes)
        if place not in taken
    ]
    records = known.records + 1
    tracks = _numbered([track for track, _ in rows], records, numbers)
    told = {
        track.number: mode
        for track, (_, mode) in zip(tracks, rows, strict=True)
        if track.number and mode is not None
    }
    return told, Tracks(tuple(channels), records, tracks)


def _pairs(
    modes: Sequence[Mode],
    tracks: Sequence[Track],
    mine: Sequence[int],
    theirs: Sequence[int],
    numbers: Model,
) -> dict[int, int]:
    """Pair tracks with modes, the most alike first."""
    away, same = numbers.number("track.away"), numbers.number("track.mac")
    alike = []
    for place, track in enumerate(tracks):
        for index, mode in enumerate(modes):
            apart = abs(mode.frequency_hz / track.frequency_hz - 1.0)
            likeness = mac(mode.shape[mine], track.shape[theirs])
            if apart <= away and likeness >= same:
                # numbered ones first: a ghost beside a mode must not take it away
                alike.append((bool(track.number), likeness - apart, place, index))
    pairs: dict[int, int] = {}
    for _, _, place, index in sorted(alike, reverse=True):
        if place not in pairs and index not in pairs.values():
            pairs[place] = index
    return pairs


def _numbered(tracks: list[Track], records: int, numbers: Model) -> tuple[Track, ...]:
    """Give numbers to what has been found often enough, once there have been enough records."""
    learn = numbers.number("track.learn_hours")
    if records < learn:
        return tuple(tracks)
    last = max((track.number for track in tracks), default=0)
    floor = max((track.frequency_hz for track in tracks if track.number), default=0.0)
    ready = sorted(
        (track.frequency_hz, place)
        for place, track in enumerate(tracks)
        if not track.number
        and track.frequency_hz > floor
        # one that the first hours missed is waited for no longer than half of that
        and track.of >= learn / 2
        and track.found >= numbers.number("track.found_share") * track.of
    )
    out = list(tracks)
    for _, place in ready[: max(0, round(numbers.number("track.modes")) - last)]:
        last += 1
        out[place] = replace(out[place], number=last)
    return tuple(out)


def _spread(shape: Complex, old: Sequence[str], new: Sequence[str]) -> Complex:
    """Write a shape for another list of channels; what it does not know of is 0."""
    by_name = dict(zip(old, shape, strict=True))
    return np.array([by_name.get(name, 0.0) for name in new], np.complex128)
