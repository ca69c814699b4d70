"""Where a limit comes from, in words: clauses in both languages, our own proposals named so."""

import re

from alerting.words import language_of

#: parts of the limits data's source texts that are no number of a standard or clause
_PHRASES: dict[str, tuple[str, str]] = {
    "project": ("本项目建议值", "this project's own value"),
    "the table's source": ("限值表的来源", "the table's source"),
    "the limit itself by the table's source": (
        "容许值依据限值表的来源",
        "the limit itself by the table's source",
    ),
    "fractions after GB 50982": ("分级比例参照 GB 50982", "fractions after GB 50982"),
    "added tilt after GB 50497-2019": (
        "附加倾斜参照 GB 50497-2019",
        "added tilt after GB 50497-2019",
    ),
    "JGJ 8-2016 reads widths to 0.1 mm": (
        "JGJ 8-2016 规定裂缝宽度读至 0.1 mm",
        "JGJ 8-2016 reads widths to 0.1 mm",
    ),
    "floor, the instrument's own scatter counts when larger": (
        "为下限，仪器自身离散更大时以离散为准",
        "a floor; the instrument's own scatter counts when larger",
    ),
    "growth: project": ("增量：本项目建议值", "growth: this project's own value"),
    "0.3 mm: project": ("0.3 mm 为本项目建议值", "0.3 mm: this project's own value"),
}
#: what stands inside or behind a clause
_WITHIN: tuple[tuple[str, str, str], ...] = (
    (r"\bt\.(?=\d)", "表 ", "table "),
    (r"\bch\. (\d+)", r"第 \1 章", r"chapter \1"),
    (r"\bline (\d+)", r"第 \1 行", r"line \1"),
    (r"\bfoundation Bu to Cu\b", "地基基础 Bu 级与 Cu 级的界限", "foundation Bu to Cu"),
    (r"\blower end of each range\b", "取各档下限", "lower end of each range"),
    (r"\blower end: slowest wave\b", "取下限：波速最低", "lower end: slowest wave"),
    (r"\bthe tilt alone\b", "仅倾斜", "the tilt alone"),
    (r"\bfirst month\b", "第一个月", "first month"),
    (r"\bwidth only\b", "仅按宽度", "width only"),
)


def source_word(source: str, language: str = "zh") -> str:
    """Write the source of a limit for people; what is not known stays as it is.

    Examples
    --------
    >>> source_word("project")
    '本项目建议值'
    >>> source_word("project", "en")
    "this project's own value"
    >>> source_word("JGJ 125-2016 ch. 5 (M1, M2: width only); growth: project")
    'JGJ 125-2016 第 5 章（M1、M2：仅按宽度）；增量：本项目建议值'

    """
    chinese = language_of(language) == "zh"
    parts = [_part(part, chinese=chinese) for part in source.split("; ")]
    return ("；" if chinese else "; ").join(parts)


def _part(part: str, *, chinese: bool) -> str:
    if part in _PHRASES:
        return _PHRASES[part][0 if chinese else 1]
    for pattern, zh, en in _WITHIN:
        part = re.sub(pattern, zh if chinese else en, part)
    if not chinese:
        return part
    inside = re.sub(
        r" ?\(([^()]*)\)",
        lambda found: f"（{found[1].replace(', ', '、').replace(': ', '：')}）",
        part,
    )
    return re.sub(r"(?<=）), ", "，", inside)
