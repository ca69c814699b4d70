"""Build years in bands, as the figures of check-ups group buildings by age."""

import tomllib
from functools import cache
from importlib.resources import files

from domain.check_figures import BuildYears


@cache
def load_build_years(name: str = "build-years") -> BuildYears:
    """Read the shipped bands.

    Examples
    --------
    >>> load_build_years().key_of(1985)
    '1981-1990'

    """
    told = tomllib.loads(files(__package__).joinpath(f"{name}.toml").read_text("utf-8"))
    return BuildYears(told["version"], tuple(told["starts"]), told["source"], told["certainty"])
