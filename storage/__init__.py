"""Adapters of the store ports: records, readings, files and the spool; no rules."""
