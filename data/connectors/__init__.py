"""Ways in, one module a source. Wired in by app alone."""
