"""Redis: the log and the facts. Put together by the wiring alone."""
