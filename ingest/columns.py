"""A batch in the making: rows, refusals and numbers, turned into columns at the end."""

from dataclasses import replace

import msgspec
import numpy as np
from numpy.typing import NDArray

from domain.accounts import Fate
from domain.arrivals import SAMPLE_BYTES_MAX, Arrivals, Count, Refused
from domain.clock import SECOND_NS
from domain.ports import GatewayStatus
from domain.readings import QualityFlag, ReadingBatch
from ingest.decoders.items import Bad, Sent
from ingest.directory import Directory
from ingest.settings import IngestSettings

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

    """

    def __init__(self, directory: Directory, gateways: list[str]) -> None:
        self._directory = directory
        self._gateways = gateways
        self._code: list[int] = []
        self._taken: list[int] = []
        self._value: list[float] = []
        self._flag: list[int] = []
        self._seq: list[int] = []
        self._boot: list[int] = []
        self._gateway: list[int] = []
        self._received: list[int] = []
        self._counts: dict[tuple[str, int], Count] = {}
        self._refused: list[Refused] = []
        self.statuses: list[GatewayStatus] = []

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
    ) -> None:
        """Add a reading; `code` is its channel's, `value` is in the unit as sent."""
        self._code.append(code)
        self._taken.append(taken_ns)
        self._value.append(value)
        self._flag.append(flag)
        self._seq.append(seq)
        self._boot.append(boot)
        self._gateway.append(gateway)
        self._received.append(received_ns)

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
                place=len(self._code) if place < 0 else place,
            )
        )

    def arrivals(self, last_ns: int, settings: IngestSettings) -> Arrivals:
        """Convert, check and flag all rows at once; values that cannot be true are refused."""
        directory = self._directory
        code = np.array(self._code, np.int64)
        taken = np.array(self._taken, np.int64)
        received = np.array(self._received, np.int64)
        flag = np.array(self._flag, np.uint16)
        gateway = np.array(self._gateway, np.int32)
        seq, boot = np.array(self._seq, np.int64), np.array(self._boot, np.int32)
        with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused below
            value = directory.convert(code, np.array(self._value, np.float64))
        flag[received - taken > int(settings.late_s * SECOND_NS)] |= _LATE
        flag[directory.outside(code, value)] |= _OUT_OF_RANGE
        wrong = ~(np.abs(value) <= _VALUE_MAX)
        for row in np.flatnonzero(wrong).tolist():
            self._refuse_row(row)
        batch = ReadingBatch(directory.channel_ids, code.astype(np.int32), taken, value, flag,
                             received, seq, boot)  # fmt: skip
        return Arrivals(
            batch.take(~wrong),
            tuple(self._gateways),
            gateway[~wrong],
            self._counts,
            self._refused_in_order(wrong),
            tuple(self.statuses),
            last_ns,
        )

    def _refused_in_order(self, wrong: NDArray[np.bool_]) -> tuple[Refused, ...]:
        """Give the refusals in the order of arrival, their places counted in rows that stay."""
        if not self._refused:
            return ()
        stay = np.concatenate([[0], np.cumsum(~wrong)]).tolist()
        in_order = sorted(self._refused, key=lambda one: one.place)
        return tuple(replace(one, place=stay[one.place]) for one in in_order)

    def _refuse_row(self, row: int) -> None:
        value = self._value[row]
        received = self._received[row]
        address = self._directory.address(self._code[row])
        sample = msgspec.json.encode(Sent(address, self._taken[row], value))
        detail = f"value must be a finite number of a measurable size, got {value!r}"
        self.refuse(
            self._gateways[self._gateway[row]],
            received,
            Fate.REJECTED,
            Bad("value", detail, address, sample),
            1,
            self._boot[row],
            self._seq[row],
            row,
        )


def plain(text: str) -> str:
    """Cut a text from outside and take NUL out, which PostgreSQL does not store.

    Examples
    --------
    >>> plain("T1" + chr(0) + "x") == "T1" + chr(0xFFFD) + "x"
    True

    """
    return text[:_TEXT_MAX].replace("\0", "\ufffd")
