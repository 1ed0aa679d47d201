"""The log of a site in Redis: append once, read from anywhere, trim what is recorded.

Imported by the wiring alone, which hands it to services. Every key of a site carries the same
hash tag, so a Redis Cluster keeps a site on one shard. An append is one script: it claims
each event's identity and adds the entry in one step, so a retry can't add it twice.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

import redis

from data.services.errors import Cold, Overloaded, Unavailable
from data.services.ports import REMEMBER_H, Claim, Entry, Outcome
from data.stream.client import LOST, Client, Cluster
from data.stream.client import connect as client_at

BLOCK_MS = 1000
TIMEOUT_S = 5.0

_OUTCOMES: tuple[Outcome, ...] = ("accepted", "duplicate", "conflict")

_SITES = "mp:sites"
_WARM_CHUNK = 5000
_FULL = ("OOM", "MISCONF")
_AWAY = ("READONLY", "NOREPLICAS", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "BUSY", "LOADING")

# KEYS: stream, epoch, one claim an event. ARGV: seconds, '1' for what is put back, then digest and
# payload an event.
_APPEND = """
if redis.call('EXISTS', KEYS[2]) == 0 then return redis.error_reply('COLD') end
local answers, again = {}, ARGV[2] == '1'
for i = 3, #KEYS do
  local digest, payload = ARGV[2 * i - 3], ARGV[2 * i - 2]
  local held = redis.call('GET', KEYS[i])
  if not held then
    if again then redis.call('XADD', KEYS[1], '*', 'e', payload, 'd', digest, 'a', '1')
    else redis.call('XADD', KEYS[1], '*', 'e', payload, 'd', digest) end
    redis.call('SET', KEYS[i], digest, 'EX', ARGV[1])
    answers[#answers + 1] = 0
  elseif held == digest then answers[#answers + 1] = 1
  else answers[#answers + 1] = 2 end
end
return answers
"""


def connect(url: str) -> Client:
    """Return a client whose time-outs fit a reader that blocks for `BLOCK_MS`.

    No automatic retry: an append whose reply was lost is answered as such, and the
    script makes the sender's own retry safe.
    """
    return client_at(url, TIMEOUT_S)


class EventLog:
    """The logs of all sites on one Redis, or on the shards of a cluster."""

    def __init__(self, client: Client, remember_h: int = REMEMBER_H) -> None:
        """`remember_h`: for how many hours an identity is remembered."""
        self._redis = client
        self.remember_s = remember_h * 3600
        self._append: Any = client.register_script(_APPEND)

    def append(self, site: str, claims: Sequence[Claim], again: bool = False) -> list[Outcome]:
        """Append what is new, in order; say for each what became of it.

        `again`: it stood in the log before, and is put back.

        Raises: Cold, Overloaded, Unavailable; then nothing was acknowledged.
        """
        keys = [key_of(site, "events"), key_of(site, "epoch")]
        arguments: list[Any] = [self.remember_s, int(again)]
        for claim in claims:
            keys.append(_claim_key(site, claim.source, claim.id))
            arguments += (claim.digest, claim.payload)
        with answering():
            return [_OUTCOMES[n] for n in self._appended(site, keys, arguments)]

    def _appended(self, site: str, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        """Append where the site is; on a cluster also wait for the replicas."""
        if isinstance(self._redis, Cluster) and self._redis.replicas:
            return self._redis.copied(self._append, keys, arguments, key_of(site, "copied"))
        return self._append(keys=keys, args=arguments)

    def append_quarantined(self, site: str, records: Sequence[bytes]) -> None:
        """Append inputs that can't be taken, so that the recorder keeps them for people to see."""
        with answering():
            pipe = self._redis.pipeline(transaction=False)
            for record in records:
                pipe.xadd(key_of(site, "events"), {"q": record})
            pipe.execute()

    def warm(self, site: str, epoch: str, digests: Mapping[tuple[str, str], bytes]) -> None:
        """Fill the memory of recorded identities after it was lost, and open a new epoch."""
        remembered = iter(digests.items())
        with answering():
            while chunk := list(islice(remembered, _WARM_CHUNK)):
                pipe = self._redis.pipeline(transaction=False)
                for (source, event_id), digest in chunk:
                    pipe.set(
                        _claim_key(site, source, event_id), digest, ex=self.remember_s, nx=True
                    )
                pipe.execute()
            # The epoch comes last: a log that has one remembers everything.
            self._redis.set(key_of(site, "epoch"), epoch, nx=True)

    def epoch(self, site: str) -> str | None:
        """Return the log's epoch; another one means that the log began anew. None: cold."""
        with answering():
            value: Any = self._redis.get(key_of(site, "epoch"))
        return value.decode() if value else None

    def read(self, site: str, after: str, count: int, block_ms: int | None) -> list[Entry]:
        """Return up to `count` entries after an offset, waiting up to `block_ms` for the first."""
        with answering():
            answer: Any = self._redis.xread(
                {key_of(site, "events"): after}, count=count, block=block_ms
            )
        if not answer:
            return []
        return [_entry(offset, fields) for offset, fields in answer[0][1]]

    def last_offset(self, site: str) -> str:
        """Return the offset of the newest entry, `0-0` when there never was one."""
        with answering():
            newest: Any = self._redis.xrevrange(key_of(site, "events"), count=1)
        return newest[0][0].decode() if newest else "0-0"

    def first_offset(self, site: str) -> str | None:
        """Return the offset of the oldest entry still held; None when there is none."""
        with answering():
            oldest: Any = self._redis.xrange(key_of(site, "events"), count=1)
        return oldest[0][0].decode() if oldest else None

    def generated(self, site: str) -> str | None:
        """Return the offset given last, also when its entry is gone; None: there is no log."""
        with answering():
            if not self._redis.exists(key_of(site, "events")):
                return None
            told: Any = self._redis.xinfo_stream(key_of(site, "events"))
        return str(told["last-generated-id"].decode())

    def forget(self, site: str, identities: Sequence[tuple[str, str]]) -> None:
        """Let identities be appended again, whose entries the log has lost."""
        if identities:
            with answering():
                self._redis.delete(*(_claim_key(site, *identity) for identity in identities))

    def trim(self, site: str, below: str) -> None:
        """Drop entries below an offset that SQL has recorded."""
        with answering():
            # Without limit=0 Redis drops 10,000 entries a call at most, and the log grows for ever.
            self._redis.xtrim(key_of(site, "events"), minid=below, approximate=True, limit=0)

    def signal(self, site: str, work_units: Sequence[str], at_s: float) -> None:
        """Note that these work units are connected at the real instant `at_s` (epoch seconds)."""
        if work_units:
            with answering():
                self._redis.hset(
                    key_of(site, "signals"), mapping=dict.fromkeys(work_units, repr(at_s))
                )

    def signals(self, site: str) -> dict[str, float]:
        """Return when each work unit was last connected, in epoch seconds."""
        with answering():
            held: Any = self._redis.hgetall(key_of(site, "signals"))
        return {name.decode(): float(at) for name, at in held.items()}

    def note_reader(self, site: str, reader: str, offset: str, at_s: float) -> None:
        """Note how far a reader is and when it last said so."""
        with answering():
            self._redis.hset(key_of(site, "readers"), reader, f"{offset} {at_s!r}")

    def readers(self, site: str) -> dict[str, tuple[str, float]]:
        """Return offset and epoch seconds of each reader's last note."""
        with answering():
            held: Any = self._redis.hgetall(key_of(site, "readers"))
        notes = {name.decode(): value.decode().split(" ") for name, value in held.items()}
        return {name: (offset, float(at)) for name, (offset, at) in notes.items()}

    def announce(self, site: str) -> None:
        """Make a site known to every process."""
        with answering():
            self._redis.sadd(_SITES, site)

    def sites(self) -> set[str]:
        """Return the sites that were announced."""
        with answering():
            members: Any = self._redis.smembers(_SITES)
        return {name.decode() for name in members}

    def ping(self) -> None:
        """Raise Unavailable when the log can't be reached."""
        with answering():
            self._redis.ping()


def _entry(offset: bytes, fields: Mapping[bytes, bytes]) -> Entry:
    if b"e" in fields:
        return Entry(offset.decode(), fields[b"e"], fields.get(b"d", b""), b"a" in fields)
    return Entry(offset.decode(), fields.get(b"q", b""), None)


def key_of(site: str, name: str) -> str:
    """Return a key of a site; all of them are on one shard of a cluster."""
    return f"mp:{{{site}}}:{name}"


def _claim_key(site: str, source: str, event_id: str) -> str:
    digest = hashlib.blake2b(f"{source}\n{event_id}".encode(), digest_size=12).hexdigest()
    return f"mp:{{{site}}}:i:{digest}"


@contextmanager
def answering() -> Iterator[None]:
    """Turn a lost or full Redis into the errors of services."""
    try:
        yield
    except (*LOST, redis.BusyLoadingError) as error:
        raise Unavailable(f"the log can't be reached: {error}") from error
    except redis.OutOfMemoryError as error:
        raise Overloaded("the log is full") from error
    except redis.ResponseError as error:
        raise _in_our_words(error) from error


def _in_our_words(error: redis.ResponseError) -> Exception:
    """Return the service error for a refusal of Redis, or itself when it is our mistake."""
    said = str(error)
    if "COLD" in said:
        return Cold("the log doesn't know what it has recorded")
    if any(word in said for word in _FULL):
        return Overloaded(f"the log takes nothing: {said}")
    if any(word in said for word in _AWAY):
        return Unavailable(f"the log can't be written to now: {said}")
    return error
