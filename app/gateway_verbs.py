"""The verbs `gateway` and `broker`: register, hand over, replace, revoke; a broker's files."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from app.settings import load_settings
from domain.clock import to_datetime
from domain.credentials import GatewayCredential, HandOver, check_gateway_id
from domain.errors import Conflict, InvalidInput, NotFound, SettingsInvalid
from domain.sensors import Gateway

if TYPE_CHECKING:
    from app.house import House

gateways = typer.Typer(no_args_is_help=True, help="Gateways and what they log in with.")
broker = typer.Typer(no_args_is_help=True, help="An MQTT broker that knows each gateway.")
say = Console(stderr=True, highlight=False)

_BY = "command line"
_HOUR_S = 3600
SettingsFile = Annotated[
    Path | None, typer.Option("--settings", help="settings file; otherwise ANJU_SETTINGS")
]
Id = Annotated[str, typer.Argument(help="the gateway's id, such as g-7")]
Save = Annotated[
    Path | None,
    typer.Option("--save", help="write what the gateway needs to a new file only you can read"),
]
ShowQr = Annotated[bool, typer.Option("--qr", help="draw the QR code in the terminal too")]


@gateways.command("add")
def add(
    gateway_id: Id,
    name: Annotated[str, typer.Option(help="name that people see; otherwise the id")] = "",
    shard: Annotated[int, typer.Option(min=0, max=65535, help="shard that serves it")] = 0,
    save: Save = None,
    qr: ShowQr = False,
    settings: SettingsFile = None,
) -> None:
    """Register a gateway, make its secret and print it, this once."""
    check_gateway_id(gateway_id)
    _must_be_new(save)
    with _house(settings) as house:
        register = house.records.register
        if register.gateway(gateway_id) is None:
            register.put_gateway(Gateway(gateway_id, name or gateway_id, shard), _BY)
        _hand_over(house.provisioning.make(gateway_id, _BY), save, qr)


@gateways.command("rotate")
def rotate(
    gateway_id: Id,
    overlap: Annotated[
        float, typer.Option(help="hours that the old secret goes on being valid at most; 0: none")
    ] = 24.0,
    until_used: Annotated[
        bool, typer.Option(help="the old one ends when the new one is first used")
    ] = True,
    save: Save = None,
    qr: ShowQr = False,
    settings: SettingsFile = None,
) -> None:
    """Replace a gateway's secret and print the new one, this once."""
    _must_be_new(save)
    with _house(settings) as house:
        given = house.provisioning.rotate(
            gateway_id, _BY, round(overlap * _HOUR_S), until_used=until_used
        )
        _hand_over(given, save, qr)
        if given.old_until_ns is None:
            say.print("the old secret is not valid any more")
        else:
            say.print(f"the old secret is valid until {_moment(given.old_until_ns)} at the latest")


@gateways.command("revoke")
def revoke(
    gateway_id: Id,
    reason: Annotated[str, typer.Option(help="why; it is kept", prompt=True)],
    settings: SettingsFile = None,
) -> None:
    """Refuse a gateway within seconds, on its open connection too."""
    with _house(settings) as house:
        house.provisioning.revoke(gateway_id, _BY, reason)
    say.print(f"gateway {gateway_id} is refused from now on")


@gateways.command("list")
def list_gateways(settings: SettingsFile = None) -> None:
    """List the gateways and the state of their secrets."""
    with _house(settings) as house:
        held: dict[str, list[GatewayCredential]] = {}
        for one in house.provisioning.credentials():
            held.setdefault(one.gateway_id, []).append(one)
        for gateway in house.records.register.gateways():
            state = _state(house, held.get(gateway.id, []))
            closed = "" if gateway.active else " (closed)"
            print(f"{gateway.id}\t{gateway.name}{closed}\t{state}")  # noqa: T201


@gateways.command("show-qr")
def show_qr(
    file: Annotated[Path, typer.Argument(help="file that --save wrote")],
) -> None:
    """Draw the QR code of a saved hand-over; Anju itself keeps no secret that it could show."""
    from app.hand_over import terminal_qr  # noqa: PLC0415

    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"cannot read {file}: {error}") from error
    if "GATEWAY_SECRET=" not in text:
        raise InvalidInput(f"{file} is not what --save wrote: it has no GATEWAY_SECRET")
    print(terminal_qr(text))  # noqa: T201


@broker.command("init")
def init(
    folder: Annotated[Path, typer.Argument(help="folder for the broker's files")],
    port: Annotated[int, typer.Option(min=1, max=65535, help="port to listen on")] = 1883,
    address: Annotated[
        str, typer.Option(help="address to listen on; 0.0.0.0: every one")
    ] = "127.0.0.1",
) -> None:
    """Write the first files of a mosquitto with an account for each gateway."""
    from app.broker_files import write_broker  # noqa: PLC0415

    settings = write_broker(folder, port, address)
    say.print(f"start it:     mosquitto -c {settings.parent / 'mosquitto.conf'}", soft_wrap=True)
    say.print(f"tell Anju:    export ANJU_SETTINGS={settings}", soft_wrap=True)


def _hand_over(given: HandOver, save: Path | None, qr: bool) -> None:
    if save is None:
        print(given.text, end="")  # noqa: T201
    else:
        try:
            with os.fdopen(os.open(save, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
                out.write(given.text)
        except OSError as error:
            # the secret exists already: better on the terminal than lost
            print(given.text, end="")  # noqa: T201
            raise SettingsInvalid(f"cannot write {save}: {error.strerror}") from error
        say.print(f"written to {save}", soft_wrap=True)
    if qr:
        from app.hand_over import terminal_qr  # noqa: PLC0415

        print(terminal_qr(given.text))  # noqa: T201


def _must_be_new(save: Path | None) -> None:
    if save is not None and save.exists():
        raise Conflict(f"{save} is there already; name another file")
    if save is not None and not save.absolute().parent.is_dir():
        raise NotFound(f"there is no folder {save.absolute().parent}")


def _state(house: "House", held: list[GatewayCredential]) -> str:
    valid = house.provisioning.valid(held)
    if not held:
        return "no secret yet"
    if not valid:
        last = held[-1]
        why = f" ({last.reason})" if last.reason else ""
        return f"revoked{why}" if last.revoked_at_ns is not None else "ended"
    shown = []
    for one in valid:
        used = (
            "never used" if one.last_used_at_ns is None else f"used {_moment(one.last_used_at_ns)}"
        )
        end = "" if one.ends_at_ns is None else f", ends {_moment(one.ends_at_ns)}"
        shown.append(f"{one.prefix}… {used}{end}")
    return "; ".join(shown)


def _moment(at_ns: int) -> str:
    return f"{to_datetime(at_ns):%Y-%m-%d %H:%M} UTC"


@contextlib.contextmanager
def _house(path: Path | None) -> "Iterator[House]":
    from app.house import House  # noqa: PLC0415 - heavy
    from app.logs import set_up_logs  # noqa: PLC0415

    settings = load_settings(path)
    set_up_logs(settings.log, 30)
    house = House(settings, frozenset())
    house.start()
    try:
        yield house
    finally:
        house.stop()
