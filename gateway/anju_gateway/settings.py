"""What a gateway must be told, from one file or from variables."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_NEEDED = ("GATEWAY_URL", "GATEWAY_ID", "GATEWAY_SECRET", "GATEWAY_BASE")
_KNOWN = (*_NEEDED, "GATEWAY_CA_FILE", "GATEWAY_BUFFER", "GATEWAY_MQTT")


class SettingsWrong(Exception):
    """A setting is missing or wrong; the text names it."""


@dataclass(frozen=True)
class Settings:
    """All that a gateway needs to connect.

    Parameters
    ----------
    url
        `mqtts://host:port`, or `mqtt://host:port` without encryption.
    id, secret
        What it logs in with.
    base
        Its base topic.
    ca_file
        Certificates that are trusted, PEM; empty: the system's own.
    buffer
        File that keeps readings until Anju has them.
    mqtt
        5, or 3 for version 3.1.1.

    """

    url: str
    id: str
    secret: str = field(repr=False)
    base: str
    ca_file: str = ""
    buffer: str = "anju-gateway.db"
    mqtt: int = 5

    def __post_init__(self) -> None:
        """Check what was given.

        Raises
        ------
        SettingsWrong
            When a value cannot be used.

        """
        try:
            parts = urlsplit(self.url)
            port = parts.port
        except ValueError as error:
            raise SettingsWrong(f"GATEWAY_URL: {error}") from error
        if parts.scheme not in _PORTS or not parts.hostname or port == 0:
            raise SettingsWrong(
                f"GATEWAY_URL must be mqtts://host:port or mqtt://host:port, got {self.url!r}"
            )
        if not self.secret:
            raise SettingsWrong("GATEWAY_SECRET must be some text, got none")
        if not self.id or self.base.rpartition("/")[2] != self.id:
            raise SettingsWrong(
                f"GATEWAY_BASE must end in the gateway's id {self.id!r}, got {self.base!r}"
            )
        if self.mqtt not in {3, 5}:
            raise SettingsWrong(f"GATEWAY_MQTT must be 5 or 3, got {self.mqtt!r}")

    @property
    def host(self) -> str:
        """The broker's host."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """The broker's port."""
        parts = urlsplit(self.url)
        return parts.port or _PORTS[parts.scheme]

    @property
    def tls(self) -> bool:
        """The connection is encrypted."""
        return urlsplit(self.url).scheme == "mqtts"

    @classmethod
    def read(
        cls, file: str | Path | None = None, variables: Mapping[str, str] = os.environ
    ) -> "Settings":
        """Read a hand-over file of `NAME=value` lines; variables of the same names win.

        Parameters
        ----------
        file
            `None`: the one that `GATEWAY_FILE` names, if any.

        Raises
        ------
        SettingsWrong
            When the file cannot be read, or a value is missing or wrong.

        """
        named = file if file is not None else variables.get("GATEWAY_FILE")
        values = _lines(Path(named)) if named else {}
        values |= {name: variables[name] for name in _KNOWN if name in variables}
        if missing := [name for name in _NEEDED if not values.get(name)]:
            where = f"in {named}" if named else "as variables, and GATEWAY_FILE names no file"
            raise SettingsWrong(f"{', '.join(missing)} must be given {where}")
        mqtt = values.get("GATEWAY_MQTT", "5")
        return cls(
            url=values["GATEWAY_URL"],
            id=values["GATEWAY_ID"],
            secret=values["GATEWAY_SECRET"],
            base=values["GATEWAY_BASE"],
            ca_file=values.get("GATEWAY_CA_FILE", ""),
            buffer=values.get("GATEWAY_BUFFER", "anju-gateway.db"),
            mqtt=int(mqtt) if mqtt.isdecimal() else -1,
        )


def _lines(path: Path) -> dict[str, str]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsWrong(f"cannot read {path}: {error}") from error
    pairs = (line.partition("=") for line in text.splitlines() if not line.startswith("#"))
    return {name.strip(): value.strip() for name, mark, value in pairs if mark}
