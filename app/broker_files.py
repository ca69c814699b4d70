"""The first files of a mosquitto that knows each gateway: configuration, accounts, settings."""

import base64
import hashlib
import json
import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from domain.errors import Conflict, SettingsInvalid
from ingest.dynsec_plan import control_rules, ingest_rules

_CONF = Path(__file__).parent.parent / "deploy" / "mosquitto-dynsec.conf"
_PLUGIN = "mosquitto_dynamic_security.so"
#: where distributions put the plugin
_PLACES = ("/usr/lib", "/usr/local/lib", "/opt/homebrew/lib")
INGEST, CONTROL = "anju-ingest", "anju-control"
#: the plugin's own way of keeping passwords; ours are random, so that few rounds do
_ROUNDS = 101
_SALT_BYTES = 12


def write_broker(folder: Path, port: int, address: str = "127.0.0.1") -> Path:
    """Write a broker's first files into a folder, and return the settings file for Anju.

    Raises
    ------
    Conflict
        When the folder has some already: the accounts in them would be lost.
    SettingsInvalid
        When mosquitto's plugin is not installed, or the folder cannot be written.

    """
    plugin = find_plugin()
    folder = folder.absolute()
    settings = folder / "anju.toml"
    passwords = {name: secrets.token_urlsafe(24) for name in (INGEST, CONTROL)}
    conf = _CONF.read_text(encoding="utf-8")
    for name, value in (
        ("port", port),
        ("address", address),
        ("folder", folder),
        ("plugin", plugin),
    ):
        conf = conf.replace(f"{{{name}}}", str(value))
    if os.getuid() == 0:
        # as root mosquitto becomes its own user, who could not write to this folder
        conf += "user root\n"
    files = {
        folder / "mosquitto.conf": conf,
        folder / "dynamic-security.json": json.dumps(first_accounts(passwords), indent=1),
        settings: _settings(port, passwords),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in files:
            if path.exists():
                raise Conflict(f"{path} is there already; name another folder, or remove it")
        for path, text in files.items():
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(text)
    except OSError as error:
        raise SettingsInvalid(f"cannot write to {folder}: {error.strerror}") from error
    return settings


def find_plugin() -> Path:
    """Find mosquitto's dynamic-security plugin.

    Raises
    ------
    SettingsInvalid
        When it is not installed; the text says how to get it.

    """
    for place in _PLACES:
        for pattern in (_PLUGIN, f"*/{_PLUGIN}"):
            if found := sorted(Path(place).glob(pattern)):
                return found[0]
    raise SettingsInvalid(
        f"mosquitto's plugin {_PLUGIN} is not installed; get it with: "
        "sudo apt-get install mosquitto"
    )


def first_accounts(passwords: dict[str, str]) -> dict[str, Any]:
    """Write the plugin's first file: nobody may do anything but ingest and control."""
    return {
        "defaultACLAccess": {
            "publishClientSend": False,
            "publishClientReceive": True,
            "subscribe": False,
            "unsubscribe": True,
        },
        "clients": [_account(name, password) for name, password in passwords.items()],
        "groups": [],
        "roles": [_role(INGEST, ingest_rules()), _role(CONTROL, control_rules())],
    }


def _account(name: str, password: str) -> dict[str, Any]:
    salt = secrets.token_bytes(_SALT_BYTES)
    hashed = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ROUNDS)
    return {
        "username": name,
        "password": base64.b64encode(hashed).decode(),
        "salt": base64.b64encode(salt).decode(),
        "iterations": _ROUNDS,
        "roles": [{"rolename": name}],
    }


def _role(name: str, rules: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return {"rolename": name, "acls": list(rules)}


def _settings(port: int, passwords: dict[str, str]) -> str:
    return (
        "# Anju's side of the broker in this folder; it holds passwords\n"
        "[broker]\n"
        f'url = "mqtt://127.0.0.1:{port}"\n'
        f'username = "{INGEST}"\n'
        f'password = "{passwords[INGEST]}"\n'
        'accounts = "dynsec"\n'
        f'control_username = "{CONTROL}"\n'
        f'control_password = "{passwords[CONTROL]}"\n'
    )
