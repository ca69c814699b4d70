"""Import of buildings from a table: what is wrong row by row, and all rows or none."""

from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, UploadFile
from pydantic import BaseModel, Field

from api.fields import Out
from api.permission import Given, may
from api.problem import problems
from domain.access import Caller
from domain.building_import import ImportPreview, RowProblem, preview
from domain.errors import InvalidInput
from domain.services import Services

router = APIRouter(prefix="/buildings/import", tags=["buildings"])
log = structlog.get_logger()

#: rows with problems that are told at once
PROBLEMS_TOLD = 500
UPLOAD_PROBLEMS = problems(400, 401, 403, 409, 413, 422, 503)


class RowProblemOut(Out):
    """Something wrong in one cell."""

    row: int = Field(description="in the sheet; the header is row 1")
    column: str
    message_zh: str
    message_en: str


class Previewed(BaseModel):
    """What an import would do; with any problem nothing is imported."""

    ok: bool
    rows: int = Field(description="rows with anything in them")
    buildings: int = Field(description="rows without problems")
    problems: list[RowProblemOut] = Field(description=f"the first {PROBLEMS_TOLD}")
    problem_count: int
    duplicates: list[str] = Field(description="codes that stand in several rows")
    existing: list[str] = Field(description="codes that the register has already")


class Imported(BaseModel):
    """The buildings that were imported."""

    ids: list[str]


@router.post("/preview", responses=UPLOAD_PROBLEMS)
def preview_import(
    file: UploadFile,
    services: Given,
    who: Annotated[Caller, Depends(may("register:write"))],
) -> Previewed:
    """Tell what importing a CSV or XLSX would do; nothing is written."""
    found, wrong = _read(services, who, file)
    return Previewed(
        ok=bool(found.buildings) and not wrong,
        rows=found.rows,
        buildings=len(found.buildings),
        problems=[RowProblemOut.model_validate(each) for each in wrong[:PROBLEMS_TOLD]],
        problem_count=len(wrong),
        duplicates=list(found.duplicates),
        existing=list(found.existing),
    )


@router.post("", status_code=201, responses=UPLOAD_PROBLEMS)
def import_buildings(
    file: UploadFile,
    services: Given,
    who: Annotated[Caller, Depends(may("register:write"))],
) -> Imported:
    """Import a CSV or XLSX: all its rows, or none when anything is wrong with one."""
    found, wrong = _read(services, who, file)
    if wrong:
        first = wrong[0]
        raise InvalidInput(
            f"nothing was imported: {len(wrong)} problems, "
            f"first in row {first.row}, column {first.column!r}: {first.message_en}",
            "file",
        )
    if not found.buildings:
        raise InvalidInput("nothing was imported: the table has no rows", "file")
    services.register.put_buildings(found.buildings, who.name)
    log.info("buildings imported", count=len(found.buildings), by=who.user_id)
    return Imported(ids=[building.id for building in found.buildings])


def _read(
    services: Services, caller: Caller, file: UploadFile
) -> tuple[ImportPreview, list[RowProblem]]:
    """Read a table and tell what is wrong with it, the caller's scopes included.

    Raises
    ------
    InvalidInput
        When it is no table, or its columns are not those of buildings.

    """
    rows = services.read_sheet(file.filename or "", file.file.read())
    codes = services.register.building_codes()
    found = preview(rows, codes, services.clock.now_ns())
    outside = {
        building.code
        for building in found.buildings
        if not any(scope.covers(building) for scope in caller.scopes)
    }
    if not outside:
        return found, list(found.problems)
    foreign = [
        RowProblem(number, "", "不在您负责的区域内", "lies outside your part of the city")
        for number, row in enumerate(rows, 2)
        if outside & {cell.strip() for cell in row.values()}
    ]
    return found, sorted([*found.problems, *foreign], key=lambda each: each.row)
