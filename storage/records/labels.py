"""Labels and the false-alarm budget in the records database: rows are added, never changed."""

from collections.abc import Sequence

from domain.budget import Budget
from domain.labels import Label
from storage.records import tables_assessments as tables
from storage.records.engine import Database
from storage.records.rows import Rows, among, check_text

LABELS = Rows(Label, tables.labels)
BUDGETS = Rows(Budget, tables.alarm_budgets, ("set_at_ns",))


class RecordsLabels:
    """Labels and budgets; a `domain.labels.LabelStore` and `domain.budget.BudgetStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, label: Label) -> None:
        """Keep a label; the same again changes nothing."""
        check_text(label)
        with self._database.writing() as connection:
            LABELS.insert_missing(connection, [label])

    def labels(
        self,
        *,
        building_ids: Sequence[str] | None = None,
        start_ns: int | None = None,
        end_ns: int | None = None,
    ) -> list[Label]:
        """List labels, oldest first."""
        c = tables.labels.c
        question = LABELS.select().order_by(c.at_ns, c.id)
        if start_ns is not None:
            question = question.where(c.at_ns >= start_ns)
        if end_ns is not None:
            question = question.where(c.at_ns < end_ns)
        with self._database.reading() as connection:
            if building_ids is not None:
                question = question.where(among(connection, c.building_id, building_ids))
            return LABELS.many(connection, question)

    def set_budget(self, budget: Budget) -> None:
        """Keep a new budget; the older ones stay."""
        check_text(budget)
        with self._database.writing() as connection:
            BUDGETS.upsert(connection, [budget])

    def budgets(self) -> list[Budget]:
        """List every budget that was ever set, newest first."""
        c = tables.alarm_budgets.c
        with self._database.reading() as connection:
            return BUDGETS.many(connection, BUDGETS.select().order_by(c.set_at_ns.desc()))
