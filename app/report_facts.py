"""Everything that a report of a check-up says, read from the records before it is made."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from app.report_plans import Storeys
from domain.anchors import Anchor
from domain.attachments import Attachment
from domain.bim_ports import ModelStore, PlaceStore
from domain.buildings import Building
from domain.check_ports import CheckStore, PlanStore
from domain.checkups import CheckUp
from domain.clock import to_datetime
from domain.defect_chains import growth_of
from domain.defects import Defect
from domain.errors import InvalidInput, NotFound
from domain.jgj125 import tally
from domain.labels import CHINA
from domain.ports import RegisterStore
from domain.submissions import Submission
from lifecycle.member_rules import load_member_rules
from lifecycle.report.facts import Counted, FoundDefect, ReportFacts
from lifecycle.report.words import storey_word


@dataclass(frozen=True, slots=True)
class ReportStores:
    """Where the facts of reports are."""

    register: RegisterStore
    checks: CheckStore
    plans: PlanStore
    places: PlaceStore
    models: ModelStore


def pictures_of(
    stores: ReportStores, submission: Submission
) -> tuple[list[Attachment], tuple[str, ...]]:
    """List the pictures of a submission in its order, and the ids of those never declared."""
    there = {a.id: a for a in stores.checks.attachments(check_up_id=submission.check_up_id)}
    signed = [one.attachment_id for one in submission.signatures if one.attachment_id]
    ids = list(dict.fromkeys([*submission.attachment_ids, *signed]))
    return [there[i] for i in ids if i in there], tuple(i for i in ids if i not in there)


def gather(
    stores: ReportStores, check_up: CheckUp, submission: Submission, simulated: str
) -> ReportFacts:
    """Read the facts of a report.

    Raises
    ------
    NotFound
        When the building is not there.

    """
    building = stores.register.building(check_up.building_id)
    if building is None:
        raise NotFound(f"no building {check_up.building_id!r}")
    day = to_datetime(submission.received_at_ns).astimezone(CHINA).date()
    every = {defect.id: defect for defect in stores.places.defects(building.id)}
    found = [every[i] for i in dict.fromkeys(submission.defect_ids) if i in every]
    anchors = {a.id: a for a in stores.places.anchors(building.id, withdrawn=True)}
    storeys = Storeys(stores.places, stores.models, building.id)
    defects = tuple(
        _found(f"D{number}", defect, every, anchors.get(defect.anchor_id), storeys)
        for number, defect in enumerate(found, 1)
    )
    pictures, missing = pictures_of(stores, submission)
    counts = Counter(
        anchors[one.defect.anchor_id].storey if one.defect.anchor_id in anchors else ""
        for one in defects
    )
    return ReportFacts(
        building=building,
        check_up=check_up,
        submission=submission,
        template=stores.plans.template(submission.template_id, submission.template_version),
        firm=stores.checks.firm(check_up.firm_id) if check_up.firm_id else None,
        appraisal=stores.register.appraised([building.id], day).get(building.id),
        pictures=tuple(pictures),
        missing=missing,
        defects=defects,
        plans=storeys.plans(
            [(one.label, anchors[one.defect.anchor_id]) for one in defects
             if one.defect.anchor_id in anchors]
        ),
        places=tuple(sorted(counts.items())),
        counted=counted(building, submission),
        simulated=simulated,
    )  # fmt: skip


def counted(building: Building, submission: Submission) -> Counted | None:
    """Count the members by JGJ 125; `None`: none were told, or not as the register has it."""
    if not submission.members and not submission.soil_dangerous:
        return None
    house = (building.storeys_above, building.storeys_below)
    try:
        found = tally(submission.members, *house, submission.soil_dangerous, load_member_rules())
    except InvalidInput:
        return None
    rows = [
        (
            f"{storey_word(layer.storey)}危险构件综合比例",
            f"{layer.ratio:.1%}（{layer.grade.value}）",
        )
        for layer in found.layers
    ]
    if found.ratio is not None:
        rows.append(("整体结构危险构件综合比例 R", f"{found.ratio:.1%}"))
    if found.missing:
        names = "、".join(storey_word(storey) for storey in found.missing)
        rows.append(("没有统计的楼层", names))
    if found.computed is not None:
        rows.append(("按统计计算", f"{found.computed.value[-1]}（计算值，不是鉴定等级）"))
    return Counted(tuple(rows))


def _found(
    label: str,
    defect: Defect,
    every: dict[str, Defect],
    anchor: Anchor | None,
    storeys: Storeys,
) -> FoundDefect:
    before = every.get(defect.continues)
    rows = [(one.found_at_ns, one.value, one.unit) for one in _two(before, defect)]
    place = storeys.words(anchor) if anchor else ""
    return FoundDefect(label, defect, place, before, growth_of(rows))


def _two(before: Defect | None, defect: Defect) -> Sequence[Defect]:
    return (before, defect) if before is not None else (defect,)
