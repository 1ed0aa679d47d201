"""Redis: the log and the facts. Wired in by app alone."""
