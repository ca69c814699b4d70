"""Lists cut to buildings of some age and structure, as the figures of check-ups lead to them."""

from dataclasses import dataclass

from fastapi import Request

from domain.buildings import Building
from lifecycle.build_years import load_build_years
from web.words import Words


@dataclass(frozen=True, slots=True)
class HouseFilter:
    """What a list of buildings, or of what belongs to them, is cut to.

    Parameters
    ----------
    built
        Key of a band of build years; what is not known counts as not given.
    structure
        As in the register; empty: any.

    """

    built: str = ""
    structure: str = ""

    @property
    def given(self) -> bool:
        """Tell whether anything is cut away."""
        return bool(self.built or self.structure)

    @property
    def query(self) -> dict[str, str]:
        """Tell what of it stands in an address."""
        told = {"built": self.built, "structure": self.structure}
        return {name: value for name, value in told.items() if value}

    def fits(self, building: Building) -> bool:
        """Tell whether a building is meant."""
        years = load_build_years()
        if self.built and years.key_of(building.build_year) != self.built:
            return False
        return not self.structure or building.structure == self.structure


def house_filter(request: Request) -> HouseFilter:
    """Read the filter of an address."""
    built = request.query_params.get("built", "")
    structure = request.query_params.get("structure", "")[:40]
    return HouseFilter(built if built in load_build_years().keys else "", structure)


def built_words(key: str, words: Words) -> str:
    """Tell a band of build years in words.

    Examples
    --------
    >>> built_words("-1980", Words("en")), built_words("2011-", Words("zh"))
    ('until 1980', '2011 年以后')

    """
    first, _, last = key.partition("-")
    if first and last:
        return words("built.between", first=first, last=last)
    if last:
        return words("built.until", last=last)
    return words("built.since", first=first) if first.isdecimal() else words("built.unknown")


def house_words(house: HouseFilter, words: Words) -> list[str]:
    """Tell in words what a list is cut to."""
    told = [built_words(house.built, words)] if house.built else []
    return told + ([words.of("structure", house.structure)] if house.structure else [])
