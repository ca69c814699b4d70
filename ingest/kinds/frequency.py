"""Main frequency (主频) of a vibration."""

from ingest.kinds import Kind

KIND = Kind(
    name="frequency",
    unit="Hz",
    low=0.0,
    high=2000.0,
    units=("Hz",),
    axes=("frequency", "frequency.x", "frequency.y", "frequency.z"),
    native={
        "boot": 3,
        "seq": 1706,
        "readings": [{"c": "V1.f", "t": 1795413600000000000, "v": 12.5}],
    },
    dzt={"SK01": {"L1_ZD_1": {"2026-11-23T06:00:00.000Z": {"PLX": 12.5, "PLY": 11.8}}}},
    about="main frequency of the vibration whose peak stands at the same `t`",
)
