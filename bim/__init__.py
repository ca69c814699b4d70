"""IFC models: read, meshed, matched and written back; each file in a limited child process."""
