"""Ways out, one module each. Put together by the wiring alone."""
