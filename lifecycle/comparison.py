"""Compares the work of firms and of inspectors without taking noise for a difference."""

import tomllib
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from math import comb, exp, lgamma, log, log1p

from domain.check_work import Work
from domain.labels import wilson_interval

#: up to here ways are counted exactly, above by the gamma function
_EXACT = 1_000
#: terms smaller than this, compared with the sum so far, add nothing
_NEGLIGIBLE = 1e-15


@dataclass(frozen=True, slots=True)
class ComparisonRules:
    """One version of how shares are compared.

    Parameters
    ----------
    z_shown
        Half width of the interval that is shown, in standard deviations.
    tail_marked
        Chance, on either side, below which a share is marked.

    """

    version: int
    z_shown: float
    tail_marked: float
    source: str
    certainty: str


@dataclass(frozen=True, slots=True)
class Share:
    """One share with its interval, 0 to 1.

    Parameters
    ----------
    outside
        `above` or `below` where chance alone would hardly give it, by the share of all; else
        empty.

    """

    hits: int
    of: int
    value: float | None
    low: float
    high: float
    outside: str = ""


@cache
def load_comparison(name: str = "comparison") -> ComparisonRules:
    """Read the shipped rules.

    Examples
    --------
    >>> load_comparison().tail_marked
    0.001

    """
    told = tomllib.loads(files(__package__).joinpath(f"{name}.toml").read_text("utf-8"))
    return ComparisonRules(**told)


def shares_of(work: Work, whole: Work, rules: ComparisonRules) -> dict[str, Share]:
    """Tell each share of one's work with its interval, and whether it lies outside.

    Parameters
    ----------
    whole
        The work of all, the one's own included.

    Examples
    --------
    >>> all_of_them = Work("", done=1000, on_time=900)
    >>> [shares_of(Work("f", done=n, on_time=0), all_of_them, load_comparison())["on_time"].outside
    ...  for n in (1, 100)]
    ['', 'below']

    """
    of_all = whole.shares
    shares = {
        name: _share(hits, of, of_all[name], rules) for name, (hits, of) in work.shares.items()
    }
    if work.key:
        return shares
    # where nobody was named there is nobody to mark
    return {name: replace(share, outside="") for name, share in shares.items()}


def _share(hits: int, of: int, of_all: tuple[int, int], rules: ComparisonRules) -> Share:
    if not of:
        return Share(hits, of, None, 0.0, 1.0)
    low, high = wilson_interval(hits, of, rules.z_shown)
    usual, outside = of_all[0] / of_all[1], ""
    if tail(hits, of, usual) < rules.tail_marked:
        outside = "above" if hits > of * usual else "below"
    return Share(hits, of, hits / of, low, high, outside)


def tail(hits: int, of: int, usual: float) -> float:
    """Tell how often chance gives so many hits, or one farther from what is usual.

    An interval around one's own share would mark 1 of 2 where 99 % are usual; counted from what
    is usual, that happens once in fifty times.

    Examples
    --------
    >>> round(tail(1, 2, 0.99), 4), round(tail(0, 10, 0.5), 6), tail(5, 10, 0.5) > 0.5
    (0.0199, 0.000977, True)

    """
    if not 0.0 < usual < 1.0:
        return 1.0  # everybody has the same share, oneself included
    step = 1 if hits > of * usual else -1
    odds = usual / (1 - usual)
    way = log(comb(of, hits)) if of < _EXACT else lgamma(of + 1) - lgamma(hits + 1)
    way -= 0.0 if of < _EXACT else lgamma(of - hits + 1)
    term = exp(way + hits * log(usual) + (of - hits) * log1p(-usual))
    whole, at = term, hits
    while 0 <= at + step <= of and term > whole * _NEGLIGIBLE:
        term *= (of - at) / (at + 1) * odds if step > 0 else at / (of - at + 1) / odds
        whole, at = whole + term, at + step
    return min(whole, 1.0)
