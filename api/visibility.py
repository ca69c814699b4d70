"""What a caller may see: every object is found with its building, foreign ones are not."""

from domain.access import Caller, ScopeKind, may
from domain.buildings import Building
from domain.errors import Forbidden, NotFound
from domain.ports import Page, RegisterStore
from domain.reach import whole_city
from domain.sensors import Channel, Sensor
from domain.services import Services

#: buildings read at once while a scope is resolved
BUILDINGS_AT_ONCE = 1000


def building_for(services: Services, caller: Caller, action: str, building_id: str) -> Building:
    """Find a building that a caller may do something with.

    Raises
    ------
    NotFound
        When there is none, or it is foreign: the two look the same.

    """
    building = services.register.building(building_id)
    if building is None or not may(caller, action, building):
        raise NotFound(f"no building {building_id!r}")
    return building


def channel_for(
    services: Services, caller: Caller, action: str, channel_id: str
) -> tuple[Channel, Sensor, Building]:
    """Find a channel on a building that a caller may do something with.

    Raises
    ------
    NotFound
        When there is none, or it is foreign.

    """
    found = services.register.channel(channel_id)
    if found is None or not may(caller, action, found[2]):
        raise NotFound(f"no channel {channel_id!r}")
    return found


def must_cover(caller: Caller, building: Building) -> None:
    """Refuse to put a building where the caller has no say.

    Raises
    ------
    Forbidden
        When it lies outside the caller's scopes.

    """
    if not any(scope.covers(building) for scope in caller.scopes):
        raise Forbidden(f"building {building.id!r} would lie outside your part of the city")


def visible_districts(register: RegisterStore, caller: Caller) -> list[str] | None:
    """List division codes outside which a caller sees nothing; `None` when that is not known."""
    districts = set()
    for scope in caller.scopes:
        match scope.kind:
            case ScopeKind.DISTRICT:
                districts.add(scope.value)
            case ScopeKind.BUILDING:
                building = register.building(scope.value)
                if building is not None:
                    districts.add(building.district)
            case _:
                return None
    return sorted(districts)


def list_buildings(
    services: Services, caller: Caller, page: Page, text: str = "", district: str = ""
) -> list[Building]:
    """List the buildings that a caller may see, by id, as many as the page asks for."""
    districts = visible_districts(services.register, caller)
    if district:
        districts = [district] if districts is None or district in districts else []
    if districts == []:
        return []
    seen: list[Building] = []
    after = page.after
    size = max(page.limit, 1) if whole_city(caller) else BUILDINGS_AT_ONCE
    while len(seen) < page.limit:
        rows = services.register.buildings(Page(size, after), text=text, districts=districts)
        seen += [row for row in rows if may(caller, "buildings:read", row)]
        if len(rows) < size:
            break
        after = rows[-1].id
    return seen[: page.limit]


def must_belong(services: Services, building: Building, object_id: str, noun: str) -> None:
    """Refuse the id of an object that another building has.

    Raises
    ------
    NotFound
        When another building has it, foreign or not: it is not at this address.

    """
    owner = services.register.building_of(object_id)
    if owner is not None and owner != building.id:
        raise NotFound(f"no {noun} {object_id!r} in building {building.id!r}")
