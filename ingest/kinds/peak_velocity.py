"""Peak particle velocity (振动速度峰值)."""

from ingest.kinds import Kind

KIND = Kind(
    name="peak_velocity",
    unit="mm/s",
    low=0.0,
    high=1000.0,
    units=("mm/s", "cm/s", "m/s"),
    axes=("ppv", "ppv.x", "ppv.y", "ppv.z"),
    native={
        "boot": 3,
        "seq": 1704,
        "readings": [
            {"c": "V1.ppv", "t": 1795413600000000, "v": 0.42},
            {"c": "V1.f", "t": 1795413600000000, "v": 12.5},
        ],
    },
    about="largest velocity of vibration in the sampling period; sent with its main frequency "
    "at the same `t`",
)
