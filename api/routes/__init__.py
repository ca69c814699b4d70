"""One file per resource; each offers `router`, and is found by name."""
