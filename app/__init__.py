"""The composition root: settings, wiring, the pipeline, timed jobs and the command line."""
