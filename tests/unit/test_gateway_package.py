"""The gateway package without a network: buffer, numbers, clock, settings, what it imports."""

import ast
import json
import sqlite3
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from anju_gateway import (
    BufferFailed,
    BufferFull,
    BufferInUse,
    Gateway,
    Settings,
    SettingsWrong,
    payloads,
)
from anju_gateway.buffer import Buffer
from anju_gateway.times import NOT_BEFORE_NS

ROOT = Path(__file__).parents[2] / "gateway"
NOW = NOT_BEFORE_NS + 86_400_000_000_000
TEXT = (
    "GATEWAY_URL=mqtt://127.0.0.1:1\n"
    "GATEWAY_ID=g-1\nGATEWAY_SECRET=anjugw_x\nGATEWAY_BASE=anju/1/0/g-1\n"
)

Open = Callable[..., Buffer]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Open the one buffer of a test again and again."""
    held: list[Buffer] = []

    def again(**more: int) -> Buffer:
        for buffer in held:
            buffer.close()
        held[:] = [Buffer(tmp_path / "b.db", **more)]
        return held[0]

    yield again
    for buffer in held:
        buffer.close()


def rows(*values: float) -> list[tuple[str, int | None, float]]:
    return [("C1", NOW + n, value) for n, value in enumerate(values)]


def numbers(buffer: Buffer) -> list[int]:
    found, cursor = [], 0
    while run := buffer.run_after(cursor, 3):
        found += [one.seq for one in run]
        cursor = run[-1].seq
    return found


def test_numbers_rise_from_one_and_go_on_after_a_restart_also_when_nothing_is_left(
    opened: Open,
) -> None:
    buffer = opened()
    buffer.add(rows(1.0, 2.0, 3.0), 0, "")
    assert numbers(buffer) == [1, 2, 3]
    assert buffer.forget(3, []) == 3
    buffer = opened()
    assert len(buffer) == 0
    buffer.add(rows(4.0), 0, "")
    assert numbers(buffer) == [4]


def test_the_boot_is_that_of_the_file_and_stays(opened: Open) -> None:
    buffer = opened()
    assert buffer.boot == 0
    buffer.tell_time(NOW, 0, "run")
    boot = buffer.boot
    assert 0 < boot < 2**31
    assert opened().boot == boot
    later = opened()
    later.tell_time(NOW + 10**12, 0, "run")
    assert later.boot == boot


@pytest.mark.parametrize(
    ("upto", "gaps", "left"),
    [
        (0, [], [1, 2, 3, 4, 5, 6]),
        (4, [], [5, 6]),
        (6, [(2, 3)], [2, 3]),
        (6, [(5, 5), (2, 2)], [2, 5]),
        (6, [(1, 1), (6, 6)], [1, 6]),
        (4, [(3, 9)], [3, 4, 5, 6]),
        (99, [], []),
        (-5, [], [1, 2, 3, 4, 5, 6]),
    ],
)
def test_a_receipt_frees_what_it_names_and_nothing_else(
    opened: Open, upto: int, gaps: list[tuple[int, int]], left: list[int]
) -> None:
    buffer = opened()
    buffer.add(rows(1, 2, 3, 4, 5, 6), 0, "")
    assert buffer.forget(upto, gaps) == 6 - len(left)
    assert numbers(buffer) == left
    assert len(buffer) == len(left)
    assert len(opened()) == len(left)


def test_a_run_ends_at_a_gap_because_numbers_follow_one_by_one_in_a_message(opened: Open) -> None:
    buffer = opened()
    buffer.add(rows(1, 2, 3, 4, 5), 0, "")
    buffer.forget(5, [(1, 2), (4, 5)])
    assert [one.seq for one in buffer.run_after(0, 100)] == [1, 2]
    assert [one.seq for one in buffer.run_after(2, 100)] == [4, 5]


def test_a_full_buffer_says_so_and_takes_all_of_a_batch_or_none(opened: Open) -> None:
    buffer = opened(readings_max=3)
    buffer.add(rows(1, 2), 0, "")
    with pytest.raises(BufferFull):
        buffer.add(rows(3, 4), 0, "")
    buffer.add(rows(3), 0, "")
    assert numbers(buffer) == [1, 2, 3]


def test_a_buffer_is_one_programs_only(tmp_path: Path, opened: Open) -> None:
    opened().add(rows(1), 0, "")
    with pytest.raises(BufferInUse, match="another program"):
        Buffer(tmp_path / "b.db")


def test_a_damaged_buffer_is_put_aside_and_a_new_one_begun(tmp_path: Path) -> None:
    path = tmp_path / "b.db"
    path.write_bytes(b"this is no database" * 100)
    buffer = Buffer(path)
    buffer.add(rows(1), 0, "")
    buffer.close()
    assert (tmp_path / "b.db.damaged-1").read_bytes().startswith(b"this is no database")


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BufferFailed, match="cannot open"):
        Buffer(tmp_path / "none" / "b.db")


def test_a_full_disk_takes_nothing_and_leaves_what_is_there(tmp_path: Path, opened: Open) -> None:
    buffer = opened()
    buffer.add(rows(1), 0, "")
    pages = buffer._number("PRAGMA page_count")
    buffer._number(f"PRAGMA max_page_count = {pages + 1}")
    with pytest.raises(BufferFailed, match="full"):
        buffer.add([("C" * 200, NOW, 1.0)] * 10_000, 0, "")
    assert numbers(buffer) == [1]
    assert len(buffer) == 1


class Clock:
    """A machine that was just switched on and does not know the time."""

    def __init__(self, run: str = "run-1") -> None:
        self.time_ns, self.up_ns, self.run = 0, 5_000_000_000, run

    def now_ns(self) -> int:
        return self.time_ns

    def steady_ns(self) -> int:
        return self.up_ns

    def run_id(self) -> str:
        return self.run


def test_what_was_taken_before_the_time_was_known_is_dated_later(opened: Open) -> None:
    buffer = opened()
    buffer.add([("C1", None, 1.0)], 5_000, "run-1")
    buffer.add([("C1", None, 2.0)], 9_000, "run-1")
    assert numbers(buffer) == []
    buffer = opened()  # a restart of the program, not of the machine
    assert buffer.tell_time(NOW, 10_000, "run-1") == 0
    assert [one.taken_at_ns for one in buffer.run_after(0, 9)] == [NOW - 5_000, NOW - 1_000]


def test_what_no_clock_can_date_any_more_is_given_up_and_its_numbers_stay_unused(
    opened: Open,
) -> None:
    buffer = opened()
    buffer.add([("C1", None, 1.0)], 5_000, "run-1")
    buffer.add([("C1", None, 2.0)], 6_000, "run-2")
    buffer.add(rows(3.0), 0, "run-2")
    assert buffer.tell_time(NOW, 10_000, "run-2") == 1
    assert numbers(buffer) == [2, 3]
    assert len(buffer) == 2
    buffer.add([("C1", None, 4.0)], 5_000, "")
    assert buffer.tell_time(NOW, 10_000, "") == 1  # a machine that cannot name its run


def test_a_gateway_without_the_time_keeps_readings_and_takes_those_with_a_time(
    tmp_path: Path,
) -> None:
    clock = Clock()
    settings = Settings("mqtt://127.0.0.1:1", "g-1", "s", "anju/1/0/g-1", buffer=f"{tmp_path}/b.db")
    with Gateway(settings, clock) as gateway:  # type: ignore[arg-type]
        gateway.publish("C1", 1.0)
        gateway.publish("C1", 2, datetime(2026, 6, 1, tzinfo=UTC))
        assert gateway.waiting == 2
        assert not gateway.online
        assert gateway.trouble
    with sqlite3.connect(tmp_path / "b.db") as database:
        kept = database.execute("SELECT taken_at_ns, steady_ns, run_id FROM readings").fetchall()
    assert kept == [(None, 5_000_000_000, "run-1"), (1_780_272_000_000_000_000, None, None)]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), True, "1", None])
def test_what_is_no_number_is_refused(tmp_path: Path, value: float) -> None:
    settings = Settings("mqtt://127.0.0.1:1", "g-1", "s", "anju/1/0/g-1", buffer=f"{tmp_path}/b.db")
    with Gateway(settings) as gateway:
        with pytest.raises(ValueError, match="finite number"):
            gateway.publish_many([("C1", 1.0, None), ("C1", value, None)])
        with pytest.raises(ValueError, match="time zone"):
            gateway.publish("C1", 1.0, datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point
        with pytest.raises(ValueError, match="address"):
            gateway.publish(" ", 1.0)
        assert gateway.waiting == 0


def test_a_moment_keeps_its_microseconds_in_every_time_zone(tmp_path: Path) -> None:
    settings = Settings("mqtt://127.0.0.1:1", "g-1", "s", "anju/1/0/g-1", buffer=f"{tmp_path}/b.db")
    taken = datetime(2026, 11, 23, 14, 0, 0, 123_457, timezone(timedelta(hours=8)))
    with Gateway(settings) as gateway:
        gateway.publish("C1", 1.0, taken)
        (kept,) = gateway._buffer.run_after(0, 1)
    said = json.loads(payloads.readings(1, [kept]))
    assert said["readings"] == [{"c": "C1", "t": "2026-11-23T06:00:00.123457000Z", "v": 1.0}]


@pytest.mark.parametrize(
    "payload",
    [b"", b"{", b"[]", b"5", b"null", b'{"boot":1}', b'{"boot":"x","upto":1}', b"\xff",
     b'{"boot":1,"upto":2,"gaps":[[1]]}', b'{"boot":1,"upto":2,"gaps":7}', b"[" * 50_000],
)  # fmt: skip
def test_what_is_no_receipt_is_not_taken_for_one(payload: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever it says
        payloads.receipt(payload)


def test_settings_come_from_the_hand_over_file_and_variables_win(tmp_path: Path) -> None:
    file = tmp_path / "gateway.env"
    file.write_text("\ufeff# note\n" + TEXT.replace("\n", "\r\n"))
    read = Settings.read(file, {"GATEWAY_URL": "mqtts://other:8884"})
    assert (read.host, read.port, read.tls) == ("other", 8884, True)
    assert (read.id, read.secret, read.base) == ("g-1", "anjugw_x", "anju/1/0/g-1")
    assert Settings.read(None, {"GATEWAY_FILE": str(file)}).port == 1
    assert "anjugw_x" not in repr(read)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"GATEWAY_URL": "http://b"}, "GATEWAY_URL must be"),
        ({"GATEWAY_URL": "mqtt://b:99999"}, "GATEWAY_URL"),
        ({"GATEWAY_URL": ""}, "GATEWAY_URL must be given"),
        ({"GATEWAY_BASE": "anju/1/0/g-2"}, "GATEWAY_BASE must end"),
        ({"GATEWAY_SECRET": ""}, "GATEWAY_SECRET must be given"),
        ({"GATEWAY_MQTT": "4"}, "GATEWAY_MQTT"),
        ({"GATEWAY_MQTT": "five"}, "GATEWAY_MQTT"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, change: dict[str, str], told: str) -> None:
    file = tmp_path / "gateway.env"
    file.write_text(TEXT)
    with pytest.raises(SettingsWrong, match=told):
        Settings.read(file, change)
    with pytest.raises(SettingsWrong, match="cannot read"):
        Settings.read(tmp_path / "none.env", {})


def test_the_package_needs_nothing_but_paho() -> None:
    found = set()
    for file in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                found |= {name.name.split(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0
                found.add(str(node.module).split(".")[0])
    assert found - set(sys.stdlib_module_names) == {"paho", "anju_gateway"}
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert wanted == ["paho-mqtt>=2.1"]


def test_the_example_has_ten_lines_of_code() -> None:
    lines = (ROOT / "example.py").read_text().splitlines()
    assert len([line for line in lines if line.strip()]) <= 10


def test_the_example_says_what_is_missing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "example.py")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 1
    assert done.stderr.strip().endswith(
        "SettingsWrong: cannot read gateway.env: [Errno 2] No such file or directory: 'gateway.env'"
    )
