"""The queue of claims: what waits for somebody, what was decided, and what hangs on it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bim.decision_traces import untraced
from bim.rematch import all_claims, last_seen, moved
from domain.anchors import Anchor, Hold
from domain.bim_models import BimModel, BimRevision, RevisionState
from domain.claims import ClaimRole, ClaimStatus, IdentityClaim
from domain.elements import Element, ElementVersion
from domain.services import Services

#: rows of one page of the queue
PAGE_ROWS = 100


@dataclass(frozen=True, slots=True)
class Candidate:
    """One claim with the entity that it is about; `None`: that the element is gone."""

    claim: IdentityClaim
    entity: ElementVersion | None

    @property
    def evidence(self) -> dict[str, str]:
        """What can be checked, by name."""
        return dict(untraced(self.claim))

    @property
    def agree(self) -> list[str]:
        """What is the same on both."""
        return [name for name in self.evidence.get("agree", "").split(", ") if name]


@dataclass(frozen=True, slots=True)
class Waiting:
    """One element with its claims, best first.

    Parameters
    ----------
    last
        As it was seen last, in the axes of the newest revision.
    anchors
        Places that hang on it.

    """

    element: Element
    last: ElementVersion | None
    candidates: tuple[Candidate, ...]
    anchors: tuple[Anchor, ...] = ()

    @property
    def best(self) -> Candidate:
        """The first candidate."""
        return self.candidates[0]

    @property
    def kind(self) -> str:
        """What it is about: `split`, `merged`, `gone` or `same`."""
        role = self.best.claim.role
        if role is not ClaimRole.SAME:
            return "split" if role is ClaimRole.PART else "merged"
        return "same" if self.best.claim.to_step_id else "gone"

    @property
    def why(self) -> str:
        """Why nothing was linked by itself."""
        return self.best.evidence.get("why", "")

    @property
    def alike(self) -> str:
        """Rows of one such key may well be decided alike."""
        return "|".join((self.kind, self.why, self.element.ifc_class, ",".join(self.best.agree)))

    @property
    def storey(self) -> str:
        """Name of the storey it stood on."""
        return self.last.storey_name if self.last else ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of the queue is asked for."""

    show: str = "open"
    text: str = ""
    kind: str = ""
    why: str = ""
    ifc_class: str = ""
    hung: bool = False
    page: int = 1


@dataclass(frozen=True, slots=True)
class Queue:
    """The queue of a model's newest revision.

    Parameters
    ----------
    rows
        All that match what is wanted.
    whys, classes, kinds
        How many rows there are of each, before any choice.
    auto
        How many elements were linked by themselves.
    loose
        Places that need somebody: their element is gone or waits.
    ended
        Ids of elements that are gone.
    before
        Elements of the revision before, in the axes of the newest.

    """

    model: BimModel
    live: BimRevision | None
    revisions: tuple[BimRevision, ...] = ()
    rows: tuple[Waiting, ...] = ()
    total: int = 0
    decided: int = 0
    auto: int = 0
    whys: dict[str, int] = field(default_factory=dict)
    classes: dict[str, int] = field(default_factory=dict)
    kinds: dict[str, int] = field(default_factory=dict)
    loose: tuple[Anchor, ...] = ()
    ended: frozenset[str] = frozenset()
    versions: dict[int, ElementVersion] = field(default_factory=dict)
    before: tuple[ElementVersion, ...] = ()


def queue_of(services: Services, model: BimModel, wanted: Wanted) -> Queue:
    """Read a model's queue."""
    models = services.models
    revisions = [r for r in models.revisions(model.id) if r.state is RevisionState.READY]
    if not revisions:
        return Queue(model, None)
    live = revisions[0]
    open_ones = all_claims(models, model.id, ClaimStatus.PROPOSED, to_revision=live.id)
    decided = [
        one
        for one in all_claims(
            models, model.id, ClaimStatus.CONFIRMED, ClaimStatus.REJECTED, to_revision=live.id
        )
        if one.decided_by
    ]
    versions = {row.step_id: row for row in models.versions(live.id)}
    claims = open_ones if wanted.show == "open" else decided
    if wanted.show == "auto":
        claims = all_claims(models, model.id, ClaimStatus.AUTO, to_revision=live.id)
    earlier = models.versions(revisions[1].id) if len(revisions) > 1 else []
    before = [moved(row, live.shift_m) for row in earlier]
    last = last_seen(models, revisions, {row.element_id for row in versions.values()})
    anchors = services.places.anchors(model.building_id)
    elements = {one.id: one for one in models.elements(model.id)}
    rows = _rows(elements, claims, versions, last, before, anchors)
    whys, kinds = Counter(row.why for row in rows), Counter(row.kind for row in rows)
    return Queue(
        model=model,
        live=live,
        revisions=tuple(revisions),
        rows=tuple(row for row in rows if _fits(row, wanted)),
        total=len({one.element_id for one in open_ones}),
        decided=len(decided),
        auto=_auto(elements.values(), live, versions),
        whys={name: whys[name] for name in sorted(whys) if name},
        classes=dict(sorted(Counter(row.element.ifc_class for row in rows).items())),
        kinds={name: kinds[name] for name in ("same", "split", "merged", "gone") if kinds[name]},
        loose=tuple(
            one for one in anchors if one.hold is Hold.REVIEW and one.element_id in elements
        ),
        ended=frozenset(one.id for one in elements.values() if one.retired_revision),
        versions=versions,
        before=tuple(before),
    )


def _rows(
    elements: Mapping[str, Element],
    claims: Sequence[IdentityClaim],
    versions: dict[int, ElementVersion],
    last: dict[str, ElementVersion],
    before: Sequence[ElementVersion],
    anchors: Sequence[Anchor],
) -> list[Waiting]:
    earlier = {row.element_id: row for row in before}
    hung: dict[str, list[Anchor]] = {}
    for anchor in anchors:
        hung.setdefault(anchor.element_id, []).append(anchor)
    by_element: dict[str, list[Candidate]] = {}
    for claim in sorted(claims, key=lambda one: (-one.score, one.to_step_id)):
        candidate = Candidate(claim, versions.get(claim.to_step_id))
        by_element.setdefault(claim.element_id, []).append(candidate)
    rows = [
        Waiting(
            elements[name],
            last.get(name) or earlier.get(name),
            tuple(candidates),
            tuple(hung.get(name, ())),
        )
        for name, candidates in by_element.items()
        if name in elements
    ]
    # what sensors and defects hang on comes first
    rows.sort(key=lambda row: (not row.anchors, -row.best.claim.score, row.element.id))
    return rows


def _fits(row: Waiting, wanted: Wanted) -> bool:
    if wanted.kind and row.kind != wanted.kind:
        return False
    if wanted.why and row.why != wanted.why:
        return False
    if wanted.ifc_class and row.element.ifc_class != wanted.ifc_class:
        return False
    if wanted.hung and not row.anchors:
        return False
    last = row.last
    words = [row.element.name, row.element.ifc_class, *(one.room for one in row.anchors)]
    if last is not None:
        words += [last.type_name, last.tag, last.storey_name, last.space, last.material]
        words.append(last.global_id)
    heap = "\n".join(words).casefold()
    return all(word in heap for word in wanted.text.casefold().split())


def _auto(
    elements: Iterable[Element], live: BimRevision, versions: dict[int, ElementVersion]
) -> int:
    """Count older elements that the newest revision has."""
    older = {one.id for one in elements if one.first_revision != live.id}
    return sum(row.element_id in older for row in versions.values())
