"""Search over everything: what is asked for, within whose sight, and what is found."""

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from domain.access import Caller, Role, ScopeKind, may

#: characters of a text that is looked for, and words of it
TEXT_MAX, TERMS_MAX = 100, 6


class SearchKind(StrEnum):
    """What can be found, in the order in which it is shown."""

    BUILDING = "building"
    ALERT = "alert"
    CHECK_UP = "check-up"
    DEFECT = "defect"
    APPRAISAL = "appraisal"
    SENSOR = "sensor"
    GATEWAY = "gateway"
    MODEL = "model"
    FIRM = "firm"
    PERSON = "person"


#: what somebody must be allowed to do to find a kind
NEEDS = {
    SearchKind.BUILDING: "buildings:read",
    SearchKind.ALERT: "alerts:read",
    SearchKind.CHECK_UP: "checks:read",
    SearchKind.DEFECT: "models:read",
    SearchKind.APPRAISAL: "buildings:read",
    SearchKind.SENSOR: "readings:read",
    SearchKind.GATEWAY: "gateways:read",
    SearchKind.MODEL: "models:read",
    SearchKind.FIRM: "checks:read",
    SearchKind.PERSON: "users:write",
}


@dataclass(frozen=True, slots=True)
class Reach:
    """The part of the city that a search keeps to; both `None`: all of it.

    Parameters
    ----------
    gateway_ids
        Gateways that are the caller's own, whatever they serve.
    idle_gateways
        Gateways that serve no building yet are found as well.

    """

    districts: tuple[str, ...] | None = None
    building_ids: tuple[str, ...] | None = None
    gateway_ids: tuple[str, ...] = ()
    idle_gateways: bool = True

    @property
    def whole(self) -> bool:
        """Tell whether nothing is left out."""
        return self.districts is None and self.building_ids is None


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that was found.

    Parameters
    ----------
    title, detail
        As it is called, and what tells it from others of that name.
    word
        A level, state, kind or grade, as its records name it.
    building_id, building
        The house that it belongs to; empty: none.

    """

    kind: SearchKind
    id: str
    title: str
    detail: str = ""
    word: str = ""
    building_id: str = ""
    building: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """What was found of one kind, the best first; `more`: there is more than is shown."""

    kind: SearchKind
    hits: tuple[Hit, ...]
    more: bool = False


class SearchStore(Protocol):
    """Looks for text in the records."""

    def search(
        self, terms: tuple[str, ...], kinds: tuple[SearchKind, ...], reach: Reach, limit: int
    ) -> list[Group]:
        """Find what has all the words, at most `limit` of each kind; kinds without any are left."""
        ...


def plain_of(*texts: str) -> str:
    r"""Write what something is called as `terms_of` writes what is looked for, a line each.

    There is a line break before and after each text, so that a whole one, or its beginning, can
    be told from a fragment.

    Examples
    --------
    >>> plain_of("DEMO-3601", "小区 ３ 号楼")
    '\ndemo3601\n小区3号楼\n'

    """
    folded = (unicodedata.normalize("NFKC", text).casefold() for text in texts)
    return "\n".join(("", *("".join(one.replace("-", "").split()) for one in folded), ""))


def terms_of(text: str) -> tuple[str, ...]:
    """Split what somebody typed into words; wide letters become plain, case and hyphens go.

    Examples
    --------
    >>> terms_of("  ＤＥＭＯ-3601  3号楼 ")
    ('demo3601', '3号楼')

    """
    plain = unicodedata.normalize("NFKC", text[:TEXT_MAX]).casefold()
    words = (word.replace("-", "") for word in plain.replace("\x00", " ").split())
    return tuple(dict.fromkeys(word for word in words if word))[:TERMS_MAX]


def kinds_for(caller: Caller, wanted: Iterable[SearchKind] = ()) -> tuple[SearchKind, ...]:
    """Tell which kinds a caller may find, of those wanted (none: all)."""
    asked = set(wanted) or set(SearchKind)
    return tuple(kind for kind in SearchKind if kind in asked and may(caller, NEEDS[kind]))


def reach_of(caller: Caller, visible: Callable[[], Iterable[str]]) -> Reach:
    """Tell the part of the city that a caller may search.

    Parameters
    ----------
    visible
        Tells the ids of the caller's buildings; asked only when districts do not say it all.

    """
    kinds = {scope.kind for scope in caller.scopes}
    if ScopeKind.CITY in kinds:
        return Reach()
    idle = caller.role not in {Role.INSURER, Role.OWNER}
    own = tuple(s.value for s in caller.scopes if s.kind is ScopeKind.GATEWAY)
    if kinds and kinds <= {ScopeKind.DISTRICT, ScopeKind.GATEWAY} and kinds != {ScopeKind.GATEWAY}:
        districts = sorted({s.value for s in caller.scopes if s.kind is ScopeKind.DISTRICT})
        return Reach(tuple(districts), None, own, idle)
    return Reach(None, tuple(sorted(visible())), own, idle)
