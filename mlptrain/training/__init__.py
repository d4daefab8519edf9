"""The training loop: state in, events out."""
