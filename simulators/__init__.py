"""Seeded weather, buildings, instruments and gateways that publish readings; no production code."""
