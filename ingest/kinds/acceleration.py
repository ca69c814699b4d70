"""Acceleration of a vibration (振动加速度): the channel of a waveform."""

from ingest.kinds import Kind

KIND = Kind(
    name="acceleration",
    unit="m/s²",
    low=0.0,
    high=400.0,
    units=("m/s²", "mm/s²", "g", "mg", "gal"),
    axes=("wave",),
    native={
        "boot": 3,
        "seq": 1706,
        "readings": [{"c": "V2", "t": 1795413600000000, "v": 0.031}],
    },
    about="largest acceleration in the sampling period, or blocks of the topic `wave`; of a block "
    "the largest departure from its mean is kept",
)
