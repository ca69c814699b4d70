"""The numbers that the slow analysis works with, read from a versioned data file and checked."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from domain.errors import SettingsInvalid
from domain.limits import Certainty


@dataclass(frozen=True, slots=True)
class Model:
    """Numbers of one version.

    Parameters
    ----------
    label
        Name and version, as it stands in every assessment.
    concern
        Change that matters, U, by (kind, unit).
    numbers
        Every other number by its id.
    lists
        Rows of several numbers by their id.

    """

    label: str
    concern: Mapping[tuple[str, str], float]
    numbers: Mapping[str, float]
    lists: Mapping[str, tuple[float, ...]]

    def number(self, name: str) -> float:
        """Give one number.

        Raises
        ------
        SettingsInvalid
            When the model has none of that name.

        """
        try:
            return self.numbers[name]
        except KeyError:
            raise SettingsInvalid(f"{self.label} must have a number {name!r}") from None

    def several(self, name: str) -> tuple[float, ...]:
        """Give a row of numbers.

        Raises
        ------
        SettingsInvalid
            When the model has none of that name.

        """
        try:
            return self.lists[name]
        except KeyError:
            raise SettingsInvalid(f"{self.label} must have numbers {name!r}") from None

    def unit_of_concern(self, kind: str, unit: str) -> float | None:
        """Tell U of a kind in a unit; `None`: the kind is not judged by its course."""
        return self.concern.get((kind, unit))


def load_model(name: str = "model-2026") -> Model:
    """Read a model that is shipped.

    Raises
    ------
    SettingsInvalid
        When there is no such model or a row of it is wrong; the text names the row.

    """
    file = files(__package__).joinpath(f"{name}.toml")
    if not file.is_file():
        raise SettingsInvalid(f"model must be one that is shipped, got {name!r}")
    return parse_model(file.read_text("utf-8"))


def parse_model(text: str) -> Model:
    """Build a model from its TOML text, and check it.

    Raises
    ------
    SettingsInvalid
        When a row is wrong or doubled; the text names it.

    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsInvalid(f"model must be TOML: {error}") from error
    concern: dict[tuple[str, str], float] = {}
    for row in data.get("concern", []):
        label = f"concern of {row.get('kind', '?')!r}"
        key, value = (str(row.get("kind")), str(row.get("unit"))), _value(label, row)
        if key in concern:
            raise SettingsInvalid(f"{label} in {key[1]} must stand once")
        if value <= 0.0:
            raise SettingsInvalid(f"{label}: value must be above 0, got {value}")
        concern[key] = value
    numbers: dict[str, float] = {}
    lists: dict[str, tuple[float, ...]] = {}
    for row in data.get("numbers", []):
        name = str(row.get("id"))
        label = f"number {name!r}"
        if name in numbers or name in lists:
            raise SettingsInvalid(f"{label} must stand once")
        if isinstance(row.get("value"), list):
            _check_source(label, row)
            lists[name] = tuple(float(value) for value in row["value"])
        else:
            numbers[name] = _value(label, row)
    return Model(f"{data['name']} v{data['version']}", concern, numbers, lists)


def _value(label: str, row: Mapping[str, Any]) -> float:
    _check_source(label, row)
    value = row.get("value")
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise SettingsInvalid(f"{label}: value must be a number, got {value!r}")
    return float(value)


def _check_source(label: str, row: Mapping[str, Any]) -> None:
    if not row.get("source") or row.get("certainty") not in tuple(Certainty):
        known = ", ".join(Certainty)
        raise SettingsInvalid(
            f"{label} must have a source and a certainty out of {known},"
            f" got {row.get('source')!r} and {row.get('certainty')!r}"
        )
