"""The tables of those who are told when a score changes its band."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table, Text, text

from domain.alerts import NoticeState
from domain.score_notices import NoticeKind
from storage.records.columns import PLAIN, Words
from storage.records.tables import metadata

score_webhooks = Table(
    "score_webhooks",
    metadata,
    Column("id", PLAIN, primary_key=True),
    Column("user_id", PLAIN, ForeignKey("users.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("created_at_ns", BigInteger, nullable=False),
)

# apart from the notices of alerts: a receiver that is away must not look like an alarm that is
# not told
score_notices = Table(
    "score_notices",
    metadata,
    Column("id", PLAIN, primary_key=True),
    Column("webhook_id", PLAIN, ForeignKey("score_webhooks.id"), nullable=False),
    Column("building_id", PLAIN, nullable=False),
    Column("assessment_id", PLAIN, nullable=False),
    Column("kind", Words(NoticeKind), nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at_ns", BigInteger, nullable=False),
    Column("state", Words(NoticeState), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at_ns", BigInteger),
    Column("answer", Text, nullable=False),
    Column("updated_at_ns", BigInteger, nullable=False),
    Index(None, "webhook_id", "created_at_ns"),
)
Index(
    "ix_score_notices_due",
    score_notices.c.next_at_ns,
    sqlite_where=text("next_at_ns IS NOT NULL"),
    postgresql_where=text("next_at_ns IS NOT NULL"),
)
