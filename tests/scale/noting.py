"""How the tests of scaling wait, and what they say of it: pytest --log-cli-level=info."""

import logging
import time
from collections.abc import Callable

from tests.browser.product.program import wait_for

RECOVERED_WITHIN_S = 60.0
_log = logging.getLogger("scale")


def seconds_until(
    condition: Callable[[], object], what: str, within_s: float = RECOVERED_WITHIN_S
) -> float:
    """Wait until something is so; return after how long it was."""
    begun = time.monotonic()
    wait_for(condition, within_s, what)
    return round(time.monotonic() - begun, 1)


def note(what: str, value: object) -> None:
    """Say what was measured."""
    _log.info("%s: %s", what, value)
