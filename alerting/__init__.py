"""Findings become alerts here, and alerts reach people."""
