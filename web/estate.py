"""All buildings in memory, for the map, the filters and who may see what in lists."""

import threading
import time
from collections.abc import Mapping

from domain.access import Caller, ScopeKind, may
from domain.buildings import Building
from domain.ports import Page, RegisterStore

PAGE = 1_000
#: a register that changes all the time is read again at most this often, seconds
LEAST_AGE_S = 2.0


class Estate:
    """The buildings as of the register's newest revision, a few seconds late at most.

    One page needs the name of a building for each of its rows; asking the register row by row
    would cost a query each. What somebody may do to one building is never decided on this copy.
    """

    def __init__(self, register: RegisterStore) -> None:
        self._register = register
        self._lock = threading.Lock()
        self._revision = -1
        self._read_at_s = -LEAST_AGE_S
        self._buildings: dict[str, Building] = {}

    def buildings(self) -> Mapping[str, Building]:
        """Tell all buildings by id."""
        with self._lock:
            if time.monotonic() - self._read_at_s >= LEAST_AGE_S:
                revision = self._register.revision()
                if revision != self._revision:
                    self._buildings = self._read()
                    self._revision = revision
                self._read_at_s = time.monotonic()
            return self._buildings

    def building(self, building_id: str) -> Building | None:
        """Find one building; one that is newer than the copy is read by itself."""
        known = self.buildings().get(building_id)
        return known or self._register.building(building_id)

    def visible(self, caller: Caller, action: str) -> Mapping[str, Building]:
        """Tell the buildings that a caller may do something with."""
        return {b.id: b for b in self.buildings().values() if may(caller, action, b)}

    def visible_ids(self, caller: Caller, action: str) -> list[str] | None:
        """Tell their ids; `None` for a caller whose scope is the whole city."""
        if any(scope.kind is ScopeKind.CITY for scope in caller.scopes):
            return None
        return list(self.visible(caller, action))

    def _read(self) -> dict[str, Building]:
        found: dict[str, Building] = {}
        after = ""
        while rows := self._register.buildings(Page(PAGE, after)):
            found |= {row.id: row for row in rows}
            after = rows[-1].id
            if len(rows) < PAGE:
                break
        return found
