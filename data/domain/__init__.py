"""What is true of a factory: pure records and functions; no I/O, no clock."""
