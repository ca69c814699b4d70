"""The words of the pages: one catalogue a language, none missing, none unknown."""

import ast
import re
from pathlib import Path

import pytest
from jinja2 import nodes

from domain.access import Role, ScopeKind
from domain.accounts import Fate
from domain.alerts import AlertState, EventKind, NoticeState
from domain.buildings import HeritageClass
from domain.findings import Cause, Compensation
from domain.limits import Certainty, Level
from domain.sensors import SegmentReason
from web.render import environment
from web.words import LANGUAGES, Words, catalogue

WEB = Path(__file__).parents[2] / "web"
TEMPLATES = sorted(path.name for path in (WEB / "templates").glob("*.html"))
#: groups whose names are values of the domain -> those values
ENUMS = {
    "cause": Cause,
    "state": AlertState,
    "event": EventKind,
    "notice": NoticeState,
    "role": Role,
    "scope": ScopeKind,
    "fate": Fate,
    "heritage": HeritageClass,
    "compensation": Compensation,
    "certainty": Certainty,
    "segment": SegmentReason,
}


def test_both_languages_have_the_same_keys() -> None:
    assert set(catalogue("zh")) == set(catalogue("en"))


def test_both_languages_fill_in_the_same_values() -> None:
    for key, text in catalogue("zh").items():
        assert set(re.findall(r"{(\w+)}", text)) == set(
            re.findall(r"{(\w+)}", catalogue("en")[key])
        ), key


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_uses_only_words_of_the_catalogue(name: str) -> None:
    source = (WEB / "templates" / name).read_text("utf-8")
    for call in environment().parse(source).find_all(nodes.Call):
        if not (isinstance(call.node, nodes.Name) and call.node.name == "words"):
            continue
        key = call.args[0]
        if isinstance(key, nodes.Const):
            assert key.value in catalogue("zh"), (name, key.value)
        else:
            # `"level." ~ value`: the group must be there
            first = next(key.find_all(nodes.Const))
            assert any(k.startswith(first.value) for k in catalogue("zh")), (name, first.value)


def test_the_code_uses_only_words_of_the_catalogue() -> None:
    seen = 0
    for path in sorted(WEB.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == "words"
                and isinstance(node.args[0], ast.Constant)
            ):
                seen += 1
                assert node.args[0].value in catalogue("zh"), (path.name, node.args[0].value)
    assert seen > 20


def test_the_scripts_use_only_words_that_they_are_given() -> None:
    for script, group in (
        ("chart.js", "chart"),
        ("plot.js", "chart"),
        ("diagram.js", "chart"),
        ("map.js", "map"),
    ):
        source = (WEB / "static" / "js" / script).read_text("utf-8")
        used = set(re.findall(r"\bwords\.(\w+)", source))
        assert used <= set(Words("zh").group(group)), script


@pytest.mark.parametrize("group", ENUMS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_value_of_the_domain_has_a_word(group: str, language: str) -> None:
    words = Words(language)
    for value in ENUMS[group]:
        assert words.of(group, value.value, "") != "", value


def test_every_state_that_a_part_tells_of_itself_has_a_sentence() -> None:
    told, untold = set(), []
    for room in ("ingest", "storage", "app", "alerting"):
        for path in sorted((WEB.parent / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Health"):
                    continue
                part = node.args[0]
                by_name = [key.value for key in node.keywords if key.arg == "code"]
                code = by_name[0] if by_name else node.args[4] if len(node.args) > 4 else None
                if isinstance(code, ast.Constant):
                    # a part that is named by a variable speaks for any of them
                    name = part.value if isinstance(part, ast.Constant) else "any"
                    told.add((name.replace(" ", "_"), code.value))
                else:
                    untold.append((path.name, node.lineno))
    assert untold == [], "each state has a code of its own"
    assert len(told) >= 18
    for language in LANGUAGES:
        for part, code in told:
            assert part == "any" or Words(language).of("part", part, "") != "", part
            assert Words(language).of(f"health_said.{part}", code, "") != "", (part, code)


def test_every_role_is_told_what_it_may_do() -> None:
    for language in LANGUAGES:
        for role in Role:
            assert Words(language).of("role_may", role.value, "") != "", role


def test_every_level_has_a_word_of_its_own() -> None:
    for language in LANGUAGES:
        assert len({Words(language)(f"level.{level.word}") for level in Level}) == len(Level)


def test_an_unknown_language_reads_chinese() -> None:
    assert Words("fr")("level.red") == "红色预警"


def test_an_unknown_key_is_an_error_and_never_shown() -> None:
    with pytest.raises(KeyError):
        Words("zh")("no.such")


def test_templates_hold_no_script_and_no_style_of_their_own() -> None:
    for name in TEMPLATES:
        source = (WEB / "templates" / name).read_text("utf-8")
        assert "style=" not in source, name
        assert "<style" not in source, name
        assert not re.search(r"\son\w+=", source), name
        assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", source)), name


def test_nothing_in_the_pages_names_a_foreign_host() -> None:
    for path in sorted(WEB.rglob("*")):
        if path.suffix in {".html", ".js", ".css"} and "lib" not in path.parts:
            assert not re.search(r"https?://", path.read_text("utf-8")), path.name
