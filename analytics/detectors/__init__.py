"""The detectors, one a file, each exporting `DETECTOR`; found by name, no list is edited."""

import pkgutil
from importlib import import_module

from domain.limits import LimitProfile
from domain.ports import Detector


def detectors(profile: LimitProfile) -> list[Detector]:
    """Make every detector of this folder for a profile, in the order of their file names."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return [import_module(f"{__name__}.{name}").DETECTOR(profile) for name in names]
