"""What the building page says of a building's own frequencies."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from domain.assessments import Verdict
from domain.buildings import Building
from domain.clock import DAY_NS
from domain.modal import MODE_AXES, is_modal
from domain.services import Services
from web.formats import local, quantity
from web.words import Words

#: an older mean says nothing of today
_OLD_NS = 3 * DAY_NS


@dataclass(frozen=True, slots=True)
class OwnFrequency:
    """Mean of a day of one mode, and how it changed beyond weather and amplitude."""

    mode: int
    text: str
    change: str


def own_frequencies(
    services: Services, building: Building, verdicts: Sequence[Verdict], words: Words
) -> list[OwnFrequency]:
    """Tell each mode's mean over the newest day, lowest first; none of what is older."""
    site = services.register.site(building.id)
    channels = sorted((c for c in site.channels if c.active and is_modal(c)), key=lambda c: c.axis)
    newest = services.readings.latest([c.id for c in channels]) if channels else {}
    of_channel = {verdict.channel_id: verdict for verdict in verdicts}
    found = []
    for channel in channels:
        last = newest.get(channel.id)
        if last is None or services.clock.now_ns() - last.taken_at_ns > _OLD_NS:
            continue
        day = services.readings.between(
            channel.id, last.taken_at_ns - DAY_NS + 1, last.taken_at_ns + 1
        )
        hertz = float(np.mean(day.value))
        text = quantity(hertz, "Hz", 0.01 if hertz >= 1.0 else 0.001)
        change = _change(of_channel.get(channel.id), words)
        found.append(OwnFrequency(MODE_AXES[channel.axis], text, change))
    return found


def _change(verdict: Verdict | None, words: Words) -> str:
    if verdict is None:
        return ""
    if verdict.since_ns is None:
        return words("assessment.own_steady")
    return words(
        "assessment.own_changed",
        change=quantity(verdict.effect, "%", 0.1, signed=True),
        since=f"{local(verdict.since_ns):%Y-%m-%d}",
    )
