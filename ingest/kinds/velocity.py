"""Velocity of a vibration (振动速度): the channel of a geophone's waveform."""

from ingest.kinds import Kind

KIND = Kind(
    name="velocity",
    unit="mm/s",
    low=0.0,
    high=1000.0,
    units=("mm/s", "cm/s", "m/s", "µm/s"),
    axes=("wave",),
    native={
        "boot": 3,
        "seq": 1706,
        "readings": [{"c": "V3", "t": 1795413600000000, "v": 0.8}],
    },
    about="as `acceleration`, for an instrument that measures velocity (geophone)",
)
