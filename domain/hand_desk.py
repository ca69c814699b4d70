"""Reads what an entry of readings by hand needs, and puts it on its way."""

from collections.abc import Mapping, Sequence

from domain.building_import import RowProblem
from domain.clock import DAY_NS
from domain.errors import Conflict, InvalidInput, NotFound
from domain.hand_import import HandPreview, HandRules, doubts, preview
from domain.hand_readings import (
    HandReading,
    HandSeries,
    HandSheet,
    check_reading,
    gateway_of,
    make_sheet,
    new_series,
)
from domain.sensors import Channel, Gateway, Method, Sensor
from domain.services import Services


class HandDesk:
    """The series by hand of one building.

    Parameters
    ----------
    spans
        Physical range by kind, in its unit.

    """

    def __init__(
        self, services: Services, building_id: str, spans: Mapping[str, tuple[float, float]]
    ) -> None:
        self._services, self._spans = services, spans
        self.site = services.register.site(building_id)
        self.points: list[tuple[Sensor, tuple[Channel, ...]]] = [
            (sensor, tuple(c for c in self.site.channels if c.sensor_id == sensor.id and c.active))
            for sensor in sorted(self.site.sensors, key=lambda s: s.code)
            if sensor.by_hand is not None and sensor.active
        ]

    def begin(
        self,
        sensor_id: str,
        code: str,
        method: Method,
        by: str,
        building_name: str,
        *,
        place: str = "",
        storey: int | None = None,
        load_bearing: bool = True,
        interval_days: int = 30,
    ) -> tuple[HandSeries, bool]:
        """Begin a series; the same again changes nothing.

        Returns
        -------
        (HandSeries, bool)
            The series, and whether it was begun just now.

        Raises
        ------
        InvalidInput, Conflict
            When a value cannot be, or the name is taken.

        """
        now_ns = self._services.clock.now_ns()
        wanted = new_series(
            sensor_id,
            self.site.building_id,
            self._gateway(building_name),
            code,
            method,
            place=place,
            storey=storey,
            load_bearing=load_bearing,
            interval_days=interval_days,
            now_ns=now_ns,
            by=by,
        )
        kept = next((s for s in self.site.sensors if s.id == sensor_id), None)
        if kept is not None:
            if (kept.code, kept.by_hand) != (wanted.sensor.code, method):
                raise Conflict(f"sensor {sensor_id!r} is there with another content")
            return wanted, False
        self._services.hand.make_series(
            wanted.gateway, wanted.sensor, wanted.channels, wanted.segments, by
        )
        return wanted, True

    def enter(self, sheet_id: str, readings: Sequence[HandReading], by: str) -> HandSheet:
        """Put readings on their way, all or none; the same sheet again changes nothing.

        Raises
        ------
        NotFound
            When a channel is none of the building's that is measured by hand, or the sheet's id
            is one of another building.
        InvalidInput
            When a value cannot be.
        Conflict
            When a channel has a value at one of the moments already.

        """
        kept = self._services.hand.sheet(sheet_id)
        now_ns = self._services.clock.now_ns()
        channels = {c.id: c for _, own in self.points for c in own}
        for reading in readings:
            channel = channels.get(reading.channel_id)
            if channel is None:
                raise NotFound(f"no channel {reading.channel_id!r} that is measured by hand here")
            check_reading(reading, channel, self._spans[channel.kind], now_ns)
        gateways = {channels[r.channel_id].gateway_id for r in readings}
        gateway = self._services.register.gateway(next(iter(gateways))) if gateways else None
        if gateway is None:
            raise InvalidInput("readings must hold at least one", "readings")
        sheet = make_sheet(sheet_id, self.site.building_id, gateway, readings, by, now_ns)
        if kept is not None:
            if kept.building_id != self.site.building_id:
                raise NotFound(f"no sheet {sheet_id!r} in building {self.site.building_id!r}")
            if kept.readings != sheet.readings:
                raise Conflict(f"sheet {sheet_id!r} is there with another content")
            return kept
        self._services.hand.put_sheet(sheet)
        return sheet

    def preview(self, rows: Sequence[Mapping[str, str]]) -> HandPreview:
        """Tell what importing a table would do; nothing is written.

        Raises
        ------
        InvalidInput
            When its columns are not those of readings.

        """
        return preview(rows, self._rules())

    def doubts(self, readings: Sequence[HandReading]) -> list[RowProblem]:
        """Tell which values are strange beside their neighbours; row 1 is the first one."""
        return doubts(readings, range(1, len(readings) + 1), {"value": ""}, self._rules())

    def _rules(self) -> HandRules:
        ids = [c.id for _, own in self.points for c in own]
        number = self._services.profile.number
        return HandRules(
            tuple(self.points),
            self._spans,
            self._services.hand.at_moments(ids),
            self._services.clock.now_ns(),
            number("hand.jump_times"),
            number("hand.jump_least"),
        )

    def _gateway(self, building_name: str) -> Gateway:
        mine = {s.gateway_id for s, _ in self.points}
        for gateway_id in sorted(mine):
            if (gateway := self._services.register.gateway(gateway_id)) is not None:
                return gateway
        # beside the building's own gateways, so that one pipeline judges all of it
        shards = [
            gateway.shard
            for gateway_id in sorted({s.gateway_id for s in self.site.sensors})
            if (gateway := self._services.register.gateway(gateway_id)) is not None
        ]
        name = f"{building_name} · 人工测量"
        return gateway_of(self.site.building_id, name, shards[0] if shards else 0)


def due_in_days(newest_ns: int | None, interval_s: int, now_ns: int) -> int | None:
    """Tell in how many days the next measurement is due, below 0 when it is late."""
    if newest_ns is None:
        return None
    due_ns = newest_ns + interval_s * 1_000_000_000
    return int((due_ns - now_ns) // DAY_NS)
