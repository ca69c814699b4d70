"""What one stretch of judging changes, gathered before it is committed."""

from collections.abc import Mapping
from typing import Any

from domain.findings import Cause, Finding
from domain.sensors import Segment


class Draft:
    """What one stretch changes, gathered before it is committed."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        #: of a buffer: those that call nobody now, and alerts whose buffer has ended
        self.quiet: frozenset[str] = frozenset()
        self.due: list[tuple[str, Cause]] = []
        self.segments: dict[str, list[Segment]] = {}
        self.states: dict[tuple[str, str], Any] = {}
        #: buildings whose readings were judged, with the offset up to which
        self.judged: dict[str, int] = {}
        #: buildings whose bands of calm readings no longer hold
        self.moved: set[str] = set()

    def clear(self) -> None:
        """Begin anew: it is committed."""
        vars(self).update(vars(Draft()))

    def add(self, other: "Draft") -> None:
        """Take in what another one of other buildings has."""
        self.findings += other.findings
        self.quiet |= other.quiet
        self.due += other.due
        self.segments |= other.segments
        self.states |= other.states
        self.judged |= other.judged
        self.moved |= other.moved

    def state(self, saved: Mapping[tuple[str, str], Any], building_id: str, name: str) -> Any:
        """Tell a state as it is after what was judged here."""
        key = building_id, name
        return self.states[key] if key in self.states else saved.get(key)

    def keep(self, building_id: str, name: str, state: Any) -> None:
        """Note a state that was changed."""
        self.states[building_id, name] = state

    @property
    def changed(self) -> bool:
        """Tell whether there is anything to commit but how far it was judged."""
        return bool(self.findings or self.segments or self.states)
