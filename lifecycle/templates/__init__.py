"""The forms that Anju ships, and forms as JSON."""

from collections.abc import Iterator, Sequence
from importlib.resources import files

import msgspec

from domain.errors import InvalidInput
from domain.template_checks import template_faults
from domain.templates import Template

BYTES_MAX = 1_000_000


def shipped_templates() -> Iterator[Template]:
    """Read the shipped forms, by name.

    Examples
    --------
    >>> [template.id for template in shipped_templates()]
    ['basic-2026', 'daily-2026', 'special-2026']

    """
    for file in sorted(files(__package__).iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".json"):
            yield parse_template(file.read_bytes())


def parse_template(content: bytes) -> Template:
    """Read a form from its JSON text, and check it.

    Raises
    ------
    InvalidInput
        With all that is wrong, a line each.

    """
    if len(content) > BYTES_MAX:
        raise InvalidInput(f"a form must be at most {BYTES_MAX:,} bytes, got {len(content):,}")
    try:
        template = msgspec.json.decode(content, type=Template)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInput(f"a form must be JSON of the known shape: {error}") from None
    if faults := template_faults(template):
        raise InvalidInput("\n".join(f"{where}: {text}" for where, text in faults[:100]))
    return template


def template_json(template: Template) -> bytes:
    """Write a form as JSON that `parse_template` reads back the same."""
    return msgspec.json.format(msgspec.json.encode(template), indent=1)


def must_be_next(made: Template, known: Sequence[Template]) -> None:
    """Refuse a version that leaves a gap, or changes what the form is for.

    Raises
    ------
    InvalidInput
        With what is wanted.

    """
    mine = [one for one in known if one.id == made.id]
    wanted = max((one.version for one in mine), default=0) + 1
    if made.version != wanted:
        raise InvalidInput(f"version must be {wanted}, got {made.version}", "version")
    if mine and mine[0].check_class is not made.check_class:
        raise InvalidInput(
            f"check_class must stay {mine[0].check_class}, got {made.check_class}", "check_class"
        )
