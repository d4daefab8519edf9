"""From a spec and rows to parts that are encoded, ready to train on."""
