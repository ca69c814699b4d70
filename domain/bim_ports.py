"""What the rooms need around models and places; `app/` joins them to adapters."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from domain.anchors import Anchor, SensorMonitors
from domain.bim_models import BimModel, BimRevision
from domain.claims import ClaimStatus, IdentityClaim
from domain.defects import Defect
from domain.elements import Box, Element, ElementVersion, Storey
from domain.ports import Page
from domain.rooms import RoomSchema


class ModelStore(Protocol):
    """Keeps models, revisions, elements and claims; every write bears who did it (audited).

    `put_*` raise `InvalidInput` for a broken reference and `Conflict` for a stale version.
    """

    def put_model(self, model: BimModel, by: str) -> None: ...
    def model(self, model_id: str) -> BimModel | None: ...
    def models(self, building_id: str) -> list[BimModel]: ...
    def add_revision(self, revision: BimRevision, by: str) -> BimRevision:
        """Put a new revision up, with the next number of its model."""
        ...

    def put_revision(self, revision: BimRevision) -> None:
        """Note how far a revision is."""
        ...

    def revision(self, revision_id: str) -> BimRevision | None: ...
    def revisions(self, model_id: str) -> list[BimRevision]:
        """List newest first."""
        ...

    def live_revision(self, model_id: str) -> BimRevision | None:
        """Find the newest ready revision: the one that is served."""
        ...

    def unfinished_revisions(self) -> list[BimRevision]:
        """List what is queued, being read or matched, or waits for its shapes, oldest first."""
        ...

    def put_index(
        self,
        revision: BimRevision,
        storeys: Sequence[Storey],
        versions: Sequence[ElementVersion],
    ) -> None:
        """Keep what a file says; the same again replaces it, element ids excepted."""
        ...

    def put_shapes(
        self, revision: BimRevision, boxes: dict[int, Box], geometry_hashes: dict[int, str]
    ) -> None:
        """Note shapes by step id."""
        ...

    def put_matches(
        self,
        revision: BimRevision,
        elements: Sequence[Element],
        linked: dict[int, str],
        claims: Sequence[IdentityClaim],
        anchors: Sequence[Anchor],
        by: str,
    ) -> None:
        """Write in one transaction what matching came to.

        Parameters
        ----------
        elements
            New ones, and those that are retired by this revision.
        linked
            Element id by step id of this revision.
        anchors
            Those whose hold has changed.

        """
        ...

    def storeys(self, revision_id: str) -> list[Storey]:
        """List by elevation, lowest first."""
        ...

    def versions(
        self,
        revision_id: str,
        page: Page | None = None,
        *,
        text: str = "",
        storey_guid: str | None = None,
        ifc_class: str = "",
        with_properties: bool = False,
    ) -> list[ElementVersion]:
        """List by step id; `text` is looked for in name, class, type, material, tag, storey, room.

        `Page.after` is the last step id as text; `page` `None`: all of them.
        """
        ...

    def version_of(self, revision_id: str, element_id: str) -> ElementVersion | None:
        """Read one element of a revision, with its properties."""
        ...

    def element(self, element_id: str) -> Element | None: ...
    def elements(self, model_id: str) -> list[Element]: ...
    def claims(
        self,
        model_id: str,
        page: Page,
        *,
        statuses: Sequence[ClaimStatus] = (),
        to_revision: str = "",
    ) -> list[IdentityClaim]:
        """List newest first, best score first within a revision."""
        ...

    def claim(self, claim_id: str) -> IdentityClaim | None: ...
    def decide(
        self,
        claims: Sequence[IdentityClaim],
        elements: Sequence[Element],
        linked: dict[int, str],
        anchors: Sequence[Anchor],
        by: str,
    ) -> None:
        """Write a decision on claims of one revision with all that follows, in one transaction."""
        ...

    def building_of(self, object_id: str) -> str | None:
        """Tell the building of a model, revision, element or claim; `None`: no such."""
        ...


class PlaceStore(Protocol):
    """Keeps places, what hangs on them, and schemas of buildings without a model."""

    def put_anchor(self, anchor: Anchor, by: str) -> None: ...
    def anchor(self, anchor_id: str) -> Anchor | None: ...
    def anchors(self, building_id: str, *, withdrawn: bool = False) -> list[Anchor]: ...
    def put_monitors(self, ties: Sequence[SensorMonitors], by: str) -> None:
        """Keep ties in one transaction."""
        ...

    def monitors(
        self, building_id: str, *, sensor_id: str = "", at_ns: int | None = None
    ) -> list[SensorMonitors]:
        """List ties of a building's sensors; with `at_ns` those that hold then."""
        ...

    def put_defect(self, defect: Defect, by: str) -> None: ...
    def defect(self, defect_id: str) -> Defect | None: ...
    def defects(self, building_id: str) -> list[Defect]: ...
    def put_schema(self, schema: RoomSchema, by: str) -> None: ...
    def schema(self, building_id: str) -> RoomSchema | None: ...
    def building_of(self, object_id: str) -> str | None:
        """Tell the building of an anchor, tie or defect; `None`: no such."""
        ...


@dataclass(frozen=True, slots=True)
class ModelIndex:
    """What a file says, without shapes.

    Parameters
    ----------
    warnings
        (code, detail), as in `BimRevision`.

    """

    ifc_schema: str
    authoring_app: str
    unit_scale: float
    true_north_deg: float | None
    map_crs: str
    map_origin: tuple[float, float, float] | None
    storeys: tuple[Storey, ...]
    versions: tuple[ElementVersion, ...]
    warnings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Shapes:
    """What meshing came to; boxes and origin in metres, building axes."""

    glb: Path
    origin_m: tuple[float, float, float]
    boxes: dict[int, Box]
    geometry_hashes: dict[int, str]
    failed: tuple[int, ...] = ()
    warnings: tuple[tuple[str, str], ...] = ()


class ModelReader(Protocol):
    """Reads IFC files in processes of their own that cannot harm this one."""

    def index(self, upload: Path, scratch: Path, revision_id: str) -> ModelIndex:
        """Read what a file says.

        Raises
        ------
        ModelRejected
            When it cannot be read or must not be; says why.

        """
        ...

    def shapes(self, upload: Path, scratch: Path, note: Callable[[int, int], None]) -> Shapes:
        """Make the shapes; `note(done, of)` is told how far it is.

        Raises
        ------
        ModelRejected
            When there are none to be had; says why.

        """
        ...


class ModelDesk(Protocol):
    """Takes uploads in; whoever has the role `jobs` reads them."""

    @property
    def file_bytes_max(self) -> int:
        """Largest file that is taken."""
        ...

    def submit(
        self, model: BimModel, file_name: str, file: BinaryIO, by: str
    ) -> tuple[BimRevision, bool]:
        """Keep a file and queue it; tells whether it is new.

        The same bytes as the model's newest revision answer that one.

        Raises
        ------
        ModelRejected
            When it is empty or too large: nothing is kept.
        StoreUnavailable
            When it could not be kept.

        """
        ...
