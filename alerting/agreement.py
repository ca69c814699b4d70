"""Whether several points of a building confirm each other (多测点一致)."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from alerting.context import JoinContext
from domain.alerts import Alert, Contribution
from domain.findings import Cause
from domain.limits import Level

#: at least so many buildings must show a cause before it can be one that they share
BUILDINGS_FOR_SHARED_CAUSE = 3

#: causes that speak of instruments, and what a model thinks: silence, restarts and scores are never
#: red, and a restart waits at its own level for a person
NEVER_RED = frozenset({Cause.WATCH, Cause.RESTART, Cause.ASSESSMENT})


def holding(alert: Alert) -> bool:
    """Tell whether some point holds an alert at yellow or above now."""
    return any(c.level >= Level.YELLOW for c in alert.contributions)


@dataclass(frozen=True, slots=True)
class Showing:
    """Which buildings show each cause at yellow or above at this time."""

    buildings: Mapping[Cause, AbstractSet[str]]

    def shared(self, cause: Cause, context: JoinContext) -> bool:
        """Tell whether so many buildings show a cause that weather or the like explains it."""
        showing = len(self.buildings.get(cause, frozenset()))
        share = showing / max(len(context.buildings), 1)
        return showing >= BUILDINGS_FOR_SHARED_CAUSE and share > context.profile.number(
            "agreement.shared_share"
        )


def one_gateway(subjects: AbstractSet[str], context: JoinContext) -> bool:
    """Tell whether all points hang on one gateway (or are it)."""
    gateways = {context.gateway_of.get(subject, subject) for subject in subjects}
    return len(gateways) == 1


def level_of(
    contributions: tuple[Contribution, ...],
    cause: Cause,
    building_id: str,
    context: JoinContext,
    showing: Showing,
) -> Level:
    """Tell the level that contributions hold together: the worst, more when points agree.

    `agreement.points` different points at yellow or above raise it by `agreement.raise`, unless
    a shared cause explains them. Points whose compensation is not mature are no ground for more
    than yellow, and red takes one point that is orange by its own mature value. A finding about
    the building as a whole is no witness beside its own points.
    """
    worst = max((c.level for c in contributions), default=Level.NONE)
    if worst not in {Level.YELLOW, Level.ORANGE} or cause is Cause.RESTART:
        return worst
    if cause.of_installation:
        # its parts are no witnesses of each other
        return worst
    points = {
        c.subject for c in contributions if c.level >= Level.YELLOW and c.subject != building_id
    }
    if len(points) < context.profile.number("agreement.points"):
        return worst
    if cause in NEVER_RED and one_gateway(points, context):
        return worst
    if all(c.capped or c.immature for c in contributions if c.level == worst):
        return worst
    if showing.shared(cause, context):
        return worst
    raised = worst + int(context.profile.number("agreement.raise"))
    # red takes a point that is orange by itself, whatever the limits data say
    return Level(min(raised, Level.RED if worst == Level.ORANGE else Level.ORANGE))
