"""Files that the project writes and reads back: models, checkpoints; how a file is published and locked."""
