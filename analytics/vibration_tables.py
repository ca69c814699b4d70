"""Which table of peak velocities speaks of a point; one is picked and never mixed with another."""

from domain.buildings import Building, HeritageClass
from domain.limits import LimitProfile, VibrationTable

_MATERIALS = {"timber": "timber", "stone": "stone"}


def table_for(
    profile: LimitProfile, building: Building, storey: int | None
) -> tuple[VibrationTable | None, float]:
    """Pick the table of a point, and the factor on its limits.

    Heritage class first, then works next door, then traffic; by use, and by whether the point
    sits on the top floor.

    Parameters
    ----------
    storey
        Of the point, 1 is the ground floor; `None`: not known, taken as the foundation.

    Source
    ------
    GB 50868-2013 7.1.2, 8.0.2 and, for the factor, old houses below the seismic standard;
    GB/T 50452-2008 for listed ones.

    """
    choices = dict(profile.choices)
    tables = {table.id: table for table in profile.tables}
    if building.heritage is not HeritageClass.NONE:
        material = _MATERIALS.get(building.structure, "brick")
        family = choices["vibration.heritage"]
        # these limits stand for the highest load-bearing point; used at any point
        return tables.get(f"{family}.{material}.{building.heritage.value}.top"), 1.0
    name = "vibration.works" if building.works_nearby else "vibration.default"
    use = "industrial-public" if building.use in {"industrial", "public"} else "residential"
    if building.substandard:
        use = "residential"  # GB 50868-2013: 70 % of the residential row
    top = storey is not None and storey >= building.storeys_above > 1
    position = "top" if top else "foundation"
    table = tables.get(f"{choices[name]}.{use}.{position}")
    return table, profile.number("vibration.substandard") if building.substandard else 1.0
