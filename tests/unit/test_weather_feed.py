"""The weather of a service over HTTP, and what was measured by the benchmark."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from analytics.measured import load_measured, parse_measured
from app.jobs import Under
from app.weather_feed import WeatherFeed
from domain.contexts import ContextKind
from domain.errors import InvalidInput, SettingsInvalid
from domain.jobs import JobRun, RunState
from domain.ports import Page
from storage.records import Records
from storage.sheets import read_sheet
from tests.fresh_records import fresh_records

TABLE = """kind,started_at,ended_at,temperature_c,rain_mm
weather,2026-11-01T00:00:00Z,2026-11-01T01:00:00Z,12.5,0.4
weather,2026-11-01T01:00:00Z,2026-11-01T02:00:00Z,13.5,0
blast,2026-11-01T01:00:00Z,,,
"""


class Service:
    """A weather service whose answer a test sets."""

    def __init__(self) -> None:
        self.status, self.body = 200, TABLE.encode()
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(service.status)
                self.end_headers()
                self.wfile.write(service.body)

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/w?key=secret"


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    made = fresh_records(tmp_path / "records.db")
    yield made
    made.close()


def ask(records: Records, url: str) -> str:
    feed = WeatherFeed(url, "observatory", records.contexts, read_sheet)
    return feed.work(Under(JobRun("weather", 0, RunState.RUNNING), records.jobs, lambda: True))


def test_new_rows_of_weather_are_kept_once_and_nothing_else_is_taken(
    service: Service, records: Records
) -> None:
    assert ask(records, service.url) == "2 new rows of 3 from 127.0.0.1"
    assert ask(records, service.url).startswith("0 new rows")
    rows = records.contexts.events(Page())
    assert {row.kind for row in rows} == {ContextKind.WEATHER}
    assert rows[1].figures == (("temperature_c", 12.5), ("rain_mm", 0.4))
    assert rows[1].source == "observatory"


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (503, TABLE, "answered 503, wanted 200"),
        (302, "", "answered 302"),
        (200, TABLE.replace("12.5", "warm"), "row 2, column 'temperature_c': must be a number"),
        (200, "a,b\n1,2\n", "must have the columns"),
    ],
)
def test_an_answer_that_is_no_weather_is_told_and_nothing_is_kept(
    service: Service, records: Records, status: int, body: str, said: str
) -> None:
    service.status, service.body = status, body.encode()
    with pytest.raises(InvalidInput, match=said) as error:
        ask(records, service.url)
    assert "secret" not in str(error.value)
    assert records.contexts.events(Page()) == []


def test_a_service_that_is_away_is_told_without_its_key(records: Records) -> None:
    with pytest.raises(InvalidInput, match="cannot be reached") as error:
        ask(records, "http://127.0.0.1:9/w?key=secret")
    assert "secret" not in str(error.value)


def test_what_the_benchmark_writes_is_read_and_anything_else_is_refused() -> None:
    text = (
        '{"model": "m", "measured_on": "2026-11-26", "sensor_years": 500, "figures": {"auc": 0.9},'
        '"curve": [{"threshold": 2, "false_alarms": 0.1, "delays": {"step": 1, "slow": null}},'
        '{"threshold": 1, "false_alarms": 0.5, "delays": {"step": 0}}],'
        '"reliability": [{"low": 0, "high": 0.2, "count": 3, "said": 0.1, "was": 0,'
        '"was_low": 0, "was_high": 0.5}]}'
    )
    measured = parse_measured(text)
    assert [p.threshold for p in measured.curve.points] == [1.0, 2.0]
    assert dict(measured.curve.points[1].delays) == {"step": 1.0, "slow": None}
    assert (measured.curve.sensor_years, dict(measured.figures)) == (500.0, {"auc": 0.9})
    for wrong in ("{", '{"curve": [{}]}', '{"curve": 3}', "[]"):
        with pytest.raises(SettingsInvalid, match="is not as the benchmark writes it"):
            parse_measured(wrong)
    assert load_measured().curve.points == load_measured().curve.points
