"""One submission of a check-up as its page shows it: answers by part, photos, defects, members."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.attachments import Attachment, AttachmentKind
from domain.buildings import Building
from domain.checkups import CheckUp
from domain.defect_chains import Chain, chains
from domain.defects import Defect
from domain.errors import InvalidInput
from domain.jgj125 import HouseTally, tally
from domain.photo_marks import Mark, read_marks
from domain.services import Services
from domain.submissions import Answer, Submission
from domain.templates import Item, ItemKind, When
from web.words import Words


@dataclass(frozen=True, slots=True)
class Row:
    """One item with its answer.

    Parameters
    ----------
    severity
        Of the choice that was made.
    attention
        The figure has reached where it is marked.
    labels
        Photos and defects that it points to: (label, anchor on the page).

    """

    name: str
    says: str
    note: str = ""
    severity: int = 0
    attention: str = ""
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Shot:
    """One photo with its label, what was drawn on it, and what it shows."""

    label: str
    picture: Attachment
    marks: tuple[Mark, ...]
    shows: str

    @property
    def there(self) -> bool:
        """Tell whether it can be looked at."""
        return bool(self.picture.thumb_key)


@dataclass(frozen=True, slots=True)
class View:
    """A submission, ready to be shown.

    Parameters
    ----------
    head
        Result, conclusion, measures and day of the re-check: (name, what it says).
    missing
        Ids of pictures that the phone named and never declared.
    tally
        What the members come to, as computed; `None`: none were counted.

    """

    submission: Submission
    head: tuple[tuple[str, str], ...]
    form: str
    parts: tuple[tuple[str, tuple[Row, ...]], ...]
    shots: tuple[Shot, ...]
    signatures: tuple[tuple[str, str, int, str], ...]
    missing: tuple[str, ...]
    defects: tuple[tuple[str, Defect, str, Chain | None], ...]
    tally: HouseTally | None
    kinds: dict[str, str]

    @property
    def sayings(self) -> dict[str, str]:
        """Tell everything that it says by its name, to be held against another."""
        rows = [
            (row.name, f"{row.says} {row.note}".strip()) for _, part in self.parts for row in part
        ]
        return dict([*self.head, *rows])

    @property
    def refused(self) -> tuple[Shot, ...]:
        """List the photos that cannot be looked at."""
        return tuple(shot for shot in self.shots if not shot.there)


def view_of(
    services: Services, words: Words, check_up: CheckUp, building: Building, submission: Submission
) -> View:
    """Read a submission with all that belongs to it."""
    there = {a.id: a for a in services.checks.attachments(check_up_id=check_up.id)}
    signed = [one.attachment_id for one in submission.signatures if one.attachment_id]
    ids = list(dict.fromkeys([*submission.attachment_ids, *signed]))
    photos = [there[i] for i in ids if i in there and there[i].kind is AttachmentKind.PHOTO]
    template = services.check_plans.template(submission.template_id, submission.template_version)
    items = {item.id: item for item in template.items} if template else {}
    every = services.places.defects(building.id)
    by_id = {defect.id: defect for defect in every}
    found = [by_id[i] for i in dict.fromkeys(submission.defect_ids) if i in by_id]
    chain_of = {find.id: chain for chain in chains(every) for find in chain.every}
    anchors = {a.id: a for a in services.places.anchors(building.id, withdrawn=True)}
    labels = {one.id: f"D{n}" for n, one in enumerate(found, 1)}
    shots = tuple(
        Shot(f"P{n}", one, read_marks(one.marks), _shows(one, items, labels, words))
        for n, one in enumerate(photos, 1)
    )
    points = {one.picture.id: (one.label, f"photo-{one.label}") for one in shots}
    points |= {i: (label, f"defect-{label}") for i, label in labels.items()}
    answers = {answer.item_id: answer for answer in submission.answers}
    parts: list[tuple[str, tuple[Row, ...]]] = []
    for part in template.parts if template else ():
        asked = _asked(part.when, answers)
        rows = [_row(item, answers, points, shots, words, asked=asked) for item in part.items]
        parts.append((_named(part, words), tuple(rows)))
    if others := [one for one in submission.answers if one.item_id not in items]:
        rows = [Row(one.item_id, _plain(one.value), one.note) for one in others]
        parts.append((words("check_up.other_items"), tuple(rows)))
    places = []
    for one in found:
        anchor = anchors.get(one.anchor_id)
        where = [anchor.storey, anchor.room, anchor.side, anchor.note] if anchor else []
        place = " ".join(p for p in where if p)
        places.append((labels[one.id], one, place, chain_of.get(one.id)))
    return View(
        submission,
        _head(submission, len(found), words),
        f"{_named(template, words)} v{submission.template_version}" if template else "",
        tuple(parts),
        shots,
        tuple((s.role, s.name, s.signed_at_ns, _thumb(there, s.attachment_id))
              for s in submission.signatures),
        tuple(i for i in ids if i not in there),
        tuple(places),
        _tally(services, building, submission),
        {w.kind: w.zh if words.language == "zh" else w.en for w in services.member_rules.weights},
    )  # fmt: skip


def _head(submission: Submission, defects: int, words: Words) -> tuple[tuple[str, str], ...]:
    result = int(submission.result)
    says = f"{words('check_result.word', n=result)} {words(f'check_result.of_{result}')}"
    recheck = submission.recheck_on.isoformat() if submission.recheck_on else ""
    return (
        (words("check_up.result"), says),
        (words("check_up.conclusion"), submission.conclusion),
        (words("check_up.measures"), submission.measures),
        (words("check_up.recheck"), recheck),
        (words("check_up.defects"), str(defects)),
    )


def _thumb(there: dict[str, Attachment], picture_id: str) -> str:
    picture = there.get(picture_id)
    return picture_id if picture is not None and picture.thumb_key else ""


def _named(thing: object, words: Words) -> str:
    return str(getattr(thing, words.language, ""))


def _shows(one: Attachment, items: dict[str, Item], labels: dict[str, str], words: Words) -> str:
    item = items.get(one.item_id)
    parts = [labels.get(one.defect_id, ""), _named(item, words) if item else "", one.caption]
    return " · ".join(part for part in parts if part)


def _row(
    item: Item,
    answers: dict[str, Answer],
    points: dict[str, tuple[str, str]],
    shots: Sequence[Shot],
    words: Words,
    *,
    asked: bool,
) -> Row:
    name, answer = _named(item, words), answers.get(item.id)
    if not asked or not _asked(item.when, answers):
        return Row(name, words("check_up.not_asked"))
    ids = [*answer.attachment_ids, *answer.defect_ids] if answer else []
    ids += [shot.picture.id for shot in shots if shot.picture.item_id == item.id]
    labels = tuple(points[i] for i in dict.fromkeys(ids) if i in points)
    note = answer.note if answer else ""
    value = answer.value if answer else None
    if value is None:
        elsewhere = item.kind in {ItemKind.PHOTO, ItemKind.DEFECTS, ItemKind.MEMBERS}
        says = "" if elsewhere and (labels or answer) else words("check_up.left_open")
        return Row(name, says, note, labels=labels)
    chosen = next((one for one in item.choices if one.id == value), None)
    if chosen is not None:
        return Row(name, _named(chosen, words), note, chosen.severity, labels=labels)
    number = isinstance(value, int | float)
    reached = number and item.attention is not None and float(value) >= item.attention
    attention = f"{item.attention:g} {item.unit} · {item.source}".rstrip(" ·") if reached else ""
    unit = f" {item.unit}" if number and item.unit else ""
    return Row(name, f"{_plain(value)}{unit}", note, 0, attention, labels)


def _plain(value: float | str | None) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _asked(when: When | None, answers: dict[str, Answer]) -> bool:
    if when is None:
        return True
    answer = answers.get(when.item_id)
    return answer is not None and str(answer.value) in when.values


def _tally(services: Services, building: Building, submission: Submission) -> HouseTally | None:
    if not submission.members and not submission.soil_dangerous:
        return None
    try:
        return tally(
            submission.members,
            building.storeys_above,
            building.storeys_below,
            submission.soil_dangerous,
            services.member_rules,
        )
    except InvalidInput:
        # counted for storeys that the register does not know: the counts are shown as they are
        return None
