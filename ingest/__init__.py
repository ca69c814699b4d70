"""From an MQTT message to readings that are checked, counted and safe on disk."""
