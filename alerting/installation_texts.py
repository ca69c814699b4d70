"""The phrases of alerts about the installation itself, in Chinese and English."""

from alerting.saying import Saying, figures
from alerting.words import span
from domain.clock import SECOND_NS
from domain.findings import Cause
from domain.limits import Level

#: stands where a building's name stands in other alerts
NAME = {"zh": "安居系统", "en": "Anju itself"}


#: parts of the installation, by the first word of a sign's subject
_PARTS = {
    "spool": "暂存队列",
    "ingest": "接入",
    "analyse": "判断",
    "notify": "通知",
    "serve": "页面与接口",
    "jobs": "定时任务",
}


def clause(said: Saying, language: str) -> str:
    """Say what is wrong with which part, against which limit, and what it means for readings."""
    value, limit = _figures(said, language)
    over = said.level == Level.NONE
    if language == "zh":
        return _chinese_over(said, value) if over else _chinese(said, value, limit)
    return _english_over(said, value) if over else _english(said, value, limit)


def _figures(said: Saying, language: str) -> tuple[str, str]:
    if said.unit == "s":
        first, second = (span(round(v * SECOND_NS), language) for v in (said.value, said.limit))
        return first, second
    return figures(said, language)


def _part(subject: str) -> str:
    first, space, rest = subject.partition(" ")
    return f"{_PARTS.get(first, first)}{space}{rest}"


def _chinese(said: Saying, value: str, limit: str) -> str:
    part, bound = _part(said.subject), f"（限值 {limit}）"
    match said.cause, said.rule:
        case Cause.SPOOL_NEAR_LIMIT, _:
            return (
                f"{part} 已用去上限的 {value}{bound}；写满后不再向网关确认，读数留在网关。"
                "请查看测值库和判断是否落后"
            )
        case Cause.SPOOL_WRITE_FAILED, "spool.failed_writes":
            return f"{part} 近 10 分钟内写入失败 {said.value:.0f} 次；未写入的读数没有确认"
        case Cause.SPOOL_WRITE_FAILED, _:
            return f"{part} 写入失败已持续 {value}{bound}；读数没有确认，由网关保留。请查看磁盘"
        case Cause.READINGS_STORE_AWAY, _:
            return f"测值库写不进去已 {value}{bound}；读数暂存在队列里，判断照常进行"
        case Cause.BROKER_AWAY, _:
            return f"{part} 连不上消息服务已 {value}{bound}；这期间没有读数进来，由网关保留"
        case Cause.ROLE_SILENT, _:
            return f"运行角色“{part}”已 {value}没有心跳{bound}；它负责的工作已停"
        case Cause.DISK_LOW, _:
            return f"{part} 所在磁盘只剩 {value}{bound}"
        case Cause.NOTICES_STUCK, "notices.refused":
            return f"有通知被所有渠道拒收，已 {value}{bound}；收件人可能不知情，请电话告知"
        case _:
            return f"到期的通知已 {value}没有发出{bound}；收件人可能不知情，请电话告知"


def _chinese_over(said: Saying, value: str) -> str:
    match said.cause:
        case Cause.SPOOL_NEAR_LIMIT:
            return f"{_part(said.subject)} 已回落至上限的 {value}"
        case Cause.SPOOL_WRITE_FAILED:
            return f"{_part(said.subject)} 已恢复写入"
        case Cause.READINGS_STORE_AWAY:
            return "测值库已恢复"
        case Cause.BROKER_AWAY:
            return f"{_part(said.subject)} 已恢复接收"
        case Cause.ROLE_SILENT:
            return f"运行角色“{_part(said.subject)}”已恢复心跳"
        case Cause.DISK_LOW:
            return f"{_part(said.subject)} 所在磁盘已有 {value} 可用"
        case _:
            return "通知已能发出"


def _english(said: Saying, value: str, limit: str) -> str:
    part, bound = said.subject, f" (limit {limit})"
    match said.cause, said.rule:
        case Cause.SPOOL_NEAR_LIMIT, _:
            return (
                f"{part} holds {value} of its limit{bound}; when it is full, gateways get no "
                "acknowledgement and keep their readings. See whether store or judgement is behind"
            )
        case Cause.SPOOL_WRITE_FAILED, "spool.failed_writes":
            return (
                f"{part} could not be written {said.value:.0f} times in 10 minutes; what was not "
                "written was not acknowledged"
            )
        case Cause.SPOOL_WRITE_FAILED, _:
            return (
                f"{part} has not been writable for {value}{bound}; readings are not acknowledged "
                "and stay in the gateways. See to the disk"
            )
        case Cause.READINGS_STORE_AWAY, _:
            return (
                f"the readings store has not taken readings for {value}{bound}; they wait in the "
                "spool, judging goes on"
            )
        case Cause.BROKER_AWAY, _:
            return (
                f"{part} has had no broker for {value}{bound}; no readings come in meanwhile, "
                "the gateways keep them"
            )
        case Cause.ROLE_SILENT, _:
            return f"role {part} has not beaten for {value}{bound}; its work stands still"
        case Cause.DISK_LOW, _:
            return f"the disk of {part} has {value} left{bound}"
        case Cause.NOTICES_STUCK, "notices.refused":
            return (
                f"every way has refused a notice for {value}{bound}; its reader may not know: call"
            )
        case _:
            return f"a notice has been due for {value}{bound}; its reader may not know: call"


def _english_over(said: Saying, value: str) -> str:
    match said.cause:
        case Cause.SPOOL_NEAR_LIMIT:
            return f"{said.subject} is back at {value} of its limit"
        case Cause.SPOOL_WRITE_FAILED:
            return f"{said.subject} can be written again"
        case Cause.READINGS_STORE_AWAY:
            return "the readings store takes readings again"
        case Cause.BROKER_AWAY:
            return f"{said.subject} receives again"
        case Cause.ROLE_SILENT:
            return f"role {said.subject} beats again"
        case Cause.DISK_LOW:
            return f"the disk of {said.subject} has {value} free again"
        case _:
            return "notices leave again"
