"""Check-ups, forms and photos for tests."""

import hashlib
import io
from datetime import date, timedelta
from typing import Any

from fastapi.testclient import TestClient
from PIL import Image

from domain.attachments import Attachment, AttachmentKind
from domain.check_cycles import AnnualPlan, CycleProfile, TriggerRow
from domain.check_ports import Consequences
from domain.checkups import (
    AppraisalOrder,
    CheckCause,
    CheckClass,
    CheckState,
    CheckUp,
    Firm,
    ResultClass,
    Tier,
)
from domain.submissions import Standing, Submission
from domain.templates import Choice, Item, ItemKind, Part, Template
from storage.records.records import Records
from tests.api_city import DISTRICTS, NOW_NS, City

DAY = date(2026, 11, 23)
#: 2026-11-23 06:00 UTC, when the test city's clock stands still
SENT_AT = "2026-11-23T06:00:00Z"
FORM = Template(
    "basic-test", 1, CheckClass.BASIC, "基础体检（测试）", "Basic check-up (test)",
    (Part("structure", "结构", "structure", (
        Item("cracks", "裂缝", "cracks", ItemKind.CHOICE,
             choices=(Choice("none", "无", "none"), Choice("many", "多", "many", 3))),
        Item("width", "宽度", "width", ItemKind.NUMBER, unit="mm", low=0.0, high=50.0),
    )),),
)  # fmt: skip
CYCLES = CycleProfile(
    "test-cycles", 1, date(2026, 1, 1), (),
    triggers=(
        TriggerRow(CheckCause.DANGER_FOUND, CheckClass.SPECIAL, 15),
        TriggerRow(CheckCause.CONFLICT, CheckClass.SPECIAL, 20),
        TriggerRow(CheckCause.ALERT, CheckClass.SPECIAL, 3),
        TriggerRow(CheckCause.INSURER, CheckClass.SPECIAL, 30),
    ),
    appraise_within_days=30, recheck_within_days=180, conflict_days=90, made_at_ns=1,
)  # fmt: skip


def add_rules(records: Records) -> None:
    """Keep a form and a cycle profile."""
    records.check_plans.put_template(FORM, "test")
    records.check_plans.put_profile(CYCLES, "test")


def add_checks(city: City) -> None:
    """Give each district `ck-PLACE`, submission `sub-PLACE`, order `o-PLACE`, photo `p-PLACE`.

    Also a firm `fi-PLACE` and an annual plan `ap-PLACE`.
    """
    add_rules(city.records)
    for place, code in DISTRICTS.items():
        firm = Firm(f"fi-{place}", f"演示机构 {place}", Tier.BODY, (code,), ("u-inspector",))
        city.records.checks.put_firm(firm, "test")
        plan = AnnualPlan(f"ap-{place}", 2027, code, "test-cycles 1", NOW_NS, f"planner {place}")
        city.records.check_plans.put_plan(plan, [], "test")
        checks, of = city.records.checks, check_up(f"ck-{place}", place, cause_text=f"周期 {place}")
        checks.put_check_up(of, "test")
        sent = Submission(
            f"sub-{place}", of.id, of.building_id, FORM.id, 1, f"inspector {place}", "u-inspector",
            1, NOW_NS - 2, NOW_NS - 1, NOW_NS, ResultClass.DANGER, "5" * 64,
            conclusion=f"承重墙裂缝 {place}", standing=Standing.CONFLICT,
        )  # fmt: skip
        order = AppraisalOrder(f"o-{place}", of.building_id, of.id, "裂缝", NOW_NS, DAY, "test")
        checks.take(Consequences((sent,), orders=(order,)), "test")
        content = jpeg()
        picture = Attachment(
            f"p-{place}", of.building_id, of.id, AttachmentKind.PHOTO,
            hashlib.sha256(content).hexdigest(), len(content), "image/jpeg", NOW_NS,
            f"inspector {place}", "u-inspector",
        )  # fmt: skip
        city.services.attachment_desk.declare(picture)
        city.services.attachment_desk.append(picture.id, 0, content)


def check_up(id_: str = "ck-1", place: str = "near", **changes: Any) -> CheckUp:
    """Make a check-up of a building of the test city."""
    told: dict[str, Any] = {
        "check_class": CheckClass.BASIC,
        "cause": CheckCause.CYCLE,
        "due_on": DAY + timedelta(days=7),
        "opened_at_ns": 1,
        "by": "plan",
        "state": CheckState.PLANNED,
        "tier": Tier.BODY,
        "template_id": FORM.id,
        "template_version": FORM.version,
    }
    return CheckUp(id_, f"b-{place}", **(told | changes))


def submission(result: int = 1, **changes: Any) -> dict[str, Any]:
    """Make what a phone sends."""
    return {
        "template_id": FORM.id,
        "template_version": 1,
        "base_version": 1,
        "begun_at": "2026-11-23T05:00:00Z",
        "ended_at": "2026-11-23T05:40:00Z",
        "sent_at": SENT_AT,
        "answers": [{"item_id": "cracks", "value": "none"}],
        "result": result,
        "conclusion": "",
        "app": "test",
    } | changes


def send(client: TestClient, check_up_id: str, id_: str, body: dict[str, Any]) -> Any:
    """Send a submission."""
    return client.put(f"/api/v1/check-ups/{check_up_id}/submissions/{id_}", json=body)


def jpeg(width: int = 64, height: int = 48, **options: Any) -> bytes:
    """Make a photo."""
    picture = Image.effect_noise((width, height), 60).convert("RGB")
    return encoded(picture, "JPEG", **options)


def encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    """Encode a picture."""
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def declared(content: bytes, check_up_id: str = "ck-1", **changes: Any) -> dict[str, Any]:
    """Make the declaration of a photo."""
    return {
        "check_up_id": check_up_id,
        "kind": "photo",
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes_total": len(content),
        "content_type": "image/jpeg",
    } | changes


def piece(client: TestClient, id_: str, offset: int, content: bytes) -> Any:
    """Send a piece of a photo."""
    return client.patch(
        f"/api/v1/attachments/{id_}",
        content=content,
        headers={
            "Upload-Offset": str(offset),
            "Content-Type": "application/offset+octet-stream",
        },
    )


def upload(client: TestClient, id_: str, content: bytes, **changes: Any) -> dict[str, Any]:
    """Declare a photo and send it whole."""
    answer = client.put(f"/api/v1/attachments/{id_}", json=declared(content, **changes))
    assert answer.status_code in {200, 201}, answer.text
    answer = piece(client, id_, 0, content)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told
