"""Takes in what people measured by hand, the way that all readings go.

Sheets wait in the records database, so that whoever enters them needs no way to the spool, in
whatever process ingest runs. A sheet goes into the spool in one transaction that names it: it is
taken in once, whatever dies in between. From there its readings are stored, judged and accounted
for like any other, flagged `MANUAL`.
"""

from collections import Counter
from collections.abc import Callable
from typing import Protocol

import structlog

from domain.accounts import Released
from domain.arrivals import Arrivals, Committed
from domain.clock import DAY_NS, HOUR_NS, Clock
from domain.hand_readings import HandSheet
from domain.readings import QualityFlag
from domain.upkeep_ports import HandStore
from ingest.columns import Columns
from ingest.directory import Directory
from ingest.settings import IngestSettings

log = structlog.get_logger()

STORED, OUT_OF_USE = "stored", "channel out of use"
_AT_ONCE = 20
#: sheets for a channel that is not in use would otherwise hold up all others in the end
_PATIENCE_NS = HOUR_NS


class SheetSpool(Protocol):
    """The side of the spool that takes something in once, by its name."""

    def let_in(self, arrivals: Arrivals, released: Released) -> Committed | None:
        """Take readings in; `None` when that was done before."""
        ...


class ByHand:
    """Takes sheets in, one after another.

    Parameters
    ----------
    directory
        Gives the register's newest state.

    """

    def __init__(
        self,
        sheets: HandStore,
        spool: SheetSpool,
        directory: Callable[[], Directory],
        clock: Clock,
        settings: IngestSettings | None = None,
    ) -> None:
        self._sheets, self._spool, self._directory = sheets, spool, directory
        self._clock, self._settings = clock, settings or IngestSettings()

    def run_once(self) -> int:
        """Take in what is due; tell how many sheets that were."""
        directory = self._directory()
        done = 0
        for sheet in self._sheets.due(directory.shard, _AT_ONCE):
            arrivals = arrivals_of(sheet, directory, self._settings)
            if arrivals is None:
                # the register's news has not come here yet, or the series was switched off
                now_ns = self._clock.now_ns()
                log.warning("readings by hand wait for their channel", sheet=sheet.id)
                if now_ns - sheet.entered_at_ns > _PATIENCE_NS:
                    self._sheets.finish(sheet.id, now_ns, 0, OUT_OF_USE)
                    done += 1
                continue
            day = sheet.entered_at_ns // DAY_NS
            named = Released(f"by hand {sheet.id}", sheet.gateway_id, day, "", 0)
            committed = self._spool.let_in(arrivals, named)
            stored = len(sheet.readings) if committed is None else committed.stored
            self._sheets.finish(sheet.id, self._clock.now_ns(), stored, STORED)
            log.info("readings by hand", sheet=sheet.id, by=sheet.entered_by, stored=stored)
            done += 1
        return done


def arrivals_of(
    sheet: HandSheet, directory: Directory, settings: IngestSettings
) -> Arrivals | None:
    """Write a sheet as arrivals without numbers; `None` when a channel of it is not known."""
    codes = {channel_id: code for code, channel_id in enumerate(directory.channel_ids)}
    if any(reading.channel_id not in codes for reading in sheet.readings):
        return None
    into = Columns(directory, [sheet.gateway_id], Counter())
    for reading in sheet.readings:
        into.add(
            codes[reading.channel_id],
            reading.taken_at_ns,
            reading.value,
            0,
            sheet.entered_at_ns,
            flag=int(QualityFlag.MANUAL),
            converted=True,
        )
    return into.arrivals(sheet.entered_at_ns, settings)
