"""Anju's records, the rules on them and the ports; no library but numpy, no input or output."""
