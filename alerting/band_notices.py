"""A change of band told to those who want to know: which webhooks, and what the message says."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from domain.access import User, may
from domain.assessed import Assessed, Band
from domain.buildings import Building
from domain.clock import HOUR_NS, to_datetime
from domain.ids import same_id
from domain.score_notices import BandNotice, NoticeKind, ScoreWebhook, as_caller

#: what a subscriber's role must allow, with the building within their scopes
ACTION = "assessments:read"


@dataclass(frozen=True, slots=True)
class BandChange:
    """A building's band, and the one before it.

    Parameters
    ----------
    reasons
        (key, Chinese, English) of what weighs most.

    """

    building: Building
    before: Assessed
    band_before: Band
    row: Assessed
    band: Band
    reasons: tuple[tuple[str, str, str], ...] = ()


def notices_of(
    changes: Iterable[BandChange],
    subscribers: Sequence[tuple[ScoreWebhook, User]],
    now_ns: int,
    base_url: str = "",
) -> list[BandNotice]:
    """Write one message for each change and each webhook whose user may see the building.

    The same assessment and webhook always give the same id, so that a night that is run twice
    tells once.
    """
    found = []
    for change in changes:
        body = ""
        for webhook, user in subscribers:
            if not sees(user, change.building):
                continue
            body = body or data_of(change, base_url)
            made = change.row.assessment
            found.append(
                BandNotice(
                    same_id("band notice", made.id, webhook.id),
                    webhook.id,
                    change.building.id,
                    made.id,
                    NoticeKind.BAND,
                    body,
                    now_ns,
                    next_at_ns=now_ns,
                    updated_at_ns=now_ns,
                )
            )
    return found


def sees(user: User, building: Building) -> bool:
    """Tell whether a user may be told of a building."""
    return user.active and may(as_caller(user), ACTION, building)


def trial_notice(webhook: ScoreWebhook, now_ns: int) -> BandNotice:
    """Write a message that only tries the way."""
    body = json.dumps({"test": True, "webhook_id": webhook.id, "name": webhook.name})
    return BandNotice(
        same_id("band notice test", webhook.id, now_ns),
        webhook.id,
        "",
        "",
        NoticeKind.TEST,
        body,
        now_ns,
        next_at_ns=now_ns,
        updated_at_ns=now_ns,
    )


def data_of(change: BandChange, base_url: str = "") -> str:
    """Write the event's data: the building, its band before and now, and why; nobody's name."""
    row, made, house = change.row, change.row.assessment, change.building
    coverage, before = row.coverage, change.before
    age_h = None if row.data_at_ns is None else (row.made_at_ns - row.data_at_ns) / HOUR_NS
    data: Mapping[str, object] = {
        "building_id": house.id,
        "code": house.code,
        "district": house.district,
        "band_before": change.band_before.value,
        "band": change.band.value,
        "score_before": round(before.assessment.score, 2) if before.judged else None,
        "score": round(made.score, 2) if row.judged else None,
        "low": round(made.low, 2) if row.judged else None,
        "high": round(made.high, 2) if row.judged else None,
        "suspected": made.suspected.value,
        "confidence_percent": round(made.quality_percent, 2),
        "channels": coverage.channels if coverage else None,
        "channels_told": coverage.told if coverage else None,
        "reasons": [
            {"key": key, "text_zh": text_zh, "text_en": text_en}
            for key, text_zh, text_en in change.reasons
        ],
        "assessment_id": made.id,
        "at": _moment(made.at_ns),
        "made_at": _moment(row.made_at_ns),
        "data_at": None if row.data_at_ns is None else _moment(row.data_at_ns),
        "data_age_h": None if age_h is None else round(age_h, 2),
        "model": made.model,
        "profile": made.profile,
        "link": f"{base_url}/buildings/{house.id}",
    }
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def _moment(at_ns: int) -> str:
    return to_datetime(at_ns).isoformat().replace("+00:00", "Z")
