"""What the stores of check-ups and of the plan promise, on SQLite and on PostgreSQL."""

from dataclasses import replace
from datetime import date

import pytest

from domain.access import Role, User
from domain.anchors import Anchor, PickedBy
from domain.attachments import Attachment, AttachmentKind, AttachmentState
from domain.buildings import Building
from domain.check_cycles import AnnualPlan, CycleProfile, CycleRow, Due, PlanItem
from domain.check_ports import CheckFilter, Consequences, DueFilter
from domain.check_reports import Seal
from domain.checkups import (
    AppraisalOrder,
    CheckCause,
    CheckClass,
    CheckState,
    CheckUp,
    Firm,
    OrderState,
    ResultClass,
    Tier,
)
from domain.clock import HOUR_NS
from domain.defects import Defect
from domain.errors import Conflict, InvalidInput
from domain.labels import Label, Outcome
from domain.ports import Page
from domain.submissions import Answer, MemberCount, Signature, Standing, Submission
from domain.templates import Choice, Item, ItemKind, Part, Template, When
from storage.records import Records

HOUSE = Building("b-1", "C1", "老屋", "演示路 1 号", "360102", "街", "", 115.89, 28.68)
DAY = date(2026, 11, 30)
CHECK = CheckUp("c-1", "b-1", CheckClass.BASIC, CheckCause.CYCLE, DAY, 5, "plan")
SENT = Submission(
    "s-1", "c-1", "b-1", "basic-2026", 1, "inspector", "u-1", 1, 10, 20, 30, ResultClass.DANGER,
    "ab" * 32, 250, (Answer("crack", 0.4, "东墙", ("p-1",), ("d-1",)), Answer("gas", "ok")),
    (MemberCount(1, "bearing_wall", 43, 1),), recheck_on=date(2027, 1, 5),
    outcome=Outcome.CONFIRMED, defect_ids=("d-1",), attachment_ids=("p-1",),
    signatures=(Signature("inspector", "演示员", 19, "p-2"),), app="1",
)  # fmt: skip
ANCHOR = Anchor("a-1", "b-1", PickedBy.TEXT, 10, "u-1", storey="2 层")
CRACK = Defect(
    "d-1", "b-1", "a-1", "crack", 2, 15, "inspector", value=0.4, unit="mm", check_up_id="c-1",
    length_mm=850.0, direction="diagonal", dangerous=True,
)  # fmt: skip
PHOTO = Attachment(
    "p-1", "b-1", "c-1", AttachmentKind.PHOTO, "cd" * 32, 1000, "image/jpeg", 12, "inspector",
    "u-1", wgs84=(115.89, 28.68), item_id="crack",
)  # fmt: skip
FORM = Template(
    "daily-2026", 1, CheckClass.DAILY, "日常检查", "Daily check",
    (Part("p", "部", "part", (
        Item("gas", "燃气", "Gas", ItemKind.CHOICE, choices=(Choice("ok", "好", "good"),)),
        Item("w", "宽", "width", ItemKind.NUMBER, unit="mm", low=0.0, high=50.0,
             when=When("gas", ("ok",))),
    )),),
)  # fmt: skip


@pytest.fixture
def store(records: Records) -> Records:
    for number in (1, 2):
        house = replace(HOUSE, id=f"b-{number}", code=f"C{number}", district=f"36010{number + 1}")
        records.register.put_building(house, "u-1")
    records.checks.put_check_up(CHECK, "u-1")
    return records


def test_a_check_up_is_read_as_it_was_kept_and_a_stale_writer_is_refused(store: Records) -> None:
    assigned = replace(CHECK, state=CheckState.ASSIGNED, inspector_id="u-9", version=2)
    store.checks.put_check_up(assigned, "u-1")
    assert store.checks.check_up("c-1") == assigned
    with pytest.raises(Conflict):
        store.checks.put_check_up(replace(assigned, note="late"), "u-1")
    with pytest.raises(InvalidInput):
        store.checks.put_check_up(replace(CHECK, id="c-2", building_id="b-9"), "u-1")


def test_check_ups_opened_twice_are_kept_once(store: Records) -> None:
    more = [replace(CHECK, id=f"c-{n}", building_id="b-2") for n in range(2, 5)]
    assert store.checks.add_check_ups([CHECK, *more], "plan") == 3
    assert store.checks.add_check_ups([CHECK, *more], "plan") == 0


def test_lists_page_by_due_day_and_keep_to_what_is_wanted(store: Records) -> None:
    more = [
        replace(CHECK, id=f"c-{n}", building_id="b-2", due_on=date(2026, 12, 9 - n))
        for n in range(2, 5)
    ]
    store.checks.add_check_ups(more, "plan")
    first = store.checks.check_ups(CheckFilter(), Page(2))
    assert [one.id for one in first] == ["c-1", "c-4"]
    after = f"{first[-1].due_on} {first[-1].id}"
    assert [one.id for one in store.checks.check_ups(CheckFilter(), Page(9, after))] == [
        "c-3",
        "c-2",
    ]
    far = CheckFilter(districts=("360103",), due_until=date(2026, 12, 6))
    assert [one.id for one in store.checks.check_ups(far, Page())] == ["c-4", "c-3"]
    assert store.checks.count_check_ups(far) == 2
    assert store.checks.count_check_ups(CheckFilter(building_ids=())) == 0


def test_days_are_counted_by_due_day_and_by_chinas_calendar(store: Records) -> None:
    midnight_ns = 16 * HOUR_NS  # of the 2nd of January 1970 in China
    done = replace(CHECK, state=CheckState.DONE, result=ResultClass.SOUND)
    more = [
        replace(done, id="c-2", done_at_ns=midnight_ns - 1),
        replace(done, id="c-3", done_at_ns=midnight_ns, building_id="b-2"),
        replace(CHECK, id="c-4", building_id="b-2", due_on=date(2026, 12, 1)),
    ]
    store.checks.add_check_ups(more, "plan")
    waiting = CheckFilter(states=(CheckState.PLANNED,))
    assert store.checks.due_days(waiting) == {DAY: 1, date(2026, 12, 1): 1}
    assert store.checks.due_days(replace(waiting, districts=("360103",))) == {date(2026, 12, 1): 1}
    assert store.checks.done_days(CheckFilter()) == {date(1970, 1, 1): 1, date(1970, 1, 2): 1}
    assert store.checks.done_days(CheckFilter(building_ids=("b-2",))) == {date(1970, 1, 2): 1}
    row = Due("b-1", CheckClass.BASIC, DAY, CheckCause.CYCLE, "r", "p 1", 1, "360102", "街", "")
    store.check_plans.replace_due([row, replace(row, building_id="b-2", district="360103")], 1)
    assert store.check_plans.due_days(DueFilter()) == {DAY: 2}
    assert store.check_plans.due_days(DueFilter(districts=("360103",), due_until=DAY)) == {DAY: 1}
    assert store.check_plans.due_days(DueFilter(opened=True)) == {}


def test_what_was_sent_in_is_kept_whole_or_not_at_all(store: Records) -> None:
    done = replace(
        CHECK, state=CheckState.DONE, submission_id="s-1", result=ResultClass.DANGER,
        done_at_ns=30, version=2,
    )  # fmt: skip
    special = replace(CHECK, id="c-9", check_class=CheckClass.SPECIAL)
    order = AppraisalOrder("o-1", "b-1", "c-1", "承重墙裂缝", 30, DAY, "rules")
    label = Label("l-1", "al-1", "b-1", "crack", Outcome.CONFIRMED, 30, "inspector")
    what = Consequences((SENT,), done, (ANCHOR,), (CRACK,), (special,), (order,), (label,))
    broken = replace(what, defects=(CRACK, replace(CRACK, id="d-9", anchor_id="a-9")))
    with pytest.raises(InvalidInput):
        store.checks.take(broken, "inspector")
    assert store.checks.submission("s-1") is None
    assert store.places.defect("d-1") is None
    store.checks.take(what, "inspector")
    assert store.checks.submission("s-1") == SENT
    assert store.checks.check_up("c-1") == done
    assert store.checks.check_up("c-9") == special
    assert store.checks.orders(["b-1"], (OrderState.OPEN,)) == [order]
    assert store.places.defect("d-1") == CRACK
    assert store.labels.labels() == [label]
    assert store.checks.last_done() == [done]
    assert [store.checks.building_of(one) for one in ("c-1", "s-1", "o-1", "x")] == [
        "b-1", "b-1", "b-1", None,
    ]  # fmt: skip


def test_a_submission_in_conflict_waits_until_it_is_settled(store: Records) -> None:
    store.checks.take(Consequences((SENT,)), "one")
    other = replace(SENT, id="s-2", standing=Standing.CONFLICT, received_at_ns=40)
    third = replace(other, id="s-3")
    store.checks.take(Consequences((other,)), "two")
    store.checks.take(Consequences((third,)), "two")
    assert store.checks.conflicts(None, Page(1)) == [other]
    assert store.checks.conflicts(None, Page(9, "s-2")) == [third]
    assert store.checks.conflicts(["b-2"], Page()) == []
    aside = replace(other, standing=Standing.SET_ASIDE)
    store.checks.settle(Consequences((aside,)), "bureau")
    assert store.checks.submissions("c-1") == [SENT, aside, third]


def test_a_picture_is_known_by_its_check_up_building_and_defect(store: Records) -> None:
    store.checks.put_attachment(PHOTO)
    ready = replace(
        PHOTO, state=AttachmentState.READY, width_px=1600, height_px=1200, defect_id="d-1",
        version=2,
    )  # fmt: skip
    store.checks.put_attachment(ready)
    for asked in ({"check_up_id": "c-1"}, {"building_id": "b-1"}, {"defect_id": "d-1"}):
        assert store.checks.attachments(**asked) == [ready]
    assert store.checks.attachments() == []
    with pytest.raises(InvalidInput):
        store.checks.put_attachment(replace(PHOTO, id="p-9", check_up_id="c-8"))


def test_firms_know_their_people(store: Records) -> None:
    store.access.put_user(User("u-7", "ins", "演示员", Role.INSPECTOR, ()), "u-1")
    firm = Firm("f-1", "演示检测", Tier.BODY, ("360102",), ("u-7",))
    store.checks.put_firm(firm, "u-1")
    assert store.checks.firms_of("u-7") == store.checks.firms() == [firm]
    with pytest.raises(InvalidInput):
        store.checks.put_firm(replace(firm, member_ids=("u-0",), version=2), "u-1")


def test_versions_of_rules_and_forms_are_never_changed(store: Records) -> None:
    plans = store.check_plans
    profile = CycleProfile(
        "default-2026", 1, DAY, (CycleRow("basic", CheckClass.BASIC, 120, uses=("residential",)),)
    )
    plans.put_profile(profile, "u-1")
    plans.put_profile(profile, "u-1")
    with pytest.raises(Conflict):
        plans.put_profile(replace(profile, design_life_years=70), "u-1")
    newer = replace(profile, version=2, design_life_years=70, made_at_ns=9)
    plans.put_profile(newer, "u-1")
    assert plans.profiles() == [newer, profile]
    plans.put_template(FORM, "u-1")
    with pytest.raises(Conflict):
        plans.put_template(replace(FORM, zh="别的"), "u-1")
    retired = replace(FORM, retired=True)
    plans.put_template(retired, "u-1")
    assert plans.template("daily-2026", 1) == retired
    assert plans.templates() == [retired]


def test_the_due_list_is_replaced_whole_and_pages(store: Records) -> None:
    rows = [
        Due(
            f"b-{n:03}", CheckClass.BASIC, date(2026, 11, 1 + n % 28), CheckCause.CYCLE, "r",
            "default-2026 1", 1, "360102" if n % 2 else "360103", "街", "residential",
            check_up_id="c" if n % 10 == 0 else "",
        )
        for n in range(100)
    ]  # fmt: skip
    store.check_plans.replace_due(rows, 1)
    store.check_plans.replace_due(rows, 2)
    got: list[Due] = []
    after = ""
    while piece := store.check_plans.due(DueFilter(), Page(7, after)):
        got += piece
        after = f"{piece[-1].due_on} {piece[-1].building_id} {piece[-1].check_class}"
    assert got == sorted(rows, key=lambda one: (one.due_on, one.building_id))
    near = DueFilter(districts=("360102",), opened=False)
    counts = store.check_plans.count_due(near, date(2026, 11, 15))
    assert counts["opened"] == 0
    assert sum(counts.values()) == 50
    assert store.check_plans.count_due(DueFilter(), date(2026, 11, 15))["opened"] == 10


def test_an_annual_plan_is_kept_with_its_buildings(store: Records) -> None:
    plan = AnnualPlan("y-1", 2027, "360102", "default-2026 1", 5, "bureau")
    items = [PlanItem("y-1", f"b-{n}", CheckClass.BASIC, 1 + n % 3, DAY) for n in range(9)]
    store.check_plans.put_plan(plan, items, "bureau")
    adopted = replace(plan, state="adopted", adopted_by="head", adopted_at_ns=9, version=2)
    store.check_plans.put_plan(adopted, None, "head")
    assert store.check_plans.plans(2027) == [adopted]
    first = store.check_plans.plan_items("y-1", Page(4))
    last = first[-1]
    rest = store.check_plans.plan_items(
        "y-1", Page(9, f"{last.month} {last.building_id} {last.check_class}")
    )
    assert first + rest == sorted(items, key=lambda one: (one.month, one.building_id))


def test_a_seal_is_kept_once_and_the_first_one_stays(store: Records) -> None:
    seal = Seal("0" * 20, "c-1", "s-1", "b-1", "aa", "bb", 1000, "check-reports/x.pdf", 7)
    assert store.seals.put_seal(seal) == seal
    assert store.seals.put_seal(replace(seal, sha256="cc")) == seal
    later = replace(seal, code="1" * 20, made_at_ns=8)
    store.seals.put_seal(later)
    assert store.seals.seals("s-1") == [later, seal]
    assert store.seals.seal("0" * 20) == seal
    assert store.seals.seal("2" * 20) is None
