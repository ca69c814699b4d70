"""The report of a revision: what moved, changed, came and went."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from bim.changes import ChangeKind, revision_changes
from domain.errors import NotFound
from web.guard import PageRoute, building_for, services_of
from web.render import page

router = APIRouter(route_class=PageRoute)

#: rows that the page shows; the table to save has all
ROWS = 200


@router.get("/revisions/{revision_id}/changes")
def changes_page(
    request: Request, revision_id: str, kind: Annotated[str, Query(max_length=40)] = ""
) -> Response:
    """Show what a revision changed against the one before it."""
    models = services_of(request).models
    revision = models.revision(revision_id)
    model = models.model(revision.model_id) if revision else None
    if revision is None or model is None:
        raise NotFound(f"no revision {revision_id!r}")
    building = building_for(request, model.building_id, "models:read")
    report = revision_changes(models, revision)
    counts = report.counts
    kinds = [one for one in ChangeKind if counts[one.value]]
    chosen = next((one for one in kinds if one.value == kind), None)
    # what stayed is told by its number, and shown only when it is asked for
    rows = [
        row for row in report.rows if row.kind is (chosen or row.kind)
        and (chosen or row.kind is not ChangeKind.SAME)
    ]  # fmt: skip
    return page(
        request,
        "changes.html",
        active="buildings",
        building=building,
        model=model,
        report=report,
        counts=counts,
        kinds=kinds,
        kind=chosen.value if chosen else "",
        rows=rows[:ROWS],
        more=max(0, len(rows) - ROWS),
    )
