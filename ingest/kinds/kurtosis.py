"""Kurtosis of a vibration's velocity (振动速度峭度)."""

from ingest.kinds import Kind

KIND = Kind(
    name="kurtosis",
    unit="1",
    low=0.0,
    high=1e6,
    units=("1",),
    axes=("kurtosis", "kurtosis.x", "kurtosis.y", "kurtosis.z"),
    native={
        "boot": 3,
        "seq": 1706,
        "readings": [{"c": "V1.kurtosis", "t": 1795413600000000, "v": 3.1}],
    },
    about="how far single knocks stand out: 1.5 a steady tone, 3 noise, more with knocks",
)
