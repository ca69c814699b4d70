"""Pages for people: server-rendered, htmx for the small changes, ES modules for map and charts."""
