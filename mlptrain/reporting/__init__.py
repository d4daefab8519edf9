"""Sinks: one consumer of the training events, or of results, per file."""
