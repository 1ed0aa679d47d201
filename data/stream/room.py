"""How much room the log has: memory of its engine, and how far its readers are behind.

Imported by the wiring, which hands it to the door's admission.
"""

from typing import Any

from data.services.recorder import READER
from data.stream.client import Client, memories
from data.stream.log import answering, key_of


class LogRoom:
    """Looks at Redis; cheap enough for twice a second. Raises Unavailable from every method."""

    def __init__(self, client: Client) -> None:
        self._redis = client

    def memory(self) -> float:
        """Return the share of its memory that is in use; of several shards, the fullest's."""
        with answering():
            return max(map(_used, memories(self._redis)))

    def recorded(self, site: str) -> str:
        """Return the place up to which the recorder says that it is."""
        with answering():
            note: Any = self._redis.hget(key_of(site, "readers"), READER)
        return str(note.decode().partition(" ")[0]) if note else "0-0"

    def held(self, site: str) -> int:
        """Return how many entries the log of a site has."""
        with answering():
            return int(self._redis.xlen(key_of(site, "events")))

    def behind_s(self, site: str, after: str) -> float:
        """Return how much younger the newest entry is than the oldest after a place.

        Both by the clock of Redis. It doesn't grow while nothing comes in.
        """
        stream = key_of(site, "events")
        with answering():
            oldest: Any = self._redis.xrange(stream, min=f"({after}", count=1)
            newest: Any = self._redis.xrevrange(stream, count=1) if oldest else []
        if not newest:
            return 0.0
        return max(0.0, (_ms(newest[0][0]) - _ms(oldest[0][0])) / 1000)


def _used(shard: dict[str, Any]) -> float:
    """Return the share; without a limit it is of what the machine has."""
    most = shard.get("maxmemory") or shard.get("total_system_memory") or 0
    used = shard["used_memory"] - shard.get("mem_not_counted_for_evict", 0)
    return float(used / most) if most else 0.0


def _ms(offset: bytes) -> int:
    return int(offset.partition(b"-")[0])
