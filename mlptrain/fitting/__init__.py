"""A whole fit: all trainings of a spec, their checkpoints, their time."""
