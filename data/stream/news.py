"""News for all web processes in Redis: one short stream of them for all sites.

Imported by the wiring alone, which hands it to `data.services.news`. Nothing is kept here that
isn't in SQL: who was away asks there.
"""

from typing import Any

import msgspec

from data.services.news import News
from data.stream.client import Client
from data.stream.log import answering

KEPT = 1000
_KEY = "mp:news"
_TAKEN = 100  # entries a read
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(News).decode


class NewsStream:
    """The news on one Redis, or on one shard of a cluster."""

    def __init__(self, client: Client) -> None:
        self._redis = client

    def publish(self, news: News) -> None:
        """Put news at the end.

        Raises: Unavailable, Overloaded.
        """
        with answering():
            self._redis.xadd(_KEY, {"n": _encode(news)}, maxlen=KEPT, approximate=True)

    def last(self) -> str:
        """Return the place of the newest.

        Raises: Unavailable.
        """
        with answering():
            newest: Any = self._redis.xrevrange(_KEY, count=1)
        return newest[0][0].decode() if newest else "0-0"

    def read(self, after: str, block_ms: int | None) -> tuple[str, list[News]]:
        """Return the news after a place, waiting up to `block_ms`, and the place of the last.

        Raises: Unavailable.
        """
        with answering():
            answer: Any = self._redis.xread({_KEY: after}, count=_TAKEN, block=block_ms)
        entries = answer[0][1] if answer else []
        place = entries[-1][0].decode() if entries else after
        return place, [_decode(fields[b"n"]) for _, fields in entries]
