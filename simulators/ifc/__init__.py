"""IFC models made by our own code: houses with Chinese storeys, their revisions, and bad files."""
