"""The form of a cycle profile: read into a profile, with every fault at once."""

import re
from collections.abc import Callable, Iterable
from datetime import date
from typing import TypeVar

from starlette.datastructures import FormData

from domain.check_cycles import CycleProfile, CycleRow, RolloutRow, TriggerRow
from domain.checkups import CheckCause, CheckClass
from domain.errors import InvalidInput
from lifecycle.cycles import DAYS_MAX, GRADES, LIVES, MONTHS_MAX, checked
from web.words import Words

USES = ("residential", "public", "industrial", "other")
LETTERS = ("A", "B", "C", "D", "none")
CERTAINTIES = ("verified", "project")
#: numbers of a profile -> the most each may be
NUMBERS = {
    "design_life_years": 500,
    "appraise_within_days": DAYS_MAX,
    "recheck_within_days": DAYS_MAX,
    "conflict_days": DAYS_MAX,
}
YEARS = (1000, 2200)
AGE_MAX = 1000
TEXT_MAX = 500
_ROW = re.compile(r"^([crt])([0-9]{1,4})_")
_ID = re.compile(r"^[A-Za-z0-9._:-]{1,64}$")
_AGE = re.compile(r"^[0-9]{1,4}(\.[0-9]{1,2})?$")
T = TypeVar("T")


class FormReader:
    """Reads fields by name and notes what is wrong with each."""

    def __init__(self, form: FormData, words: Words) -> None:
        self._form, self._words = form, words
        self.faults: list[str] = []

    def profile(self, base: CycleProfile, version: int, by: str, at_ns: int) -> CycleProfile | None:
        """Read the whole profile; `None` when there are faults."""
        effective_on = self._day("effective_on", base.effective_on)
        numbers = {n: self._number(n, 0, most, n) or 0 for n, most in NUMBERS.items()}
        cycles = self._rows("c", self._cycle)
        rollout, triggers = self._rows("r", self._rollout), self._rows("t", self._trigger)
        if self.faults:
            return None
        wanted = CycleProfile(
            base.id, version, effective_on, tuple(cycles), tuple(rollout), tuple(triggers),
            numbers["design_life_years"], numbers["appraise_within_days"],
            numbers["recheck_within_days"], numbers["conflict_days"], "", at_ns, by,
        )  # fmt: skip
        try:
            return checked(wanted)
        except InvalidInput as error:
            self.faults.append(self._words("cycles.fault_rules", text=str(error)))
            return None

    def _rows(self, kind: str, read: Callable[[str], T | None]) -> list[T]:
        found = (_ROW.match(name) for name in self._form)
        numbers = sorted({int(m[2]) for m in found if m is not None and m[1] == kind})
        starts = (f"{kind}{number}_" for number in numbers)
        rows = (read(start) for start in starts if not self._text(f"{start}drop"))
        return [row for row in rows if row is not None]

    def _cycle(self, at: str) -> CycleRow | None:
        id_ = self._text(f"{at}id")
        if not id_:
            return None  # the empty row at the end
        if not _ID.match(id_):
            self.faults.append(self._words("cycles.fault_id", got=id_))
        return CycleRow(
            id_,
            self._one_of(f"{at}class", CheckClass, id_),
            every_months=self._number(f"{at}months", 0, MONTHS_MAX, id_) or 0,
            every_days=self._number(f"{at}days", 0, DAYS_MAX, id_) or 0,
            uses=self._several(f"{at}uses", USES),
            grades=self._several(f"{at}grades", [one for one in LETTERS if one in GRADES]),
            age_from=self._age(f"{at}from", id_),
            age_to=self._age(f"{at}to", id_),
            life=life if (life := self._text(f"{at}life")) in LIVES else "",
            source=self._text(f"{at}source"),
            certainty=self._text(f"{at}certainty"),
        )

    def _rollout(self, at: str) -> RolloutRow | None:
        if not self._text(f"{at}year"):
            return None
        name = self._text(f"{at}year")
        year = self._number(f"{at}year", *YEARS, name)
        built = [self._number(f"{at}{side}", *YEARS, name) for side in ("from", "to")]
        return None if year is None else RolloutRow(year, *built)

    def _trigger(self, at: str) -> TriggerRow | None:
        if not self._text(f"{at}cause"):
            return None
        cause = self._one_of(f"{at}cause", CheckCause, "")
        name = self._words.of("check_cause", cause)
        return TriggerRow(
            cause, self._one_of(f"{at}class", CheckClass, name),
            self._number(f"{at}days", 0, DAYS_MAX, name) or 0,
            self._text(f"{at}source"), self._text(f"{at}certainty"),
        )  # fmt: skip

    def _text(self, name: str) -> str:
        value = self._form.get(name, "")
        return value.strip()[:TEXT_MAX] if isinstance(value, str) else ""

    def _number(self, name: str, least: int, most: int, row: str) -> int | None:
        """Read a whole number; `None` where nothing stands."""
        text = self._text(name)
        if not text:
            return None
        if text.isascii() and text.isdecimal() and least <= int(text) <= most:
            return int(text)
        label = row if name == row else f"{row}: {name.partition('_')[2]}"
        if name in NUMBERS:
            label = self._words(f"cycles.{name}")
        self.faults.append(
            self._words("cycles.fault_number", name=label, least=least, most=most, got=text)
        )
        return None

    def _age(self, name: str, row: str) -> float | None:
        text = self._text(name)
        if not text:
            return None
        if _AGE.match(text) and float(text) <= AGE_MAX:
            return float(text)
        label = f"{row}: {name.partition('_')[2]}"
        self.faults.append(
            self._words("cycles.fault_number", name=label, least=0, most=AGE_MAX, got=text)
        )
        return None

    def _day(self, name: str, otherwise: date) -> date:
        text = self._text(name)
        try:
            return date.fromisoformat(text)
        except ValueError:
            self.faults.append(self._words("cycles.fault_day", got=text))
            return otherwise

    def _several(self, name: str, known: Iterable[str]) -> tuple[str, ...]:
        told = set(self._form.getlist(name))
        return tuple(one for one in known if one in told)

    def _one_of(self, name: str, kinds: type[T], row: str) -> T:
        told = self._text(name)
        members: list[T] = list(kinds)  # type: ignore[call-overload]
        for member in members:
            if str(member) == told:
                return member
        self.faults.append(self._words("cycles.fault_choice", name=row or name, got=told))
        return members[0]
