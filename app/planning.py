"""Works out the sampling plans of a shard's gateways, and sends them until they are followed."""

import time
from collections.abc import Callable, Iterable, Sequence

import msgspec
import structlog

from domain.alerts import Alert
from domain.buildings import Building, Grade
from domain.clock import SECOND_NS, Clock
from domain.contexts import ContextEvent, ContextKind, ContextStore
from domain.fleet_ports import Downlink, FleetStore
from domain.limits import Level, LimitProfile
from domain.ports import AccountStore, AlertStore, JudgementStore, Page, RegisterStore
from domain.sampling import (
    SamplingPlan,
    Wanted,
    acknowledged,
    fast_until_ns,
    next_plan,
    plan_channels,
    state_of,
)
from domain.sensors import Site
from domain.stirring import StirringRules, is_stirred

log = structlog.get_logger()

#: what goes on around the houses is read so often, by the clock of readings
_CONTEXTS_EVERY_NS = 60 * SECOND_NS
_EVENTS_MAX = 1_000
_SUDDEN = (ContextKind.WORKS, ContextKind.BLAST, ContextKind.EARTHQUAKE)


class Planner:
    """Makes a new plan whenever what a gateway's houses need has changed.

    What a plan says follows from the register, the alerts, what goes on around the houses and the
    time alone: after a restart the same comes out, and nothing changes.
    """

    def __init__(
        self,
        register: RegisterStore,
        judgements: JudgementStore,
        alerts: AlertStore,
        fleet: FleetStore,
        contexts: ContextStore,
        profile: LimitProfile,
        clock: Clock,
        shard: int = 0,
    ) -> None:
        self._register, self._judgements, self._alerts = register, judgements, alerts
        self._contexts, self._rules = contexts, StirringRules.of(profile)
        self._stirred: tuple[int, int, frozenset[str]] | None = None
        self._fleet, self._profile, self._clock, self._shard = fleet, profile, clock, shard
        self._sites: tuple[int, list[tuple[Building, Grade | None, Site]]] | None = None
        #: register's number, fast and stirred houses for which all plans stand
        self._settled: tuple[int, set[str], frozenset[str]] | None = None
        #: what was worked out of an alert's history, by its id: version, until when
        self._until: dict[str, tuple[int, int]] = {}

    def run_once(self) -> int:
        """Make the plans that are due; tell how many."""
        now_ns = self._clock.now_ns()
        sites = self._read_sites()
        fast = self._fast([building.id for building, _, _ in sites], now_ns)
        assert self._sites is not None  # noqa: S101 - read just now
        stirred = self._stirred_now([building for building, _, _ in sites], now_ns)
        needs = self._sites[0], fast, stirred
        if needs == self._settled:
            return 0
        wanted: dict[str, list[Wanted]] = {}
        for building, grade, site in sites:
            by_hand = {sensor.id for sensor in site.sensors if sensor.by_hand is not None}
            for channel in site.channels:
                if channel.active and channel.sensor_id not in by_hand:
                    wanted.setdefault(channel.gateway_id, []).append(
                        Wanted(
                            channel.address,
                            channel.kind,
                            channel.interval_s,
                            state_of(grade),
                            building.id in fast,
                            building.id in stirred,
                        )
                    )
        newest = self._fleet.newest_plans(self._shard)
        made = []
        for gateway_id, channels in wanted.items():
            planned, reason = plan_channels(channels, self._profile.sampling)
            plan = next_plan(
                gateway_id, self._shard, newest.get(gateway_id), planned, reason, now_ns
            )
            if plan is not None:
                made.append(plan)
                log.info("sampling plan", gateway=gateway_id, version=plan.version, reason=reason)
        self._fleet.put_plans(made)
        self._settled = needs
        return len(made)

    def _read_sites(self) -> list[tuple[Building, Grade | None, Site]]:
        """Read the register, again only when it has changed."""
        revision = self._register.revision()
        if self._sites is None or self._sites[0] != revision:
            self._sites = revision, self._register.sites(self._shard)
        return self._sites[1]

    def _fast(self, building_ids: Sequence[str], now_ns: int) -> set[str]:
        """Tell the houses whose alerts ask for fast readings now."""
        serious = list(self._serious(self._judgements.open_alerts(building_ids)))
        self._until = {
            alert.id: (alert.version, self._until_ns(alert))
            if self._until.get(alert.id, (-1, 0))[0] != alert.version
            else self._until[alert.id]
            for alert in serious
        }
        return {alert.building_id for alert in serious if now_ns < self._until[alert.id][1]}

    def _stirred_now(self, buildings: Sequence[Building], now_ns: int) -> frozenset[str]:
        """Tell the houses around which something goes on that asks for fast readings."""
        assert self._sites is not None  # noqa: S101 - read by the caller
        revision, before = self._sites[0], self._stirred
        if before is not None and before[0] == revision and now_ns < before[1]:
            return before[2]
        events = self._events(now_ns)
        city_wide = [event for event in events if event.longitude is None]
        everywhere = is_stirred(city_wide, 0.0, 0.0, now_ns, self._rules)
        found = frozenset(
            building.id
            for building in buildings
            if everywhere
            or (
                len(events) > len(city_wide)
                and is_stirred(events, building.longitude, building.latitude, now_ns, self._rules)
            )
        )
        self._stirred = revision, now_ns + _CONTEXTS_EVERY_NS, found
        return found

    def _events(self, now_ns: int) -> list[ContextEvent]:
        since_ns = now_ns - self._rules.look_back_ns
        sudden = self._contexts.events(
            Page(_EVENTS_MAX), kinds=_SUDDEN, start_ns=since_ns, end_ns=now_ns
        )
        return [*sudden, *self._contexts.weather(since_ns, now_ns)]

    @staticmethod
    def _serious(alerts: Iterable[Alert]) -> Iterable[Alert]:
        return (alert for alert in alerts if alert.level_max >= Level.ORANGE)

    def _until_ns(self, alert: Alert) -> int:
        until_ns = fast_until_ns(
            alert,
            self._alerts.events(alert.id),
            least_hours=self._profile.number("sampling.fast_least_hours"),
            most_hours=self._profile.number("sampling.fast_most_hours"),
        )
        return until_ns or 0


class PlanSender:
    """Sends the newest plan of each gateway until its status says that it follows it.

    A gateway that says something else of itself meanwhile is sent it at once.

    Parameters
    ----------
    again_s
        Real seconds after which a plan that nobody acknowledged is sent again.

    """

    def __init__(
        self,
        fleet: FleetStore,
        accounts: AccountStore,
        downlink: Downlink,
        clock: Clock,
        shard: int = 0,
        *,
        again_s: float = 60.0,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fleet, self._accounts, self._downlink = fleet, accounts, downlink
        self._clock, self._shard, self._again_s, self._seconds = clock, shard, again_s, seconds
        self._sent_at: dict[tuple[str, int], float] = {}
        self._heard_ns: dict[tuple[str, int], int] = {}

    def run_once(self) -> int:
        """Note who follows what, and send what is due; tell how many were sent."""
        waiting = self._fleet.waiting_plans(self._shard)
        if not waiting:
            self._sent_at.clear()
            self._heard_ns.clear()
            return 0
        statuses = {status.gateway_id: status for status in self._accounts.statuses()}
        sent = []
        for plan in waiting:
            status = statuses.get(plan.gateway_id)
            if status is not None and (done := acknowledged(plan, status.config, status.at_ns)):
                self._fleet.plan_acknowledged(
                    plan.gateway_id, plan.version, done.acknowledged_at_ns or 0
                )
                continue
            if self._send(plan, status.at_ns if status and status.online else 0):
                sent.append((plan.gateway_id, plan.version))
        self._fleet.plans_sent(sent, self._clock.now_ns())
        return len(sent)

    def _send(self, plan: SamplingPlan, heard_ns: int) -> bool:
        key, now_s = (plan.gateway_id, plan.version), self._seconds()
        # one that has just come on line is told at once
        fresh = heard_ns > self._heard_ns.get(key, 0)
        if not fresh and now_s - self._sent_at.get(key, float("-inf")) < self._again_s:
            return False
        self._heard_ns[key] = max(heard_ns, self._heard_ns.get(key, 0))
        self._downlink.send(plan.gateway_id, "config", payload_of(plan))
        self._sent_at[key] = now_s
        return True


def payload_of(plan: SamplingPlan) -> bytes:
    """Write a plan as gateways read it.

    Examples
    --------
    >>> from domain.sampling import PlannedChannel
    >>> payload_of(SamplingPlan("g-7", 3, 0, 0, "C", (PlannedChannel("T1.x", 3600),)))
    b'{"version":3,"channels":[{"c":"T1.x","interval":3600,"trigger":false,"report":0}]}'

    """
    channels = [
        {
            "c": one.address,
            "interval": one.interval_s,
            "trigger": one.trigger,
            "report": one.report_s,
        }
        for one in plan.channels
    ]
    return msgspec.json.encode({"version": plan.version, "channels": channels})
