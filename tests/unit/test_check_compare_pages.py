"""Work of firms and inspectors: the page, its tables, the API, and who may see them."""

import random
import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from math import comb
from pathlib import Path

import pytest

from domain.check_work import Work, together
from domain.checkups import CheckState, Firm, ResultClass, Tier
from domain.clock import DAY_NS
from lifecycle.comparison import load_comparison, shares_of, tail
from lifecycle.results import day_of
from tests.api_city import NOW_NS, City, make_city
from tests.check_samples import add_rules, check_up
from web.application import mount_pages

SCREEN = "/checks/compare"
API = "/api/v1/check-comparison"
RULES = load_comparison()


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    """A large firm that is on time, a large one that never is, and a small one that was late once.

    All of it is at house near, and one more check-up at house far.
    """
    made = make_city(tmp_path)
    mount_pages(made.app)
    add_rules(made.records)
    for name in ("large", "late", "small"):
        made.records.checks.put_firm(Firm(f"fi-{name}", f"演示机构 {name}", Tier.BODY), "test")
    today = day_of(NOW_NS)
    done = []
    for firm, count, late in (("large", 60, 0), ("late", 60, 60), ("small", 1, 1)):
        done += [
            check_up(
                f"ck-{firm}-{n}", "near", state=CheckState.DONE, firm_id=f"fi-{firm}",
                inspector_id="u-inspector", result=ResultClass.SOUND, done_at_ns=NOW_NS,
                opened_at_ns=NOW_NS - 3 * DAY_NS, due_on=today - timedelta(days=int(n < late)),
            )
            for n in range(count)
        ]  # fmt: skip
    done.append(
        check_up("ck-f", "far", state=CheckState.DONE, firm_id="fi-small", done_at_ns=NOW_NS,
                 result=ResultClass.DANGER, inspector_id="u-near_inspector", due_on=today)
    )  # fmt: skip
    made.records.checks.add_check_ups(done, "test")
    yield made
    made.close()


def test_a_small_firm_is_not_marked_for_what_chance_gives(city: City) -> None:
    told = city.client("near_bureau").get(API).json()
    rows = {row["key"]: row for row in told["rows"]}
    assert [row["name"] for row in told["rows"]] == sorted(row["name"] for row in told["rows"])
    on_time = {key: row["shares"]["on_time"] for key, row in rows.items()}
    assert on_time["fi-large"]["outside"] == "above"
    assert on_time["fi-late"]["outside"] == "below"
    assert (on_time["fi-small"]["value"], on_time["fi-small"]["outside"]) == (0.0, "")
    assert on_time["fi-small"]["high"] > 0.7
    assert rows["fi-large"]["median_days"] == 3.0
    assert rows["fi-large"]["shares"]["confirmed"]["value"] is None
    assert told["total"]["done"] == 121
    people = city.client("bureau").get(API, params={"by": "inspector", "class": "basic"}).json()
    assert {row["key"] for row in people["rows"]} == {"u-inspector", "u-near_inspector"}


def test_the_share_of_all_is_never_outside_itself() -> None:
    for hits in range(40):
        work = Work("f", done=40, on_time=hits)
        assert shares_of(work, together([work]), RULES)["on_time"].outside == ""


def test_where_nobody_was_named_nobody_is_marked() -> None:
    named, nobody = Work("f", done=100, on_time=0), Work("", done=100, on_time=100)
    whole = together([named, nobody])
    assert shares_of(named, whole, RULES)["on_time"].outside == "below"
    assert shares_of(nobody, whole, RULES)["on_time"].outside == ""


@pytest.mark.parametrize("usual", [0.001, 0.3, 0.5, 0.99])
@pytest.mark.parametrize("of", [1, 2, 7, 40, 2_000])
def test_the_chance_of_a_share_is_that_of_the_binomial_distribution(of: int, usual: float) -> None:
    for hits in {0, 1, of // 3, of // 2, of - 1, of}:
        upward = hits > of * usual
        farther = range(hits, of + 1) if upward else range(hits + 1)
        exact = sum(
            Fraction(usual) ** n * (1 - Fraction(usual)) ** (of - n) * comb(of, n)
            for n in (farther if of <= 40 else ())
        )
        told = tail(hits, of, usual)
        if of <= 40:
            assert told == pytest.approx(float(exact), rel=1e-9)
        else:
            assert told == pytest.approx(float(_by_ratio(hits, of, usual, upward)), rel=1e-6)


def test_small_numbers_are_marked_no_more_often_than_chance_allows() -> None:
    draw = random.Random(5)
    marks = trials = 0
    for _ in range(3_000):
        usual, of = draw.choice((0.02, 0.5, 0.98)), draw.randrange(1, 30)
        hits = sum(draw.random() < usual for _ in range(of))
        trials += 1
        marks += tail(hits, of, usual) < RULES.tail_marked
    assert marks / trials <= 3 * RULES.tail_marked


def test_whoever_works_in_a_district_compares_work_there_only(city: City) -> None:
    far = {"by": "firm", "district": "360103"}
    assert city.client("near_bureau").get(API, params=far).json()["rows"] == []
    (small,) = city.client("bureau").get(API, params=far).json()["rows"]
    assert (small["done"], small["shares"]["result_3"]["value"]) == (1, 1.0)
    near = city.client("near_bureau").get(API).json()["rows"]
    assert {row["key"]: row["done"] for row in near}["fi-small"] == 1
    table = city.browser("near_bureau").get(f"{SCREEN}.csv?by=inspector").text
    assert "u-near_inspector" not in table


@pytest.mark.parametrize("user", ["inspector", "insurer", "technician", "operator", "owner"])
def test_nobody_but_planners_sees_the_work_of_others(city: City, user: str) -> None:
    assert city.client(user).get(API).status_code == 403
    browser = city.browser(user)
    for path in (SCREEN, f"{SCREEN}?by=inspector", f"{SCREEN}.csv", f"{SCREEN}.xlsx"):
        answer = browser.get(path)
        assert answer.status_code == 403
        assert "演示机构" not in answer.text


def test_a_figure_leads_to_the_check_ups_of_that_firm(city: City) -> None:
    browser = city.browser("bureau")
    page = browser.get(SCREEN).text
    (row,) = re.findall(r'data-key="fi-small">.*?</tr>', page, re.DOTALL)
    assert "偏低" not in row
    links = [link.replace("&amp;", "&") for link in re.findall(r'href="([^"]+)"', row)]
    everything = browser.get(links[0]).text
    assert "机构 演示机构 small" in everything
    assert (everything.count("/check-ups/ck-small"), everything.count("/check-ups/ck-f")) == (1, 1)
    assert "ck-large" not in everything
    (danger,) = [link for link in links if link.endswith("result=3")]
    found = browser.get(danger).text
    assert "/check-ups/ck-f" in found
    assert "/check-ups/ck-small" not in found
    mine = browser.get("/check-ups?show=done&inspector=u-near_inspector").text
    assert "/check-ups/ck-f" in mine
    assert "ck-large" not in mine


def test_the_tables_have_intervals_and_marks(city: City) -> None:
    browser = city.browser("bureau")
    head, *rows = browser.get(f"{SCREEN}.csv").text.splitlines()
    assert "按期完成 区间下限 %" in head
    late = next(row for row in rows if row.startswith("演示机构 late")).split(",")
    assert late[:9] == ["演示机构 late", "60", "60", "3.0", "0", "60", "0.0", "6.0", "偏低"]
    assert browser.get(f"{SCREEN}.xlsx?kind=nonsense&year=x&by=y").content[:2] == b"PK"
    empty = browser.get(f"{SCREEN}?year=2023").text
    assert "这一年没有体检工作" in empty


def _by_ratio(hits: int, of: int, usual: float, upward: bool) -> Decimal:
    """Sum the binomial distribution with 60 digits."""
    with localcontext() as context:
        context.prec = 60
        share = Decimal(usual)
        farther = range(hits, of + 1) if upward else range(hits + 1)
        return sum(
            (Decimal(comb(of, n)) * share**n * (1 - share) ** (of - n) for n in farther),
            Decimal(0),
        )
