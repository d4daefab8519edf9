"""The model: rows in, predictions out."""
