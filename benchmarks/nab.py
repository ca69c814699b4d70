"""How a plain streaming detector does on public labelled streams, scored by our own scorer.

The threshold is chosen on every other file and judged on the rest, then the other way round; the
figure is the mean of both. It says how honest the scorer's surroundings are, and little of houses.

    ./anju bench nab [--quick] [--json]
"""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.nab_detector import detect
from benchmarks.nab_files import nab_files
from benchmarks.nab_score import (
    LOW_FALSE_ALARMS,
    STANDARD,
    Profile,
    Scored,
    best_threshold,
    score_at,
)
from benchmarks.real_series import data_folder
from benchmarks.report import Figure, report

_PROFILES = (("standard", STANDARD, ">= 55", 57.8), ("low-FP", LOW_FALSE_ALARMS, ">= 42", 44.6))
_STUDY = "the study's ensemble, tuned on the same files"


def run(quick: bool) -> dict[str, Any]:
    """Measure; the whole takes some seconds, so the short form is the same."""
    folder = data_folder()
    files = nab_files(folder) if folder else []
    if not files:
        missing = ("needs the labelled streams under ANJU_DATA", None)
        return report("nab", [Figure("NAB standard, out of sample", None, "", missing)])
    begun = time.process_time()
    scored = [Scored(detect(one.value), one.windows) for one in files]
    rows = sum(len(one.value) for one in files) / (time.process_time() - begun)
    figures = []
    for name, profile, goal, study in _PROFILES:
        apart = out_of_sample(scored, profile)
        figures += [
            Figure(f"NAB {name}, threshold from the other half of {len(files)} files, mean of both",
                   float(np.mean(apart)), "", None, goal),
            Figure(f"NAB {name}, first half judged", apart[0], ""),
            Figure(f"NAB {name}, second half judged", apart[1], ""),
            Figure(f"NAB {name}, in sample", best_threshold(scored, profile)[1], "",
                   (_STUDY, study)),
        ]  # fmt: skip
    figures.append(Figure("rows a CPU second", rows, "1/s"))
    return report("nab", figures)


def out_of_sample(files: Sequence[Scored], profile: Profile) -> tuple[float, float]:
    """Judge each half of the files, every other one, at the threshold of the other half."""
    halves = files[0::2], files[1::2]
    first, second = (best_threshold(half, profile)[0] for half in halves)
    return score_at(halves[0], second, profile), score_at(halves[1], first, profile)
