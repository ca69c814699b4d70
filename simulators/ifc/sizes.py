"""Houses whose files are as big as real ones, for benchmarks.

Bytes come from what makes real files big: fine shapes that are used several times, and dozens of
properties an element as authoring programs export them.
"""

from simulators.ifc.house import HouseSpec

#: by size of the file in MB, about
SIZES: dict[str, HouseSpec] = {
    "0.6": HouseSpec(
        ifc_schema="IFC2X3", storeys=4, bays_x=3, bays_y=2, furniture=2, facets=14, properties=20
    ),
    "2.4": HouseSpec(
        ifc_schema="IFC4", storeys=5, bays_x=5, bays_y=3, furniture=2, facets=23, shapes=10,
        properties=30,
    ),
    "4": HouseSpec(
        ifc_schema="IFC2X3", storeys=6, bays_x=6, bays_y=4, furniture=2, facets=25, shapes=12,
        properties=30,
    ),
    "27": HouseSpec(
        ifc_schema="IFC2X3", storeys=9, bays_x=8, bays_y=5, furniture=3, facets=25, shapes=190,
        properties=40,
    ),
}  # fmt: skip
