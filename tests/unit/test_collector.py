"""How the cycle collector is set in a process that runs for long."""

import subprocess
import sys

_TRY = """
import gc, weakref
from app.collector import calm_collector

class Knot:
    pass

calm_collector()
frozen = gc.get_freeze_count()
knot = Knot()
knot.itself = knot
seen = weakref.ref(knot)
del knot
held = [[] for _ in range(200_000)]
print(frozen > 1_000, seen() is None)
"""

_END = """
import duckdb
from app.collector import calm_collector

connection = duckdb.connect(":memory:")
calm_collector()
connection.close()
"""


def test_what_was_loaded_is_left_out_and_new_cycles_are_still_collected() -> None:
    told = subprocess.run(
        [sys.executable, "-c", _TRY], capture_output=True, text=True, check=True, timeout=60
    )
    assert told.stdout.split() == ["True", "True"]


def test_an_end_is_quiet() -> None:
    told = subprocess.run(
        [sys.executable, "-c", _END], capture_output=True, text=True, check=True, timeout=60
    )
    assert told.stdout + told.stderr == ""
