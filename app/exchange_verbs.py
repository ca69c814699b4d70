"""The verbs `bim export`, `bim bcf` and `bim check`: hand over, exchange defects, see fitness."""

import json
import shutil
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from app.bim_verbs import BuildingNamed, SettingsFile, building_named, opened
from domain.bim_models import BimRevision
from domain.buildings import Building
from domain.errors import InvalidInput, NotFound
from domain.exchange import CheckState, TopicFate

if TYPE_CHECKING:
    from app.house import House

say = Console(stderr=True, highlight=False)

_BY = "command line"
AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]
RevisionId = Annotated[
    str, typer.Option("--revision", help="a revision's id; otherwise the one in use")
]
Out = Annotated[Path, typer.Option("--out", help="where to write; must not exist yet")]


def add_verbs(group: typer.Typer) -> None:
    """Put the verbs into the group `bim`."""
    group.command("export")(export)
    group.command("bcf")(bcf)
    group.command("check")(check)


def export(
    building: BuildingNamed,
    out: Out,
    revision: RevisionId = "",
    defects: Annotated[bool, typer.Option("--defects", help="write defects, too")] = False,
    settings: SettingsFile = None,
) -> None:
    """Hand a model over: a copy of its IFC file with what Anju knows, never readings."""
    _must_be_new(out)
    with opened(settings) as house:
        owner = building_named(house, building)
        found = _revision(house, owner, revision)
        made = house.exchange.export(owner, found, with_defects=defects)
        shutil.copyfile(made.path, out)
    say.print(f"{out}: {out.stat().st_size:,} bytes")


def bcf(
    building: BuildingNamed,
    out: Annotated[
        Path | None, typer.Option("--out", help="write the defects as BCF 3.0 to a new file")
    ] = None,
    read: Annotated[
        Path | None, typer.Option("--read", help="read topics of others (BCF 2.1 or 3.0)")
    ] = None,
    commit: Annotated[
        bool, typer.Option("--commit", help="write what was read; otherwise it is only shown")
    ] = False,
    update: Annotated[
        bool, typer.Option("--update", help="take over the status of known defects, too")
    ] = False,
    settings: SettingsFile = None,
) -> None:
    """Save a building's defects as BCF topics, or read topics of others."""
    if (out is None) == (read is None):
        raise InvalidInput("give either --out or --read")
    if out is not None:
        _must_be_new(out)
    with opened(settings) as house:
        owner = building_named(house, building)
        if out is not None:
            _, content = house.exchange.topics(owner)
            out.write_bytes(content)
            say.print(f"{out}: {len(content):,} bytes")
            return
        content = _content(read)
        desk = house.exchange
        found = (
            desk.import_topics(owner, content, _BY, update=update)
            if commit
            else desk.preview_topics(owner, content, _BY)
        )
    for row in found.rows:
        name = row.topic.title or row.topic.guid
        print(f"{row.fate.value:9}  {name}  {row.reason}".rstrip())  # noqa: T201 - the answer
    counts = ", ".join(f"{len(found.of(fate))} {fate.value}" for fate in TopicFate)
    say.print(counts + ("" if commit else "; nothing was written"))


def check(
    building: BuildingNamed,
    revision: RevisionId = "",
    ids: Annotated[
        Path | None, typer.Option("--ids", help="an IDS file; otherwise the one that is shipped")
    ] = None,
    as_json: AsJson = False,
    settings: SettingsFile = None,
) -> None:
    """Tell how fit a model is; exit code 1 when a check fails."""
    content = None if ids is None else _content(ids)
    with opened(settings) as house:
        owner = building_named(house, building)
        found = house.exchange.fitness(_revision(house, owner, revision), content)
    if as_json:
        print(json.dumps({"state": found.state, **asdict(found)}, ensure_ascii=False))  # noqa: T201 - the answer
    else:
        for each in found.checks:
            told = f"{each.failed} of {each.applicable}" if each.failed else f"{each.applicable}"
            print(f"{each.state.value:11}  {each.name}  {told}  {each.reason}".rstrip())  # noqa: T201 - the answer
        if not found.ids_read:
            say.print("the group ids is not installed: only our own checks were made")
    if found.state is CheckState.FAILED:
        sys.exit(1)


def _content(path: Path | None) -> bytes:
    if path is None or not path.is_file():
        raise InvalidInput(f"must name a file, got {str(path)!r}")
    return path.read_bytes()


def _revision(house: "House", building: Building, revision_id: str) -> BimRevision:
    models = house.records.models
    if revision_id:
        found = models.revision(revision_id)
        if found is None or models.building_of(found.model_id) != building.id:
            raise NotFound(f"no revision {revision_id!r} of building {building.id!r}")
        return found
    for model in models.models(building.id):
        if (live := models.live_revision(model.id)) is not None:
            return live
    raise NotFound(f"building {building.id!r} has no model in use")


def _must_be_new(path: Path) -> None:
    if path.exists():
        raise InvalidInput(f"{path} exists already")
