"""Readings become findings here: limits, segments, compensation for the weather, detectors."""
