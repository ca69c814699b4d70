"""The figures of `detect` on the seeds and families of tuning: what may be looked at while tuning.

./anju bench tune [--quick] [--json]
"""

from typing import Any

from benchmarks.detect import FULL, QUICK, measured
from benchmarks.report import report


def run(quick: bool) -> dict[str, Any]:
    """Measure on the seeds of tuning."""
    return report("tune", measured(QUICK if quick else FULL, judging=False))
