"""The report of a check-up as PDF and as a workbook: what it says, and that it says it always."""

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pypdf
import pytest
from PIL import Image

from domain.attachments import AttachmentState
from domain.submissions import Answer, Standing
from domain.templates import ItemKind
from lifecycle.report.document import write_report
from lifecycle.report.facts import ReportFacts
from lifecycle.report.fonts import USUAL, Letters, letters
from lifecycle.report.items import shown_answer
from lifecycle.report.workbook import write_workbook
from tests.report_samples import FACTS, FORM, SENT, always, photo, picture

PHOTO = photo(1, (800, 600))
NO_FONT = "-"


def text_of(path: Path) -> str:
    """Give all text of a PDF without the breaks of its lines."""
    pages = pypdf.PdfReader(path).pages
    return "".join("".join(page.extract_text().split()) for page in pages)


def made(
    folder: Path, facts: ReportFacts, font: Letters | None = None, content: bytes = PHOTO
) -> Path:
    path = folder / "report.pdf"
    write_report(facts, path, always(content), font)
    return path


def fonts_of(path: Path) -> dict[str, bool]:
    """Tell of each font whether its letters lie in the file."""
    found = {}
    for page in pypdf.PdfReader(path).pages:
        for font in page["/Resources"]["/Font"].values():
            one = font.get_object()
            inner = one.get("/DescendantFonts", [one])[0].get_object()
            descriptor = inner.get("/FontDescriptor", {})
            found[str(one["/BaseFont"])] = "/FontFile2" in descriptor
    return found


@pytest.fixture(params=["embedded", "viewer's"])
def font(request: pytest.FixtureRequest) -> Letters:
    if request.param == "viewer's":
        return letters(NO_FONT)
    if not any(Path(path).exists() for path in USUAL):
        pytest.skip("no Chinese font with TrueType outlines on this machine")
    return letters()


def test_everything_that_was_found_stands_in_the_report_and_can_be_read_out(
    tmp_path: Path, font: Letters
) -> None:
    text = text_of(made(tmp_path, FACTS, font))
    for said in (
        "房屋体检报告",
        "演示数据",
        "演示小区3号楼",
        "到期定期体检。距上次体检满5年",
        "演示体检机构",
        "2026-11-23",
        "三类：存在隐患，须鉴定",
        "7.4‰",
        "达到关注值7‰",
        "垂球法，东南角",
        "严重损坏（严重）",
        "P1D1",
        "每年+0.3mm",
        "东墙",
        "承重墙43",
        "东单元二层东侧房间停止使用",
        "2027-01-05前",
        "业主或使用人：演示业主",
        "01234-56789-ABCDE-FGHJK",
        "第1页共",
    ):
        assert "".join(said.split()) in text, said


def test_the_grade_stands_apart_with_its_report_number_and_the_result_is_none(
    tmp_path: Path,
) -> None:
    text = text_of(made(tmp_path, FACTS))
    assert "鉴定等级C级（JGJ125-2016）鉴定报告编号演示鉴字2025-001" in text
    assert "不是房屋危险性等级" in text
    without = text_of(made(tmp_path, replace(FACTS, appraisal=None)))
    assert "C级" not in without
    assert "尚无鉴定报告" in without


def test_real_data_bear_no_mark_of_a_demo(tmp_path: Path) -> None:
    facts = replace(FACTS, simulated="")
    assert "演示数据" not in text_of(made(tmp_path, facts))


def test_the_same_facts_give_the_same_bytes_and_others_do_not(
    tmp_path: Path, font: Letters
) -> None:
    first = made(tmp_path, FACTS, font).read_bytes()
    assert made(tmp_path, FACTS, font).read_bytes() == first
    changed = replace(FACTS, submission=replace(SENT, conclusion="另一个结论"))
    assert made(tmp_path, changed, font).read_bytes() != first


def test_letters_lie_in_the_file_where_a_font_is_found_and_the_viewer_has_them_elsewhere(
    tmp_path: Path, font: Letters
) -> None:
    found = fonts_of(made(tmp_path, replace(FACTS, pictures=(), plans=()), font))
    if font.embedded:
        assert any(whole for name, whole in found.items() if "STSong" not in name)
    else:
        assert {name for name in found if "STSong-Light" in name}
        assert not any(found.values())


@pytest.mark.parametrize("wrong", ["/no/such/font.ttf", __file__])
def test_a_font_that_is_not_there_or_none_leaves_the_letters_to_the_viewer(wrong: str) -> None:
    assert not letters(wrong).embedded


def test_rare_letters_and_emoji_are_not_lost(tmp_path: Path, font: Letters) -> None:
    odd = "业主𠮷㐂龘喆 😀👍🏽 <b>&amp;</b> \x00\x07\u202e‰ ²"
    submission = replace(SENT, conclusion=odd, by="演示员𠮷")
    facts = replace(FACTS, submission=submission, building=replace(FACTS.building, name=odd))
    text = text_of(made(tmp_path, facts, font))
    for letter in "𠮷㐂龘喆😀‰²":
        assert letter in text, letter
    assert "〔U+20BB7〕" in text
    assert "<b>&amp;</b>" in text
    assert "\u202e" not in text


def test_notes_of_ten_thousand_letters_are_all_there(tmp_path: Path) -> None:
    long = "".join(f"第{n:04}句说明很长的情况。" for n in range(800))[:10_000]
    answers = (
        Answer("settle", "good", long),
        Answer("note", long),
        Answer("unknown-item", "表外", long),
    )
    submission = replace(SENT, answers=answers, conclusion=long, measures=long)
    crack = replace(FACTS.defects[0], defect=replace(FACTS.defects[0].defect, note=long[:2_000]))
    facts = replace(FACTS, submission=submission, defects=(crack,))
    path = made(tmp_path, facts)
    text = text_of(path)
    for number in (0, 350, 700):
        assert text.count(f"第{number:04}句") >= 5, number
    assert len(pypdf.PdfReader(path).pages) > 10


def test_a_report_without_answers_form_photos_or_signatures_is_made_and_says_so(
    tmp_path: Path,
) -> None:
    bare = replace(
        SENT, answers=(), members=(), signatures=(), conclusion="", measures="", attachment_ids=(),
        defect_ids=(),
    )  # fmt: skip
    facts = replace(
        FACTS, submission=bare, template=None, firm=None, pictures=(), defects=(), plans=()
    )
    text = text_of(made(tmp_path, facts))
    for said in ("没有填写项目", "没有照片", "没有记录缺陷", "没有签名", "未填写"):
        assert said in text, said


def test_pictures_that_did_not_come_were_refused_or_are_broken_are_told_of(
    tmp_path: Path,
) -> None:
    pictures = (
        picture("p-1", state=AttachmentState.RECEIVING, public_key=""),
        picture("p-2", state=AttachmentState.REFUSED, public_key=""),
        picture("p-3"),
    )
    facts = replace(FACTS, pictures=pictures, missing=("p-9",))
    text = text_of(made(tmp_path, facts, content=b"\xff\xd8\xff broken"))
    assert "图片尚未收到" in text
    assert "图片未被接受，原件已留存" in text
    assert "图片无法读取" in text
    assert "有3张图片没有收到或未被接受" in text


def test_a_photo_goes_in_as_it_is(tmp_path: Path) -> None:
    path = made(tmp_path, FACTS)
    assert path.read_bytes().count(PHOTO) == 1  # it is one picture, drawn three times


@pytest.mark.parametrize(
    ("mode", "kind", "size"),
    [
        ("RGBA", "PNG", (300, 120)),
        ("P", "PNG", (20, 20)),
        ("L", "JPEG", (9, 9)),
        ("RGB", "JPEG", (1, 1)),
    ],
)
def test_pictures_of_other_kinds_are_drawn_too(
    tmp_path: Path, mode: str, kind: str, size: tuple[int, int]
) -> None:
    content = io.BytesIO()
    Image.new(mode, size).save(content, kind)
    path = made(tmp_path, FACTS, content=content.getvalue())
    assert "图片无法读取" not in text_of(path)
    images = {image.name for page in pypdf.PdfReader(path).pages for image in page.images}
    assert images


def test_two_pictures_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    contents = {"p-1": photo(1, (400, 300)), "p-2": photo(2, (400, 300))}
    write_report(FACTS, path, lambda one: contents.get(one.id))
    content = path.read_bytes()
    assert all(content.count(each) == 1 for each in contents.values())


def test_marks_that_make_no_sense_do_no_harm(tmp_path: Path) -> None:
    for marks in ("{", "[[]]", '[{"kind":"arrow","points":[[1e999,0],["x",1]]}]', "[" * 10_000):
        facts = replace(FACTS, pictures=(picture("p-1", marks=marks, mm_per_px=1e-9),))
        made(tmp_path, facts)


@pytest.mark.parametrize(
    ("standing", "said"),
    [
        (Standing.CONFLICT, "待裁定"),
        (Standing.REPLACED, "已被后来的提交更正"),
        (Standing.SET_ASIDE, "未被采纳"),
    ],
)
def test_a_submission_that_does_not_count_says_so_on_its_cover(
    tmp_path: Path, standing: Standing, said: str
) -> None:
    facts = replace(FACTS, submission=replace(SENT, standing=standing))
    assert said in text_of(made(tmp_path, facts))


def test_an_item_that_is_not_asked_is_told_apart_from_one_left_open(tmp_path: Path) -> None:
    answers = tuple(a for a in SENT.answers if a.item_id not in {"wall", "tilt"})
    text = text_of(made(tmp_path, replace(FACTS, submission=replace(SENT, answers=answers))))
    assert "裂缝记录不适用" in text
    assert "整体倾斜未填" in text


def test_without_a_plan_the_places_stand_in_a_list(tmp_path: Path) -> None:
    facts = replace(FACTS, plans=(), places=(("2 层", 1), ("6 层", 1)))
    text = text_of(made(tmp_path, facts))
    assert "D12层204室东侧" in text
    assert "6层1处" in text


def test_every_kind_of_item_has_words_for_every_value() -> None:
    for item in FORM.items:
        for value in (None, 1.0, "good", "no such choice", "=1+1"):
            assert shown_answer(item, Answer(item.id, value))
    assert {item.kind for item in FORM.items} >= {ItemKind.CHOICE, ItemKind.NUMBER, ItemKind.PHOTO}


def test_nothing_in_a_workbook_runs(tmp_path: Path) -> None:
    evil = '=HYPERLINK("http://evil.example","x")'
    submission = replace(
        SENT, conclusion=evil, by="+1", measures="@SUM(1)",
        answers=(Answer("note", evil, "-2+3"), Answer("http://evil.example", evil)),
    )  # fmt: skip
    content = write_workbook(replace(FACTS, submission=submission))
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        sheets = [n for n in book.namelist() if n.startswith("xl/worksheets/sheet")]
        whole = "".join(book.read(name).decode() for name in sheets)
        shared = book.read("xl/sharedStrings.xml").decode()
    assert "<f>" not in whole
    assert "hyperlink" not in whole
    assert "=HYPERLINK" in shared
    assert content == write_workbook(replace(FACTS, submission=submission))
