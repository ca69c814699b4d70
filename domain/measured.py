"""How good the slow analysis was measured to be, on the benchmark's own seeds."""

from dataclasses import dataclass, field

from domain.budget import Curve
from domain.labels import ReliabilityBin


@dataclass(frozen=True, slots=True)
class Measured:
    """What the benchmark measured; empty: nothing was measured yet.

    Parameters
    ----------
    reliability
        What scores said, and how often there was movement, by bands of the score.
    figures
        `auc`, `brier_skill`, `ece`, … by name.

    """

    curve: Curve = field(default_factory=Curve)
    reliability: tuple[ReliabilityBin, ...] = ()
    figures: tuple[tuple[str, float], ...] = ()
