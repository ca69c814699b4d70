"""What the causes about the installation itself are called."""

from domain.findings import Cause

INSTALLATION_CAUSES: dict[str, dict[Cause, str]] = {
    "zh": {
        Cause.SPOOL_NEAR_LIMIT: "暂存队列将满",
        Cause.SPOOL_WRITE_FAILED: "暂存队列写入失败",
        Cause.READINGS_STORE_AWAY: "测值库连不上",
        Cause.BROKER_AWAY: "消息接入中断",
        Cause.ROLE_SILENT: "运行角色无心跳",
        Cause.DISK_LOW: "磁盘空间不足",
        Cause.NOTICES_STUCK: "通知发不出去",
    },
    "en": {
        Cause.SPOOL_NEAR_LIMIT: "spool near its limit",
        Cause.SPOOL_WRITE_FAILED: "spool cannot be written",
        Cause.READINGS_STORE_AWAY: "readings store away",
        Cause.BROKER_AWAY: "broker away",
        Cause.ROLE_SILENT: "a role is silent",
        Cause.DISK_LOW: "disk space low",
        Cause.NOTICES_STUCK: "notices do not leave",
    },
}
