"""The records database (SQLite or PostgreSQL): everything but the readings themselves."""

from storage.records.records import Records, open_records

__all__ = ["Records", "open_records"]
