"""The device door: gateways connect straight to ingest over MQTT 3.1.1 and 5.

It answers PUBACK only after the fsync, so the protocol's own acknowledgement is the receipt. It
routes nothing between clients and is no broker; docs/mqtt.md says what it serves.
"""
