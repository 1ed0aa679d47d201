"""Ways in, one module a source. Put together by the wiring alone."""
