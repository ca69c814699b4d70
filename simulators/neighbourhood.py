"""A seeded neighbourhood of demo buildings with their gateways, sensors, surveys and appraisals."""

from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np

from domain.buildings import Appraisal, Building, Grade
from domain.clock import DAY_NS
from domain.ids import new_id
from domain.sensors import Channel, Gateway, Mount, Segment, SegmentReason, Sensor, Site
from domain.waves import FEATURE_AXES, WAVE_AXIS
from simulators.noise import draw, key_of
from simulators.scenario import Spot
from simulators.waves import EVERY_S, WaveInstrument

HOURLY_S = 3600


@dataclass(frozen=True, slots=True)
class House:
    """One building of the neighbourhood, as it is to be built.

    Parameters
    ----------
    gateway
        Name of its gateway; houses that name the same one share it.
    survey_permille
        What the survey of the tilt found (x, y); `None`: growth is all that is known.
    survey_cracks
        The initial crack widths were measured too.
    waves
        Triaxial instruments that send waveforms.

    """

    number: int
    estate: str
    district: str
    structure: str = "masonry"
    storeys: int = 6
    build_year: int = 1988
    grade: Grade | None = None
    gateway: str = ""
    dzt: bool = False
    tilts: int = 2
    cracks: int = 2
    settlements: int = 2
    survey_permille: tuple[float, float] | None = (1.0, 0.6)
    survey_cracks: bool = True
    substandard: bool = False
    works_nearby: bool = False
    waves: int = 0

    @property
    def gateway_name(self) -> str:
        """Name of the gateway that serves it."""
        return self.gateway or f"DEMO-GW-{self.number:02d}"


@dataclass(frozen=True, slots=True)
class Instrument:
    """A channel with what the generator must know of it."""

    channel: Channel
    spot: Spot
    phase_s: int


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """Everything that the register is to hold, and the instruments that will read.

    Parameters
    ----------
    dzt
        Ids of the gateways that speak the nested geohazard JSON, without numbers.
    instruments
        By building id.
    wave_instruments
        Those that send waveforms, likewise.

    """

    seed: int
    installed_at_ns: int
    houses: dict[str, House]
    buildings: tuple[Building, ...]
    appraisals: tuple[Appraisal, ...]
    gateways: tuple[Gateway, ...]
    sites: tuple[Site, ...]
    dzt: frozenset[str]
    instruments: dict[str, tuple[Instrument, ...]] = field(repr=False)
    wave_instruments: dict[str, tuple[WaveInstrument, ...]] = field(repr=False)

    def building(self, number: int) -> Building:
        """Find a building by its house number in the plan."""
        return next(b for b in self.buildings if self.houses[b.id].number == number)

    def gateway_of(self, building_id: str) -> Gateway:
        """Find the gateway that serves a building."""
        name = self.houses[building_id].gateway_name
        return next(g for g in self.gateways if g.name == name)


#: centre of each district used, degrees (WGS-84); the buildings around it are invented
_CENTRES = {
    "360102": ("演示东湖片区", 115.904, 28.690),
    "360103": ("演示西湖片区", 115.884, 28.660),
    "360104": ("演示青云谱片区", 115.922, 28.632),
    "360111": ("演示青山湖片区", 115.955, 28.685),
}

_C, _D, _B = Grade.C, Grade.D, Grade.B

#: the plan of the demo; which of them meets what stands in `story.py`
HOUSES: tuple[House, ...] = (
    House(1, "梧桐里", "360103", grade=_C, survey_permille=(1.4, 0.9)),
    House(2, "梧桐里", "360103", grade=_B, dzt=True, settlements=0, cracks=3),
    House(3, "梧桐里", "360103", storeys=5, build_year=1982, grade=_C),
    House(4, "樟树苑", "360104", build_year=1979, grade=_C, survey_permille=(1.8, 1.1)),
    House(5, "樟树苑", "360104", storeys=4, build_year=1985, grade=_C, cracks=3),
    House(6, "樟树苑", "360104", build_year=1991, dzt=True, settlements=0, cracks=3),
    House(7, "渔舟坊", "360102", grade=_C, build_year=1980, substandard=True, works_nearby=True,
          waves=1),
    House(8, "渔舟坊", "360102", storeys=3, build_year=1976, survey_permille=(2.4, 0.8)),
    House(9, "渔舟坊", "360102", structure="concrete", storeys=7, build_year=1996, grade=_B),
    House(10, "渔舟坊", "360102", storeys=6, settlements=1),
    House(11, "青荷新村", "360111", grade=_C, settlements=1, survey_permille=None),
    House(12, "青荷新村", "360111", gateway="DEMO-GW-12", settlements=1),
    House(13, "青荷新村", "360111", gateway="DEMO-GW-12", settlements=1, grade=_C),
    House(14, "青荷新村", "360111", grade=_D, build_year=1968, storeys=2, settlements=1,
          survey_permille=(4.3, 2.4)),
    House(15, "青荷新村", "360111", structure="concrete", storeys=10, build_year=2001,
          settlements=1, survey_permille=(0.7, 0.5), survey_cracks=False),
    House(16, "梧桐里", "360103", build_year=1993, settlements=1, survey_cracks=False),
)  # fmt: skip


def neighbourhood(
    seed: int, installed_at_ns: int, houses: tuple[House, ...] = HOUSES
) -> Neighbourhood:
    """Build the neighbourhood; the same seed, moment and plan give the same ids and numbers.

    Parameters
    ----------
    installed_at_ns
        When the sensors were installed and surveyed: no reading may be older.

    """
    gateways: dict[str, Gateway] = {}
    buildings, appraisals, sites = [], [], []
    by_id: dict[str, House] = {}
    instruments: dict[str, tuple[Instrument, ...]] = {}
    wave_instruments: dict[str, tuple[WaveInstrument, ...]] = {}
    dzt = set()
    for house in houses:
        builder = _Builder(seed, installed_at_ns, house)
        building = builder.building()
        buildings.append(building)
        by_id[building.id] = house
        name = house.gateway_name
        if name not in gateways:
            gateways[name] = Gateway(builder.id("gateway", name), name, numbered=not house.dzt)
        if house.dzt:
            dzt.add(gateways[name].id)
        if house.grade is not None:
            appraisals.append(builder.appraisal(building, house.grade))
        site, instruments[building.id] = builder.site(building, gateways[name])
        site, wave_instruments[building.id] = builder.with_waves(site, gateways[name])
        sites.append(site)
    return Neighbourhood(
        seed,
        installed_at_ns,
        by_id,
        tuple(buildings),
        tuple(appraisals),
        tuple(gateways.values()),
        tuple(sites),
        frozenset(dzt),
        instruments,
        wave_instruments,
    )


_WALLS = ("东墙", "西墙", "南墙", "北墙")
_FEATURE_UNITS = {
    "peak_velocity": "mm/s",
    "frequency": "Hz",
    "velocity_rms": "mm/s",
    "kurtosis": "1",
}
_RESOLUTIONS = {"tilt": 0.01, "crack": 0.01, "settlement": 0.05, "vibration": 0.01}


class _Builder:
    """Builds one house's records."""

    def __init__(self, seed: int, at_ns: int, house: House) -> None:
        self._seed, self._at_ns, self._house = seed, at_ns, house

    def id(self, *names: object) -> str:
        bits = key_of(self._seed, *names) << 10 | key_of(self._seed, "low", *names) & 1023
        return new_id(self._at_ns, bits)

    def building(self) -> Building:
        house = self._house
        area, longitude, latitude = _CENTRES[house.district]
        key = key_of(self._seed, "place", house.number)
        return Building(
            id=self.id("building", house.number),
            code=f"DEMO-{house.district}-{house.number:04d}",
            name=f"演示·{house.estate} {house.number} 号楼",
            address=f"演示路 {house.number * 6} 号（虚构地址）",
            district=house.district,
            street=f"{area}演示街道",
            community=f"{house.estate}演示社区",
            longitude=round(longitude + draw(key, -0.008, 0.008), 5),
            latitude=round(latitude + draw(key + 1, -0.006, 0.006), 5),
            ownership="private",
            build_year=house.build_year,
            design_life_years=50,
            structure=house.structure,
            storeys_above=house.storeys,
            height_m=house.storeys * 3.0,
            area_m2=round(draw(key + 2, 380.0, 520.0) * house.storeys),
            households=house.storeys * 6,
            substandard=house.substandard,
            works_nearby=house.works_nearby,
        )

    def appraisal(self, building: Building, grade: Grade) -> Appraisal:
        return Appraisal(
            id=self.id("appraisal", self._house.number),
            building_id=building.id,
            scheme="JGJ 125-2016",
            grade=grade,
            report_number=f"DEMO-2025-{self._house.number:03d}",
            appraiser="演示鉴定机构（虚构）",
            appraised_on=date(2025, 11, 10),
            valid_until=date(2027, 11, 9),
        )

    def site(self, building: Building, gateway: Gateway) -> tuple[Site, tuple[Instrument, ...]]:
        house = self._house
        wanted = [("tilt", house.tilts, "T"), ("crack", house.cracks, "C")]
        wanted += [("settlement", house.settlements, "S")]
        if not house.dzt:
            wanted += [("vibration", 1, "V")]
        wanted += [("temperature", 1, "H")]
        plan = [(kind, n + 1, f"{letter}{n + 1}") for kind, count, letter in wanted
                for n in range(count)]  # fmt: skip
        sensors, channels, segments, mounts = [], [], [], []
        instruments: list[Instrument] = []
        for seat, (kind, number, code) in enumerate(plan):
            storey = {"tilt": house.storeys, "crack": 2, "vibration": 1}.get(kind, 1)
            sensor = Sensor(
                id=self.id("sensor", house.number, code),
                building_id=building.id,
                gateway_id=gateway.id,
                code=code,
                kind=kind,
                place=f"{_WALLS[(number - 1) % 4]} {storey} 层",
                storey=storey,
                model="演示型",
                serial=f"DEMO-{house.number:02d}-{code}",
                resolution=_RESOLUTIONS.get(kind, 0.1),
            )
            sensors.append(sensor)
            azimuth = 90.0 if kind == "tilt" else None
            mounts.append(
                Mount(self.id("mount", house.number, code), sensor.id, self._at_ns,
                      x_azimuth_deg=azimuth, height_m=storey * 3.0 - 1.5)
            )  # fmt: skip
            for channel in self._channels(sensor, gateway, number):
                channels.append(channel)
                spot_key = key_of(self._seed, "spot", house.number, code, channel.axis)
                spot = Spot(channel.kind, channel.axis, number, seat, len(plan), spot_key)
                instruments.append(Instrument(channel, spot, 7 * seat))
                if channel.kind in {"tilt", "crack", "settlement"}:
                    segments.append(self._segment(channel, number))
        site = Site(building.id, tuple(sensors), tuple(channels), tuple(segments), tuple(mounts))
        return site, tuple(instruments)

    def with_waves(self, site: Site, gateway: Gateway) -> tuple[Site, tuple[WaveInstrument, ...]]:
        """Add the instruments that send waveforms; what Anju works out has channels as well."""
        house, sensors, channels, mounts = self._house, [], [], []
        instruments = []
        for number in range(2, 2 + house.waves):
            code = f"V{number}"
            sensor = Sensor(
                id=self.id("sensor", house.number, code),
                building_id=site.building_id,
                gateway_id=gateway.id,
                code=code,
                kind="vibration",
                place=f"{_WALLS[(number - 1) % 4]} 基础",
                storey=1,
                model="演示型三向加速度计",
                serial=f"DEMO-{house.number:02d}-{code}",
                resolution=0.01,
            )
            sensors.append(sensor)
            mounts.append(
                Mount(self.id("mount", house.number, code), sensor.id, self._at_ns,
                      x_azimuth_deg=90.0, height_m=0.0)
            )  # fmt: skip
            plan = [("acceleration", "m/s²", WAVE_AXIS)]
            plan += [
                (kind, _FEATURE_UNITS[kind], axis + letter)
                for kind, axis in FEATURE_AXES.items()
                for letter in ("", ".x", ".y", ".z")
            ]
            for kind, unit, axis in plan:
                channel = Channel(
                    id=self.id("channel", house.number, code, axis),
                    sensor_id=sensor.id,
                    gateway_id=gateway.id,
                    address=code if axis == WAVE_AXIS else f"{code}.{axis}",
                    kind=kind,
                    unit=unit,
                    axis=axis,
                    interval_s=EVERY_S,
                )
                channels.append(channel)
                if axis == WAVE_AXIS:
                    key = key_of(self._seed, "waves", house.number, code)
                    instruments.append(WaveInstrument(channel, key, 1800 + 7 * number))
        grown = replace(
            site,
            sensors=(*site.sensors, *sensors),
            channels=(*site.channels, *channels),
            mounts=(*site.mounts, *mounts),
        )
        return grown, tuple(instruments)

    def _channels(self, sensor: Sensor, gateway: Gateway, number: int) -> list[Channel]:
        parts: dict[str, list[tuple[str, str, str, int]]] = {
            "tilt": [("x", "tilt", "‰", HOURLY_S), ("y", "tilt", "‰", HOURLY_S)],
            "vibration": [
                ("ppv", "peak_velocity", "mm/s", 2 * HOURLY_S),
                ("frequency", "frequency", "Hz", 2 * HOURLY_S),
            ],
            "temperature": [("", "temperature", "°C", HOURLY_S)],
        }
        made = []
        for axis, kind, unit, plan_s in parts.get(sensor.kind, [("", sensor.kind, "mm", HOURLY_S)]):
            address, sent_in, every_s = self._address(sensor, axis, number), unit, plan_s
            if self._house.dzt and kind == "tilt":
                sent_in = "°"
            if self._house.grade is Grade.D and kind in {"tilt", "crack", "settlement"}:
                every_s //= 2  # a D house is watched every half hour
            made.append(
                Channel(
                    id=self.id("channel", self._house.number, sensor.code, axis),
                    sensor_id=sensor.id,
                    gateway_id=gateway.id,
                    address=address,
                    kind=kind,
                    unit=sent_in,
                    axis=axis,
                    interval_s=every_s,
                )
            )
        return made

    def _address(self, sensor: Sensor, axis: str, number: int) -> str:
        if self._house.dzt:
            device = f"DEMOSK{self._house.number:02d}"
            point, field_name = {
                "tilt": (f"L1_QJ_{number}", axis.upper()),
                "crack": (f"L1_LF_{number}", "value"),
                "temperature": (f"L3_QW_{number}", "value"),
            }[sensor.kind]
            return f"{device}.{point}.{field_name}"
        shared = f"B{self._house.number}-" if self._house.gateway else ""
        return f"{shared}{sensor.code}" + (f".{axis}" if axis else "")

    def _segment(self, channel: Channel, number: int) -> Segment:
        house = self._house
        survey = None
        if channel.kind == "tilt" and house.survey_permille is not None:
            survey = house.survey_permille["xy".index(channel.axis)]
        elif channel.kind == "crack" and house.survey_cracks:
            key = key_of(self._seed, "width", house.number, number)
            survey = float(np.round(draw(key, 0.2, 0.6), 2))
        return Segment(
            id=self.id("segment", channel.id),
            channel_id=channel.id,
            opened_at_ns=self._at_ns,
            reason=SegmentReason.INSTALL if survey is None else SegmentReason.SURVEY,
            survey=survey,
            absolute=survey is not None,
            note="演示数据",
            by="simulator",
        )


def days(count: float) -> int:
    """Turn days into ns."""
    return round(count * DAY_NS)
