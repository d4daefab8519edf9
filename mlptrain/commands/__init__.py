"""What the commands do: paths in, frozen results out. No terminal here; sinks get the events."""
