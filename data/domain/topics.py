"""Topics: what changed, as bits; whoever shows something names those that concern it.

The fold touches the first five; the others change with time and with who is connected.
"""

OPERATIONS, WORK_UNITS, NEEDS, PLAN, OUTPUT = 1, 2, 4, 8, 16
FLOOR = OPERATIONS | WORK_UNITS | NEEDS | PLAN | OUTPUT  # what events touch
CLOCK = 32  # time went on
SIGNALS = 64  # the freshness of a machine's signal
READERS = 128  # how far the readers of the log are
ORDERS = 256  # the projection of the open orders
FORECASTS = 512  # what the watch forecasts
BOTTLENECK = 1024  # where the watch sees the bottleneck
HISTORY = 2048  # what is derived from the recorded past: ledgers, shift figures
STATEMENTS = 4096  # what people said to each other: comments, dates, what is disclosed
EXCEPTIONS = 8192  # what someone must act on
EVERYTHING = 16383


def bits(topics: int) -> list[int]:
    """Return each of several topics."""
    return [1 << place for place in range(topics.bit_length()) if topics >> place & 1]
