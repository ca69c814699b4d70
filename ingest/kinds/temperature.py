"""Temperature (温度) of air or structure."""

from ingest.kinds import Kind

KIND = Kind(
    name="temperature",
    unit="°C",
    low=-60.0,
    high=120.0,
    units=("°C", "K"),
    axes=("",),
    native={
        "boot": 3,
        "seq": 1707,
        "readings": [{"c": "W1", "t": "2026-11-23T06:00:00.000Z", "v": 4.6}],
    },
    about="temperature beside the instruments, by which weather is told from movement",
)
