"""Migrations of the records database, run by `storage.records.schema`."""
