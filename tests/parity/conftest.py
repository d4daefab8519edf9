"""What pytest leaves alone here."""

collect_ignore = ["make_realmlp.py"]
"""It makes the stored numbers and needs pytabkit, which the tests do not."""
