"""The shelf that answers are kept on: Flask-Caching's Redis backend, bytes in and bytes out.

Imported by the wiring alone. Flask-Caching pickles what it keeps; this backend hands bytes through
and refuses everything else. Its decorators are never used: their keys know nothing of scopes.
"""

from typing import Any

import redis
from flask_caching.backends.rediscache import RedisCache

from data.services.errors import Unavailable
from data.stream.client import LOST, close, connect

PREFIX = "mp:cache:"
TIMEOUT_S = 0.5  # keeping answers must never cost more than making them
MOST_BYTES = 512 * 1024  # the log lives in the same memory


class _Plain:
    """Hands bytes through."""

    def dumps(self, value: object) -> bytes:
        """Return the value itself."""
        if not isinstance(value, bytes):
            raise TypeError(f"kept values are bytes, not {type(value).__name__}")
        return value

    def loads(self, value: bytes | None) -> bytes | None:
        """Return the value itself."""
        return value


class _PlainRedisCache(RedisCache):
    """Flask-Caching's Redis backend without pickles."""

    serializer: Any = _Plain()


class RedisShelf:
    """Keeps answers in Redis."""

    def __init__(self, url: str) -> None:
        self._client = connect(url, TIMEOUT_S)
        self._cache = _PlainRedisCache(host=self._client, key_prefix=PREFIX)

    def get(self, key: str) -> bytes | None:
        """Return what is kept; None when nothing is.

        Raises: Unavailable.
        """
        try:
            kept = self._cache.get(key)
        except (redis.RedisError, *LOST) as error:
            raise Unavailable(f"the cache can't be reached: {error}") from error
        return kept if isinstance(kept, bytes) else None

    def put(self, key: str, value: bytes, keep_s: int) -> None:
        """Keep a value for so long, unless it is too large.

        Raises: Unavailable.
        """
        if len(value) > MOST_BYTES:
            return
        try:
            self._cache.set(key, value, timeout=keep_s)
        except (redis.RedisError, *LOST) as error:
            raise Unavailable(f"the cache can't be reached: {error}") from error

    def close(self) -> None:
        """Let the connections go."""
        close(self._client)
