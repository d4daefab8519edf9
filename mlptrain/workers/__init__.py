"""Work in several processes, and who runs it."""
