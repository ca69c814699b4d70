"""Computing processes: in order, bounded, and honest about one that ended."""

import os
from collections.abc import Iterator

import pytest

from app.compute import Compute
from domain.errors import StoreUnavailable


def square(number: int) -> tuple[int, int]:
    return number * number, os.getpid()


def refuse(number: int) -> int:
    raise ValueError(number)


def die(number: int) -> int:
    os._exit(9)


def test_without_workers_it_computes_here() -> None:
    compute = Compute(0)
    assert [made for _, made in compute.map(square, range(3))] == [
        (n * n, os.getpid()) for n in range(3)
    ]


def test_processes_answer_in_order_and_few_tasks_are_read_ahead() -> None:
    compute, read = Compute(1), []

    def tasks() -> Iterator[int]:
        for number in range(6):
            read.append(number)
            yield number

    try:
        ahead = []
        for task, (made, pid) in compute.map(square, tasks()):
            assert made == task * task
            assert pid != os.getpid()
            ahead.append(len(read) - task)
        assert max(ahead) <= 3
        with pytest.raises(ValueError, match="7"):
            list(compute.map(refuse, [7]))
        with pytest.raises(StoreUnavailable, match="ended by itself"):
            list(compute.map(die, [1]))
        assert next(iter(compute.map(square, [4])))[1][0] == 16, "a new process takes its place"
    finally:
        compute.close()
