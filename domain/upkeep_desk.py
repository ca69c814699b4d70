"""Reads what a technician's act needs, and shows what it would come to before it is saved."""

from collections.abc import Sequence

import numpy as np

from domain.clock import DAY_NS, SECOND_NS
from domain.datum import DATUM_KINDS
from domain.errors import Conflict, NotFound
from domain.push_test import PushAnswer, PushRules, answer
from domain.readings import UNFIT, Floats, Int64s
from domain.sensors import Channel, Sensor, Site
from domain.services import Services
from domain.upkeep import Act, Around, Wish, Work, plan

#: a look for readings around a moment takes so many intervals at first
_FIRST_LOOK = 40


class UpkeepDesk:
    """Plans and carries out acts on the sensors of one building."""

    def __init__(self, services: Services, building_id: str) -> None:
        self._services = services
        self.site: Site = services.register.site(building_id)

    def sensor(self, sensor_id: str) -> Sensor:
        """Find a sensor of the building.

        Raises
        ------
        NotFound
            When there is none.

        """
        for sensor in self.site.sensors:
            if sensor.id == sensor_id:
                return sensor
        raise NotFound(f"no sensor {sensor_id!r} in building {self.site.building_id!r}")

    def channels(self, sensor: Sensor) -> list[Channel]:
        """List a sensor's channels in use, by axis."""
        own = [c for c in self.site.channels if c.sensor_id == sensor.id and c.active]
        return sorted(own, key=lambda c: (c.axis, c.id))

    def acts(self, sensor: Sensor) -> list[Act]:
        """Read a sensor's log book, newest entry first."""
        return self._services.upkeep.acts(sensor.id)

    def plan(self, sensor: Sensor, wish: Wish, by: str) -> Work:
        """Work out what an act comes to; nothing is written.

        Raises
        ------
        InvalidInput, Conflict
            As `domain.upkeep.plan`.

        """
        done = self.acts(sensor)
        around = {c.id: self.around(c, wish.at_ns) for c in self.channels(sensor)}
        return plan(wish, sensor, self.site, around, done, self._services.clock.now_ns(), by)

    def carry_out(self, sensor: Sensor, wish: Wish, by: str) -> tuple[Work, bool]:
        """Do an act; the same again changes nothing.

        Returns
        -------
        (Work, bool)
            What was done, and whether it was done just now.

        Raises
        ------
        InvalidInput, Conflict
            As `domain.upkeep.plan`; `Conflict` too when the id stands for another act.
        NotFound
            When the id is an act's at another building.

        """
        kept = self._services.upkeep.act(wish.id)
        if kept is not None:
            if kept.building_id != self.site.building_id:
                raise NotFound(f"no act {wish.id!r} in building {self.site.building_id!r}")
            same = (kept.sensor_id, kept.kind, kept.at_ns, kept.reason, kept.undoes)
            undoing = wish.kind.value == "undo"
            at_ns = kept.at_ns if undoing else wish.at_ns
            if same != (sensor.id, wish.kind, at_ns, wish.reason, wish.undoes):
                raise Conflict(f"act {wish.id!r} is there with another content")
            return Work(kept), False
        work = self.plan(sensor, wish, by)
        self._services.upkeep.carry_out(work)
        return work, True

    def around(self, channel: Channel, at_ns: int) -> Around:
        """Read what a channel read around a moment: medians of the nearest fit readings."""
        if channel.kind not in DATUM_KINDS:
            return Around()
        number = self._services.profile.number
        need_before, need_after = int(number("restart.before")), int(number("restart.after"))
        now_ns = self._services.clock.now_ns()
        first_ns = max(1, channel.interval_s) * SECOND_NS * _FIRST_LOOK
        most_ns = max(first_ns, int(number("upkeep.look_days") * DAY_NS))
        before: Floats = np.empty(0)
        for look_ns in sorted({min(first_ns, most_ns), most_ns}):
            before = self._fit(channel, at_ns - look_ns, at_ns)[1]
            if len(before) >= need_before:
                break
        after = self._fit(channel, at_ns, min(now_ns + 1, at_ns + most_ns))[1]
        return Around(_median(before[-need_before:]), _median(after[:need_after]))

    def push(
        self,
        sensor: Sensor,
        began_ns: int,
        pushed_deg: float,
        minutes: int,
        earlier_deg: float | None = None,
    ) -> PushAnswer:
        """Tell which axis answers to a push, out of the readings of the last minutes.

        Raises
        ------
        NotFound
            When the sensor has no tilt axis.

        """
        columns = self.live(sensor, minutes)
        if not columns:
            raise NotFound(f"no tilt axis at sensor {sensor.id!r}")
        rules = PushRules.from_profile(self._services.profile)
        return answer(columns, began_ns, pushed_deg, rules, sensor.resolution or 0.0, earlier_deg)

    def live(self, sensor: Sensor, minutes: int) -> dict[str, tuple[Int64s, Floats]]:
        """Read what both axes of a tilt sensor read over the last minutes."""
        now_ns = self._services.clock.now_ns()
        start_ns = now_ns - minutes * 60 * SECOND_NS
        return {
            c.axis: self._fit(c, start_ns, now_ns + 1)
            for c in self.channels(sensor)
            if c.kind == "tilt" and c.axis in {"x", "y"}
        }

    def _fit(self, channel: Channel, start_ns: int, end_ns: int) -> tuple[Int64s, Floats]:
        rows = self._services.readings.between(channel.id, start_ns, end_ns)
        fit = (rows.flag & np.uint16(UNFIT)) == 0
        return rows.taken_at[fit], rows.value[fit]


def _median(values: Floats) -> float | None:
    return float(np.median(values)) if len(values) else None


def undone(acts: Sequence[Act]) -> frozenset[str]:
    """Tell the ids of acts and segments that were taken back."""
    return frozenset(act.undoes for act in acts if act.undoes)
