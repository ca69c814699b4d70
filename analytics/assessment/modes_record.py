"""Blocks of waveforms of one building, joined into one record, or the reason why they cannot be."""

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from analytics.assessment.model import Model
from analytics.assessment.modes import NotTold, Record
from domain.clock import SECOND_NS
from domain.readings import Floats, QualityFlag
from domain.waves import WaveBlock

#: floors swing sideways; what stands up says little of it
_SIDEWAYS = "xy"


def joined(
    blocks: Mapping[str, Sequence[WaveBlock]], expected: Sequence[str], numbers: Model
) -> Record | tuple[NotTold, str]:
    """Join the blocks of some accelerometers.

    Parameters
    ----------
    blocks
        By channel id, in any order; a block that came twice counts once.
    expected
        Channels that belong to the building: one that sent nothing is a missing block.

    Returns
    -------
    Record or tuple
        Samples in the unit of the channels' kind; or why not, and the channel that is to blame.

    """
    for channel_id in expected:
        if not blocks.get(channel_id):
            return NotTold.MISSING_BLOCK, channel_id
    runs = {channel_id: _in_order(blocks[channel_id]) for channel_id in expected}
    alike = Counter((run[0].kind, run[0].rate_hz) for run in runs.values()).most_common(1)
    if not alike:
        return NotTold.FEW_CHANNELS, ""
    (kind, rate_hz), _ = alike[0]
    step_ns = SECOND_NS / rate_hz
    for channel_id, run in runs.items():
        if any(block.kind != kind or block.rate_hz != rate_hz for block in run):
            return NotTold.WRONG_RATE, channel_id
        if any(block.flag & QualityFlag.CLOCK for block in run):
            return NotTold.UNSYNCHRONISED, channel_id
        reason = _broken(run, step_ns, numbers)
        if reason is not None:
            return reason, channel_id
    start_ns = max(run[0].start_ns for run in runs.values())
    end_ns = min(run[-1].end_ns for run in runs.values())
    count = int((end_ns - start_ns) / step_ns)
    if count / rate_hz < numbers.number("record.seconds"):
        return _short(runs, numbers)
    apart_ns = numbers.number("record.apart_s") * SECOND_NS
    names: list[str] = []
    rows: list[Floats] = []
    for channel_id, run in runs.items():
        first = round((start_ns - run[0].start_ns) / step_ns)
        # blocks that begin between the samples of others are taken as if they began with them
        if abs(run[0].start_ns + first * step_ns - start_ns) > apart_ns:
            return NotTold.UNSYNCHRONISED, channel_id
        samples = np.concatenate([block.samples() * block.scale for block in run])
        samples = samples[first : first + count - 1]
        if len(samples) < count - 1:
            return NotTold.WRONG_RATE, channel_id
        sideways = [n for n, axis in enumerate(run[0].axes) if axis in _SIDEWAYS]
        names += [f"{channel_id}.{run[0].axes[n]}" for n in sideways]
        rows += [samples[:, n].astype(np.float64) for n in sideways]
    if not rows:
        return NotTold.FEW_CHANNELS, ""
    return Record(tuple(names), rate_hz, np.stack(rows))


def _in_order(blocks: Sequence[WaveBlock]) -> list[WaveBlock]:
    once = {block.start_ns: block for block in blocks}
    return [once[start_ns] for start_ns in sorted(once)]


def _broken(run: Sequence[WaveBlock], step_ns: float, numbers: Model) -> NotTold | None:
    """Tell whether blocks do not follow one another."""
    first = run[0]
    slack_ns = max(step_ns / 2, numbers.number("record.apart_s") * SECOND_NS)
    for before, block in itertools.pairwise(run):
        if (block.axes, block.scale, block.encoding) != (first.axes, first.scale, first.encoding):
            return NotTold.WRONG_RATE
        hole_ns = block.start_ns - before.end_ns
        if hole_ns > before.count * step_ns / 2:
            return NotTold.MISSING_BLOCK
        if abs(hole_ns) > slack_ns:
            return NotTold.WRONG_RATE
    # moments rounded to milliseconds may jitter; they may not run away from the samples
    counted_ns = sum(block.count for block in run[:-1]) * step_ns
    passed_ns = run[-1].start_ns - first.start_ns
    allowed_ns = slack_ns + numbers.number("record.rate_share") * counted_ns
    return NotTold.WRONG_RATE if abs(passed_ns - counted_ns) > allowed_ns else None


def _short(runs: Mapping[str, Sequence[WaveBlock]], numbers: Model) -> tuple[NotTold, str]:
    """Tell who is to blame that there is too little at the same time."""
    longest_ns = max(run[-1].end_ns - run[0].start_ns for run in runs.values())
    if longest_ns < numbers.number("record.seconds") * SECOND_NS:
        return NotTold.TOO_SHORT, ""
    shortest = min(runs, key=lambda name: runs[name][-1].end_ns - runs[name][0].start_ns)
    if runs[shortest][-1].end_ns - runs[shortest][0].start_ns < longest_ns / 2:
        return NotTold.MISSING_BLOCK, shortest
    return NotTold.UNSYNCHRONISED, shortest
