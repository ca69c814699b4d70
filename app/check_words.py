"""What a receipt, an alert's history and a finding say of a check-up's result."""

from domain.checkups import AppraisalOrder, CheckCause, CheckUp, ResultClass
from domain.labels import Outcome

RESULTS = {
    "zh": {
        ResultClass.SOUND: "1 类：未发现问题",
        ResultClass.MINOR: "2 类：轻微问题，维修保养",
        ResultClass.DANGER: "3 类：存在隐患，须鉴定",
        ResultClass.IMMINENT: "4 类：险情紧迫，立即停止使用",
    },
    "en": {
        ResultClass.SOUND: "class 1: no problem found",
        ResultClass.MINOR: "class 2: minor, maintain",
        ResultClass.DANGER: "class 3: hidden danger, appraise",
        ResultClass.IMMINENT: "class 4: imminent danger, stop use now",
    },
}
OUTCOMES = {
    "zh": {
        Outcome.CONFIRMED: "确有变化",
        Outcome.BENIGN: "无害",
        Outcome.SENSOR_FAULT: "仪器故障",
    },
    "en": {
        Outcome.CONFIRMED: "movement confirmed",
        Outcome.BENIGN: "harmless",
        Outcome.SENSOR_FAULT: "sensor fault",
    },
}
_CAUSES = {
    "zh": {CheckCause.DANGER_FOUND: "发现隐患", CheckCause.CONFLICT: "不同层级结论不一致"},
    "en": {CheckCause.DANGER_FOUND: "danger found", CheckCause.CONFLICT: "tiers disagree"},
}


def special(check_up: CheckUp, language: str) -> str:
    """Say that a special check-up was opened."""
    cause = _CAUSES[language].get(check_up.cause, check_up.cause.value)
    if language == "zh":
        return f"已开专项体检（{cause}），{check_up.due_on} 前完成"
    return f"special check-up opened ({cause}), due {check_up.due_on}"


def recheck(check_up: CheckUp, language: str) -> str:
    """Say when the re-check is due."""
    if language == "zh":
        return f"复查日期 {check_up.due_on}"
    return f"re-check due {check_up.due_on}"


def appraisal(order: AppraisalOrder, language: str) -> str:
    """Say that an appraisal was ordered."""
    if language == "zh":
        return f"已要求鉴定，{order.due_on} 前出具报告"
    return f"appraisal ordered, report due {order.due_on}"


def alert(language: str) -> str:
    """Say that a red alert was raised."""
    return "已发出红色预警" if language == "zh" else "red alert raised"


def label(outcome: Outcome, language: str) -> str:
    """Say what an alert turned out to be."""
    if language == "zh":
        return f"预警核实结论：{OUTCOMES['zh'][outcome]}"
    return f"the alert turned out: {OUTCOMES['en'][outcome]}"


def note(result: ResultClass, outcome: Outcome | None, conclusion: str) -> str:
    """Write the line of an alert's history about the check-up that it led to."""
    text = f"现场核查完成：{RESULTS['zh'][result]}"
    if outcome is not None:
        text += f"；核实结论：{OUTCOMES['zh'][outcome]}"
    said = " ".join(conclusion.split())
    return f"{text}。{said}"[:1900]


def unknown_form(form: tuple[str, int], language: str) -> str:
    """Say that a form was filled in that is not known here."""
    name, version = form
    if language == "en":
        return f"form {name} version {version} is not known here; the answers are kept as they came"
    return f"这里没有表单 {name} 第 {version} 版，答案按原样保留"


def other_form(form: tuple[str, int], wanted: tuple[str, int], language: str) -> str:
    """Say that another form, or another version of it, was filled in than is asked for now."""
    (name, version), (now, now_version) = form, wanted
    if language == "en":
        return (
            f"filled in on form {name} version {version}, kept as that; "
            f"the check-up asks for {now} version {now_version} now"
        )
    return f"按表单 {name} 第 {version} 版填写，照此保留；现在要求的是 {now} 第 {now_version} 版"
