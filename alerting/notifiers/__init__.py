"""Ways of telling people: one file each, found by name."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError

from domain.clock import Clock, SystemClock
from domain.errors import SettingsInvalid
from domain.ports import Notifier


@cache
def kinds() -> Mapping[str, type[Any]]:
    """List the kinds of notifiers: the `NOTIFIER` of every module in this folder, by its name."""
    found = {}
    for module in pkgutil.iter_modules(__path__):
        notifier = importlib.import_module(f"{__name__}.{module.name}").NOTIFIER
        found[notifier.name] = notifier
    return found


def settings_of(kind: str) -> type[BaseModel]:
    """Find the settings class of a kind."""
    module = importlib.import_module(kinds()[kind].__module__)
    settings: type[BaseModel] = module.Settings
    return settings


def notifiers(
    settings: Mapping[str, Mapping[str, Any]], clock: Clock | None = None
) -> dict[str, Notifier]:
    """Make the notifiers that the settings name.

    Parameters
    ----------
    settings
        One table a notifier, by the name that recipients' ways use. It is of the kind of that
        name, or of the one that its entry `kind` gives: so there may be two of a kind.
    clock
        Real time, which signatures carry; left out: the machine's.

    Raises
    ------
    SettingsInvalid
        When a kind is unknown or a setting wrong; values stay out of the text, they may be
        secrets.

    """
    made: dict[str, Notifier] = {}
    for name, table in settings.items():
        given = dict(table)
        kind = str(given.pop("kind", name))
        if kind not in kinds():
            known = ", ".join(sorted(kinds()))
            raise SettingsInvalid(
                f"setting notifiers.{name}: kind must be one of {known}, got {kind!r}"
            )
        try:
            checked = settings_of(kind).model_validate(given)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(str(part) for part in (f"notifiers.{name}", *first["loc"]))
            raise SettingsInvalid(f"setting {where}: {first['msg']}") from None
        try:
            made[name] = kinds()[kind](checked, clock or SystemClock())
        except OSError as error:
            raise SettingsInvalid(
                f"setting notifiers.{name}: cannot read ca_file: {error.strerror}"
            ) from None
    return made
