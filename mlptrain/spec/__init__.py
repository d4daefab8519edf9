"""The spec: its fields, how it is read from YAML, what may be wrong with it, its schema."""
