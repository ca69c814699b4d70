"""Made-up check-ups with answers, defects and photos, for the tests of reports."""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import numpy as np
from PIL import Image, ImageDraw

from domain.attachments import Attachment, AttachmentKind, AttachmentState
from domain.buildings import Appraisal, Building, Grade
from domain.checkups import CheckCause, CheckClass, CheckState, CheckUp, Firm, ResultClass, Tier
from domain.clock import DAY_NS, HOUR_NS
from domain.defect_chains import growth_of
from domain.defects import Defect
from domain.submissions import Answer, MemberCount, Signature, Submission
from domain.templates import Choice, Item, ItemKind, Part, Template, When
from lifecycle.report.facts import FoundDefect, Pin, Plan, ReportFacts

AT_NS = 1_795_413_900_000_000_000
HOUSE = Building(
    "b-1", "360102-演示-001", "演示小区 3 号楼", "演示路 1 号", "360102", "演示街道", "演示社区",
    115.89, 28.68, build_year=1986, structure="masonry", storeys_above=6, height_m=18.0,
    area_m2=2400.0,
)  # fmt: skip
GOOD, SLIGHT, BAD = (
    Choice("good", "完好", "sound", 0),
    Choice("slight", "轻微损坏", "slight", 1),
    Choice("bad", "严重损坏", "serious", 3),
)
CHOICES = (GOOD, SLIGHT, BAD)
DAMAGED = When("wall", ("slight", "bad"))
FORM = Template(
    "basic-demo", 2, CheckClass.BASIC, "基础体检表（演示）", "Basic check (demo)",
    (
        Part("ground", "地基基础", "Foundation", (
            Item("settle", "不均匀沉降迹象", "Settled", ItemKind.CHOICE, choices=CHOICES),
            Item("tilt", "整体倾斜", "Tilt", ItemKind.NUMBER, unit="‰", low=0.0, high=100.0,
                 attention=7.0, source="演示阈值"),
        )),
        Part("main", "主体结构", "Main structure", (
            Item("wall", "承重墙裂缝", "Cracks", ItemKind.CHOICE, choices=CHOICES),
            Item("width", "最大裂缝宽度", "Width", ItemKind.NUMBER, unit="mm", low=0.0, high=50.0),
            Item("cracks", "裂缝记录", "Cracks", ItemKind.DEFECTS, when=DAMAGED),
            Item("note", "其他情况", "Other", ItemKind.TEXT, required=False),
        )),
        Part("gas", "燃气与消防", "Gas", (
            Item("gas", "燃气管道", "Gas pipes", ItemKind.CHOICE, choices=(GOOD, BAD)),
            Item("front", "外观照片", "Front", ItemKind.PHOTO, photos_min=1),
        )),
    ),
    source="项目编制", made_at_ns=1, by="test",
)  # fmt: skip
CHECK_UP = CheckUp(
    "c-1", "b-1", CheckClass.BASIC, CheckCause.CYCLE, date(2026, 11, 30), AT_NS - 9 * DAY_NS,
    "plan", cause_text="距上次体检满 5 年", state=CheckState.DONE, firm_id="f-1",
    inspector_id="u-inspector", template_id="basic-demo", template_version=2, submission_id="s-1",
    result=ResultClass.DANGER, done_at_ns=AT_NS, version=3,
)  # fmt: skip
FIRM = Firm("f-1", "演示体检机构", Tier.BODY, qualification="演示资质 001")
REPORTED = Appraisal(
    "a-1", "b-1", "JGJ 125-2016", Grade.C, "演示鉴字 2025-001", "演示鉴定机构", date(2025, 3, 1),
    date(2030, 3, 1),
)  # fmt: skip
BEFORE = Defect(
    "d-0", "b-1", "an-1", "crack", 1, AT_NS - 365 * DAY_NS, "演示员甲", title="东墙裂缝 C-03",
    value=0.2, unit="mm", check_up_id="c-0", length_mm=600.0,
)  # fmt: skip
CRACK = Defect(
    "d-1", "b-1", "an-1", "crack", 2, AT_NS - HOUR_NS, "演示员甲", title="东墙裂缝 C-03", value=0.5,
    unit="mm", continues="d-0", check_up_id="c-1", length_mm=850.0, direction="diagonal",
    dangerous=True, note="自窗角斜向发展",
)  # fmt: skip
LEAK = Defect("d-2", "b-1", "an-2", "leak", 1, AT_NS - HOUR_NS, "演示员甲", check_up_id="c-1")
SENT = Submission(
    "s-1", "c-1", "b-1", "basic-demo", 2, "演示员甲", "u-inspector", 2, AT_NS - 2 * HOUR_NS,
    AT_NS - HOUR_NS, AT_NS, ResultClass.DANGER, "ab" * 32, 250,
    (
        Answer("settle", "good"),
        Answer("tilt", 7.4, "垂球法，东南角"),
        Answer("wall", "bad", attachment_ids=("p-1",), defect_ids=("d-1",)),
        Answer("width", 0.5),
        Answer("cracks", None, defect_ids=("d-1", "d-2")),
        Answer("note", "屋面有积水，顶层住户反映雨天渗漏。"),
        Answer("gas", "good"),
        Answer("front", None, attachment_ids=("p-2",)),
    ),
    (MemberCount(1, "bearing_wall", 43, 1), MemberCount(0, "foundation", 20)),
    conclusion="东墙裂缝一年内由 0.2 mm 发展到 0.5 mm，有危险迹象，应委托鉴定。",
    measures="东单元二层东侧房间停止使用，设置警示；一周内委托鉴定。", recheck_on=date(2027, 1, 5),
    defect_ids=("d-1", "d-2"), attachment_ids=("p-1", "p-2", "sig-1"),
    signatures=(
        Signature("inspector", "演示员甲", AT_NS - HOUR_NS, "sig-1"),
        Signature("owner", "演示业主", AT_NS - HOUR_NS),
    ),
    app="1",
)  # fmt: skip
MARKS = json.dumps(
    [
        {"kind": "arrow", "points": [[0.2, 0.2], [0.5, 0.5]], "text": "C-03 0.5 mm"},
        {"kind": "circle", "points": [[0.4, 0.4], [0.7, 0.8]]},
    ]
)
PLAN = Plan(
    "2 层",
    tuple(
        (f"20{n + 1} 室", ((4.0 * n, 0.0), (4.0 * n + 4, 0.0), (4.0 * n + 4, 6.0), (4.0 * n, 6.0)))
        for n in range(4)
    ),
    (("1", "x", 0.0), ("A", "y", 0.0)),
    (Pin("D1", 15.8, 3.0),),
)


def picture(
    picture_id: str, kind: AttachmentKind = AttachmentKind.PHOTO, **changed: object
) -> Attachment:
    """Make what is known of a picture that has arrived."""
    made = Attachment(
        picture_id, "b-1", "c-1", kind, "cd" * 32, 1000, "image/jpeg", AT_NS, "演示员甲",
        "u-inspector", taken_at_ns=AT_NS - HOUR_NS, state=AttachmentState.READY, width_px=1600,
        height_px=1200, public_key=f"attachments/{picture_id}/public.jpg",
        thumb_key=f"attachments/{picture_id}/thumb.jpg",
    )  # fmt: skip
    return replace(made, **changed)  # type: ignore[arg-type]


PICTURES = (
    picture("p-1", item_id="wall", defect_id="d-1", caption="东墙", marks=MARKS, mm_per_px=0.5),
    picture("p-2", item_id="front", caption="南立面"),
    picture("sig-1", AttachmentKind.SIGNATURE),
)
FACTS = ReportFacts(
    HOUSE, CHECK_UP, SENT, FORM, FIRM, REPORTED, PICTURES,
    defects=(
        FoundDefect(
            "D1", CRACK, "2 层 204 室 东侧", BEFORE,
            growth_of([(d.found_at_ns, d.value, d.unit) for d in (BEFORE, CRACK)]),
        ),
        FoundDefect("D2", LEAK, "6 层"),
    ),
    plans=(PLAN,), simulated="演示街区，全部房屋、读数和人员均为虚构",
    code="0123456789ABCDEFGHJK",
    verify_url="https://anju.example.org/verify/0123456789ABCDEFGHJK",
)  # fmt: skip


def photo(number: int = 0, size: tuple[int, int] = (1600, 1200), noise: int = 40) -> bytes:
    """Draw a JPEG that has about the size of a real one."""
    rows = np.random.default_rng(number).normal(128, noise, (size[1] // 2, size[0] // 2))
    grey = Image.fromarray(rows.clip(0, 255).astype(np.uint8))
    image = grey.resize(size).convert("RGB")
    draw = ImageDraw.Draw(image)
    draw.rectangle((100, 100, size[0] - 100, size[1] - 100), outline=(200, 190, 170), width=30)
    for step in range(20):
        draw.line(
            (200 + step * 40, 200, 260 + step * 45 + number, 1000), fill=(60, 50, 40), width=4
        )
    content = io.BytesIO()
    image.save(content, "JPEG", quality=75)
    return content.getvalue()


def always(content: bytes) -> Callable[[Attachment], bytes | None]:
    """Read the same picture whatever is asked."""
    return lambda _: content
