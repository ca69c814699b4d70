"""Binds this process to its limits, before it looks at anything foreign."""

import ctypes
import os
import resource
import signal
import sys

_PR_SET_PDEATHSIG = 1


def bind(memory_bytes: int, written_bytes: int, cpu_s: float, nice: int) -> None:
    """Take limits that no part of this process can lift again.

    Parameters
    ----------
    memory_bytes
        Address space.
    written_bytes
        Of any file that it writes.
    cpu_s
        Processor time of all threads together, s.
    nice
        How far it stands back behind everything else.

    """
    os.nice(nice)
    for what, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, written_bytes),
        (resource.RLIMIT_CPU, int(cpu_s) + 1),
    ):
        resource.setrlimit(what, (most, most))
    # end with the process that asked; Linux only, elsewhere the wall limit must do
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
