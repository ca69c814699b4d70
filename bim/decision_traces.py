"""What a decision leaves in the evidence of its claims, so that it can be undone."""

from domain.anchors import Anchor, Point
from domain.claims import IdentityClaim

WAS, WAS_ROLE, JOINED = "was", "was role", "joined"
WITH, ANSWERED_BY = "decided with", "answered by"
PLACE = "place "
_TRACES = (WAS, WAS_ROLE, JOINED, WITH, ANSWERED_BY)


def trace(claim: IdentityClaim, name: str) -> str | None:
    """Read one trace; `None`: there is none."""
    return next((value for key, value in claim.evidence if key == name), None)


def untraced(claim: IdentityClaim) -> tuple[tuple[str, str], ...]:
    """Tell the evidence alone, which is what people want to see."""
    return tuple(
        (name, value)
        for name, value in claim.evidence
        if name not in _TRACES and not name.startswith(PLACE)
    )


def place_trace(anchor: Anchor) -> tuple[str, str]:
    """Note where a place hangs."""
    uvw = " ".join(map(repr, anchor.local_uvw or ()))
    return PLACE + anchor.id, f"{anchor.element_id} {uvw}".strip()


def traced_places(claim: IdentityClaim) -> dict[str, tuple[str, Point | None]]:
    """Tell where places hung: element id and place within its box, by the place's id."""
    found: dict[str, tuple[str, Point | None]] = {}
    for name, value in claim.evidence:
        if name.startswith(PLACE):
            element_id, *numbers = value.split(" ")
            uvw = (float(numbers[0]), float(numbers[1]), float(numbers[2])) if numbers else None
            found[name.removeprefix(PLACE)] = element_id, uvw
    return found
