"""Tilt (倾斜): lean of a wall or column along one axis of its instrument."""

from ingest.kinds import Kind

KIND = Kind(
    name="tilt",
    unit="‰",
    low=-600.0,
    high=600.0,
    units=("‰", "mm/m", "°", "%", "mrad"),
    axes=("x", "y"),
    native={
        "boot": 3,
        "seq": 1700,
        "readings": [
            {"c": "T1.x", "t": "2026-11-23T06:00:00Z", "v": 1.25},
            {"c": "T1.y", "t": "2026-11-23T06:00:00Z", "v": -0.4},
        ],
    },
    dzt={
        "SK01": {"L1_QJ_1": {"2026-11-23T06:00:00.000Z": {"X": 0.071, "Y": -0.023, "Z": 89.92}}},
        "SK02": {"L1_QJ_1": {"2026-11-23T06:00:00.000Z": {"angle": 0.0747, "AZI": 342.1}}},
    },
    about="mm of lean per m of height along one axis; two channels (x, y) a point",
)
