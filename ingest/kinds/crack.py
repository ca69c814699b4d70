"""Crack width (裂缝宽度)."""

from ingest.kinds import Kind

KIND = Kind(
    name="crack",
    unit="mm",
    low=-50.0,
    high=200.0,
    units=("mm", "cm", "m", "µm"),
    axes=("",),
    native={
        "boot": 3,
        "seq": 1702,
        "readings": [{"c": "C1", "t": 1795413600000, "v": 0.18}],
    },
    dzt={"SK01": {"L1_LF_1": {"2026-11-23T06:00:00.000Z": 10.86}}},
    about="width of a crack, or its change since the sensor was mounted; opening is positive",
)
