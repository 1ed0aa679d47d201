"""The demo factory. Wired in by app alone."""
