"""The command line: every verb of `./anju`."""

import contextlib
import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from rich.console import Console

from app.bim_verbs import bim
from app.exchange_verbs import add_verbs
from app.gateway_verbs import broker, gateways
from app.settings import Settings, load_settings
from domain.clock import SystemClock
from domain.errors import InvalidInput, NotFound, SafetyError

cli = typer.Typer(
    name="anju",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Anju 安居 watches a city's dangerous buildings.",
)
say = Console(stderr=True, highlight=False)

if TYPE_CHECKING:
    from app.beside import Beside
    from app.broker import BrokerChoice

SettingsFile = Annotated[
    Path | None, typer.Option("--settings", help="settings file; otherwise ANJU_SETTINGS")
]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]


def main() -> None:
    """Run one verb; what a user can mend is one line, and exit code 2."""
    try:
        cli()
    except SafetyError as error:
        say.print(f"[bold red]anju:[/] {error}", soft_wrap=True)
        sys.exit(2)


def _run(settings: Settings, roles: frozenset[str], *, beside: "Beside | None" = None) -> None:
    from app.collector import calm_collector  # noqa: PLC0415
    from app.house import House, Role  # noqa: PLC0415 - heavy; the other verbs start faster
    from app.logs import set_up_logs  # noqa: PLC0415

    set_up_logs(settings.log)
    house = House(settings, frozenset(Role(role) for role in roles))
    house.start()
    calm_collector()
    signal.signal(signal.SIGTERM, lambda *_: house.end())
    signal.signal(signal.SIGINT, lambda *_: house.end())
    if "serve" in roles:
        say.print(f"Anju: {house.address}")
    try:
        with beside.running(house.end) if beside else contextlib.nullcontext():
            house.wait()
    finally:
        house.stop()
    if beside is not None and beside.refused:
        sys.exit(beside.refused)


@cli.command()
def up(
    together: Annotated[
        bool, typer.Option("--together", help="all in one process: slower, takes less memory")
    ] = False,
    settings: SettingsFile = None,
) -> None:
    """Run everything: what takes readings in in a process of its own, the rest in another."""
    roles = frozenset({"ingest", "analyse", "notify", "serve", "jobs"})
    if together:
        _run(load_settings(settings), roles)
        return
    from app.beside import Beside  # noqa: PLC0415

    command = [sys.executable, "-m", "app", "ingest"]
    command += ["--settings", str(settings)] if settings else []
    _run(load_settings(settings), roles - {"ingest"}, beside=Beside(command))


@cli.command()
def ingest(settings: SettingsFile = None) -> None:
    """Run the role that takes readings from the broker into the spool."""
    _run(load_settings(settings), frozenset({"ingest"}))


@cli.command()
def analyse(settings: SettingsFile = None) -> None:
    """Run the role that stores and judges what the spool holds."""
    _run(load_settings(settings), frozenset({"analyse"}))


@cli.command()
def notify(settings: SettingsFile = None) -> None:
    """Run the role that sends notices."""
    _run(load_settings(settings), frozenset({"notify"}))


@cli.command()
def serve(settings: SettingsFile = None) -> None:
    """Run the API and the pages."""
    _run(load_settings(settings), frozenset({"serve"}))


@cli.command()
def jobs(settings: SettingsFile = None) -> None:
    """Run the role that does timed work: the nightly assessment of every building, the weather."""
    _run(load_settings(settings), frozenset({"jobs"}))


@cli.command()
def demo(
    once: Annotated[
        bool, typer.Option("--once", help="play the story once at full speed, then say how it went")
    ] = False,
    as_json: AsJson = False,
    days: Annotated[
        int | None, typer.Option(min=1, help="play only the first days of the story")
    ] = None,
    speed: Annotated[
        float, typer.Option(min=0.01, help="virtual hours a second once the live desk is up")
    ] = 1.0,
    separate: Annotated[
        bool, typer.Option("--separate", help="run each role in a process of its own")
    ] = False,
    broker: Annotated[
        str, typer.Option(help="where the gateways publish: door or mosquitto")
    ] = "door",
    port: Annotated[int, typer.Option(help="port of the pages")] = 8480,
    folder: Annotated[
        Path | None, typer.Option(help="where the demo keeps its files; otherwise a fresh one")
    ] = None,
) -> None:
    """Show the main job over a simulated neighbourhood."""
    from app.demo import play_live, play_once  # noqa: PLC0415 - heavy
    from app.logs import set_up_logs  # noqa: PLC0415

    if broker not in {"door", "mosquitto"}:
        raise typer.BadParameter(f"broker must be door or mosquitto, got {broker!r}")
    where = cast("BrokerChoice", broker)
    set_up_logs("text", 30)
    # ended from outside it takes down what it started, as with Ctrl-C
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    settings = load_settings()
    if not once:
        play_live(settings, folder, port=port, speed=speed, say=say.print, broker=where)
        return
    report = play_once(settings, folder, days=days, separate=separate, broker=where, console=say)
    if as_json:
        print(json.dumps(report.as_dict(), ensure_ascii=False, indent=2))  # noqa: T201
    else:
        report.print(say)
    sys.exit(0 if report.held else 1)


@cli.command()
def replay(
    alert: Annotated[str, typer.Argument(help="id of an alert about a building")],
    as_json: AsJson = False,
    settings: SettingsFile = None,
) -> None:
    """Make the decision of an alert again from stored raw readings; exit 0 when it agrees."""
    from app.house import House  # noqa: PLC0415 - heavy

    house = House(load_settings(settings), frozenset())
    house.start()
    try:
        found = house.replayer.replay(alert)
    finally:
        house.stop()
    if as_json:
        lines = [
            {
                "finding": line.finding.id,
                "rule": line.finding.rule,
                "subject": line.finding.subject_name,
                "level": line.finding.level.word,
                "value": line.finding.value,
                "unit": line.finding.unit,
                "profile": line.finding.profile,
                "agrees": line.agrees,
                "differs": line.text,
            }
            for line in found.lines
        ]
        shown = {"alert": alert, "agrees": found.agrees, "findings": lines}
        print(json.dumps(shown, ensure_ascii=False, indent=2))  # noqa: T201
    else:
        for line in found.lines:
            mark = "[green]agrees[/]" if line.agrees else "[bold red]differs[/]"
            f = line.finding
            say.print(f"{mark} {f.rule} {f.subject_name} {f.level.word} {f.value:g} {f.unit}")
            if line.text:
                say.print(f"  {line.text}", soft_wrap=True)
        print("agrees" if found.agrees else "differs")  # noqa: T201
    sys.exit(0 if found.agrees else 1)


people = typer.Typer(no_args_is_help=True, help="Accounts of people.")
keys = typer.Typer(no_args_is_help=True, help="API keys of machines.")
cli.add_typer(people, name="user")
cli.add_typer(keys, name="key")
cli.add_typer(gateways, name="gateway")
cli.add_typer(broker, name="broker")
add_verbs(bim)
cli.add_typer(bim, name="bim")


@people.command("add")
def user_add(
    name: Annotated[str, typer.Argument(help="name to log in with")],
    role: Annotated[str, typer.Option(help="administrator, duty officer, inspector, …")],
    scope: Annotated[
        list[str] | None, typer.Option(help="city, district:CODE, street:NAME or building:ID")
    ] = None,
    password: Annotated[
        str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True, envvar="PASSWORD")
    ] = "",
    display: Annotated[str, typer.Option(help="name that people see")] = "",
    settings: SettingsFile = None,
) -> None:
    """Make an account."""
    from app.people import add_user  # noqa: PLC0415

    with _records(settings) as (records, identity):
        user = add_user(
            records.access,
            identity,
            name,
            password,
            role=role,
            scopes=scope or ["city"],
            display_name=display,
        )
    say.print(f"user {user.name}: {user.role}, {', '.join(scope or ['city'])}")


@people.command("list")
def user_list(settings: SettingsFile = None) -> None:
    """List the accounts."""
    with _records(settings) as (records, _):
        for user in records.access.users():
            scopes = ", ".join(f"{s.kind}:{s.value}".rstrip(":") for s in user.scopes)
            state = "" if user.active else " (closed)"
            print(f"{user.name}\t{user.role}\t{scopes}{state}")  # noqa: T201


@keys.command("add")
def key_add(
    user: Annotated[str, typer.Argument(help="name of the account that it acts for")],
    name: Annotated[str, typer.Argument(help="what it is for")],
    settings: SettingsFile = None,
) -> None:
    """Make an API key and print it, this once."""
    with _records(settings) as (records, identity):
        found = records.access.user_named(user)
        if found is None:
            raise NotFound(f"no user {user!r}")
        text, _ = identity.make_key(found.id, name, "command line")
    print(text)  # noqa: T201


@cli.command("import")
def import_buildings(
    file: Annotated[Path, typer.Argument(help="CSV or XLSX with one building a row")],
    commit: Annotated[bool, typer.Option("--commit", help="write; otherwise only look")] = False,
    settings: SettingsFile = None,
) -> None:
    """Look at a table of buildings row by row, and take it in when all of it is right."""
    from domain.building_import import preview  # noqa: PLC0415
    from storage.sheets import read_sheet  # noqa: PLC0415

    try:
        content = file.read_bytes()
    except OSError as error:
        raise InvalidInput(f"cannot read {file}: {error.strerror}") from error
    rows = read_sheet(file.name, content)
    with _records(settings) as (records, _):
        found = preview(rows, records.register.building_codes(), SystemClock().now_ns())
        for problem in found.problems:
            say.print(f"row {problem.row}, {problem.column}: {problem.message_en}")
        say.print(f"{len(found.buildings)} buildings, {len(found.problems)} problems")
        if found.problems:
            raise InvalidInput("nothing was taken in; mend the rows above and try again")
        if commit:
            records.register.put_buildings(found.buildings, "command line")
            say.print("taken in")
        else:
            say.print("nothing written yet; --commit takes them in")


@contextlib.contextmanager
def _records(path: Path | None) -> Iterator[tuple[Any, Any]]:
    """Open the records and the accounts on them for one verb."""
    from app.house import House  # noqa: PLC0415 - heavy

    house = House(load_settings(path), frozenset())
    house.start()
    try:
        yield house.records, house.identity
    finally:
        house.stop()


@cli.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def bench(
    name: Annotated[
        str, typer.Argument(help="bim, decode, door, faults, ingest, inspect, judge, store, wave …")
    ],
    as_json: AsJson = False,
    quick: Annotated[bool, typer.Option("--quick", help="a short form, under a minute")] = False,
    write: Annotated[
        Path | None, typer.Option(help="a file for what the models page shows; curve only")
    ] = None,
) -> None:
    """Measure one part beside a peer or a limit in the same run."""
    import importlib  # noqa: PLC0415
    import inspect  # noqa: PLC0415

    known = sorted(
        path.stem
        for path in (Path(__file__).parent.parent / "benchmarks").glob("*.py")
        if "\ndef run(" in path.read_text(encoding="utf-8")
    )
    if name not in known:
        raise typer.BadParameter(f"must be one of {', '.join(known)}, got {name!r}")
    report = importlib.import_module("benchmarks.report")
    run = importlib.import_module(f"benchmarks.{name}").run
    if write is None:
        found = run(quick=quick)
    elif "write" in inspect.signature(run).parameters:
        found = run(quick=quick, write=write)
    else:
        raise typer.BadParameter(f"--write is for the bench curve, got {name!r}")
    report.show(found, as_json=as_json)


@cli.command("setup-pages", hidden=True)
def setup_pages() -> None:
    """Fetch the pages' libraries when they are missing."""
    from app.pages_setup import fetch_libraries  # noqa: PLC0415

    fetch_libraries(Path(__file__).parent.parent, say.print)


@cli.command("docs", hidden=True)
def docs() -> None:
    """Print again the pages under docs/ that come from the code."""
    from analytics.limits import load_profile  # noqa: PLC0415
    from analytics.limits.page import render  # noqa: PLC0415
    from app.settings import page  # noqa: PLC0415

    root = Path(__file__).parent.parent / "docs"
    (root / "settings.md").write_text(page(), encoding="utf-8")
    (root / "limits.md").write_text(render(load_profile()), encoding="utf-8")
