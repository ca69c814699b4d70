"""JSON for machines: the REST API under `/api/v1`, its errors and its stream of events."""
