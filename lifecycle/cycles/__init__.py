"""The cycle profiles that Anju ships, and profiles as TOML."""

import tomllib
from collections.abc import Iterator
from importlib.resources import files

import msgspec

from domain.check_cycles import CycleProfile, CycleRow
from domain.errors import InvalidInput

MONTHS_MAX, DAYS_MAX, ROWS_MAX = 600, 3_660, 200
GRADES = frozenset({"A", "B", "C", "D", "none"})
LIVES = frozenset({"", "before", "past"})


def shipped_profiles() -> Iterator[CycleProfile]:
    """Read the shipped profiles, by name.

    Examples
    --------
    >>> [(one.id, one.version) for one in shipped_profiles()]
    [('default-2026', 1)]

    """
    for file in sorted(files(__package__).iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".toml"):
            told = tomllib.loads(file.read_text("utf-8"))
            yield checked(msgspec.convert(told, CycleProfile))


def checked(profile: CycleProfile) -> CycleProfile:
    """Refuse a profile that cannot work.

    Raises
    ------
    InvalidInput
        With the row, what was wanted and what came.

    """
    if len(profile.cycles) + len(profile.rollout) + len(profile.triggers) > ROWS_MAX:
        raise InvalidInput(f"a profile may have {ROWS_MAX} rows", "cycles")
    seen: set[str] = set()
    for row in profile.cycles:
        if not row.id or row.id in seen:
            raise InvalidInput(f"each row must have an id of its own, got {row.id!r}", "id")
        seen.add(row.id)
        _row(row)
    for one in profile.rollout:
        early, late = one.built_from, one.built_to
        if early is not None and late is not None and early > late:
            raise InvalidInput(f"rollout {one.year}: built_from must not be after built_to", "year")
    for trigger in profile.triggers:
        if not 0 <= trigger.within_days <= DAYS_MAX:
            raise InvalidInput(
                f"{trigger.cause}: within_days must be 0 to {DAYS_MAX}, got {trigger.within_days}",
                "within_days",
            )
    for name in ("design_life_years", "appraise_within_days", "recheck_within_days"):
        if not 1 <= getattr(profile, name) <= DAYS_MAX:
            raise InvalidInput(f"{name} must be 1 to {DAYS_MAX}", name)
    return profile


def _row(row: CycleRow) -> None:
    for name, value, most in (
        ("every_months", row.every_months, MONTHS_MAX),
        ("every_days", row.every_days, DAYS_MAX),
    ):
        if not 0 <= value <= most:
            raise InvalidInput(f"{row.id}: {name} must be 0 to {most}, got {value}", name)
    if unknown := set(row.grades) - GRADES:
        raise InvalidInput(f"{row.id}: grades must be A to D or none, got {min(unknown)!r}")
    if row.life not in LIVES:
        raise InvalidInput(f"{row.id}: life must be before, past or empty, got {row.life!r}")
    if row.age_from is not None and row.age_to is not None and row.age_from >= row.age_to:
        raise InvalidInput(f"{row.id}: age_from must be below age_to", "age_from")
