"""Puts together, from the stores, how the gateways are: one answer for API and pages."""

from collections.abc import Sequence

from domain.accounts import DayAccount
from domain.clock import DAY_NS
from domain.fleet import (
    FleetRow,
    SensorState,
    day_rates,
    figures_of,
    needs_of,
    online_percent,
    sensor_health,
    transmission_percent,
)
from domain.readings import Reading
from domain.sampling import SamplingPlan
from domain.sensors import Channel, Gateway, Segment, Sensor
from domain.services import Services
from domain.statement import Fleet

#: what a list may be sorted by
SORTS = ("needs", "name", "seen", "battery", "signal", "online", "transmission")


class FleetReader:
    """Reads everything that the rows of some gateways need, once."""

    def __init__(self, services: Services, gateways: Sequence[Gateway]) -> None:
        self._services, self._gateways = services, list(gateways)
        self._now_ns = services.clock.now_ns()
        self._days = round(services.profile.number("care.window_days"))
        wanted = {gateway.id for gateway in gateways}
        self._channels: dict[str, dict[str, list[Channel]]] = {}
        self._sensors: dict[str, list[Sensor]] = {}
        self._segments: dict[str, list[Segment]] = {}
        pairs: list[tuple[Gateway, Channel]] = []
        known = {gateway.id: gateway for gateway in gateways}
        for shard in sorted({gateway.shard for gateway in gateways}):
            for _, _, site in services.register.sites(shard):
                for sensor in site.sensors:
                    if sensor.active and sensor.gateway_id in wanted:
                        self._sensors.setdefault(sensor.gateway_id, []).append(sensor)
                for channel in site.channels:
                    if channel.active and channel.gateway_id in wanted:
                        own = self._channels.setdefault(channel.gateway_id, {})
                        own.setdefault(channel.sensor_id, []).append(channel)
                        pairs.append((known[channel.gateway_id], channel))
                for segment in site.segments:
                    self._segments.setdefault(segment.channel_id, []).append(segment)
        self._latest = services.readings.latest([channel.id for _, channel in pairs])
        ids = sorted(wanted)
        self._plans: dict[str, list[SamplingPlan]] = {}
        for plan in services.fleet.plans(ids):
            self._plans.setdefault(plan.gateway_id, []).append(plan)
        plans = [plan for own in self._plans.values() for plan in own]
        self._fleet = Fleet.of(gateways, pairs, plans)
        self._accounts: dict[str, list[DayAccount]] = {}
        for account in services.accounts.accounts(ids):
            self._accounts.setdefault(account.gateway_id, []).append(account)
        self._statuses = {s.gateway_id: s for s in services.accounts.statuses()}
        self._clocks = {c.gateway_id: c for c in services.accounts.clocks() if c.skew_ns}
        self._moments: dict[str, list[tuple[int, bool]]] = {}
        for gateway_id, at_ns, online in services.fleet.presence(self._start_ns):
            self._moments.setdefault(gateway_id, []).append((at_ns, online))

    @property
    def _start_ns(self) -> int:
        return self._now_ns - self._days * DAY_NS

    def rows(self) -> list[FleetRow]:
        """Give one row a gateway, those that need a visit most first."""
        boxes = (g for g in self._gateways if not g.by_hand)
        return sorted((self.row(g) for g in boxes), key=_by_need)

    def row(self, gateway: Gateway) -> FleetRow:
        """Give the row of one of the gateways."""
        by_sensor = self._channels.get(gateway.id, {})
        states = tuple(
            self._state(sensor, by_sensor.get(sensor.id, []))
            for sensor in sorted(self._sensors.get(gateway.id, []), key=lambda s: s.code)
            if by_sensor.get(sensor.id)
        )
        channels = [channel for own in by_sensor.values() for channel in own]
        status, clock = self._statuses.get(gateway.id), self._clocks.get(gateway.id)
        plans = self._plans.get(gateway.id, [])
        arrivals = [self._latest[c.id].received_at_ns for c in channels if c.id in self._latest]
        heard = [*arrivals, *([status.at_ns] if status and status.online else [])]
        last_seen_ns = max(heard, default=None)
        accounts = self._accounts.get(gateway.id, [])
        window = (gateway.id, self._fleet, self._days, self._now_ns)
        online = online_percent(self._moments.get(gateway.id, []), self._start_ns, self._now_ns)
        transmission = transmission_percent(accounts, *window)
        figures = figures_of(
            status,
            clock,
            plans[-1] if plans else None,
            states,
            [channel.interval_s for channel in channels],
            last_seen_ns,
            (online, transmission),
            self._now_ns,
        )
        return FleetRow(
            gateway,
            status,
            clock,
            plans[-1] if plans else None,
            states,
            last_seen_ns,
            online,
            transmission,
            day_rates(accounts, *window),
            needs_of(figures, self._services.profile) if gateway.active else (),
        )

    def _state(self, sensor: Sensor, channels: list[Channel]) -> SensorState:
        newest: list[Reading] = [self._latest[c.id] for c in channels if c.id in self._latest]
        segments = [s for channel in channels for s in self._segments.get(channel.id, [])]
        return SensorState(
            sensor,
            sensor_health(channels, segments, self._latest, self._services.profile, self._now_ns),
            max(newest, key=lambda reading: reading.taken_at_ns, default=None),
        )


def chosen(
    rows: Sequence[FleetRow], *, text: str = "", only: str = "", sort: str = "needs"
) -> list[FleetRow]:
    """Search, filter and sort.

    Parameters
    ----------
    text
        Looked for in id, name, firmware and the sensors' codes.
    only
        `visit`, `blind`, `degraded`, `learning` or `offline`; anything else leaves none out.
    sort
        One of `SORTS`; the least first where less is worse.

    """
    folded = text.strip().casefold()
    found = [row for row in rows if _matches(row, folded) and _is(row, only)]
    match sort:
        case "name":
            return sorted(found, key=lambda r: (r.gateway.name, r.gateway.id))
        case "seen":
            return sorted(found, key=lambda r: r.last_seen_ns or 0)
        case "battery":
            return sorted(found, key=lambda r: _told(r, "battery_percent"))
        case "signal":
            return sorted(found, key=lambda r: _told(r, "signal_dbm"))
        case "online":
            return sorted(found, key=lambda r: _known(r.online_percent))
        case "transmission":
            return sorted(found, key=lambda r: _known(r.transmission_percent))
    return sorted(found, key=_by_need)


def _matches(row: FleetRow, folded: str) -> bool:
    names = [row.gateway.id, row.gateway.name, row.status.firmware if row.status else ""]
    names += [state.sensor.code for state in row.sensors]
    return not folded or any(folded in name.casefold() for name in names)


def _is(row: FleetRow, only: str) -> bool:
    match only:
        case "visit":
            return bool(row.needs)
        case "blind" | "degraded" | "learning":
            return any(state.health.value == only for state in row.sensors)
        case "offline":
            return row.status is None or not row.status.online
    return True


def _known(value: float | None) -> float:
    return float("inf") if value is None else value


def _told(row: FleetRow, figure: str) -> float:
    return float("inf") if row.status is None else _known(getattr(row.status, figure))


def _by_need(row: FleetRow) -> tuple[float, int, str]:
    return -row.urgency, row.last_seen_ns or 0, row.gateway.id
