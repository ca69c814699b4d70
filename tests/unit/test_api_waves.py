"""Waveforms over the API: who sees them, what they are held against, and the files."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from domain.clock import SECOND_NS
from storage.waves import FolderWaves
from tests.api_city import City, make_city
from tests.contract.test_wave_store import kept
from tests.wave_city import EVENT_NS, add_waves, moved


@dataclass
class Known:
    city: City
    waves: FolderWaves


@pytest.fixture
def known(tmp_path: Path) -> Iterator[Known]:
    city = make_city(tmp_path)
    waves = add_waves(city, tmp_path / "waves")
    yield Known(city, waves)
    city.close()


WHERE = f"/api/v1/channels/w-near/waves/{EVENT_NS}"


def test_events_are_listed_with_the_limit_at_their_own_frequency(known: Known) -> None:
    client = known.city.client("duty_officer")
    (event,) = client.get("/api/v1/buildings/b-near/waves").json()
    assert client.get("/api/v1/channels/w-near/waves").json() == [event]
    assert client.get(WHERE).json() == event
    assert event["id"] == str(EVENT_NS)
    assert (event["sensor_code"], event["unit"], event["rate_hz"]) == ("V2", "m/s²", 200.0)
    assert event["table"] == "gb50868.traffic.residential.foundation"
    limits = [(p["axis"], p["frequency_hz"], p["limit_mm_s"]) for p in event["peaks"]]
    assert limits == [("x", 8.0, 2.0), ("y", 16.0, pytest.approx(2.45)), ("z", 24.0, 3.05)]
    assert event["peaks"][1]["share_percent"] == pytest.approx(100 * 2.0 / 2.45)


@pytest.mark.parametrize("user", ["near_duty_officer", "duty_officer"])
def test_what_lies_within_is_seen(known: Known, user: str) -> None:
    client = known.city.client(user)
    for path in (WHERE, f"{WHERE}/samples", f"{WHERE}/file", f"{WHERE}/file?format=csv"):
        assert client.get(path).status_code == 200


def test_what_is_foreign_or_not_there_is_not_found(known: Known) -> None:
    client = known.city.client("near_duty_officer")
    foreign = WHERE.replace("near", "far")
    nowhere = [
        "/api/v1/buildings/b-far/waves",
        "/api/v1/channels/w-far/waves",
        *(foreign + part for part in ("", "/samples", "/file")),
        f"/api/v1/channels/w-near/waves/{EVENT_NS + 1}",
        "/api/v1/channels/w-near/waves/x",
        "/api/v1/channels/w-near/waves/" + "9" * 30,
        f"/api/v1/channels/c-near-x/waves/{EVENT_NS}",
    ]
    assert {client.get(path).status_code for path in nowhere} == {404}


def test_a_role_that_reads_no_readings_reads_no_waveforms(known: Known) -> None:
    assert known.city.client("operator").get(WHERE).status_code == 403
    assert known.city.client().get(WHERE).status_code == 401


def test_a_range_cuts_the_list(known: Known) -> None:
    client = known.city.client("duty_officer")
    path = "/api/v1/channels/w-near/waves"
    assert client.get(path, params={"end": "2026-11-23T05:51:40Z"}).json() == []
    assert len(client.get(path, params={"start": "2026-11-23T05:51:40Z"}).json()) == 1


def test_samples_are_thinned_and_no_peak_is_lost(known: Known) -> None:
    client = known.city.client("duty_officer")
    full = client.get(f"{WHERE}/samples", params={"points": 200_000}).json()
    thin = client.get(f"{WHERE}/samples", params={"points": 20}).json()
    assert (len(full["at_s"]), full["thinned"]) == (600, False)
    assert (len(thin["at_s"]), thin["thinned"]) == (20, True)
    assert full["low"] == full["high"]
    for axis in range(3):
        assert max(thin["high"][axis]) == max(full["high"][axis])
        assert min(thin["low"][axis]) == min(full["low"][axis])
    assert full["at_s"][0] == pytest.approx(-1.0)
    raw = client.get(f"{WHERE}/samples", params={"signal": "raw", "points": 20}).json()
    assert (full["unit"], raw["unit"]) == ("mm/s", "m/s²")


def test_a_gap_stays_a_gap(known: Known) -> None:
    event_ns = EVENT_NS + 100 * SECOND_NS
    known.waves.keep([moved(kept(k), "w-near", event_ns) for k in (1, 4)])
    client = known.city.client("duty_officer")
    path = WHERE.replace(str(EVENT_NS), str(event_ns))
    full = client.get(f"{path}/samples", params={"points": 200_000}).json()
    assert full["high"][0].count(None) == 1
    rows = list(csv.reader(io.StringIO(client.get(f"{path}/file?format=csv").text)))
    assert sum(row[1] == "" for row in rows[1:]) == 1


def column(table: pa.Table, name: str) -> Any:
    return table[name].to_numpy()


def test_the_files_hold_what_was_sent_and_what_was_judged(known: Known) -> None:
    client = known.city.client("duty_officer")
    answer = client.get(f"{WHERE}/file")
    assert 'filename="anju-V2-20261123T055140Z.parquet"' in answer.headers["Content-Disposition"]
    table = parquet.read_table(io.BytesIO(answer.content))
    wave = known.waves.waveform("w-near", EVENT_NS)
    assert (column(table, "taken_at").astype(np.int64) == wave.at_ns).all()
    text = client.get(f"{WHERE}/file", params={"format": "csv"}).text
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert rows[0][1] == "x (m/s²)"
    assert rows[1][0] == "2026-11-23T05:51:39.000000000Z"
    for n, axis in enumerate("xyz"):
        assert (column(table, axis) == wave.raw[n]).all()
        assert (column(table, f"velocity_{axis}") == wave.velocity[n]).all()
        assert np.allclose([float(r[1 + n]) for r in rows[1:]], wave.raw[n], rtol=1e-5, atol=1e-9)
        velocity = [float(r[4 + n]) for r in rows[1:]]
        assert np.allclose(velocity, wave.velocity[n], rtol=1e-5, atol=1e-9)


def test_without_a_store_there_are_none(known: Known) -> None:
    known.city.app.state.services = replace(known.city.services, waves=None)
    client = known.city.client("duty_officer")
    assert client.get("/api/v1/buildings/b-near/waves").json() == []
    assert client.get(WHERE).status_code == 404


@pytest.mark.parametrize("query", ["points=9", "points=x", "signal=sound", "points=1e3"])
def test_a_wrong_question_is_refused(known: Known, query: str) -> None:
    assert known.city.client("duty_officer").get(f"{WHERE}/samples?{query}").status_code == 422
