"""How long tests wait for what must come: for conditions and ends of processes, never for time to pass."""

PATIENCE = 600
"""Seconds after which a process counts as hanging. Machines that are ten times slower, or busy, do not come near."""
