"""Which element is linked to which entity, while that is being found out."""

from dataclasses import dataclass, field

from domain.claims import ClaimMethod


@dataclass(slots=True)
class Links:
    """What was linked, and why the rest that nearly was is not.

    Parameters
    ----------
    to_new
        Place in the new table and what it rests on, by place in the old one.
    doubts
        Why a pair was not linked: a word the pages know.

    """

    to_new: dict[int, tuple[int, ClaimMethod]] = field(default_factory=dict)
    to_old: dict[int, int] = field(default_factory=dict)
    doubts: dict[tuple[int, int], str] = field(default_factory=dict)

    def add(self, here: int, there: int, method: ClaimMethod) -> None:
        """Link two that were free."""
        self.to_new[here], self.to_old[there] = (there, method), here

    def drop(self, here: int, why: str) -> int:
        """Take a link back, and say why; tells whose it was."""
        there, _ = self.to_new.pop(here)
        del self.to_old[there]
        self.doubts[here, there] = why
        return there

    def free(self, here: int, there: int) -> bool:
        """Tell whether neither is linked."""
        return here not in self.to_new and there not in self.to_old
