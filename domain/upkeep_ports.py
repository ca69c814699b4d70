"""What the rooms need of each other to look after instruments and measure by hand."""

from collections.abc import Sequence
from typing import Protocol

from domain.hand_readings import HandReading, HandSheet
from domain.sensors import Channel, Gateway, Segment, Sensor
from domain.upkeep import Act, Work


class UpkeepStore(Protocol):
    """Keeps the log books of sensors."""

    def act(self, act_id: str) -> Act | None:
        """Read one entry; `None` when there is none."""
        ...

    def acts(self, sensor_id: str) -> list[Act]:
        """Read a sensor's log book, newest entry first."""
        ...

    def carry_out(self, work: Work) -> None:
        """Write all that an act does, or nothing.

        Raises
        ------
        Conflict
            When it was there, or the sensor or a segment was changed meanwhile.

        """
        ...


class HandStore(Protocol):
    """Keeps what people measured until it has gone the way of all readings, and after."""

    def make_series(
        self,
        gateway: Gateway,
        sensor: Sensor,
        channels: Sequence[Channel],
        segments: Sequence[Segment],
        by: str,
    ) -> None:
        """Begin a series: all of it or nothing; a gateway that is there stays as it is.

        Raises
        ------
        Conflict
            When an active sensor of the building bears its code.

        """
        ...

    def put_sheet(self, sheet: HandSheet) -> None:
        """Keep a sheet of readings, all of them or none.

        Raises
        ------
        Conflict
            When its id is there, or a channel has another value at one of its moments.

        """
        ...

    def sheet(self, sheet_id: str) -> HandSheet | None:
        """Read a sheet; `None` when there is none."""
        ...

    def readings(self, building_id: str, limit: int = 500) -> list[tuple[HandSheet, HandReading]]:
        """List a building's readings, newest moment first, each with its sheet's head."""
        ...

    def at_moments(self, channel_ids: Sequence[str]) -> dict[tuple[str, int], float]:
        """Tell every value that channels have, by channel id and moment."""
        ...

    def due(self, shard: int, limit: int) -> list[HandSheet]:
        """List sheets of a shard that have not been taken in, oldest first."""
        ...

    def finish(self, sheet_id: str, at_ns: int, stored: int, outcome: str) -> None:
        """Write what came of a sheet."""
        ...
