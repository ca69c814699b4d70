"""Processes of their own, with limits, for whoever looks at foreign files (IFC, photos)."""
