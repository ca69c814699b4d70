"""The work of firms and inspectors is that of a slow count, on SQLite and on PostgreSQL."""

import random
from dataclasses import replace
from datetime import date, timedelta
from statistics import median

import pytest

from domain.anchors import Anchor, PickedBy
from domain.attachments import Attachment, AttachmentKind
from domain.buildings import Appraisal, Grade
from domain.check_ports import Consequences
from domain.check_work import Work, WorkBy, WorkFilter, together
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
from domain.clock import DAY_NS, HOUR_NS
from domain.defects import Defect
from domain.submissions import Standing, Submission
from lifecycle.results import day_of
from storage.records import Records
from tests.check_world import HOUSE, NOW_NS

KEYS = {WorkBy.FIRM: "firm_id", WorkBy.INSPECTOR: "inspector_id"}


class Told:
    """What a seed puts into a database, kept to be counted the slow way."""

    def __init__(self, records: Records, seed: int) -> None:
        draw = random.Random(seed)
        self.houses = {
            f"b-{n}": replace(HOUSE, id=f"b-{n}", code=f"C{n}", district=f"36010{2 + n % 2}")
            for n in range(6)
        }
        records.register.put_buildings(list(self.houses.values()), "test")
        for name in ("f-1", "f-2"):
            records.checks.put_firm(Firm(name, name, Tier.BODY), "test")
        self.check_ups = [self._check_up(draw, number) for number in range(120)]
        records.checks.add_check_ups(self.check_ups, "test")
        self.standings: dict[str, set[Standing]] = {}
        self.photos: list[str] = []
        self.defects: list[str] = []
        self.grades: dict[str, Grade] = {}
        for check_up in self.check_ups:
            if check_up.state is CheckState.DONE:
                self._more(draw, records, check_up)

    def _check_up(self, draw: random.Random, number: int) -> CheckUp:
        done = draw.random() < 0.8
        opened_ns = NOW_NS - draw.randrange(900 * 24) * HOUR_NS
        done_ns = opened_ns + draw.randrange(60 * 24) * HOUR_NS
        return CheckUp(
            f"c-{number}", draw.choice(list(self.houses)), draw.choice(list(CheckClass)),
            CheckCause.CYCLE, day_of(done_ns) + timedelta(days=draw.randrange(-2, 3)), opened_ns,
            "plan", state=CheckState.DONE if done else CheckState.ASSIGNED,
            firm_id=draw.choice(("", "f-1", "f-2")), inspector_id=draw.choice(("", "u-1", "u-2")),
            result=draw.choice(list(ResultClass)) if done else None,
            done_at_ns=done_ns if done else None,
        )  # fmt: skip

    def _more(self, draw: random.Random, records: Records, of: CheckUp) -> None:
        choices = [s for s in Standing if s is not Standing.COUNTS and draw.random() < 0.3]
        self.standings[of.id] = set(choices)
        place = Anchor(f"an-{of.id}", of.building_id, PickedBy.TEXT, 1, "test", storey="1")
        found = [
            Defect(f"d-{of.id}-{n}", of.building_id, place.id, "crack", 1, 1, "t",
                   check_up_id=of.id)
            for n in range(draw.randrange(3))
        ]  # fmt: skip
        self.defects += [of.id] * len(found)
        orders = []
        if draw.random() < 0.6:
            grade = draw.choice(list(Grade))
            report = Appraisal(
                f"a-{of.id}", of.building_id, "JGJ 125-2016", grade, "R", "x", date(2026, 1, 1)
            )
            records.register.put_appraisal(report, "test")
            state = draw.choice((OrderState.REPORTED, OrderState.REPORTED, OrderState.CANCELLED))
            orders.append(
                AppraisalOrder(f"o-{of.id}", of.building_id, of.id, "", 1, date(2026, 1, 1), "t",
                               state, report.id)
            )  # fmt: skip
            if state is OrderState.REPORTED:
                self.grades[of.id] = grade
        for n, standing in enumerate((Standing.COUNTS, *choices)):
            sent = Submission(
                f"s-{of.id}-{n}", of.id, of.building_id, "t", 1, "one", "u-1", 1, 1, 2, 3,
                ResultClass.SOUND, "a" * 64, standing=standing,
            )  # fmt: skip
            what = Consequences((sent,), None, (place,), tuple(found), (), tuple(orders))
            records.checks.take(what if not n else Consequences((sent,)), "test")
        for n in range(draw.randrange(4)):
            kind = draw.choice((AttachmentKind.PHOTO, AttachmentKind.SIGNATURE))
            records.checks.put_attachment(
                Attachment(f"p-{of.id}-{n}", of.building_id, of.id, kind, "c" * 64, 9, "image/png",
                           1, "t", "u-1")
            )  # fmt: skip
            self.photos += [of.id] * (kind is AttachmentKind.PHOTO)

    def work(self, wanted: WorkFilter) -> list[Work]:
        """Count one by one."""
        rows: dict[str, Work] = {}
        for one in self.check_ups:
            house = self.houses[one.building_id]
            if wanted.districts is not None and house.district not in wanted.districts:
                continue
            if wanted.building_ids is not None and house.id not in wanted.building_ids:
                continue
            if wanted.check_class not in {None, one.check_class}:
                continue
            key = str(getattr(one, KEYS[wanted.by]))
            for add in (self._as_opened(one, wanted.year), self._as_done(one, wanted.year)):
                if add is not None:
                    rows[key] = replace(together([rows.get(key, Work(key)), add]), key=key)
        return [rows[key] for key in sorted(rows)]

    def _as_opened(self, one: CheckUp, year: int) -> Work | None:
        return Work("", opened=1) if day_of(one.opened_at_ns).year == year else None

    def _as_done(self, one: CheckUp, year: int) -> Work | None:
        if one.done_at_ns is None or day_of(one.done_at_ns).year != year:
            return None
        assert one.result is not None
        day, standings = day_of(one.done_at_ns), self.standings[one.id]
        danger = one.result >= ResultClass.DANGER and one.id in self.grades
        first, second, third, fourth = (int(one.result == n) for n in range(1, 5))
        return Work(
            "", 0, 1, int(day <= one.due_on), (first, second, third, fourth),
            int(Standing.CONFLICT in standings), int(Standing.SET_ASIDE in standings),
            int(Standing.REPLACED in standings), self.photos.count(one.id),
            self.defects.count(one.id), int(danger),
            int(danger and self.grades[one.id] in {Grade.C, Grade.D}),
            (((day - day_of(one.opened_at_ns)).days, 1),),
        )  # fmt: skip


@pytest.mark.parametrize("seed", [1, 2])
def test_work_is_that_of_a_slow_count(records: Records, seed: int) -> None:
    told, seen = Told(records, seed), 0
    for by in WorkBy:
        for year in (2024, 2025, 2026):
            for check_class in (None, CheckClass.BASIC):
                plain = WorkFilter(by, year, check_class)
                for wanted in (
                    plain,
                    replace(plain, districts=("360102",)),
                    replace(plain, building_ids=("b-1", "b-4")),
                    replace(plain, building_ids=()),
                ):
                    rows = records.check_work.work(wanted)
                    assert rows == told.work(wanted), wanted
                    seen += sum(row.confirmed + row.rejected + row.on_time for row in rows)
    assert seen > 100


def test_the_median_is_that_of_the_list_that_the_counts_stand_for() -> None:
    draw = random.Random(4)
    for _ in range(200):
        lengths = [draw.randrange(9) for _ in range(draw.randrange(1, 12))]
        days = tuple((length, lengths.count(length)) for length in sorted(set(lengths)))
        assert Work("f", days=days).median_days == median(lengths)
    assert Work("f").median_days is None
    assert together([]) == Work("")
    assert DAY_NS == 24 * HOUR_NS
