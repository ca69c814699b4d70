"""The verbs `bim add`, `bim list` and `bim status`: models from the command line."""

import contextlib
import logging
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import structlog
import typer
from rich.console import Console

from app.settings import load_settings
from domain.bim_models import BimModel, BimRevision, MeshState, RevisionState
from domain.buildings import Building
from domain.clock import to_datetime
from domain.errors import InvalidInput, ModelRejected, NotFound, StoreUnavailable
from domain.ids import new_id

if TYPE_CHECKING:
    from app.house import House

bim = typer.Typer(no_args_is_help=True, help="Models of buildings (IFC).")
say = Console(stderr=True, highlight=False)

_BY = "command line"
_LOOK_EVERY_S = 0.3
#: a file that nobody has begun after so long waits for a process that is not there
_BEGUN_S = 30.0
_UNFINISHED = (MeshState.WAITING, MeshState.CONVERTING)
SettingsFile = Annotated[
    Path | None, typer.Option("--settings", help="settings file; otherwise ANJU_SETTINGS")
]
BuildingNamed = Annotated[str, typer.Argument(help="the building's id or code")]


@bim.command("add")
def add(
    building: BuildingNamed,
    file: Annotated[Path, typer.Argument(help="an IFC file, or one in a zip")],
    model: Annotated[
        str, typer.Option("--model", help="the model's name; made when there is none of it")
    ] = "",
    wait: Annotated[bool, typer.Option("--wait", help="until it is read and converted")] = False,
    settings: SettingsFile = None,
) -> None:
    """Upload a file as the next revision of a model, and print the revision's id."""
    with opened(settings) as house:
        found = _model(house, building_named(house, building), model)
        try:
            with file.open("rb") as content:
                kept, new = house.model_desk.submit(found, file.name, content, _BY)
        except OSError as error:
            raise InvalidInput(f"cannot read {file}: {error.strerror}") from error
        if not new:
            say.print(f"the newest revision of {found.name!r} is of the same file")
        print(kept.id)  # noqa: T201 - the answer
        if wait:
            kept = _follow(house, kept)
            if kept.state is RevisionState.REJECTED:
                raise ModelRejected(kept.reason_code, f"{kept.reason_code}: {kept.reason}")


@bim.command("list")
def list_models(building: BuildingNamed, settings: SettingsFile = None) -> None:
    """List a building's models and their revisions, newest first; `*` marks the one in use."""
    with opened(settings) as house:
        models = house.records.models
        for model in models.models(building_named(house, building).id):
            print(f"{model.name}\t{model.discipline}\t{model.id}")  # noqa: T201 - the answer
            live = models.live_revision(model.id)
            for revision in models.revisions(model.id):
                mark = "*" if live is not None and live.id == revision.id else " "
                print(f"{mark} {revision.id}\t{_line(revision)}")  # noqa: T201 - the answer


@bim.command("status")
def status(
    revision: Annotated[str, typer.Argument(help="the revision's id")],
    settings: SettingsFile = None,
) -> None:
    """Tell how far a revision is, or why it was rejected."""
    with opened(settings) as house:
        found = house.records.models.revision(revision)
        if found is None:
            raise NotFound(f"no revision {revision!r}")
        rows = [
            ("file", f"{found.file_name}, {found.file_bytes:,} bytes, sha256 {found.file_sha256}"),
            ("uploaded", f"{to_datetime(found.at_ns):%Y-%m-%d %H:%M} UTC by {found.by}"),
            ("state", found.state.value),
            ("shapes", found.mesh.value),
            ("progress", f"{found.done} of {found.of}" if found.of else ""),
            ("reason", f"{found.reason_code}: {found.reason}" if found.reason_code else ""),
            ("schema", " ".join((found.ifc_schema, found.authoring_app)).strip()),
            ("elements", str(found.elements)),
            ("storeys", str(found.storeys)),
            *(("warning", f"{code}: {detail}") for code, detail in found.warnings),
        ]
        for name, value in rows:
            if value:
                print(f"{name}\t{value}")  # noqa: T201 - the answer


def _line(revision: BimRevision) -> str:
    words = [f"{revision.number}", revision.file_name, revision.state.value]
    if revision.state is not RevisionState.REJECTED:
        words.append(f"shapes {revision.mesh.value}")
    if revision.of:
        words.append(f"{revision.done} of {revision.of}")
    if revision.elements:
        words.append(f"{revision.elements} elements")
    if revision.reason_code:
        words.append(f"{revision.reason_code}: {revision.reason}")
    return "\t".join(words)


def building_named(house: "House", named: str) -> Building:
    """Find a building by its id or code."""
    register = house.records.register
    found = register.building(named)
    if found is None:
        by_code = register.building_codes().get(named)
        found = register.building(by_code) if by_code else None
    if found is None:
        raise NotFound(f"no building with the id or code {named!r}")
    return found


def _model(house: "House", building: Building, name: str) -> BimModel:
    """Find the model that is meant, or make it."""
    models = house.records.models.models(building.id)
    if not name and len(models) > 1:
        names = ", ".join(repr(one.name) for one in models)
        raise InvalidInput(f"--model must name one of the building's models: {names}")
    for one in models:
        if one.name == name or not name:
            return one
    now_ns = house.clock.now_ns()
    made = BimModel(new_id(now_ns), building.id, name or building.name, made_at_ns=now_ns, by=_BY)
    house.records.models.put_model(made, _BY)
    return made


def _follow(house: "House", revision: BimRevision) -> BimRevision:
    """Tell how far a revision is until nothing is left to do."""
    started, shown = time.monotonic(), ""
    while True:
        now = house.records.models.revision(revision.id) or revision
        line = _line(now).replace("\t", ", ")
        if line != shown:
            say.print(line)
            shown = line
        ready = now.state is RevisionState.READY and now.mesh not in _UNFINISHED
        if ready or now.state is RevisionState.REJECTED:
            return now
        if now.state is RevisionState.QUEUED and time.monotonic() - started > _BEGUN_S:
            raise StoreUnavailable(
                f"nobody has begun it for {_BEGUN_S:.0f} s: it stays queued until "
                "./anju up or ./anju jobs runs"
            )
        time.sleep(_LOOK_EVERY_S)


@contextlib.contextmanager
def opened(path: Path | None) -> "Iterator[House]":
    """Open the stores of the settings, for as long as a verb needs them."""
    from app.house import House  # noqa: PLC0415 - heavy

    # standard output is what was asked for; only what went wrong is told beside it
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    house = House(load_settings(path), frozenset())
    house.start()
    try:
        yield house
    finally:
        house.stop()
