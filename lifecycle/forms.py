"""What is asked on a form, what is missing, and what the answers point to."""

import math
from collections.abc import Collection, Iterable, Mapping

from domain.submissions import Answer, FormFault
from domain.templates import Item, ItemKind, Template, When

#: longest text of an answer and of its note, characters
TEXT_LENGTH_MAX = 20_000


def asked(template: Template, answers: Iterable[Answer]) -> list[Item]:
    """List the items that are asked, given the answers so far.

    An item that is not asked has no answer: what hangs on it is not asked either.
    """
    values = {answer.item_id: answer.value for answer in answers}
    open_values: dict[str, float | str | None] = {}
    found = []
    for part in template.parts:
        if not _holds(part.when, open_values):
            continue
        for item in part.items:
            if _holds(item.when, open_values):
                found.append(item)
                open_values[item.id] = values.get(item.id)
    return found


def check_answers(
    template: Template,
    answers: Iterable[Answer],
    photos: Mapping[str, int],
    *,
    members: int = 0,
    signed: Collection[str] = (),
) -> list[FormFault]:
    """Tell what is missing or cannot be; an empty list: the form is complete.

    Parameters
    ----------
    photos
        Number of photos by item.
    members
        Rows of counted members.
    signed
        Roles that have signed.

    """
    given = {answer.item_id: answer for answer in answers}
    known = {item.id for item in template.items}
    faults = [FormFault(item_id, "unknown item") for item_id in given if item_id not in known]
    for item in asked(template, given.values()):
        answer = given.get(item.id, Answer(item.id))
        fault = _fault(item, answer, members)
        if fault is not None:
            faults.append(fault)
        wanted = photos_wanted(item, answer)
        if (came := photos.get(item.id, 0)) < wanted:
            faults.append(FormFault(item.id, "photos missing", str(wanted), str(came)))
    faults += [
        FormFault(f"signature:{role}", "signature missing")
        for role in template.signatures
        if role not in signed
    ]
    return faults


def photos_wanted(item: Item, answer: Answer) -> int:
    """Tell how many photos an item asks for, given its answer."""
    wanted = max(item.photos_min, 1 if item.kind is ItemKind.PHOTO and item.required else 0)
    severity = _severity(item, answer.value)
    if item.photo_from_severity and severity >= item.photo_from_severity:
        wanted = max(wanted, 1)
    return wanted


def severity_of(template: Template, answers: Iterable[Answer]) -> int:
    """Tell the worst severity among the answers that are asked, 0 to 4.

    The phone suggests a result from it; its twin is held to this one.
    """
    given = {answer.item_id: answer for answer in answers}
    return max(
        (_severity(i, given[i.id].value) for i in asked(template, given.values()) if i.id in given),
        default=0,
    )


def _fault(item: Item, answer: Answer, members: int) -> FormFault | None:
    value = answer.value
    if len(answer.note) > TEXT_LENGTH_MAX:
        return FormFault(item.id, "too long", str(TEXT_LENGTH_MAX), str(len(answer.note)))
    if item.kind is ItemKind.PHOTO:
        return None  # counted apart
    if item.kind is ItemKind.MEMBERS:
        return FormFault(item.id, "missing") if item.required and not members else None
    if item.kind is ItemKind.DEFECTS and answer.defect_ids:
        return None
    if value is None or value == "":
        return FormFault(item.id, "missing") if item.required else None
    match item.kind:
        case ItemKind.CHOICE:
            if value not in {choice.id for choice in item.choices}:
                wanted = ", ".join(choice.id for choice in item.choices)
                return FormFault(item.id, "unknown choice", wanted, _shown(value))
        case ItemKind.DEFECTS:
            if value != "none":
                return FormFault(item.id, "unknown choice", "none", _shown(value))
        case ItemKind.NUMBER:
            return _number_fault(item, value)
        case _:
            if not isinstance(value, str):
                return FormFault(item.id, "not text", "", _shown(value))
            if len(value) > TEXT_LENGTH_MAX:
                return FormFault(item.id, "too long", str(TEXT_LENGTH_MAX), str(len(value)))
    return None


def _number_fault(item: Item, value: float | str) -> FormFault | None:
    if isinstance(value, str) or not math.isfinite(value):
        return FormFault(item.id, "not a number", item.unit, _shown(value))
    low = -math.inf if item.low is None else item.low
    high = math.inf if item.high is None else item.high
    if not low <= value <= high:
        bounds = "…".join("" if b is None else f"{b:g}" for b in (item.low, item.high))
        return FormFault(item.id, "out of range", f"{bounds} {item.unit}".strip(), _shown(value))
    return None


def _severity(item: Item, value: float | str | None) -> int:
    return next((choice.severity for choice in item.choices if choice.id == value), 0)


def _holds(when: When | None, values: Mapping[str, float | str | None]) -> bool:
    return when is None or values.get(when.item_id) in when.values


def _shown(value: float | str) -> str:
    return value[:80] if isinstance(value, str) else f"{value:g}"
