"""Fits the building score on tuning seeds, and tells how well it is calibrated.

Prints the rows of `analytics/assessment/model-2026.toml` that it finds, and AUC, Brier skill and
calibration error on each family with what all the other families taught. The rows are drawn in by
what such a left-out family asks for (two numbers, after Platt), so that the score is as sure of
families it was not fitted on as it may be. Families and seeds that judge are never touched.

    .venv/bin/python -m benchmarks.fusion [SCENARIOS_A_FAMILY]
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from analytics.assessment.building import BuildingFacts, assess_building
from analytics.assessment.course import assess_channels
from analytics.assessment.fusion import FEATURES
from analytics.assessment.model import Model, load_model
from benchmarks.detect_buildings import MOVED
from benchmarks.fusion_plays import plays
from domain.readings import Floats
from simulators.split import split
from simulators.world_buildings import buildings

#: days after a scenario began on which its building is assessed
DAYS = (15, 30, 60, 90)
#: what each group weighs in all: half of the houses have an event, and of the others a quarter an
#: instrument at fault
SHARES = {"event": 0.5, "calm": 0.375, "fault": 0.125}
_RIDGE = 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Assessments of the buildings that it is fitted on.

    Parameters
    ----------
    x
        (n, features) float64.
    moved
        (n,) float64, 1 where some channel had truly moved U by that day.
    weight
        (n,) float64, 1 on average.
    family
        (n,) str, what is left out together; those in which nothing happens are two.

    """

    x: Floats
    moved: Floats
    weight: Floats
    family: NDArray[np.str_]


def samples(each: int, model: Model) -> Samples:
    """Make buildings and assess them."""
    chosen = plays(each)
    rows, moved, family, group = [], [], [], []
    made = buildings(split().tuning[20], [play for _, play in chosen])
    for place, (building, (kind, play)) in enumerate(zip(made, chosen, strict=True)):
        courses = assess_channels(building.series, model)
        first = building.start // building.series[0].per_day
        for day in DAYS:
            facts = BuildingFacts(building.building_id)
            found = assess_building(courses, facts, model, first + day)
            rows.append([dict(found.details)[name] for name in FEATURES])
            moved.append(building.reach(day) >= MOVED)
            family.append(f"{play.name} {place % 2}" if play.name == "healthy" else play.name)
            group.append(kind)
    groups = np.array(group)
    weight = np.zeros(len(groups))
    for kind, share in SHARES.items():
        weight[groups == kind] = share * len(groups) / (groups == kind).sum()
    return Samples(
        np.array(rows, np.float64), np.array(moved, np.float64), weight, np.array(family)
    )


def fit(x: Floats, y: Floats, weight: Floats) -> tuple[float, Floats]:
    """Fit base and coefficients, none below 0: more movement never lowers the score."""
    share = weight / weight.sum()

    def loss(beta: Floats) -> tuple[float, Floats]:
        logit = beta[0] + x @ beta[1:]
        p = 1.0 / (1.0 + np.exp(-logit))
        value = np.logaddexp(0.0, logit) - y * logit
        off = share * (p - y)
        slope = np.concatenate([[float(off.sum())], x.T @ off + 2.0 * _RIDGE * beta[1:]])
        return float(share @ value) + _RIDGE * float(beta[1:] @ beta[1:]), slope

    bounds = [(None, None)] + [(0.0, None)] * x.shape[1]
    found = minimize(loss, np.zeros(x.shape[1] + 1), jac=True, bounds=bounds, method="L-BFGS-B")
    return float(found.x[0]), np.asarray(found.x[1:])


def left_out(made: Samples) -> Floats:
    """Tell the logit of each assessment as those of all the other families make it."""
    logit = np.zeros(len(made.moved))
    for family in np.unique(made.family):
        own = made.family == family
        base, beta = fit(made.x[~own], made.moved[~own], made.weight[~own])
        logit[own] = base + made.x[own] @ beta
    return logit


def auc(p: Floats, y: Floats, weight: Floats) -> float:
    """Tell the chance that a moving building stands above one that does not; ties count half."""
    higher = p[y == 1][:, None] - p[y == 0][None]
    both = weight[y == 1][:, None] * weight[y == 0][None]
    return float(((higher > 0) + 0.5 * (higher == 0)).ravel() @ both.ravel() / both.sum())


def calibration_error(p: Floats, y: Floats, weight: Floats, bins: int = 10) -> float:
    """Tell the mean distance of the said from the true share, in bins of equal width."""
    place = np.minimum((p * bins).astype(np.int64), bins - 1)
    off = [
        abs(float(weight[place == n] @ (p[place == n] - y[place == n]))) for n in np.unique(place)
    ]
    return sum(off) / float(weight.sum())


def main(arguments: Sequence[str]) -> None:
    """Fit and print."""
    made = samples(int(arguments[0]) if arguments else 40, load_model())
    logit = left_out(made)
    said, y, weight = 1.0 / (1.0 + np.exp(-logit)), made.moved, made.weight
    happened = float(np.average(y, weights=weight))
    error = float(np.average((said - y) ** 2, weights=weight))
    # families that nobody has seen are less sure than those that taught: both numbers are theirs
    shift, (stretch,) = fit(logit[:, None], y, weight)
    base, beta = fit(made.x, y, weight)
    base, beta = shift + stretch * base, stretch * beta
    print(f"{len(y)} assessments, {happened:.3f} of their weight moved by U")
    print(f"families left out: AUC {auc(said, y, weight):.3f}", end="  ")
    print(f"Brier skill {1 - error / (happened * (1 - happened)):.3f}", end="  ")
    print(f"calibration error {calibration_error(said, y, weight):.3f}", end="  ")
    print(f"logit {shift:+.2f} {stretch:.2f}")
    print(f"fusion.base = {base:.3f}")
    for name, value in zip(FEATURES, beta, strict=True):
        print(f"fusion.{name} = {value:.3f}")


if __name__ == "__main__":
    main(sys.argv[1:])
