"""A register of many alike buildings, made quickly."""

import contextlib
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from domain.ports import RegisterStore
from storage.records import open_records

TABLES = ("gateways", "buildings", "sensors", "channels", "segments")


def fill_many(file: Path, count: int, fill_first: Callable[[RegisterStore], None]) -> None:
    """Make a records file with one building, and the same again under other ids.

    The first is registered as people would, the others are its rows with other numbers: two
    hundred take a quarter of a minute otherwise. In memory first, as syncs take long.

    Parameters
    ----------
    fill_first
        Registers building `b-0000` with gateway `g-0000` and sensors, channels and segments
        whose ids begin with `s-0-`, `c-0-` and `e-`.

    """
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        made = Path(name) / "records.db"
        records = open_records(f"sqlite:///{made}")
        fill_first(records.register)
        records.close()
        with contextlib.closing(sqlite3.connect(made)) as database:
            for table in TABLES:
                rows = database.execute(f"SELECT * FROM {table}").fetchall()
                marks = ", ".join("?" * len(rows[0]))
                database.executemany(
                    f"INSERT INTO {table} VALUES ({marks})",
                    [_again(row, number) for number in range(1, count) for row in rows],
                )
            database.commit()
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(made, file)


def _again(row: tuple[Any, ...], number: int) -> list[Any]:
    """Write a row of the first building for another one."""

    def other(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        value = value.replace("-0000", f"-{number:04d}")
        value = re.sub(r"^((?:e-)?c|s|e)-0-", rf"\g<1>-{number}-", value)
        return re.sub(r"^(BENCH-|house )0$", rf"\g<1>{number}", value)

    return [other(value) for value in row]
