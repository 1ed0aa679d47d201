"""Ways out, one module each. Wired in by app alone."""
