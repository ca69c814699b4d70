"""A batch in the making: rows, refusals and numbers, turned into columns at the end."""

from collections import Counter
from dataclasses import replace

import msgspec
import numpy as np
from numpy.typing import NDArray

from domain.accounts import Fate
from domain.arrivals import SAMPLE_BYTES_MAX, Arrivals, Count, Refused
from domain.clock import MS_NS, SECOND_NS
from domain.ports import GatewayStatus
from domain.readings import Flags, QualityFlag, ReadingBatch
from domain.waves import WaveBlock
from ingest.decoders.items import Bad, Sent
from ingest.directory import Directory
from ingest.rows import RowList, Rows, joined
from ingest.settings import IngestSettings
from ingest.tails import Tails

#: no instrument sends more than a 32-bit float holds; sums of squares of such values stay finite
_VALUE_MAX = 3.4e38
_LATE, _OUT_OF_RANGE = np.uint16(QualityFlag.LATE), np.uint16(QualityFlag.OUT_OF_RANGE)
_TEXT_MAX = 300


class Columns:
    """Collects what the messages of one batch hold.

    Parameters
    ----------
    gateways
        Gateway ids by their code in `add`; may grow while rows are added.
    tails
        Ends of the waveforms that came before; `None`: no block is handed its lead.

    Attributes
    ----------
    ignored
        What was neither taken in nor refused, counted by name.

    """

    def __init__(
        self,
        directory: Directory,
        gateways: list[str],
        ignored: Counter[str],
        tails: Tails | None = None,
    ) -> None:
        self.directory = directory
        self._tails = tails
        self._waves: list[tuple[int, WaveBlock]] = []
        self.ignored = ignored
        self.statuses: list[GatewayStatus] = []
        self._gateways = gateways
        self._single = RowList()
        self._blocks: list[Rows] = []
        self._counts: dict[tuple[str, int], Count] = {}
        self._refused: list[Refused] = []

    def __len__(self) -> int:
        """Count the readings so far."""
        return sum(map(len, self._blocks)) + len(self._single)

    def add(
        self,
        code: int,
        taken_ns: int,
        value: float,
        gateway: int,
        received_ns: int,
        boot: int = -1,
        seq: int = -1,
        flag: int = 0,
        *,
        converted: bool = False,
    ) -> None:
        """Add a reading; `code` is its channel's.

        Parameters
        ----------
        value
            In the unit in which its gateway sends.
        converted
            `value` is in the unit of the channel's kind instead: the payload named its own.

        """
        self._single.add(code, taken_ns, value, gateway, received_ns, boot, seq, flag, converted)

    def add_rows(self, rows: Rows) -> None:
        """Add many readings, after those that came before."""
        self._seal()
        self._blocks.append(rows)

    def _seal(self) -> None:
        if len(self._single):
            self._blocks.append(self._single.rows())
            self._single = RowList()

    def add_wave(
        self, code: int, block: WaveBlock, value: float, gateway: int, boot: int, seq: int
    ) -> None:
        """Add a block of a waveform; `value`, in the unit as sent, is its reading's."""
        led = block if self._tails is None else self._tails.led(block)
        self._waves.append((len(self), led))
        self.add(code, block.start_ns, value, gateway, block.received_at_ns, boot, seq)

    def count(
        self,
        gateway_id: str,
        boot: int,
        seq: int,
        n: int,
        newest_ns: int,
        ends_ns: tuple[int, int] = (0, 0),
    ) -> None:
        """Note that a message used the numbers seq, seq + 1, … (n of them).

        `ends_ns` are the times of the first and of the last of them, 0 where not known.
        """
        key = (gateway_id, boot)
        known = self._counts.get(key)
        if known is None:
            self._counts[key] = Count([[seq, seq + n, *ends_ns]], newest_ns)
            return
        known.newest_ns = max(known.newest_ns, newest_ns)
        if known.runs[-1][1] == seq:
            known.runs[-1][1], known.runs[-1][3] = seq + n, ends_ns[1]
        else:
            known.runs.append([seq, seq + n, *ends_ns])

    def refuse(
        self,
        gateway_id: str,
        received_ns: int,
        fate: Fate,
        bad: Bad,
        readings: int,
        boot: int = -1,
        seq: int = -1,
        place: int = -1,
    ) -> None:
        """Add a refusal of one or more readings, or with 0 of a payload.

        `place` is the number of rows that were added before it, by default all of them.
        """
        self._refused.append(
            Refused(
                gateway_id=gateway_id,
                received_at_ns=received_ns,
                fate=fate,
                reason=bad.reason,
                detail=plain(bad.detail),
                readings=readings,
                address=plain(bad.address),
                sample=bytes(bad.sample[:SAMPLE_BYTES_MAX]),
                boot=boot if seq >= 0 else -1,
                seq=seq,
                place=len(self) if place < 0 else place,
            )
        )

    def refuse_stranger(
        self, gateway_id: str, received_ns: int, payload: bytes, readings: int
    ) -> None:
        """Quarantine a whole payload of a gateway that the register does not know.

        Its numbers are not used up and it gets no receipt: once it is registered it sends
        everything again and nothing of it is taken for a repeat.
        """
        detail = f"no gateway {gateway_id!r} in this shard"
        bad = Bad("unknown gateway", detail, "", payload)
        self.refuse(gateway_id, received_ns, Fate.QUARANTINED, bad, readings)

    def arrivals(self, last_ns: int, settings: IngestSettings) -> Arrivals:
        """Convert, check and flag all rows at once; values that cannot be true are refused."""
        self._seal()
        rows = joined(self._blocks)
        directory, flag = self.directory, rows.flag
        with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused below
            value = directory.convert(rows.code, rows.value)
        if rows.converted is not None:
            value = np.where(rows.converted, rows.value, value)
        age = rows.received - rows.taken
        flag[age > int(settings.late_s * SECOND_NS)] |= _LATE
        flag[directory.outside(rows.code, value)] |= _OUT_OF_RANGE
        wrong = ~(np.abs(value) <= _VALUE_MAX)
        if wrong.any():
            for row in np.flatnonzero(wrong).tolist():
                self._refuse_row(rows, row)
            rows, value = rows.take(~wrong), value[~wrong]
        waves = self._good_waves(~wrong, rows.flag)
        channels, code = _compact(directory.channel_ids, rows.code)
        # no finer than instruments tell their time: the rest would be noise that fills disks
        received = rows.received // MS_NS * MS_NS
        return Arrivals(
            ReadingBatch(channels, code, rows.taken, value, rows.flag, received,
                         rows.seq, rows.boot),
            tuple(self._gateways),
            rows.gateway,
            self._counts,
            self._refused_in_order(wrong),
            tuple(self.statuses),
            last_ns,
            waves,
        )  # fmt: skip

    def _good_waves(
        self, good: NDArray[np.bool_], flag: Flags
    ) -> tuple[tuple[int, WaveBlock], ...]:
        """Tell the blocks of the rows that are kept, by their new rows, with these' flags."""
        row_now = np.cumsum(good) - 1
        return tuple(
            (int(row_now[row]), replace(block, flag=int(flag[row_now[row]])))
            for row, block in self._waves
            if good[row]
        )

    def _refused_in_order(self, wrong: NDArray[np.bool_]) -> tuple[Refused, ...]:
        """Give the refusals in the order of arrival, their places counted in rows that stay."""
        if not self._refused:
            return ()
        stay = np.concatenate([[0], np.cumsum(~wrong)]).tolist()
        in_order = sorted(self._refused, key=lambda one: one.place)
        return tuple(replace(one, place=stay[one.place]) for one in in_order)

    def _refuse_row(self, rows: Rows, row: int) -> None:
        value = float(rows.value[row])
        received = int(rows.received[row])
        address = self.directory.address(int(rows.code[row]))
        sample = msgspec.json.encode(Sent(address, int(rows.taken[row]), value))
        detail = f"value must be a finite number of a measurable size, got {value!r}"
        self.refuse(
            self._gateways[int(rows.gateway[row])],
            received,
            Fate.REJECTED,
            Bad("value", detail, address, sample),
            1,
            int(rows.boot[row]),
            int(rows.seq[row]),
            row,
        )


def _compact(
    channel_ids: tuple[str, ...], code: NDArray[np.int64]
) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    """Keep the channels that occur and count them anew; quicker than sorting the codes."""
    used = np.zeros(len(channel_ids), np.bool_)
    used[code] = True
    kept = np.flatnonzero(used)
    number = np.empty(len(channel_ids), np.int32)
    number[kept] = np.arange(len(kept), dtype=np.int32)
    return tuple([channel_ids[i] for i in kept.tolist()]), number[code]


def plain(text: str) -> str:
    """Cut a text from outside and take NUL out, which PostgreSQL does not store.

    Examples
    --------
    >>> plain("T1" + chr(0) + "x") == "T1" + chr(0xFFFD) + "x"
    True

    """
    return text[:_TEXT_MAX].replace("\0", "\ufffd")
