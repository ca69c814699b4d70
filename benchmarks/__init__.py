"""Measurements of speed, durability and quality; not shipped."""
