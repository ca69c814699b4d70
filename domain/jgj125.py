"""The counter of JGJ 125-2016: from counted members to what a report may say.

It computes what an appraiser enters. Only a signed appraisal sets a grade; what comes out here is
of a type of its own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.errors import InvalidInput
from domain.submissions import MemberCount

COUNT_MAX = 100_000
#: as many storeys as a house may have here, up and down
STOREY_MAX, BASEMENT_MAX = 200, 10
FOUNDATION_STOREY = 0


class FloorGrade(StrEnum):
    """Grade of the foundation layer or a storey (Au to Du); other standards use the same letters.

    Source: JGJ 125-2016 6.1.3.
    """

    AU = "Au"
    BU = "Bu"
    CU = "Cu"
    DU = "Du"


class ComputedClass(StrEnum):
    """What the counting comes to for the house; no grade, which only an appraisal gives."""

    A = "computed A"
    B = "computed B"
    C = "computed C"
    D = "computed D"


@dataclass(frozen=True, slots=True)
class MemberWeight:
    """How much a kind of member counts.

    Parameters
    ----------
    tenths
        Weight in tenths, so that sums are exact: 27 for 2.7.
    foundation
        Counted in the foundation layer, and only there.

    """

    kind: str
    zh: str
    en: str
    tenths: int
    source: str
    certainty: str
    foundation: bool = False


@dataclass(frozen=True, slots=True)
class MemberRules:
    """Weights and thresholds of the standard, from versioned data.

    Parameters
    ----------
    local_permille, whole_permille
        From here on a storey is Cu and Du; the same shares part the house's classes.
    du_share
        Of a C house at most one storey in so many may be Du.
    storeys_direct
        Houses of so many storeys may be graded directly by the extent of dangerous members.

    """

    id: str
    weights: tuple[MemberWeight, ...]
    local_permille: int
    whole_permille: int
    du_share: int
    storeys_direct: int
    sources: tuple[tuple[str, str, str], ...] = ()

    @property
    def by_kind(self) -> Mapping[str, MemberWeight]:
        """The weights by kind."""
        return {weight.kind: weight for weight in self.weights}


@dataclass(frozen=True, slots=True)
class LayerTally:
    """The foundation layer or one storey.

    Parameters
    ----------
    storey
        0 for the foundation, 1 and up above ground, -1 and down for basements.
    dangerous_tenths, total_tenths
        Weighted sums; of the foundation layer plain counts.
    ratio
        Rf or Rsi, 0 to 1.

    """

    storey: int
    dangerous_tenths: int
    total_tenths: int
    ratio: float
    grade: FloorGrade


@dataclass(frozen=True, slots=True)
class HouseTally:
    """What the counting comes to.

    Parameters
    ----------
    ratio
        R, 0 to 1; `None`: nothing was counted.
    du_layers, du_layers_max
        Layers that are Du, and how many a C house may have.
    computed
        `None` while nothing was counted and the soil is sound.
    rule
        Which rule decided: `soil`, `none dangerous`, `few`, `few but Du`, `local`, `too many Du`,
        `whole`, or empty.
    missing
        Layers of the house of which nothing was counted.
    direct
        The house is so low that the standard allows grading it directly.

    """

    layers: tuple[LayerTally, ...]
    ratio: float | None
    du_layers: int
    du_layers_max: float
    computed: ComputedClass | None
    rule: str
    missing: tuple[int, ...]
    direct: bool


def tally(
    members: Iterable[MemberCount],
    storeys_above: int,
    storeys_below: int,
    soil_dangerous: bool,
    rules: MemberRules,
) -> HouseTally:
    """Count a house.

    Parameters
    ----------
    members
        Several counts of one kind in one storey are added up.
    soil_dangerous
        The first stage: the soil is in a dangerous state, and the house is D at once.

    Raises
    ------
    InvalidInput
        When a count cannot be: more dangerous ones than there are, a kind or storey that the
        house does not have.

    Source
    ------
    JGJ 125-2016 6.2 and 6.3; the weights and shares are rows of the rules.

    """
    _within("storeys_above", storeys_above, 1, STOREY_MAX)
    _within("storeys_below", storeys_below, 0, BASEMENT_MAX)
    weights = rules.by_kind
    counted: dict[int, list[int]] = {}
    whole = [0, 0]
    for member in members:
        weight = _weight(member, weights, storeys_above, storeys_below)
        share = 1 if member.storey == FOUNDATION_STOREY else weight.tenths
        layer = counted.setdefault(member.storey, [0, 0])
        for sums, factor in ((layer, share), (whole, weight.tenths)):
            sums[0] += factor * member.dangerous
            sums[1] += factor * member.total
    layers = tuple(
        _layer(storey, dangerous, total, rules)
        for storey, (dangerous, total) in sorted(counted.items(), key=_from_below)
        if total
    )
    du_layers = sum(layer.grade is FloorGrade.DU for layer in layers)
    every = storeys_above + storeys_below + 1
    computed, rule = _computed(whole[0], whole[1], du_layers, every, soil_dangerous, rules)
    there = {layer.storey for layer in layers}
    wanted = [FOUNDATION_STOREY, *range(-storeys_below, 0), *range(1, storeys_above + 1)]
    return HouseTally(
        layers,
        whole[0] / whole[1] if whole[1] else None,
        du_layers,
        every / rules.du_share,
        computed,
        rule,
        tuple(storey for storey in wanted if storey not in there),
        storeys_above + storeys_below <= rules.storeys_direct,
    )


def _computed(
    dangerous: int, total: int, du_layers: int, every: int, soil_dangerous: bool, rules: MemberRules
) -> tuple[ComputedClass | None, str]:
    if soil_dangerous:
        return ComputedClass.D, "soil"
    if not total:
        return None, ""
    if not dangerous:
        return ComputedClass.A, "none dangerous"
    if 1000 * dangerous >= rules.whole_permille * total:
        return ComputedClass.D, "whole"
    if 1000 * dangerous >= rules.local_permille * total:
        if rules.du_share * du_layers <= every:
            return ComputedClass.C, "local"
        return ComputedClass.D, "too many Du"
    return (ComputedClass.C, "few but Du") if du_layers else (ComputedClass.B, "few")


def _layer(storey: int, dangerous: int, total: int, rules: MemberRules) -> LayerTally:
    if not dangerous:
        grade = FloorGrade.AU
    elif 1000 * dangerous < rules.local_permille * total:
        grade = FloorGrade.BU
    elif 1000 * dangerous < rules.whole_permille * total:
        grade = FloorGrade.CU
    else:
        grade = FloorGrade.DU
    return LayerTally(storey, dangerous, total, dangerous / total, grade)


def _weight(
    member: MemberCount, weights: Mapping[str, MemberWeight], above: int, below: int
) -> MemberWeight:
    weight = weights.get(member.kind)
    if weight is None:
        raise InvalidInput(f"kind must be one of {', '.join(weights)}, got {member.kind!r}", "kind")
    if weight.foundation != (member.storey == FOUNDATION_STOREY):
        raise InvalidInput(
            f"storey must be 0 for the foundation and only for it, got {member.storey} "
            f"for {member.kind!r}",
            "storey",
        )
    _within("storey", member.storey, -below, above)
    _within("total", member.total, 0, COUNT_MAX)
    if not 0 <= member.dangerous <= member.total:
        raise InvalidInput(
            f"dangerous must be 0 to {member.total}, got {member.dangerous} "
            f"({member.kind!r}, storey {member.storey})",
            "dangerous",
        )
    return weight


def _within(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise InvalidInput(f"{name} must be {low} to {high}, got {value}", name)


def _from_below(layer: tuple[int, list[int]]) -> tuple[bool, int]:
    """Sort the foundation first, then from the lowest basement up."""
    return layer[0] != FOUNDATION_STOREY, layer[0]
