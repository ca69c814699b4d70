"""What somebody found out about an alert, put beside the score that was known then."""

from domain.alerts import Alert
from domain.assessed import AssessmentStore
from domain.assessments import SuspectedGrade
from domain.errors import InvalidInput
from domain.ids import same_id
from domain.labels import Label, Outcome


def label_of(
    alert: Alert,
    outcome: Outcome,
    note: str,
    by: str,
    at_ns: int,
    assessments: AssessmentStore,
) -> Label:
    """Make a label; its score is the one that held when the alert was opened.

    Raises
    ------
    InvalidInput
        When the alert is about the installation: its causes are measured, not suspected.

    """
    if alert.of_installation:
        raise InvalidInput("outcome belongs to an alert about a building", "outcome")
    known = assessments.history(alert.building_id, as_of_ns=alert.opened_at_ns, limit=1)
    made = known[0].assessment if known else None
    if made is not None and made.suspected is SuspectedGrade.CANNOT_JUDGE:
        made = None
    return Label(
        same_id("label", alert.id, outcome, by, at_ns),
        alert.id,
        alert.building_id,
        alert.cause.value,
        outcome,
        at_ns,
        by,
        note,
        made.score if made else None,
        made.id if made else "",
        made.model if made else "",
    )
