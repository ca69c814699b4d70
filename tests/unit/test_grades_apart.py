"""Grade, suspected grade and level stay three types, and only an appraisal sets a grade."""

import ast
from pathlib import Path

from domain.buildings import Appraisal, Building, Grade
from domain.findings import Finding, SuspectedGrade
from domain.limits import Level

ROOT = Path(__file__).parents[2]
ROOMS = ("domain", "ingest", "analytics", "alerting", "storage", "api", "web", "app")

#: the way of an appraisal: its record, its form at the API, its row in the database
MAY_MAKE_A_GRADE = {
    "domain/buildings.py",
    "api/routes/appraisals.py",
}


def test_the_three_share_no_type_and_no_word() -> None:
    assert not issubclass(SuspectedGrade, Grade)
    assert not issubclass(Grade, SuspectedGrade)
    assert not {g.value for g in Grade} & {s.value for s in SuspectedGrade}
    assert not {g.value.lower() for g in Grade} & {level.word for level in Level}


def test_a_model_can_never_say_a_or_b() -> None:
    assert {s.value for s in SuspectedGrade} == {
        "none",
        "suspected C",
        "suspected D",
        "cannot judge",
    }


def test_only_an_appraisal_carries_a_grade() -> None:
    assert Appraisal.__dataclass_fields__["grade"].type in (Grade, "Grade")
    for record in (Building, Finding):
        assert not [n for n, f in record.__dataclass_fields__.items() if "Grade" in str(f.type)]


def test_no_code_makes_a_grade_outside_the_path_of_an_appraisal() -> None:
    found = []
    for room in ROOMS:
        for file in sorted((ROOT / room).rglob("*.py")):
            name = file.relative_to(ROOT).as_posix()
            if name in MAY_MAKE_A_GRADE or "static/lib" in name:
                continue
            # `Grade(x)`: a grade made out of something else
            found += [
                f"{name}:{node.lineno}"
                for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
                if isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == "Grade"
            ]
    assert found == []


def test_no_file_handles_both_a_suspicion_and_the_making_of_an_appraisal() -> None:
    for room in ROOMS:
        for file in sorted((ROOT / room).rglob("*.py")):
            text = file.read_text(encoding="utf-8")
            assert not ("SuspectedGrade" in text and "Appraisal(" in text), file
