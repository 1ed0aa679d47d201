"""The facts of a site in Redis: the newest document of each name, and which ones changed when.

Imported by the wiring alone, which hands it to the watch and to whoever shows something. Documents
stand in a hash; a stream of numbered entries names those that changed, so a reader that was
away finds the newest of each at once, and one that misses a number reads the hash again.
All of it can be made again: the watch does when it sees that Redis has lost it.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import msgspec

from data.services.ports import FactsChange
from data.stream.client import Client
from data.stream.log import answering, key_of

KEPT = 4096  # entries of the stream; a reader farther behind reads the hash
NAMES = 200  # names an entry, so that no reader takes very much at once
_TAKEN = 5  # entries a read

# KEYS: hash, stream, counter. ARGV: the number that must be the last (-1: any will do), one to
# begin with, entries kept, the names of the entry as JSON, how many of them go, those that go,
# then name and document of the others. A counter that begins anew begins with the clock in
# microseconds, beyond all numbers before.
_PUBLISH = """
local last = tonumber(redis.call('GET', KEYS[3]) or '0')
if tonumber(ARGV[1]) >= 0 and last ~= tonumber(ARGV[1]) then return '' end
if last == 0 then last = tonumber(ARGV[2]) end
local gone = tonumber(ARGV[5])
for i = 6, 5 + gone do redis.call('HDEL', KEYS[1], ARGV[i]) end
for i = 6 + gone, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
local number = string.format('%.0f', last + 1)
redis.call('SET', KEYS[3], number)
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[3], number .. '-0', 'n', ARGV[4])
return number
"""
_names = msgspec.json.Decoder(list[str]).decode


class FactsStream:
    """The facts of all sites on one Redis, or on the shards of a cluster."""

    def __init__(self, client: Client) -> None:
        self._redis = client
        self._publish: Any = client.register_script(_PUBLISH)

    def publish(
        self, site: str, documents: Mapping[str, bytes | None], after: int | None
    ) -> int | None:
        """Make documents the newest of their names; return the number of the last entry.

        `after`: the number that the last publishing returned. None comes back, and nothing more
        is written, when another number stands there: Redis has lost something, or another
        publishes. `after` None writes whatever stands there.

        Raises: Unavailable, Overloaded.
        """
        number = after
        for chunk in _chunks(documents):
            number = self._write(site, chunk, number)
            if number is None:
                break
        return number

    def last(self, site: str) -> int:
        """Return the number of the last entry; 0 when there never was one.

        Raises: Unavailable.
        """
        with answering():
            value: Any = self._redis.get(key_of(site, "facts-number"))
        return int(value or 0)

    def names(self, site: str) -> set[str]:
        """Return the names that have a document.

        Raises: Unavailable.
        """
        with answering():
            found: Any = self._redis.hkeys(key_of(site, "facts-newest"))
        return {name.decode() for name in found}

    def snapshot(self, site: str) -> FactsChange:
        """Return all documents, and the number of an entry that they are not older than.

        Raises: Unavailable.
        """
        number = self.last(site)
        with answering():
            scan = self._redis.hscan_iter(key_of(site, "facts-newest"), count=NAMES)
            documents = {name.decode(): document for name, document in scan}
        return FactsChange(number, documents)

    def read(self, site: str, after: int, block_ms: int | None) -> FactsChange | None:
        """Return what changed after an entry, waiting up to `block_ms` for the first change.

        None: entries are missing, and `snapshot` has what counts.

        Raises: Unavailable.
        """
        stream = key_of(site, "facts")
        with answering():
            answer: Any = self._redis.xread({stream: f"{after}-0"}, count=_TAKEN, block=block_ms)
        if not answer:  # with nothing published since Redis lost it, what is known still counts
            return None if 0 < self.last(site) < after else FactsChange(after, {})
        entries = answer[0][1]
        if _number(entries[0]) != after + 1:
            return None
        names = sorted({name for _, fields in entries for name in _names(fields[b"n"])})
        return FactsChange(_number(entries[-1]), self._newest(site, names))

    def _newest(self, site: str, names: Sequence[str]) -> dict[str, bytes | None]:
        with answering():
            found: Any = self._redis.hmget(key_of(site, "facts-newest"), list(names))
        return dict(zip(names, found, strict=True))

    def _write(
        self, site: str, documents: Mapping[str, bytes | None], after: int | None
    ) -> int | None:
        gone = [name for name, document in documents.items() if document is None]
        keys = [key_of(site, name) for name in ("facts-newest", "facts", "facts-number")]
        arguments: list[Any] = [-1 if after is None else after, time.time_ns() // 1000, KEPT]
        arguments += (msgspec.json.encode(list(documents)), len(gone), *gone)
        for name, document in documents.items():
            if document is not None:
                arguments += (name, document)
        with answering():
            answer = self._publish(keys=keys, args=arguments)
        return int(answer) if answer else None


def _chunks(documents: Mapping[str, bytes | None]) -> Iterator[dict[str, bytes | None]]:
    items = iter(documents.items())
    while chunk := dict(islice(items, NAMES)):
        yield chunk


def _number(entry: tuple[bytes, Mapping[bytes, bytes]]) -> int:
    return int(entry[0].partition(b"-")[0])
