"""Receipts on their way out: the newest of each gateway, not too often."""

from dataclasses import replace

import msgspec

from domain.arrivals import Receipt

#: refused numbers that one receipt names; the account holds them all
_REJECTED_MAX = 100
_REMEMBERED_MAX = 100_000


def payload_of(receipt: Receipt) -> bytes:
    """Write a receipt as gateways read it.

    Examples
    --------
    >>> payload_of(Receipt("g-7", 3, 1712, ((1690, 1693),), ((1700, 1700, "value"),)))
    b'{"boot":3,"upto":1712,"gaps":[[1690,1693]],"rejected":[[1700,1700,"value"]]}'

    """
    return msgspec.json.encode(
        {
            "boot": receipt.boot,
            "upto": receipt.upto,
            "gaps": receipt.gaps,
            "rejected": receipt.rejected,
        }
    )


class Receipts:
    """Holds receipts back so that each gateway gets one in a while that says everything.

    Parameters
    ----------
    every_s
        Least time between two receipts about one boot of one gateway.

    """

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._waiting: dict[tuple[str, int], Receipt] = {}
        self._sent_at: dict[tuple[str, int], float] = {}

    def __len__(self) -> int:
        """Count the receipts that wait."""
        return len(self._waiting)

    def add(self, receipt: Receipt) -> None:
        """Take a receipt in; it replaces what waits for the same boot of the same gateway."""
        key = (receipt.gateway_id, receipt.boot)
        before = self._waiting.pop(key, None)
        if before is not None and before.rejected:
            rejected = (*before.rejected, *receipt.rejected)
            receipt = replace(receipt, rejected=rejected[-_REJECTED_MAX:])
        self._waiting[key] = receipt

    def due(self, now_s: float, limit: int) -> list[Receipt]:
        """Take out the receipts whose time has come.

        Parameters
        ----------
        now_s
            Any steady clock's seconds.

        """
        if not self._waiting:
            return []
        due: list[Receipt] = []
        for key in list(self._waiting):
            if len(due) >= limit:
                break
            if now_s - self._sent_at.get(key, float("-inf")) >= self._every_s:
                due.append(self._waiting.pop(key))
                self._sent_at[key] = now_s
        if len(self._sent_at) > _REMEMBERED_MAX:
            self._sent_at.clear()
        return due
