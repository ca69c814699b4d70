"""An annual plan as its page shows it: rows with names, filters, and who can be sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from urllib.parse import urlencode

from domain.access import Role
from domain.buildings import Building
from domain.check_cycles import AnnualPlan, PlanItem
from domain.checkups import CheckUp
from domain.services import Services
from lifecycle.annual import FIRM, INSPECTOR, Hands
from lifecycle.annual_desk import check_ups_of
from lifecycle.annual_sums import Step, step_of
from lifecycle.results import day_of
from web.alert_rows import Names
from web.estate import Estate
from web.words import Words

#: of the filter "who": nobody
NOBODY = "-"


@dataclass(frozen=True, slots=True)
class Asked:
    """What part of a plan is asked for; what cannot be read counts as not given."""

    year: str = ""
    district: str = ""
    month: str = ""
    who: str = ""
    step: str = ""
    text: str = ""
    at: str = ""

    @property
    def month_number(self) -> int:
        """Tell the month; 0: all."""
        return int(self.month) if self.month in {str(n) for n in range(1, 13)} else 0

    @property
    def first(self) -> int:
        """Tell which row the page begins with."""
        return int(self.at) if self.at.isascii() and self.at.isdecimal() and len(self.at) < 8 else 0

    def query(self, **changes: object) -> str:
        """Write it as the query of an address, with some changes; what is empty is left out."""
        given = {field.name: getattr(self, field.name) for field in fields(self)} | {"at": ""}
        return urlencode({n: v for n, v in (given | changes).items() if v not in ("", 0)})


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One building of a plan, ready to be shown."""

    item: PlanItem
    building: Building | None
    check_up: CheckUp | None
    step: Step
    firm: str
    inspector: str

    @property
    def key(self) -> str:
        """Tell what a tick sends."""
        return f"{self.item.building_id} {self.item.check_class.value}"


def rows_of(
    services: Services, estate: Estate, plan: AnnualPlan, items: Sequence[PlanItem]
) -> list[PlanRow]:
    """Make the rows of a plan."""
    check_ups = check_ups_of(services, plan, items)
    names, today = Names(services), day_of(services.clock.now_ns())
    firms = {firm.id: firm.name for firm in services.checks.firms()}
    rows = []
    for item in items:
        check_up = check_ups.get(item.check_up_id)
        rows.append(
            PlanRow(
                item, estate.building(item.building_id), check_up,
                step_of(item, check_up, today), firms.get(item.firm_id, item.firm_id),
                names.of(item.inspector_id),
            )
        )  # fmt: skip
    return rows


def chosen(rows: Sequence[PlanRow], asked: Asked) -> list[PlanRow]:
    """Leave out what is not asked for."""
    needle = asked.text.strip().casefold()
    return [
        row
        for row in rows
        if (not asked.month_number or row.item.month == asked.month_number)
        and (not asked.step or row.step.value == asked.step)
        and _goes(row.item, asked.who)
        and (not needle or needle in _text(row))
    ]


def _goes(item: PlanItem, who: str) -> bool:
    if who == NOBODY:
        return not item.firm_id and not item.inspector_id
    return not who or who in {item.firm_id, item.inspector_id}


def _text(row: PlanRow) -> str:
    house = row.building
    return f"{house.name}\n{house.code}\n{house.address}".casefold() if house else row.key


@dataclass(frozen=True, slots=True)
class Group:
    """A firm with whom it sends: (value of the choice, name); the firm's own comes first."""

    name: str
    choices: tuple[tuple[str, str], ...]


def who_can_go(services: Services, district: str, words: Words) -> list[Group]:
    """List firms at work in a district with their inspectors, then inspectors without a firm."""
    inspectors = {
        one.id: one.display_name
        for one in services.access.users()
        if one.active and one.role is Role.INSPECTOR
    }
    groups, placed = [], set()
    for firm in services.checks.firms():
        if not firm.active or (firm.districts and district not in firm.districts):
            continue
        members = [one for one in firm.member_ids if one in inspectors]
        placed.update(members)
        own = (f"{firm.id} ", words("plan.firm_only", name=firm.name))
        groups.append(
            Group(firm.name, (own, *((f"{firm.id} {one}", inspectors[one]) for one in members)))
        )
    alone = [(f" {one}", name) for one, name in inspectors.items() if one not in placed]
    return [*groups, Group(words("plan.no_firm"), tuple(alone))] if alone else groups


@dataclass(frozen=True, slots=True)
class Load:
    """How much one firm or inspector has in each month.

    Parameters
    ----------
    others
        What they have in other districts' plans.
    most
        Check-ups a month that are possible; 0: no limit is told.

    """

    name: str
    of_firm: bool
    months: tuple[int, ...]
    others: tuple[int, ...]
    most: int = 0

    @property
    def over(self) -> tuple[bool, ...]:
        """Tell which months hold more than is possible."""
        pairs = zip(self.months, self.others, strict=True)
        return tuple(bool(self.most) and here + there > self.most for here, there in pairs)


def loads_of(
    services: Services,
    here: Mapping[Hands, tuple[int, ...]],
    there: Mapping[Hands, tuple[int, ...]],
) -> list[Load]:
    """Tell who has how much: each firm, then its inspectors, then the others."""
    names, left, none = Names(services), dict(here), (0,) * 12
    found: list[Load] = []
    for firm in services.checks.firms():
        own = (FIRM, firm.id)
        if own not in left:
            continue  # whoever works for several firms stands with the one that sends them
        counts = left.pop(own), there.get(own, none)
        found.append(Load(firm.name, True, *counts, firm.monthly_max))
        for member in firm.member_ids:
            one = (INSPECTOR, member)
            if one in left:
                counts = left.pop(one), there.get(one, none)
                most = firm.monthly_max_each
                found.append(Load(names.of(member), False, *counts, most))
    for one, months in left.items():
        found.append(Load(names.of(one[1]) or one[1], False, months, there.get(one, none)))
    return found
