"""Routes of the pages, one file a subject."""
