"""One scenario a file; each offers `SCENARIO`."""
