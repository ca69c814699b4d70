"""The ends of the blocks that came last: each block is handed on with the end of the one before."""

from collections import OrderedDict
from dataclasses import replace

from domain.waves import ENCODINGS, WaveBlock


class Tails:
    """Remembers the end of each waveform channel's newest block.

    What a block comes to (its velocity) depends on what was before it. The end of the block
    before travels with it from here on, so that a block means the same to whoever reads it,
    before and after a restart, and no reader must keep a state of its own.

    Parameters
    ----------
    lead_s
        How much of the block before is handed on, seconds.
    bytes_max
        What all ends together may take; the channel heard longest ago is forgotten first.

    """

    def __init__(self, lead_s: float, bytes_max: int = 64_000_000) -> None:
        self._lead_s = lead_s
        self._bytes_max = bytes_max
        self._bytes = 0
        self._last: OrderedDict[str, WaveBlock] = OrderedDict()

    def led(self, block: WaveBlock) -> WaveBlock:
        """Give a block its lead, and remember its own end."""
        before = self._last.pop(block.channel_id, None)
        if before is not None:
            self._bytes -= len(before.data)
            if block.follows(before):
                wanted = round(self._lead_s * block.rate_hz)
                width = ENCODINGS[block.encoding].itemsize * len(block.axes)
                block = replace(block, lead=before.data[-wanted * width :] if wanted else b"")
        self._last[block.channel_id] = block
        self._bytes += len(block.data)
        while self._bytes > self._bytes_max and len(self._last) > 1:
            _, oldest = self._last.popitem(last=False)
            self._bytes -= len(oldest.data)
        return block
