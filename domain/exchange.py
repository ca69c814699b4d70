"""What leaves Anju beside a model and comes back: hand-overs, checks of fitness, BCF topics."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from domain.anchors import Anchor, Point
from domain.bim_models import BimRevision
from domain.buildings import Building
from domain.defects import Defect


@dataclass(frozen=True, slots=True)
class AppraisalMark:
    """An appraisal as a hand-over names it; days as `2026-11-23`.

    Parameters
    ----------
    report_sha256, report_link
        Of its report file; empty when it was filed on paper.

    """

    scheme: str
    grade: str
    report_number: str
    appraiser: str
    appraised_on: str
    valid_until: str = ""
    report_sha256: str = ""
    report_link: str = ""


@dataclass(frozen=True, slots=True)
class SuspicionMark:
    """What the models think of a building; it is never a grade."""

    suspected: str
    score: float | None
    low: float
    high: float
    assessed_on: str
    model: str


@dataclass(frozen=True, slots=True)
class AlertMark:
    """An open alert, with the elements that its sensors are tied to."""

    id: str
    level: str
    cause: str
    link: str
    step_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Tie:
    """What a sensor has to do with one element of the revision."""

    step_id: int
    role: str


@dataclass(frozen=True, slots=True)
class SensorMark:
    """A sensor at its place in a revision.

    Parameters
    ----------
    point
        Metres, building axes; `None`: not known.
    storey_guid
        Storey that holds it; empty: the one whose floor lies next below the point.
    place
        In words.

    """

    id: str
    code: str
    kind: str
    place: str = ""
    model: str = ""
    serial: str = ""
    point: Point | None = None
    storey_guid: str = ""
    ties: tuple[Tie, ...] = ()


@dataclass(frozen=True, slots=True)
class DefectMark:
    """A defect on an element of the revision; `text` is one line for people."""

    id: str
    step_id: int
    text: str
    link: str


@dataclass(frozen=True, slots=True)
class HandOver:
    """All that is written into a copy of an IFC file for somebody else; never a reading.

    Parameters
    ----------
    model_id
        Makes the ids of what is written, together with what it is about.
    as_of
        Second since 1970 of the newest fact in it: the same facts give the same file.
    inspected_on
        Newest day on which somebody measured or found something there; empty: not known.

    """

    model_id: str
    building_id: str
    building_code: str
    building_name: str
    link: str
    as_of: int
    appraisal: AppraisalMark | None = None
    suspicion: SuspicionMark | None = None
    inspected_on: str = ""
    alerts: tuple[AlertMark, ...] = ()
    sensors: tuple[SensorMark, ...] = ()
    defects: tuple[DefectMark, ...] = ()


class CheckState(StrEnum):
    """What a check came to; nothing to look at is no success."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True)
class Example:
    """An entity that a check is about.

    Parameters
    ----------
    reason, code
        Why it fails: in the checker's own words, and its stable word for it (`NOPSET`), for which
        the pages have a sentence in each language; empty where there is none.

    """

    step_id: int
    ifc_class: str
    global_id: str
    name: str
    reason: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One check of a model.

    Parameters
    ----------
    key
        Stable word of one of ours (`load-bearing walls`); empty for a check of the user's own.
    name, description
        As the IDS file says.
    reason
        Why it was not checked or failed as a whole: `nothing applies`, `other schema`,
        `must be there`, `must not be there`; empty otherwise.
    applicable, failed
        Counts of entities.
    examples
        Of those that fail.
    instead
        Where nothing applies: (class, count) of entities of a subclass that the check passes over,
        such as IfcWallStandardCase where it asks for IfcWall alone.

    """

    key: str
    name: str
    state: CheckState
    applicable: int
    failed: int
    reason: str = ""
    description: str = ""
    examples: tuple[Example, ...] = ()
    instead: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Fitness:
    """How fit a model is for Anju, or for what the user's own IDS file asks.

    Parameters
    ----------
    ids_read
        False where the group `ids` is not installed: then there are only our own checks.
    title
        Of the IDS file.

    """

    checks: tuple[Check, ...]
    ids_read: bool = True
    title: str = ""

    @property
    def state(self) -> CheckState:
        """Sum up: failed when one is, passed only when at least one was and none was left out."""
        states = {check.state for check in self.checks}
        if CheckState.FAILED in states:
            return CheckState.FAILED
        return CheckState.PASSED if states == {CheckState.PASSED} else CheckState.NOT_CHECKED


@dataclass(frozen=True, slots=True)
class TopicView:
    """A viewpoint of a topic: where it was looked from, metres, and what was selected."""

    guid: str
    eye: Point | None
    direction: Point | None
    selected: tuple[str, ...] = ()
    snapshot: str = ""


@dataclass(frozen=True, slots=True)
class TopicComment:
    """Somebody's remark on a topic; `at` as it stands in the file."""

    author: str
    at: str
    text: str


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic of a BCF file, as it was read.

    Parameters
    ----------
    created_at
        As it stands in the file: RFC 3339, with or without zone.
    components
        GlobalIds that any of its viewpoints selects, each once.

    """

    guid: str
    title: str
    kind: str = ""
    status: str = ""
    priority: str = ""
    description: str = ""
    author: str = ""
    created_at: str = ""
    labels: tuple[str, ...] = ()
    comments: tuple[TopicComment, ...] = ()
    views: tuple[TopicView, ...] = ()
    related: tuple[str, ...] = ()

    @property
    def components(self) -> tuple[str, ...]:
        """List what is selected."""
        return tuple(dict.fromkeys(guid for view in self.views for guid in view.selected))


@dataclass(frozen=True, slots=True)
class TopicFile:
    """A BCF file, as it was read; `left_out` names topics that could not be, and why."""

    version: str
    project: str
    topics: tuple[Topic, ...]
    left_out: tuple[tuple[str, str], ...] = ()


class TopicFate(StrEnum):
    """What an import does with a topic."""

    NEW = "new"
    KNOWN = "known"
    CHANGED = "changed"
    LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True)
class TopicPlan:
    """A topic, and what an import would make of it.

    Parameters
    ----------
    element_names
        Elements of the building's models that it points to, in words.
    unknown_guids
        How many of its components no model of the building has, or has more than once.
    reason
        Why it is left out; what would change where it is known.

    """

    topic: Topic
    fate: TopicFate
    defect: Defect | None = None
    anchor: Anchor | None = None
    element_names: tuple[str, ...] = ()
    unknown_guids: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TopicsPreviewed:
    """What importing a BCF file does."""

    version: str
    project: str
    rows: tuple[TopicPlan, ...]

    def of(self, fate: TopicFate) -> list[TopicPlan]:
        """List the topics of one fate."""
        return [row for row in self.rows if row.fate is fate]


@dataclass(frozen=True, slots=True)
class Exported:
    """An export that lies in a file; `name` is what it is called when it leaves."""

    path: Path
    name: str
    sha256: str


class Exchange(Protocol):
    """Hands models over and takes topics in; what came from outside is read in a child process.

    Raises
    ------
    ModelRejected
        When a file cannot be read or must not be; says why.
    TooManyAttempts
        When others are at work for longer than it waits.
    NotFound
        When a revision's file is not there.

    """

    def export(
        self, building: Building, revision: BimRevision, *, with_defects: bool = False
    ) -> Exported:
        """Write a copy of a revision's IFC file with what Anju knows."""
        ...

    def fitness(self, revision: BimRevision, ids: bytes | None = None) -> Fitness:
        """Hold a revision against the shipped IDS file, or one of the user's own."""
        ...

    def topics(self, building: Building) -> tuple[str, bytes]:
        """Write a building's defects as a BCF 3.0 file; name and content."""
        ...

    def preview_topics(self, building: Building, content: bytes, by: str) -> TopicsPreviewed:
        """Tell what importing a BCF file would do; nothing is written."""
        ...

    def import_topics(
        self, building: Building, content: bytes, by: str, *, update: bool = False
    ) -> TopicsPreviewed:
        """Write new topics down as defects; with `update` take the status of known ones over."""
        ...

    def snapshot(self, defect: Defect) -> bytes | None:
        """Show a defect as PNG: what somebody has uploaded, else a sketch; `None`: no place."""
        ...

    def keep_snapshot(self, defect: Defect, content: bytes) -> None:
        """Keep the PNG that a viewer has made of a defect.

        Raises
        ------
        InvalidInput
            When it is no whole PNG or too large.

        """
        ...


def newest_second(moments_ns: Sequence[int]) -> int:
    """Tell the newest of some moments as a second since 1970; 0 without any."""
    return max(moments_ns, default=0) // 1_000_000_000
