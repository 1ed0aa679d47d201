"""How often one asker may read through the API: counted in Redis over all processes.

Imported by `callbacks.reading` and the wiring. By Flask-Limiter. While Redis is away each process
counts for itself: a limit must never be what keeps somebody from reading.
"""

import math
import time
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response
from flask_limiter import Limiter, RateLimitExceeded

from callbacks.api import Problem, answer_problem
from data import cluster_address

READS_A_MINUTE = 1200
PREFIX = "mp:limit"
TIMEOUT_S = 0.5
_SCOPE, _WINDOW_S = "reads", 60


class ReadLimit:
    """Counts requests by who asks, and refuses those that are too many."""

    def __init__(self, redis_url: str, a_minute: int = READS_A_MINUTE) -> None:
        self._url, self._secured = _as_limits_has_it(redis_url)
        self._a_minute = a_minute

    def guard(self, routes: Blueprint, asker: Callable[[], str]) -> None:
        """Stand before every route of a blueprint; `asker` names who asks."""
        limiter = Limiter(
            asker,
            storage_uri=self._url,
            storage_options={
                "key_prefix": PREFIX,
                "socket_timeout": TIMEOUT_S,
                "socket_connect_timeout": TIMEOUT_S,
                **self._secured,
            },
            strategy="fixed-window",
            in_memory_fallback_enabled=True,
            swallow_errors=True,
        )
        limiter.shared_limit(f"{self._a_minute} per minute", scope=_SCOPE)(routes)
        routes.record_once(lambda state: limiter.init_app(state.app))

        def refuse(error: RateLimitExceeded) -> Response:
            found = limiter.current_limit
            return self._refused(_WINDOW_S if found is None else found.reset_at - time.time())

        routes.register_error_handler(RateLimitExceeded, refuse)

    def _refused(self, wait_s: float) -> Response:
        problem = Problem(429, f"you may read {self._a_minute} times a minute")
        problem.headers["Retry-After"] = str(min(_WINDOW_S, max(1, math.ceil(wait_s))))
        return answer_problem(problem)


def _as_limits_has_it(redis_url: str) -> tuple[str, dict[str, Any]]:
    """Return the address in the form of the library that counts, and what it is told of TLS."""
    if not redis_url.startswith(cluster_address.SCHEMES):
        return redis_url.replace("unix://", "redis+unix://", 1), {}
    nodes = redis_url.partition("?")[0].rstrip("/")  # what follows them is ours
    secured = cluster_address.secured(cluster_address.parse(redis_url))
    return nodes.replace(cluster_address.TLS, cluster_address.PLAIN, 1), secured
