"""Limits in words, for the charts and the lists beside them."""

from typing import Any

from alerting.sources import source_word
from alerting.words import SHAPES, unit_word
from domain.limits import Limit
from web.words import Words


def limit_out(limit: Limit, words: Words) -> dict[str, Any]:
    """Write a limit: name, value, unit, what else it asks for, level with shape, source."""
    sign = ">" if limit.op == ">" else "≥"
    value = f"{sign} {limit.value:g} {unit_word(limit.unit, words.language)}"
    level = words(f"level.{limit.level.word}")
    asked = "".join(
        f", {part}" if words.language == "en" else f"，{part}" for part in _asked(limit, words)
    )
    return {
        "level": limit.level.word,
        "shape": SHAPES[limit.level],
        "value": value,
        "label": f"{level} {words.of('quantity', limit.quantity)} {value}{asked}",
        "source": source_word(limit.source, words.language),
        "certainty": words.of("certainty", limit.certainty.value),
        "rule": limit.id,
    }


def _asked(limit: Limit, words: Words) -> list[str]:
    """Say what a limit asks for beside its value."""
    said = [
        words(f"chart.lasting_{name}", n=int(n))
        for name in ("months", "days")
        if isinstance(n := limit.condition(name), int | float) and n > 1
    ]
    if width := limit.condition("crack_width_mm_above"):
        count = int(float(str(limit.condition("cracks_min", 1))))
        said.append(words("chart.with_cracks", n=count, mm=f"{width:g}"))
    if grown := limit.condition("growth_mm_min"):
        said.append(words("chart.with_growth", mm=f"{grown:g}"))
    return said
