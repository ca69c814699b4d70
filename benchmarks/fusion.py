"""Fits the building score on tuning seeds, and tells how well it is calibrated.

Prints the rows of `analytics/assessment/model-2026.toml` that it finds, and AUC, Brier score and
calibration error, on one half of the buildings with what the other half taught. Families and
seeds that judge are never touched.

    .venv/bin/python -m benchmarks.fusion [SEEDS_EACH]
"""

import sys
from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize

from analytics.assessment.building import BuildingFacts, assess_building
from analytics.assessment.course import assess_channels
from analytics.assessment.fusion import FEATURES
from analytics.assessment.model import Model, load_model
from domain.readings import Floats
from simulators.families import drawn, families
from simulators.split import split
from simulators.world_buildings import WorldBuilding, buildings

#: days after a scenario began on which its building is assessed
DAYS = (60, 100, 140)
#: a movement of so many U is what an appraiser would call C or D level within the next months
_SERIOUS = 2.0
_RIDGE = 0.002


def samples(seeds_each: int, model: Model) -> tuple[Floats, Floats, Floats]:
    """Make buildings and assess them.

    Returns
    -------
    tuple
        Features (n, 5), whether the building moves seriously (n,), number of the building (n,).

    """
    seeds = split().tuning
    kept = [name for name in families("structural") if name not in split().judging_families]
    quiet = [name for name in families("benign") if name not in split().judging_families]
    plays = [drawn(name, seeds[n]) for name in kept for n in range(2 * seeds_each)]
    plays += [drawn(name, seeds[n]) for name in quiet for n in range(seeds_each)]
    plays += [drawn(name, seeds[n]) for name in families("fault") for n in range(seeds_each)]
    rows, truth, number = [], [], []
    for place, made in enumerate(buildings(seeds[20], plays)):
        courses = assess_channels(made.series, model)
        first = made.start // made.series[0].per_day
        for day in DAYS:
            found = assess_building(courses, BuildingFacts(made.building_id), model, first + day)
            rows.append([dict(found.details)[name] for name in FEATURES])
            truth.append(_serious(made, model))
            number.append(place)
    return np.array(rows, np.float64), np.array(truth, np.float64), np.array(number, np.float64)


def _serious(made: WorldBuilding, model: Model) -> bool:
    units = {one.channel_id: model.unit_of_concern(one.kind, one.unit) for one in made.series}
    return any(
        label.nature == "structural"
        and abs(label.size) >= _SERIOUS * (units.get(label.channel_id) or np.inf)
        for label in made.labels
    )


def fit(x: Floats, y: Floats) -> tuple[float, Floats]:
    """Fit base and coefficients, none below 0: more movement never lowers the score.

    Moving and other buildings weigh the same in all: the share of bad houses in a city is not
    known, and the evidence is judged at equal shares.
    """
    weight = np.where(y == 1, 0.5 / y.mean(), 0.5 / (1.0 - y.mean()))

    def loss(beta: Floats) -> tuple[float, Floats]:
        logit = beta[0] + x @ beta[1:]
        p = 1.0 / (1.0 + np.exp(-logit))
        value = np.logaddexp(0.0, logit) - y * logit
        ridge = _RIDGE * float(beta[1:] @ beta[1:])
        off = weight * (p - y)
        slope = np.concatenate([[float(off.mean())], x.T @ off / len(y)])
        slope[1:] += 2.0 * _RIDGE * beta[1:]
        return float((weight * value).mean()) + ridge, slope

    bounds = [(None, None)] + [(0.0, None)] * x.shape[1]
    found = minimize(loss, np.zeros(x.shape[1] + 1), jac=True, bounds=bounds, method="L-BFGS-B")
    return float(found.x[0]), np.asarray(found.x[1:])


def auc(p: Floats, y: Floats) -> float:
    """Tell the chance that a moving building stands above one that does not."""
    higher = p[y == 1][:, None] - p[y == 0][None]
    return float((higher > 0).mean() + 0.5 * (higher == 0).mean())


def calibration_error(p: Floats, y: Floats, parts: int = 5) -> float:
    """Tell the mean distance of the said from the true share, in parts of equal number."""
    order = np.array_split(np.argsort(p, kind="stable"), parts)
    return float(sum(len(o) * abs(p[o].mean() - y[o].mean()) for o in order) / len(p))


def main(arguments: Sequence[str]) -> None:
    """Fit and print."""
    x, y, number = samples(int(arguments[0]) if arguments else 6, load_model())
    said = np.zeros(len(y))
    for half in (0, 1):
        other = number % 2 != half
        base, beta = fit(x[other], y[other])
        said[~other] = 1.0 / (1.0 + np.exp(-(base + x[~other] @ beta)))
    base, beta = fit(x, y)
    print(f"{len(set(number))} buildings, {y.mean():.3f} of {len(y)} assessments moving")
    print(f"AUC {auc(said, y):.3f}  Brier {np.mean((said - y) ** 2):.4f}", end="  ")
    print(f"skill {1 - np.mean((said - y) ** 2) / (y.mean() * (1 - y.mean())):.3f}", end="  ")
    print(f"calibration error {calibration_error(said, y):.3f}")
    print(f"fusion.base = {base:.3f}")
    for name, value in zip(FEATURES, beta, strict=True):
        print(f"fusion.{name} = {value:.3f}")


if __name__ == "__main__":
    main(sys.argv[1:])
