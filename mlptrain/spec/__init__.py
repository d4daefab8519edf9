"""The spec: its fields, how it is read from YAML or Python values, what may be wrong with it, its schema."""
