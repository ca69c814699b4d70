"""A program beside this one: begun again when it ends, ended when we end."""

import sys
import threading
import time
from pathlib import Path

import pytest

from app.beside import Beside

#: notes each start in a file, then ends with the code of that start; later it stays
_PROGRAM = """
import sys, time
file, *codes = sys.argv[1:]
with open(file, "a+") as starts:
    starts.write("start ")
    starts.seek(0)
    number = len(starts.read().split())
if number <= len(codes):
    sys.exit(int(codes[number - 1]))
time.sleep(600)
"""


def beside(file: Path, *codes: int) -> Beside:
    return Beside([sys.executable, "-c", _PROGRAM, str(file), *map(str, codes)])


def wait_for_starts(file: Path, count: int) -> None:
    until = time.monotonic() + 60
    while not file.exists() or len(file.read_text().split()) < count:
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.parametrize("codes", [(2,), (1, 2)], ids=["at first", "later"])
def test_what_cannot_run_ends_us_as_well(tmp_path: Path, codes: tuple[int, ...]) -> None:
    ended, program = threading.Event(), beside(tmp_path / "starts", *codes)
    with program.running(ended.set):
        assert ended.wait(60)
    assert program.refused == 2


def test_what_ends_by_itself_is_begun_again(tmp_path: Path) -> None:
    ended, program = threading.Event(), beside(tmp_path / "starts", 1, 0)
    with program.running(ended.set):
        wait_for_starts(tmp_path / "starts", 3)
    assert not ended.is_set()
    assert program.refused == 0


def test_it_ends_with_us_and_is_not_begun_again(tmp_path: Path) -> None:
    program = beside(tmp_path / "starts")
    with program.running(lambda: None):
        wait_for_starts(tmp_path / "starts", 1)
    time.sleep(0.1)
    assert (tmp_path / "starts").read_text().split() == ["start"]


def test_what_cannot_be_started_is_tried_again(tmp_path: Path) -> None:
    ended, program = threading.Event(), tmp_path / "program"
    with Beside([str(program), str(tmp_path / "starts")]).running(ended.set):
        time.sleep(0.1)
        program.with_suffix(".new").write_text('#!/bin/sh\necho start >>"$1"\nexec sleep 600\n')
        program.with_suffix(".new").chmod(0o700)
        program.with_suffix(".new").rename(program)
        wait_for_starts(tmp_path / "starts", 1)
    assert not ended.is_set()
