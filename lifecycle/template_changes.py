"""What is new in a version of a form against the one before."""

from dataclasses import fields
from typing import NamedTuple

from domain.templates import Item, Template


class Change(NamedTuple):
    """One item that differs; `fields` names what of it does.

    Parameters
    ----------
    kind
        `added`, `removed` or `changed`.

    """

    kind: str
    item: Item
    fields: tuple[str, ...] = ()


def changes(before: Template, after: Template) -> list[Change]:
    """List the items that were added, removed or changed, in the order of the newer form."""
    old = {item.id: item for item in before.items}
    new = {item.id: item for item in after.items}
    found = []
    for item in after.items:
        kept = old.get(item.id)
        if kept is None:
            found.append(Change("added", item))
        elif kept != item:
            names = (f.name for f in fields(item) if getattr(kept, f.name) != getattr(item, f.name))
            found.append(Change("changed", item, tuple(names)))
    found += [Change("removed", item) for item in before.items if item.id not in new]
    return found
