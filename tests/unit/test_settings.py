"""Settings: wrong ones stop the start with one line that names them."""

from pathlib import Path

import pytest

from app.settings import Settings, load_settings, page
from domain.errors import SettingsInvalid

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in list(os.environ):
        if name.startswith("ANJU_"):
            monkeypatch.delenv(name)


def test_without_a_file_everything_has_a_default() -> None:
    settings = load_settings()
    assert settings.broker.url == "door://127.0.0.1:1883"
    assert not settings.door.open
    assert settings.readings_url.startswith("duckdb:///")


def test_a_variable_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "anju.toml"
    file.write_text('[web]\nport = 9000\n[broker]\nurl = "mqtt://broker:1884"\n')
    monkeypatch.setenv("ANJU_WEB__PORT", "9001")
    monkeypatch.setenv("ANJU_SETTINGS", str(file))
    settings = load_settings()
    assert settings.web.port == 9001
    assert settings.broker.url == "mqtt://broker:1884"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ANJU_WEB__PORT", "99999", "web.port"),
        ("ANJU_WEB__PORT", "door", "web.port"),
        ("ANJU_BROKER__URL", "http://x", "broker.url: must be door://host:port"),
        ("ANJU_BROKER__URL", "mqtt://x:port", "broker.url"),
        ("ANJU_BROKER__COLOUR", "blue", "broker.colour"),
        ("ANJU_BROKRE__URL", "mqtt://x", "ANJU_BROKRE__URL: no such setting"),
        ("ANJU_INGEST__LATE_S", "-5", "ingest.late_s"),
    ],
)
def test_a_wrong_setting_is_named_with_its_value(
    name: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsInvalid) as raised:
        load_settings()
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)
    if "no such" not in said:
        assert value in str(raised.value)


def test_a_secret_is_never_in_the_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANJU_READINGS__TOKEN", "hush-canary")
    monkeypatch.setenv("ANJU_WEB__PORT", "door")
    with pytest.raises(SettingsInvalid) as raised:
        load_settings()
    assert "hush-canary" not in str(raised.value)
    monkeypatch.delenv("ANJU_WEB__PORT")
    assert "hush-canary" not in repr(load_settings())


def test_a_file_that_is_no_toml_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "anju.toml"
    file.write_text("port = = 3")
    monkeypatch.setenv("ANJU_SETTINGS", str(file))
    with pytest.raises(SettingsInvalid, match=r"anju\.toml"):
        load_settings()


@pytest.mark.parametrize(
    ("url", "fits"),
    [
        ("door://127.0.0.1:1883", True),
        ("door://127.8.8.8:1883", True),
        ("door://[::1]:1883", True),
        ("door://localhost:1883", True),
        ("mqtt://broker:1883", True),  # then the door is not used
        ("door://0.0.0.0:1883", False),
        ("door://192.168.1.5:1883", False),
        ("door://[::]:1883", False),
        ("door://gateways.example:1883", False),
    ],
)
def test_an_open_door_may_only_listen_on_this_machine(
    url: str, fits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANJU_DOOR__OPEN", "true")
    monkeypatch.setenv("ANJU_BROKER__URL", url)
    if fits:
        assert load_settings().door.open
        return
    with pytest.raises(SettingsInvalid, match=r"door\.open"):
        load_settings()


def test_a_missing_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANJU_SETTINGS", "/nowhere/anju.toml")
    with pytest.raises(SettingsInvalid, match=r"/nowhere/anju\.toml"):
        load_settings()


def test_the_docs_page_lists_every_setting() -> None:
    assert (ROOT / "docs" / "settings.md").read_text(encoding="utf-8") == page()


def test_every_setting_says_what_it_means() -> None:
    for name, field in Settings.model_fields.items():
        parts = getattr(field.annotation, "model_fields", {name: field})
        for key, part in parts.items():
            assert part.description, f"{name}.{key}"
