"""Root mean square of a vibration's velocity (振动速度均方根)."""

from ingest.kinds import Kind

KIND = Kind(
    name="velocity_rms",
    unit="mm/s",
    low=0.0,
    high=1000.0,
    units=("mm/s", "cm/s", "m/s", "µm/s"),
    axes=("rms", "rms.x", "rms.y", "rms.z"),
    native={
        "boot": 3,
        "seq": 1706,
        "readings": [{"c": "V1.rms", "t": 1795413600000000, "v": 0.08}],
    },
    about="root mean square of the velocity in the sampling period",
)
