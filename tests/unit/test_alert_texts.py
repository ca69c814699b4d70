"""What alerts say, in both languages."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.join import join
from alerting.sources import source_word
from alerting.texts import notice_text, sentence, title
from alerting.words import LEVEL_WORDS, level_word, moment, number, span, unit_word
from analytics.limits import load_profile
from domain.alerts import EventKind
from domain.clock import DAY_NS, HOUR_NS, MINUTE_NS
from domain.findings import Cause, Compensation, Finding
from domain.limits import Level
from tests.alert_samples import BUILDING, NOON, context, finding

PLAIN = Compensation.NOT_NEEDED


def test_a_finding_reads_as_one_sentence() -> None:
    assert sentence(finding(), BUILDING) == (
        "3 号楼东墙 2 层裂缝 C-03 在扣除温度影响后 12 天内扩展 0.31 mm"
        "（限值 0.30 mm，依据本项目建议值）。"
    )
    assert sentence(finding(), BUILDING, "en") == (
        "3 号楼: crack C-03 (东墙 2 层) has opened 0.31 mm within 12 days"
        " with the temperature taken out (limit 0.30 mm, source: this project's own value)."
    )


def test_no_source_of_the_limits_data_is_told_in_a_raw_word() -> None:
    profile = load_profile()
    sources = {row.source for row in profile.rows} | {table.source for table in profile.tables}
    for source in sources:
        zh, en = source_word(source), source_word(source, "en")
        # in Chinese only the names of standards, clauses, grades and units keep their letters
        words = re.findall(r"[A-Za-z]{2,}", zh)
        assert set(words) <= {"GB", "JGJ", "DIN", "BS", "mm", "Bu", "Cu"}, (source, zh)
        assert "project" not in zh
        assert "project" not in en.replace("this project's own value", "")
        clauses = re.findall(r"\d[\d.-]+\d", source)
        assert re.findall(r"\d[\d.-]+\d", zh) == clauses
        assert re.findall(r"\d[\d.-]+\d", en) == clauses


def test_a_source_that_is_not_known_stays_as_it_is() -> None:
    assert source_word("DB36/T 1234-2025 5.1") == "DB36/T 1234-2025 5.1"
    assert source_word("the project manager's order") == "the project manager's order"


def test_an_alert_says_how_many_points_agree() -> None:
    both = [finding(subject="s1"), finding(subject="s2", at=1)]
    alert = join(both, (), context(), NOON).alerts[0]
    known = {f.id: f for f in both}
    assert sentence(alert, BUILDING, findings=known).endswith("），2 个测点一致。")
    assert sentence(alert, BUILDING, "en", known).endswith("; 2 points agree.")
    assert "12 天" in sentence(alert, BUILDING, findings=known)


def test_without_its_findings_an_alert_still_has_value_and_limit() -> None:
    alert = join([finding()], (), context(), NOON).alerts[0]
    assert sentence(alert, BUILDING) == "3 号楼东墙 2 层裂缝 C-03 扩展 0.31 mm（限值 0.30 mm）。"


@pytest.mark.parametrize(
    ("made", "zh", "en"),
    [
        (
            finding(cause=Cause.TILT, rule="tilt.total.h24", value=7.314, limit=7.0, unit="‰",
                    subject_name="T1", window_ns=0, compensation=PLAIN),
            "3 号楼倾斜测点 T1 总倾斜达到 7.31 ‰（限值 7.00 ‰，依据OURS）。",
            "3 号楼: tilt point T1 leans 7.31 ‰ in total (limit 7.00 ‰, source: OURS).",
        ),
        (
            finding(cause=Cause.TILT, rule="tilt.rate", value=0.31, limit=0.25, unit="‰/month",
                    subject_name="T1", window_ns=30 * DAY_NS),
            ("3 号楼倾斜测点 T1 在扣除温度影响后 30 天内倾斜速率达到 0.31 ‰/月"
            "（限值 0.25 ‰/月，依据OURS）。"),
            ("3 号楼: tilt point T1 tilts at 0.31 ‰/month within 30 days"
            " with the temperature taken out (limit 0.25 ‰/month, source: OURS)."),
        ),
        (
            finding(cause=Cause.SETTLEMENT, rule="settlement.rate", value=2.4, limit=2.0,
                    unit="mm/month", subject_name="S4 西北角", window_ns=0, compensation=PLAIN),
            "3 号楼西北角沉降测点 S4 沉降速率达到 2.40 mm/月（限值 2.00 mm/月，依据OURS）。",
            ("3 号楼: settlement point S4 (西北角) settles at 2.40 mm/month"
            " (limit 2.00 mm/month, source: OURS)."),
        ),
        (
            finding(cause=Cause.VIBRATION, rule="vibration.ppv", value=92.4, limit=90.0, unit="%",
                    subject_name="V1", window_ns=0, compensation=PLAIN),
            "3 号楼振动测点 V1 振动速度峰值达到容许值的 92 %（限值 90 %，依据OURS）。",
            ("3 号楼: vibration point V1 shook with a peak velocity of 92 % of what is allowed"
            " (limit 90 %, source: OURS)."),
        ),
        (
            finding(cause=Cause.VIBRATION, rule="vibration.ppv", value=3.21, limit=2.5, unit="mm/s",
                    subject_name="V1", window_ns=0, compensation=PLAIN),
            "3 号楼振动测点 V1 振动速度峰值达到 3.21 mm/s（限值 2.50 mm/s，依据OURS）。",
            ("3 号楼: vibration point V1 shook with a peak velocity of 3.21 mm/s"
            " (limit 2.50 mm/s, source: OURS)."),
        ),
        (
            finding(cause=Cause.WATCH, rule="device.silent", value=6.5, limit=6.0, unit="h",
                    subject="b3", subject_name="3 号楼", window_ns=0, compensation=PLAIN),
            "3 号楼已 6.5 小时没有数据（限值 6 小时，依据OURS），监测中断。",
            "3 号楼: the building has sent nothing for 6.5 hours (limit 6 hours, source: OURS).",
        ),
        (
            finding(cause=Cause.WATCH, rule="device.silent", value=4.0, limit=2.0, unit="intervals",
                    subject="g7", subject_name="g7", window_ns=0, compensation=PLAIN),
            "3 号楼 g7 监测中断：4.0 个采集周期（限值 2.0 个采集周期，依据OURS）。",
            "3 号楼: g7 is not watched: 4.0 intervals (limit 2.0 intervals, source: OURS).",
        ),
        (
            finding(cause=Cause.RESTART, rule="restart.jump", value=0.31, limit=0.1, unit="‰",
                    subject_name="T1", window_ns=0, compensation=PLAIN),
            "3 号楼 T1 重新启动，前后相差 0.31 ‰（阈值 0.10 ‰，依据OURS），零点须由人确认。",
            ("3 号楼: T1 restarted and reads 0.31 ‰ off (threshold 0.10 ‰, source: OURS);"
            " a person must confirm."),
        ),
        (
            finding(Level.NONE, value=0.2, limit=0.3),
            "3 号楼东墙 2 层裂缝 C-03 已回落至 0.20 mm（限值 0.30 mm）。",
            "3 号楼: crack C-03 (东墙 2 层) is back at 0.20 mm (limit 0.30 mm).",
        ),
        (
            finding(Level.NONE, cause=Cause.WATCH, rule="device.silent", subject_name="g7"),
            "3 号楼 g7 已恢复监测。",
            "3 号楼: g7 is watched again.",
        ),
    ],
)  # fmt: skip
def test_each_cause_has_its_own_words(made: Finding, zh: str, en: str) -> None:
    assert sentence(made, BUILDING) == zh.replace("OURS", "本项目建议值")
    assert sentence(made, BUILDING, "en") == en.replace("OURS", "this project's own value")


def test_a_capped_level_and_raw_values_are_said() -> None:
    raw = finding(compensation=Compensation.ABSENT, capped=True)
    assert "在未扣除温度影响的情况下 12 天内" in sentence(raw, BUILDING)
    assert "级别暂限于黄色" in sentence(raw, BUILDING)
    assert "stays at yellow" in sentence(raw, BUILDING, "en")


def test_the_title_has_level_shape_word_building_and_cause() -> None:
    alert = join([finding(Level.ORANGE)], (), context(), NOON).alerts[0]
    assert title(alert, BUILDING) == "◆ 橙色预警 · 3 号楼 · 裂缝"
    assert title(alert, BUILDING, "en", EventKind.REOPENED) == (
        "◆ Orange alert · 3 号楼 · crack · back again"
    )
    assert title(alert, None) == "◆ 橙色预警 · b3 · 裂缝"


def test_a_notice_says_since_when_in_the_time_of_china_and_where() -> None:
    alert = join([finding()], (), context(), NOON).alerts[0]
    assert notice_text(alert, BUILDING).endswith("自 11-23 12:05 起。地址：示例路 3 号。")
    assert "Since 11-23 12:05 (China time)" in notice_text(alert, BUILDING, "en")


def test_every_level_has_a_word_and_a_shape_of_its_own() -> None:
    for language, words in LEVEL_WORDS.items():
        assert set(words) == set(Level)
        assert len({level_word(level, language)[0] for level in Level}) == len(Level)


def test_times_lengths_and_units_read_well() -> None:
    assert moment(NOON) == "11-23 14:05"
    assert moment(NOON, full=True) == "2026-11-23 14:05:00"
    assert [span(n) for n in (12 * DAY_NS, DAY_NS, 90 * MINUTE_NS, 59 * MINUTE_NS)] == [
        "12 天",
        "24 小时",
        "1.5 小时",
        "59 分钟",
    ]
    assert span(HOUR_NS, "en") == "1 hour"
    assert (unit_word("mm/d"), unit_word("mm/s"), unit_word("‰")) == ("mm/天", "mm/s", "‰")


def test_numbers_have_no_more_digits_than_instruments_can_tell() -> None:
    assert number(0.31415, "mm") == "0.31"
    assert number(91.9, "%") == "92"
    assert number(-0.001, "mm") == "0.00"
    assert number(0.126, "mm", beside=0.125) == "0.126"
    assert number(float("nan"), "mm") == "—"


@given(st.floats(0.001, 1000), st.floats(0, 10), st.sampled_from(["mm", "‰", "mm/month", "%"]))
def test_a_value_over_its_limit_never_reads_as_less(limit: float, over: float, unit: str) -> None:
    assert float(number(limit + over, unit, limit)) >= float(number(limit, unit, limit))


@given(
    st.sampled_from(list(Cause)),
    st.sampled_from(list(Level)),
    st.sampled_from(list(Compensation)),
    st.text(max_size=20),
    st.text(max_size=12),
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from(["zh", "en", "xx"]),
)
def test_whatever_a_finding_holds_there_is_a_sentence(
    cause: Cause, level: Level, state: Compensation, name: str, unit: str, value: float, lang: str
) -> None:
    made = replace(
        finding(level, cause=cause, compensation=state), subject_name=name, unit=unit, value=value
    )
    assert sentence(made, BUILDING, lang).endswith("." if lang == "en" else "。")
    assert "{" not in sentence(finding(level, cause=cause), None, lang)
