"""Readings stores: one adapter a file, chosen by the URL in the settings."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from domain.errors import SettingsInvalid
from domain.ports import ReadingStore

WANTED = (
    "duckdb:///folder/readings.duckdb, influx+http://host:8086?org=ORG&bucket=BUCKET or memory:"
)


def open_readings(url: str, token: str = "") -> ReadingStore:
    """Open the readings store that a URL names.

    Parameters
    ----------
    url
        `duckdb:///absolute/file.duckdb` or `duckdb:relative/file.duckdb` (percent-encoding is
        undone), `duckdb:` for a DuckDB database in memory,
        `influx+http://host:port?org=ORG&bucket=BUCKET` (or `influx+https`, with `gzip=1` for a
        slow line), `memory:` for plain dictionaries.
    token
        InfluxDB's token; `user:password` for a 1.x server.

    Raises
    ------
    SettingsInvalid
        When the URL names no store or lacks a part.
    StoreUnavailable
        When a file is there but cannot be used. A server is first asked at the first call.

    """
    scheme = urlsplit(url).scheme
    if scheme == "memory":
        from storage.readings.memory import MemoryReadingStore  # noqa: PLC0415

        return MemoryReadingStore()
    if scheme == "duckdb":
        from storage.readings.duckdb import DuckdbReadingStore  # noqa: PLC0415

        return DuckdbReadingStore(_path_of(url))
    if scheme in {"influx+http", "influx+https"}:
        from storage.readings.influx import InfluxReadingStore  # noqa: PLC0415

        return InfluxReadingStore.at(url, token)
    raise SettingsInvalid(f"readings.url must be like {WANTED}, got {url!r}")


def _path_of(url: str) -> Path | None:
    rest = url.removeprefix("duckdb:")
    if rest.startswith("//"):
        if not rest.startswith("///"):
            raise SettingsInvalid(f"readings.url must have three slashes: {WANTED}, got {url!r}")
        # an absolute path pasted after `duckdb:///` gives four slashes; it means the same
        rest = "/" + rest.lstrip("/")
    if not rest:
        return None
    if rest.endswith("/"):
        raise SettingsInvalid(f"readings.url must name a file, got {url!r}")
    return Path(unquote(rest))
