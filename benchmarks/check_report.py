"""A report of a check-up with 100 photos: how long it takes, how large it is, what can be read."""

import io
import tempfile
import time
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pypdf
from PIL import Image

from app.compute import Compute
from app.report_making import Making, make
from benchmarks.report import Figure, report
from domain.attachments import Attachment, AttachmentKind, AttachmentState
from domain.buildings import Building
from domain.checkups import CheckCause, CheckClass, CheckUp, ResultClass
from domain.clock import DAY_NS
from domain.submissions import Answer, Submission
from domain.templates import Choice, Item, ItemKind, Part, Template
from lifecycle.report.facts import ReportFacts
from storage.files import FolderFiles

AT_NS = 1_795_413_900_000_000_000
PHOTOS, ITEMS, PAGES_MIN = 100, 150, 60
#: letters of a note: so many that the report has 60 pages
NOTE_LETTERS = 620
#: longest side of a public copy, px
SIDE_PX = (1600, 1200)


def run(*, quick: bool = False) -> dict[str, Any]:
    """Make the report in a process of its own, twice; the first one starts the process."""
    photos = 20 if quick else PHOTOS
    with tempfile.TemporaryDirectory(prefix="anju-bench-") as folder:
        files = FolderFiles(Path(folder) / "files")
        facts = _facts(files, photos)
        compute = Compute(1)
        try:
            times, contents, pages = [], [], 0
            for number in range(3):
                target = Path(folder) / f"{number}.pdf"
                task = Making(facts, Path(folder) / "files", target, "", "https://example.org/v/")
                began = time.perf_counter()
                made = next(result for _, result in compute.map(make, [task]))
                times.append(time.perf_counter() - began)
                contents.append(target.read_bytes())
                pages = made.pages
        finally:
            compute.close()
    text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(contents[0])).pages)
    said = text.count("墙面有细裂缝")
    return report(
        "check_report",
        [
            Figure("pages", pages, "", goal=None if quick else f">= {PAGES_MIN}"),
            Figure("photos", photos, ""),
            Figure("first report, with the process's start", times[0], "s", goal="< 10"),
            Figure("report", min(times[1:]), "s", goal="< 10"),
            Figure("size", len(contents[0]) / 1e6, "MB"),
            Figure("sentences read out of it", said, "", goal=f">= {ITEMS}"),
            Figure("different files of the same facts", len(set(contents)), "", goal="== 1"),
        ],
    )


def _facts(files: FolderFiles, photos: int) -> ReportFacts:
    rng = np.random.default_rng(1)
    pictures = []
    for number in range(photos):
        rows = rng.normal(128, 30, (SIDE_PX[1] // 4, SIDE_PX[0] // 4)).clip(0, 255)
        content = io.BytesIO()
        image = Image.fromarray(rows.astype(np.uint8)).resize(SIDE_PX).convert("RGB")
        image.save(content, "JPEG", quality=80)
        key = f"photos/{number}/public.jpg"
        files.put(key, content.getvalue())
        pictures.append(
            Attachment(
                f"p-{number}", "b", "c", AttachmentKind.PHOTO, "ab" * 32, 1, "image/jpeg", AT_NS,
                "demo", "u", taken_at_ns=AT_NS, item_id=f"i-{number % ITEMS}", caption="演示照片",
                marks='[{"kind": "arrow", "points": [[0.1, 0.1], [0.5, 0.5]], "text": "C-01"}]',
                mm_per_px=0.5, state=AttachmentState.READY, width_px=SIDE_PX[0],
                height_px=SIDE_PX[1], public_key=key,
            )
        )  # fmt: skip
    choices = (Choice("good", "完好", "sound"), Choice("bad", "损坏", "bad", 2))
    items = tuple(
        Item(f"i-{n}", f"演示项目 {n}", f"item {n}", ItemKind.CHOICE, choices=choices)
        for n in range(ITEMS)
    )
    form = Template(
        "f", 1, CheckClass.BASIC, "演示体检表", "demo", (Part("p", "主体", "p", items),)
    )
    note = ("墙面有细裂缝，" + "位置与走向见照片，未见继续发展的迹象，建议下次体检时复测。" * 40)[
        :NOTE_LETTERS
    ]
    answers = tuple(Answer(item.id, "bad", note) for item in items)
    check_up = CheckUp(
        "c", "b", CheckClass.BASIC, CheckCause.CYCLE, date(2026, 11, 30), AT_NS - DAY_NS, "plan"
    )
    sent = Submission(
        "s", "c", "b", "f", 1, "demo", "u", 1, AT_NS, AT_NS, AT_NS, ResultClass.MINOR, "cd" * 32,
        answers=answers, attachment_ids=tuple(one.id for one in pictures), conclusion=note,
    )  # fmt: skip
    house = Building("b", "演示-1", "演示楼", "演示路 1 号", "360102", "", "", 115.9, 28.7)
    facts = ReportFacts(house, check_up, sent, form, simulated="演示数据，全部为虚构")
    return replace(facts, pictures=tuple(pictures))
