"""Settlement (沉降) of a point."""

from ingest.kinds import Kind

KIND = Kind(
    name="settlement",
    unit="mm",
    low=-1000.0,
    high=5000.0,
    units=("mm", "cm", "m", "µm"),
    axes=("",),
    native={
        "boot": 3,
        "seq": 1703,
        "readings": [{"c": "S1", "t": "2026-11-23T14:00:00+08:00", "v": 3.1}],
    },
    about="how far a point has gone down since the sensor was mounted; down is positive",
)
