"""A shear frame shaken by noise: masses on springs, as accelerometers on its floors see it.

The chain is solved exactly in its modes, each a damped oscillator driven by white noise; so its
frequencies and shapes are known, and whatever finds them can be held against them.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh
from scipy.signal import lfilter

from domain.readings import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Storeys one above the other.

    Parameters
    ----------
    mass_t
        (n,) float64, mass of each floor, t.
    stiffness_kn_m
        (n,) float64, of each storey, from the ground up, kN/m.
    damping
        0-1, share of critical damping of every mode.

    """

    mass_t: Floats
    stiffness_kn_m: Floats
    damping: float = 0.01

    @classmethod
    def alike(cls, storeys: int, first_hz: float, damping: float = 0.01) -> "Frame":
        """Make one of equal storeys with this first frequency."""
        trial = cls(np.ones(storeys), np.full(storeys, 1000.0), damping)
        scale = (first_hz / trial.frequencies_hz[0]) ** 2
        return cls(trial.mass_t, scale * trial.stiffness_kn_m, damping)

    @property
    def frequencies_hz(self) -> Floats:
        """Tell all natural frequencies, lowest first, (n,)."""
        return self.modes()[0]

    def weakened(self, share: float) -> "Frame":
        """Take a share of every storey's stiffness away."""
        return Frame(self.mass_t, (1.0 - share) * self.stiffness_kn_m, self.damping)

    def modes(self) -> tuple[Floats, Floats]:
        """Tell frequencies in Hz, lowest first, and shapes (floors, modes), mass-normalised."""
        k = self.stiffness_kn_m
        matrix = np.diag(k + np.append(k[1:], 0.0))
        matrix -= np.diag(k[1:], 1) + np.diag(k[1:], -1)
        squares, shapes = eigh(matrix, np.diag(self.mass_t))
        return np.sqrt(squares) / (2.0 * np.pi), shapes

    def shaken(
        self,
        random: np.random.Generator,
        seconds: float,
        rate_hz: float,
        *,
        rms_mm_s2: float = 2.0,
        noise_mm_s2: float = 0.05,
    ) -> Floats:
        """Shake it by white noise on every floor, and read its floors.

        Parameters
        ----------
        rms_mm_s2
            Of all floors together.
        noise_mm_s2
            Standard deviation of each instrument.

        Returns
        -------
        numpy.ndarray
            (floors, samples) float64, m/s².

        """
        hertz, shapes = self.modes()
        count, step = round(seconds * rate_hz), 1.0 / rate_hz
        settle = round(rate_hz * 5.0 / (self.damping * 2.0 * np.pi * hertz[0]))
        force = shapes.T @ random.standard_normal((len(hertz), settle + count))
        moved = np.empty((len(hertz), count))
        for mode, (omega, push) in enumerate(zip(2.0 * np.pi * hertz, force, strict=True)):
            # the oscillator's poles, exact for its frequency and damping at any rate
            decay = np.exp(-self.damping * omega * step)
            turn = omega * np.sqrt(1.0 - self.damping**2) * step
            poles = [1.0, -2.0 * decay * np.cos(turn), decay**2]
            if turn < np.pi:
                # second difference of the answer: acceleration instead of place
                moved[mode] = lfilter([1.0, -2.0, 1.0], poles, push)[settle:] * omega**-0.5
            else:
                moved[mode] = 0.0
        floors = shapes @ moved
        floors *= 1e-3 * rms_mm_s2 / np.sqrt(np.mean(floors**2))
        return np.asarray(floors + 1e-3 * noise_mm_s2 * random.standard_normal(floors.shape))
