"""Studies: many fits of one spec with other settings, and the best of them."""
