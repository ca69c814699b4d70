"""Forms of check-ups (体检表), versioned: an old check-up keeps the form it was done with."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from domain.checkups import CheckCause, CheckClass


class ItemKind(StrEnum):
    """What an item asks for."""

    CHOICE = "choice"
    NUMBER = "number"
    TEXT = "text"
    PHOTO = "photo"
    DEFECTS = "defects"
    MEMBERS = "members"


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer to choose.

    Parameters
    ----------
    severity
        0 no finding, 1 slight, 2 marked, 3 serious, 4 imminent danger.

    """

    id: str
    zh: str
    en: str
    severity: int = 0


@dataclass(frozen=True, slots=True)
class When:
    """A condition: the item or part is asked only when another item has one of these answers."""

    item_id: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to look at.

    Parameters
    ----------
    unit, low, high
        Of a number: its unit and what can be true; outside is refused as a slip.
    attention
        Of a number: from here on it is marked; the text of `source` says after what.
    photos_min
        Photos that must be taken, whatever the answer is.
    photo_from_severity
        Photos that a choice of this severity or worse asks for; 0: none.

    """

    id: str
    zh: str
    en: str
    kind: ItemKind
    required: bool = True
    choices: tuple[Choice, ...] = ()
    unit: str = ""
    low: float | None = None
    high: float | None = None
    attention: float | None = None
    photos_min: int = 0
    photo_from_severity: int = 0
    hint_zh: str = ""
    hint_en: str = ""
    source: str = ""
    when: When | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a form, such as foundation, main structure or enclosure."""

    id: str
    zh: str
    en: str
    items: tuple[Item, ...]
    when: When | None = None


@dataclass(frozen=True, slots=True)
class Template:
    """One version of a form.

    Parameters
    ----------
    causes
        Of a special check-up: what it is for; empty: any.
    signatures
        Roles that sign: `inspector`, `owner`.
    source, certainty
        After what it is made, and how sure we are of that.
    retired
        No new check-up takes it.

    """

    id: str
    version: int
    check_class: CheckClass
    zh: str
    en: str
    parts: tuple[Part, ...]
    causes: tuple[CheckCause, ...] = ()
    signatures: tuple[str, ...] = ("inspector",)
    source: str = ""
    certainty: str = ""
    made_at_ns: int = 0
    by: str = ""
    retired: bool = False

    @property
    def items(self) -> tuple[Item, ...]:
        """All items, in order."""
        return tuple(item for part in self.parts for item in part.items)


def form_for(
    templates: Iterable[Template], check_class: CheckClass, cause: CheckCause
) -> Template | None:
    """Pick the form of a new check-up: one made for its cause, else one for any, the newest."""
    fit = [
        one
        for one in templates
        if one.check_class is check_class
        and not one.retired
        and (not one.causes or cause in one.causes)
    ]
    return max(fit, key=lambda one: (bool(one.causes), one.made_at_ns, one.version), default=None)
