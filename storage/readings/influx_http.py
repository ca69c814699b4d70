"""Talks to an InfluxDB server: lines out, InfluxQL in and out, its errors in plain words."""
# ruff: noqa: S608 - names are our own; channel ids are quoted by `influx_lines.quoted`

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
import urllib3
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException

from domain.clock import to_datetime
from domain.errors import StoreUnavailable
from storage.readings.influx_lines import channel_of, quoted, tag_of

#: lines in one request: about 1 MB, what a proxy lets through by default
LINES_A_REQUEST = 8_000
CONNECT_MS, ANSWER_MS = 3_000, 30_000
#: the first instant that InfluxDB knows
EARLIEST_NS = -(2**63) + 2

Values = list[list[Any]]


class Table(msgspec.Struct):
    """One series of an answer: `values` has a row a point, as `columns` names them."""

    columns: list[str]
    name: str = ""
    tags: dict[str, str] = {}
    values: Values = []
    partial: bool = False


class Result(msgspec.Struct):
    """What one statement gave."""

    series: list[Table] = []
    error: str = ""


class Answer(msgspec.Struct):
    """What `/query` answers."""

    results: list[Result] = []
    error: str = ""


class InfluxHttp:
    """One bucket of one server.

    Parameters
    ----------
    url
        `http://host:port`, without a path.
    token
        2.x token, or `user:password` of a 1.x server; empty for none.
    gzip
        Whether requests are compressed: worth it on a slow line only.

    """

    def __init__(self, url: str, org: str, bucket: str, token: str, *, gzip: bool = False) -> None:
        self._at = f"InfluxDB at {url}, bucket {bucket!r}"
        self._org = org
        self._bucket = bucket
        # no retries of the client's own: an error must surface, the spool holds the batch
        self._client: Any = InfluxDBClient(
            url, token, timeout=(CONNECT_MS, ANSWER_MS), enable_gzip=gzip, org=org, retries=False
        )
        # the types of its methods name classes, their values are plain strings
        self._writer: Any = self._client.write_api(write_options=SYNCHRONOUS)
        self._decoder = msgspec.json.Decoder(Answer)

    def write(self, lines: Sequence[str]) -> None:
        """Write lines of line protocol, times in ns.

        Raises
        ------
        StoreUnavailable
            When any of them may not have been kept.

        """
        with self._errors("write"):
            for first in range(0, len(lines), LINES_A_REQUEST):
                body = "\n".join(lines[first : first + LINES_A_REQUEST]).encode()
                self._writer.write(self._bucket, self._org, body, "ns")

    def query(self, statement: str) -> list[Table]:
        """Ask one InfluxQL statement; times come in ns.

        Raises
        ------
        StoreUnavailable
            When there is no answer.

        """
        with self._errors("read"):
            answer = self._decoder.decode(
                self._call(
                    "POST",
                    "/query",
                    post_params=[("db", self._bucket), ("epoch", "ns"), ("q", statement)],
                    header_params={
                        "Content-Type": "application/x-www-form-urlencoded",
                        "Accept": "application/json",
                    },
                ).data
            )
        error = answer.error or next((r.error for r in answer.results if r.error), "")
        if error:
            raise StoreUnavailable(f"cannot read: {self._at} refuses: {error}")
        return [table for result in answer.results for table in result.series]

    def version(self) -> str:
        """Ask which version the server is, such as `1.6.7` or `v2.7.1`."""
        with self._errors("reach"):
            headers: Mapping[str, str] = self._call("GET", "/ping").headers
            return headers.get("X-Influxdb-Version", "")

    def delete(
        self,
        measurement: str,
        channel_id: str | None,
        end_ns: int,
        start_ns: int = EARLIEST_NS,
    ) -> None:
        """Delete points before a moment (and from another on), of one channel or of all.

        Raises
        ------
        StoreUnavailable
            When they may not all be gone.

        """
        if self.version().startswith("1."):
            which = "" if channel_id is None else f" AND channel = {quoted(channel_id)}"
            if start_ns > EARLIEST_NS:
                which = f" AND time >= {start_ns}{which}"
            self.query(f'DELETE FROM "{measurement}" WHERE time < {end_ns}{which}')
            return
        predicate = f'_measurement="{measurement}"'
        if channel_id is not None:
            predicate += ' AND channel="' + tag_of(channel_id).replace('"', '\\"') + '"'
        with self._errors("delete"):
            self._client.delete_api().delete(
                rfc3339(start_ns),
                rfc3339(end_ns - 1),  # the last instant counts as within the range
                predicate,
                bucket=self._bucket,
                org=self._org,
            )

    def close(self) -> None:
        """Let go of the connections."""
        self._writer.close()
        self._client.close()

    def _call(self, method: str, path: str, **options: Any) -> Any:

        api = self._client.api_client
        answer, *_ = api.call_api(path, method, _preload_content=False, **options)
        return answer

    @contextlib.contextmanager
    def _errors(self, what: str) -> Iterator[None]:
        try:
            yield
        except ApiException as error:
            raise StoreUnavailable(f"cannot {what}: {self._refusal(error)}") from error
        except urllib3.exceptions.HTTPError as error:
            raise StoreUnavailable(f"cannot {what}: {self._at} does not answer: {error}") from error
        except msgspec.DecodeError as error:
            raise StoreUnavailable(
                f"cannot {what}: {self._at} answers what InfluxDB never would: {error}"
            ) from error

    def _refusal(self, error: ApiException) -> str:
        """Say what a status means; only the server's own words are quoted, never the token."""
        body = error.body.decode(errors="replace") if isinstance(error.body, bytes) else error.body
        said = " ".join((body or error.reason or "").split())[:500]
        headers: Mapping[str, str] = error.headers or {}
        wait = headers.get("Retry-After")
        match error.status:
            case 401 | 403:
                return f"{self._at} does not accept the token: {said}"
            case 404:
                return f"{self._at} is not there: {said}"
            case 413:
                return f"{self._at} takes no request of this size: {said}"
            case 429 | 503:
                hint = f", asks to wait {wait} s" if wait else ""
                return f"{self._at} is too busy{hint}: {said}"
            case _:
                return f"{self._at} answers {error.status}: {said}"


def rfc3339(at_ns: int) -> str:
    """Write a moment with all nine digits of its second.

    Examples
    --------
    >>> rfc3339(-1)
    '1969-12-31T23:59:59.999999999Z'

    """
    second, ns = divmod(at_ns, 1_000_000_000)
    return f"{to_datetime(second * 1_000_000_000):%Y-%m-%dT%H:%M:%S}.{ns:09d}Z"


def within(start_ns: int, end_ns: int) -> str:
    """Write the condition that a time lies in a half-open range."""
    first, last = EARLIEST_NS, -EARLIEST_NS
    start_ns, end_ns = max(first, min(last, start_ns)), max(first, min(last, end_ns))
    return f"time >= {start_ns} AND time < {end_ns}"


def where_channels(channel_ids: Sequence[str]) -> str:
    """Write the further condition that the channel is one of some."""
    return " AND (" + " OR ".join(f"channel = {quoted(c)}" for c in channel_ids) + ")"


def rows_by_channel(tables: Sequence[Table]) -> dict[str, Values]:
    """Sort the answer to a question `GROUP BY channel`."""
    return {channel_of(tag): table.values for table in tables if (tag := table.tags.get("channel"))}
