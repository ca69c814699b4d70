"""Cycle profiles with the stores: what another one would change, and keeping a new version."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace

from domain.access import Caller
from domain.check_cycles import CycleProfile
from domain.errors import Conflict, Forbidden
from domain.jobs import JobRun, RunState
from domain.reach import whole_city
from domain.services import Services
from lifecycle.projection import Effect, compared, next_month, plain_facts
from lifecycle.results import in_force

#: the job that makes the list of who is due
DUE_JOB = "check-plan"
#: years that a preview looks ahead, this one among them, and months that it shows one by one
YEARS, MONTHS = 5, 24
#: what tells versions apart and is no rule
_ABOUT = {"id", "version", "made_at_ns", "by", "note"}
_ROWS = {"cycles": "id", "rollout": "year", "triggers": "cause"}


@dataclass(frozen=True, slots=True)
class RuleChange:
    """One thing that differs between two versions.

    Parameters
    ----------
    part
        Field of the profile: `cycles`, `rollout`, `triggers`, or the name of a number.
    key
        Id of the rule, rollout year, or cause; empty for a number.
    before, after
        Names of fields with their values; empty: the row is not there.

    """

    part: str
    key: str
    before: tuple[tuple[str, object], ...]
    after: tuple[tuple[str, object], ...]


def preview(
    services: Services,
    who: Caller,
    wanted: CycleProfile,
    districts: Sequence[str] | None = None,
) -> Effect:
    """Tell what would change for the buildings that a caller sees; keep nothing.

    Parameters
    ----------
    districts
        Outside which the caller sees nothing; `None` when that is not known.

    """
    now_ns = services.clock.now_ns()
    buildings, facts = plain_facts(services.register, services.checks, now_ns, districts)
    seen = [one for one in buildings if any(scope.covers(one) for scope in who.scopes)]
    today = facts.today
    return compared(
        seen,
        in_force(services.check_plans.profiles(), today),
        wanted,
        facts,
        range(today.year, today.year + YEARS),
        [next_month(today, number) for number in range(MONTHS)],
    )


def publish(services: Services, who: Caller, wanted: CycleProfile) -> tuple[CycleProfile, bool]:
    """Keep a new version, and have the list of who is due made anew; tell whether it is new.

    Raises
    ------
    Forbidden
        When the caller's scope is not the whole city, for which cycles hold.
    Conflict
        When the version is there with another content.

    """
    if not whole_city(who):
        raise Forbidden("cycles hold for the whole city")
    for kept in services.check_plans.profiles():
        if (kept.id, kept.version) != (wanted.id, wanted.version):
            continue
        if replace(kept, made_at_ns=0, by="") != replace(wanted, made_at_ns=0, by=""):
            raise Conflict(f"version {kept.version} of {kept.id!r} is there with another content")
        return kept, False
    services.check_plans.put_profile(wanted, who.name)
    services.jobs.ask(JobRun(DUE_JOB, services.clock.now_ns(), RunState.ASKED, who.name))
    return wanted, True


def next_version(profiles: Iterable[CycleProfile], id_: str) -> int:
    """Tell the number that a new version of a profile has.

    Examples
    --------
    >>> next_version([], "default-2026")
    1

    """
    return max((one.version for one in profiles if one.id == id_), default=0) + 1


def rule_changes(before: CycleProfile, after: CycleProfile) -> list[RuleChange]:
    """List what differs between two versions; the order of rows does not count."""
    found = []
    for part in (field.name for field in fields(CycleProfile) if field.name not in _ABOUT):
        old, new = getattr(before, part), getattr(after, part)
        if part not in _ROWS:
            if old != new:
                found.append(RuleChange(part, "", ((part, old),), ((part, new),)))
            continue
        was, will = (_by_key(rows, _ROWS[part]) for rows in (old, new))
        found += [
            _row_change(part, key, was.get(key), will.get(key))
            for key in dict.fromkeys((*was, *will))
            if was.get(key) != will.get(key)
        ]
    return found


def _by_key(rows: Iterable[object], name: str) -> dict[str, object]:
    """Find rows by name; of several with the same name the second has a 2 behind it."""
    found: dict[str, object] = {}
    for row in rows:
        key = plain = str(getattr(row, name))
        number = 1
        while key in found:
            number += 1
            key = f"{plain} ({number})"
        found[key] = row
    return found


def _row_change(part: str, key: str, old: object, new: object) -> RuleChange:
    names = [field.name for field in fields(old or new)]  # type: ignore[arg-type]
    if old and new:
        names = [name for name in names if getattr(old, name) != getattr(new, name)]
    sides = [tuple((n, getattr(row, n)) for n in names) if row else () for row in (old, new)]
    return RuleChange(part, key, *sides)
