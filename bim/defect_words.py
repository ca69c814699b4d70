"""Words of defects for what leaves Anju, and the way back: BCF and IFC carry them as text."""

from domain.defects import Defect, DefectStatus

CODES = {
    "crack": "裂缝",
    "lean": "倾斜",
    "settlement": "沉降",
    "spalling": "剥落",
    "rebar": "露筋",
    "leak": "渗漏",
    "bulge": "鼓胀",
    "other": "其他",
}
SEVERITIES = {1: "轻微", 2: "明显", 3: "严重"}
#: as other programs name them
STATUSES = {
    DefectStatus.OPEN: "Open",
    DefectStatus.WATCHED: "In Progress",
    DefectStatus.MENDED: "Resolved",
    DefectStatus.DISMISSED: "Closed",
}
PRIORITIES = {1: "Low", 2: "Normal", 3: "High"}
_MEANT_STATUS = {
    "open": DefectStatus.OPEN,
    "active": DefectStatus.OPEN,
    "reopened": DefectStatus.OPEN,
    "in progress": DefectStatus.WATCHED,
    "watched": DefectStatus.WATCHED,
    "resolved": DefectStatus.MENDED,
    "done": DefectStatus.MENDED,
    "mended": DefectStatus.MENDED,
    "closed": DefectStatus.DISMISSED,
    "rejected": DefectStatus.DISMISSED,
    "dismissed": DefectStatus.DISMISSED,
}
_MEANT_SEVERITY = {
    "low": 1, "minor": 1, "轻微": 1,
    "normal": 2, "medium": 2, "major": 2, "明显": 2,
    "high": 3, "critical": 3, "严重": 3,
}  # fmt: skip


def defect_line(defect: Defect) -> str:
    """Say a defect in one line.

    Examples
    --------
    >>> defect_line(Defect("d", "b", "a", "crack", 2, 0, "x", value=0.4, unit="mm"))
    '裂缝 0.4 mm（明显）'

    """
    measured = "" if defect.value is None else f" {defect.value:g} {defect.unit}".rstrip()
    name = defect.title.strip() or CODES.get(defect.code, defect.code)
    return f"{name}{measured}（{SEVERITIES.get(defect.severity, defect.severity)}）"


def code_of(*texts: str) -> str:
    """Tell the kind of defect that words of others mean; `other` when none fits."""
    said = " ".join(texts).casefold()
    for code, word in CODES.items():
        if code != "other" and (word in said or code in said):
            return code
    return "other"


def status_of(text: str) -> DefectStatus:
    """Tell the status that a word of others means; what is not known is open."""
    return _MEANT_STATUS.get(text.strip().casefold(), DefectStatus.OPEN)


def severity_of(text: str) -> int:
    """Tell the severity that a word of others means; marked when it is not known."""
    return _MEANT_SEVERITY.get(text.strip().casefold(), 2)
