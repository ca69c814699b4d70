"""Check-ups of the demo's earlier years: made here, sent in the way that a phone sends them."""

import hashlib
from dataclasses import replace

from app.demo_photos import crack_photo, side_photo, signature
from app.house import House
from domain.access import Caller
from domain.anchors import Anchor, PickedBy
from domain.attachments import Attachment, AttachmentKind
from domain.buildings import Building
from domain.checkups import CheckUp, ResultClass
from domain.clock import DAY_NS, HOUR_NS, MINUTE_NS
from domain.defects import Defect
from domain.ids import same_id
from domain.submissions import Answer, Sent, Signature, Submission
from domain.templates import ItemKind, Template
from lifecycle.forms import asked
from lifecycle.results import day_of

#: items that are answered otherwise than with the mildest choice
_ANSWERS: dict[str, str] = {
    "drawings": "part", "survey": "none", "kind": "masonry", "walls": "hair", "lift_there": "no",
    "apron": "slight",
}  # fmt: skip
_PICTURE_BYTES = 256 * 1024


class PastChecks:
    """Fills in forms of check-ups that were done before the story.

    Parameters
    ----------
    who
        The inspector who did them.

    """

    def __init__(self, house: House, building: Building, who: Caller) -> None:
        self._house, self._building, self._who = house, building, who

    def send(self, check_up: CheckUp, at_ns: int, width_mm: float, again: int, before: str) -> str:
        """Do a check-up as a phone does: its pictures, then its form; tells the crack's id.

        Parameters
        ----------
        again
            Days until somebody is to come again.
        before
            The crack as it was found before; empty: found first.

        """
        template = self._house.records.check_plans.template(
            check_up.template_id, check_up.template_version
        )
        assert template is not None  # noqa: S101 - shipped
        anchor, defect = self._found(check_up, at_ns, width_mm, before)
        pictures = self._pictures(check_up, template, defect, at_ns, width_mm)
        answers = tuple(self._answers(template, pictures, defect))
        text = f"演示：东墙斜裂缝宽 {width_mm} mm，未见其他变化。"
        sent = Submission(
            id=same_id("demo form", check_up.id), check_up_id=check_up.id,
            building_id=self._building.id, template_id=template.id,
            template_version=template.version, by=self._who.name, by_id=self._who.user_id,
            base_version=check_up.version, begun_at_ns=at_ns, ended_at_ns=at_ns + HOUR_NS,
            received_at_ns=at_ns + HOUR_NS + MINUTE_NS, result=ResultClass.MINOR,
            sha256=hashlib.sha256(f"{check_up.id} {at_ns}".encode()).hexdigest(),
            answers=answers, conclusion=text, measures="演示：裂缝处贴片观察",
            recheck_on=day_of(at_ns + again * DAY_NS), defect_ids=(defect.id,),
            attachment_ids=tuple(one.id for one in pictures),
            signatures=tuple(
                Signature(one.item_id.partition(":")[2], "演示签名", at_ns, one.id)
                for one in pictures if one.kind is AttachmentKind.SIGNATURE
            ),
            app="demo",
        )  # fmt: skip
        self._house.check_desk.submit(Sent(sent, (anchor,), (defect,)), self._who)
        return defect.id

    def _found(
        self, check_up: CheckUp, at_ns: int, width_mm: float, before: str
    ) -> tuple[Anchor, Defect]:
        sensors = self._house.records.register.site(self._building.id).sensors
        gauge = next((one.id for one in sensors if one.kind == "crack"), "")
        anchor = Anchor(
            same_id("demo crack's place", check_up.id), self._building.id, PickedBy.TEXT, at_ns,
            self._who.name, storey="2 层", side="东侧", note="窗下角",
        )  # fmt: skip
        defect = Defect(
            same_id("demo crack", check_up.id), self._building.id, anchor.id, "crack", 1, at_ns,
            self._who.name, title="演示：东墙窗下角斜裂缝", value=width_mm, unit="mm",
            continues=before, sensor_ids=(gauge,) if gauge else (), check_up_id=check_up.id,
            length_mm=600.0, direction="diagonal",
        )  # fmt: skip
        return anchor, defect

    def _pictures(
        self, check_up: CheckUp, template: Template, defect: Defect, at_ns: int, width_mm: float
    ) -> list[Attachment]:
        made = [("overview", "", side_photo(n, self._building.storeys_above)) for n in (1, 2)]
        made.append(("structure_defects", defect.id, crack_photo(3, width_mm)))
        made += [
            (f"signature:{role}", "", signature(at)) for at, role in enumerate(template.signatures)
        ]
        return [
            self._uploaded(check_up, item_id, defect_id, content, at_ns + number * MINUTE_NS)
            for number, (item_id, defect_id, content) in enumerate(made)
        ]

    def _uploaded(
        self, check_up: CheckUp, item_id: str, defect_id: str, content: bytes, at_ns: int
    ) -> Attachment:
        signed = item_id.startswith("signature:")
        picture = Attachment(
            same_id("demo picture", check_up.id, item_id, at_ns), self._building.id, check_up.id,
            AttachmentKind.SIGNATURE if signed else AttachmentKind.PHOTO,
            hashlib.sha256(content).hexdigest(), len(content),
            "image/png" if signed else "image/jpeg", at_ns, self._who.name, self._who.user_id,
            taken_at_ns=at_ns, item_id="" if signed else item_id, defect_id=defect_id,
            caption="" if signed else "演示：模拟照片",
        )  # fmt: skip
        desk = self._house.attachment_desk
        safe = desk.declare(picture).offset
        while safe < len(content):
            safe = desk.append(picture.id, safe, content[safe : safe + _PICTURE_BYTES]).offset
        return replace(picture, item_id=item_id)

    def _answers(
        self, template: Template, pictures: list[Attachment], defect: Defect
    ) -> list[Answer]:
        """Answer what is asked: with the mildest choice, unless it is told otherwise."""
        answers: dict[str, Answer] = {}
        for item in template.items:
            shown = tuple(one.id for one in pictures if one.item_id == item.id)
            value: str | None = None
            if item.kind is ItemKind.CHOICE:
                told = _ANSWERS.get(item.id, "")
                mildest = min(item.choices, key=lambda choice: choice.severity).id
                value = told if any(told == choice.id for choice in item.choices) else mildest
            ours = (defect.id,) if item.id == "structure_defects" else ()
            if item.kind is ItemKind.DEFECTS and not ours:
                value = "none"
            if value is not None or shown or ours:
                answers[item.id] = Answer(item.id, value, "", shown, ours)
        open_ids = {item.id for item in asked(template, answers.values())}
        return [answer for item_id, answer in answers.items() if item_id in open_ids]
