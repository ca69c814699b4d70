"""InfluxDB: what goes over the line, and what its refusals become."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import StoreUnavailable
from domain.readings import QualityFlag, Reading, ReadingBatch
from storage.readings import open_readings
from storage.readings.columns import NEVER, Rows, rows_of
from storage.readings.heads import HEAD, empty_heads
from storage.readings.influx_http import rfc3339, within
from storage.readings.influx_lines import (
    channel_of,
    forgotten_line,
    head_lines,
    newest_of,
    prefix_of,
    put_head,
    quoted,
    reading_lines,
    span_lines,
    tag_of,
)
from storage.readings.spans import spans_of


def one_row(value: float = 1.5, taken_at: int = 7) -> Rows:
    batch = ReadingBatch.of(["c"], [taken_at], [value], flag=3, received_at=9)
    return rows_of(batch, np.array([0], np.int32))


@given(st.text())
def test_a_tag_turns_back_into_its_channel(channel: str) -> None:
    tag = tag_of(channel)
    assert channel_of(tag) == channel
    assert tag
    assert not set(tag) & set("\\\n\r\t\0")


@given(st.text())
def test_a_prefix_has_no_bare_separator_but_the_one_that_ends_it(channel: str) -> None:
    prefix = prefix_of(channel)
    assert prefix.startswith(",channel=")
    inside = prefix.removeprefix(",channel=")[:-1]
    for separator in ",= ":
        assert separator not in inside.replace("\\" + separator, "")
    assert prefix.endswith(" ")
    assert not prefix.endswith("\\ ")


@given(st.text())
def test_a_quoted_channel_cannot_end_its_string(channel: str) -> None:
    inside = quoted(channel)[1:-1].replace("\\'", "")
    assert "'" not in inside
    assert "\\" not in inside


def test_a_reading_is_one_line() -> None:
    assert list(reading_lines(one_row(), [prefix_of("一号 T1,x=y")])) == [
        "readings,channel=一号\\ T1\\,x\\=y value=1.5,flag=3i,received_at=9i 7"
    ]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_value_is_written_so_that_it_reads_back_the_same(value: float) -> None:
    (line,) = reading_lines(one_row(value), [",channel=c "])
    written = line.partition("value=")[2].partition(",")[0]
    assert float(written) == value
    assert "n" not in written  # neither nan nor inf


def test_a_span_is_one_line() -> None:
    spans = spans_of(one_row(2.5, 3_600_000_000_007), 3_600_000_000_000)
    assert list(span_lines(spans, "hour", [",channel=c "])) == [
        "hour,channel=c count=1i,total=2.5,low=2.5,high=2.5 3600000000000"
    ]


def test_a_head_reads_back_as_it_was() -> None:
    heads = empty_heads(2)
    heads["taken_at"][0], heads["value"][0], heads["flag"][0] = 7, -1e-300, 2049
    heads["hour"]["total"][0], heads["day"]["count"][0] = 0.1 + 0.2, 1440
    lines = list(head_lines(np.array([0, 1], np.int32), heads, [",channel=a ", ",channel=b "]))
    for i, line in enumerate(lines):
        read = np.zeros(1, HEAD)
        put_head(read, line.partition('"')[2].partition('"')[0], NEVER)
        assert read[0] == heads[i]


def test_a_head_that_did_not_know_of_a_deletion_shows_nothing_that_is_gone() -> None:
    heads = empty_heads(1)
    heads["taken_at"], heads["value"] = 100, 1.5
    (line,) = head_lines(np.array([0], np.int32), heads, [",channel=a "])
    text = line.partition('"')[2].partition('"')[0]
    assert newest_of("a", text, NEVER) == Reading("a", 100, 1.5, QualityFlag.OK, 0)
    assert newest_of("a", text, 100) == Reading("a", 100, 1.5, QualityFlag.OK, 0)
    assert newest_of("a", text, 101) is None


def test_a_deletion_is_noted_by_channel() -> None:
    assert forgotten_line("a b", 9) == "forgotten,channel=a\\ b before=9i 0"


def test_moments_are_written_to_the_nanosecond_and_ranges_kept_possible() -> None:
    assert rfc3339(1_795_435_200_000_000_001) == "2026-11-23T12:00:00.000000001Z"
    assert within(5, 9) == "time >= 5 AND time < 9"
    assert within(-(2**70), 2**70) == (
        f"time >= {-(2**63) + 2} AND time < {2**63 - 2}"  # what InfluxDB can hold
    )


@contextmanager
def answering(status: int, body: bytes, headers: dict[str, str]) -> Iterator[tuple[str, list[str]]]:
    """A server that gives every request the same answer, and what it was asked with."""
    seen: list[str] = []

    class Same(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"] or 0))
            seen.append(f"{self.path} {self.headers['Authorization']}")
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Same) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", seen
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("status", "headers", "said"),
    [
        (401, {}, "does not accept the token"),
        (403, {}, "does not accept the token"),
        (404, {}, "is not there"),
        (413, {}, "no request of this size"),
        (429, {"Retry-After": "17"}, "too busy, asks to wait 17 s"),
        (503, {"Retry-After": "3"}, "too busy, asks to wait 3 s"),
        (500, {}, "answers 500"),
        (502, {}, "answers 502"),
        (302, {"Location": "http://127.0.0.1:1/"}, "answers 302"),
    ],
)
def test_a_refusal_is_one_clear_line_without_the_token(
    status: int, headers: dict[str, str], said: str
) -> None:
    with answering(status, b'{"message":"go\n away"}', headers) as (url, seen):
        store = open_readings(f"influx+{url}?org=o&bucket=my+bucket", "s3cret")
        with pytest.raises(StoreUnavailable) as caught:
            store.append(ReadingBatch.of(["a"], [1], [1.0]))
        store.close()
    text = str(caught.value)
    assert said in text
    assert "bucket 'my bucket'" in text
    assert "go away" in text
    assert "s3cret" not in text
    assert "\n" not in text
    # asked once: trying again is the caller's business
    assert len(seen) == 1
    assert seen[0].endswith("Token s3cret")


@pytest.mark.parametrize("body", [b"", b"<html>hello</html>", b'{"results":3}', b"\xff"])
def test_an_answer_that_is_none_is_told_as_such(body: bytes) -> None:
    with answering(200, body, {}) as (url, _):
        store = open_readings(f"influx+{url}?org=o&bucket=b", "t")
        with pytest.raises(StoreUnavailable, match="answers what InfluxDB never would"):
            store.between("a", 0, 1)
        store.close()


def test_a_statement_that_fails_is_an_error_though_the_status_is_200() -> None:
    body = b'{"results":[{"statement_id":0,"error":"database not found: b"}]}'
    with answering(200, body, {}) as (url, _):
        store = open_readings(f"influx+{url}?org=o&bucket=b", "t")
        with pytest.raises(StoreUnavailable, match="refuses: database not found: b"):
            store.latest(["a"])
        store.close()
