"""The slow analysis: histories of channels in, verdicts and a building's assessment out.

Pure functions on columns: nothing is read, nothing is stored, and no clock is asked.
"""
