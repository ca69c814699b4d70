"""Which table of peak velocity holds for a point; tables are never mixed."""

from domain.buildings import Building, HeritageClass
from domain.limits import LimitProfile, VibrationTable

_MATERIALS = {"timber": "timber", "stone": "stone"}


def table_for(
    profile: LimitProfile, building: Building, storey: int | None
) -> tuple[VibrationTable | None, float]:
    """Pick the table of a point and the factor on it.

    Heritage class first, then works next door, then traffic; by use and by whether the point
    sits on the top floor.

    Source: GB 50868-2013, GB/T 50452-2008 by table.

    Parameters
    ----------
    storey
        Where the point hangs; `None`: not known, it counts as the foundation.

    """
    tables = {table.id: table for table in profile.tables}
    if building.heritage is not HeritageClass.NONE:
        material = _MATERIALS.get(building.structure, "brick")
        family = profile.choice("vibration.heritage")
        # these limits stand for the highest load-bearing point; used at any point
        return tables.get(f"{family}.{material}.{building.heritage.value}.top"), 1.0
    name = "vibration.works" if building.works_nearby else "vibration.default"
    use = "industrial-public" if building.use in {"industrial", "public"} else "residential"
    if building.substandard:
        use = "residential"  # GB 50868-2013: 70 % of the residential row
    top = storey is not None and storey >= building.storeys_above > 1
    position = "top" if top else "foundation"
    table = tables.get(f"{profile.choice(name)}.{use}.{position}")
    return table, profile.number("vibration.substandard") if building.substandard else 1.0
