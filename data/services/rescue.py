"""Puts back what vanishes from the log before it is recorded, and tells people which it was.

The watch reads what the recorder reads, and keeps what isn't recorded yet. When another hand
empties or trims the log, what was acknowledged is here still. Putting back is safe at any time:
an identity is recorded once, however often it stands in the log. An aspect of the watch; web
processes, which read at once what the watch may read a little later, put back what it hadn't, and
what they acknowledged themselves and nobody read.
"""

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

import msgspec
import structlog

from data.domain.events import Event
from data.domain.quarantine import Quarantined, QuarantineKind
from data.domain.subjects import Identity
from data.services.aspects import Aspect, Documents
from data.services.errors import Cold
from data.services.live import LiveSite
from data.services.ports import Claim, Entry, Outcome, seq_of
from data.services.promises import Promises
from data.services.recorder import READER

MOST = 200_000  # entries that are kept at most; the recorder is that far behind at 1,000/s in 200 s
LOOK_S = 2.0
SURE_S = 3.0  # a recorder that has read them just before has recorded them by then
SECOND_S = 6.0  # how long a web process leaves it to the watch
CHUNK = 500
_identity = msgspec.json.Decoder(Event).decode
_log = structlog.get_logger("rescue")


class Log(Protocol):
    """What the rescue asks of the log. `remember_s`: for how long it knows an identity."""

    remember_s: int

    def epoch(self, site: str) -> str | None:
        """Epoch of the log."""

    def first_offset(self, site: str) -> str | None:
        """Offset of the oldest entry still held."""

    def last_offset(self, site: str) -> str:
        """Offset of the newest entry."""

    def readers(self, site: str) -> dict[str, tuple[str, float]]:
        """How far each reader is."""

    def read(self, site: str, after: str, count: int, block_ms: int | None) -> list[Entry]:
        """Entries after an offset."""

    def forget(self, site: str, identities: Sequence[Identity]) -> None:
        """Let identities be appended again."""

    def append(self, site: str, claims: Sequence[Claim], again: bool = False) -> list[Outcome]:
        """Append what is new."""

    def append_quarantined(self, site: str, records: Sequence[bytes]) -> None:
        """Keep something for people to see."""

    def warm(self, site: str, epoch: str, digests: Mapping[Identity, bytes]) -> None:
        """Fill the memory of identities."""

    def announce(self, site: str) -> None:
        """Make a site known."""


class Recorded(Protocol):
    """What the rescue asks of the history."""

    def digests(self, site: str, since: datetime) -> dict[Identity, bytes]:
        """Identities recorded since an instant."""

    def digests_of(self, site: str, identities: Sequence[Identity]) -> dict[Identity, bytes]:
        """Which identities are recorded."""


class Rescue(Aspect):
    """Keeps what the log holds beyond the recorder. `work` looks every two seconds."""

    def __init__(
        self, site: str, log: Log, past: Recorded, now: Callable[[], datetime],
        clock: Callable[[], float] = time.monotonic, sure_s: float = SURE_S,
        promises: Promises | None = None,
    ) -> None:  # fmt: skip
        """`clock`: seconds that never go back; `sure_s`: how long it leaves it to others.

        `promises`: what this process acknowledges, on the same clock.
        """
        self._promises = promises or Promises(clock)
        self._end: tuple[float, int] | None = None  # when it looked last, where the log ended
        self._sure_s = sure_s
        self._site, self._log, self._past, self._now, self._clock = site, log, past, now, clock
        self._kept: deque[tuple[str, Entry]] = deque(maxlen=MOST)  # with the epoch it was read in
        self._live: LiveSite | None = None
        self._epoch = ""
        self._looked_at = self._missed_at = 0.0

    def begin(self, live: LiveSite) -> None:
        """Listen to what the watch reads. What is kept outlasts a board."""
        if self._live is None:
            self._live = live
            live.overhear(self._overhear)
        if self._looked_at == 0.0:
            self._epoch = self._log.epoch(self._site) or ""

    def see(self, events: Sequence[Event]) -> None:
        """Nothing: entries are taken as they stand in the log."""

    def work(self, now: datetime) -> Documents:
        """Look whether anything vanished; put it back once that is sure.

        Raises: Unavailable, Overloaded.
        """
        if self._clock() - self._looked_at < LOOK_S:
            return {}
        self._looked_at = self._clock()
        gone = [*map(_claim, self._gone()), *self._unread()]
        if not gone:
            self._missed_at = 0.0
        elif self._missed_at == 0.0:
            self._missed_at = self._clock()
        elif self._clock() - self._missed_at >= self._sure_s:
            self._put_back(gone)
            self._missed_at = 0.0
        return {}

    def _overhear(self, entries: Sequence[Entry]) -> None:
        self._promises.read(self._site, entries)
        back = {entry.payload for entry in entries if entry.again}
        if back:  # by whoever noticed first
            left = [one for one in self._kept if one[1].payload not in back]
            self._kept = deque(left, maxlen=MOST)
        self._kept.extend((self._epoch, entry) for entry in entries if entry.digest is not None)

    def _gone(self) -> list[Entry]:
        """Return what is kept and is neither in the log nor recorded; forget what is recorded.

        It looks no further than the first that is still there and waits: the ones behind it were
        read later.
        """
        epoch, first = self._log.epoch(self._site) or "", self._log.first_offset(self._site)
        if epoch != self._epoch:
            self._find_again(epoch)
        held = seq_of(first) if first is not None else None
        told = self._log.readers(self._site).get(READER)
        recorded = seq_of(told[0]) if told else 0
        missing, settled = [], set()
        for one in self._kept:
            seq = seq_of(one[1].offset)
            if held is None or seq < held or one[0] != epoch:
                missing.append(one)
            elif seq > recorded:
                break
            settled.add(id(one))
        gone = self._unrecorded([entry for _, entry in missing])
        while self._kept and id(self._kept[0]) in settled:  # others may have come meanwhile
            self._kept.popleft()
        still = {id(entry) for entry in gone}
        self._kept.extendleft(one for one in reversed(missing) if id(one[1]) in still)
        return gone

    def _find_again(self, epoch: str) -> None:
        """Say of what is kept and stands in a log that began since the last look that it does."""
        self._epoch = epoch
        stands = {
            (entry.offset, entry.payload) for entry in self._log.read(self._site, "0-0", MOST, None)
        }
        found = [
            (epoch if (entry.offset, entry.payload) in stands else before, entry)
            for before, entry in self._kept
        ]
        self._kept = deque(found, maxlen=MOST)

    def _unread(self) -> list[Claim]:
        """Return what this process acknowledged, isn't recorded, and the log has no more.

        That is what wasn't among all that the log had when it was looked at before.
        """
        read, before = seq_of(self._live.offset) if self._live else 0, self._end
        if before is not None and read < before[1]:
            return []  # not yet read so far
        self._end = (self._clock(), seq_of(self._log.last_offset(self._site)))
        found = self._promises.unread(self._site, before[0]) if before else []
        left = self._without_recorded(found)
        still = {(claim.source, claim.id) for claim in left}
        recorded = [claim for claim in found if (claim.source, claim.id) not in still]
        self._promises.forget(self._site, recorded)
        return left

    def _unrecorded(self, entries: Sequence[Entry]) -> list[Entry]:
        by_identity = {one: e for e in entries if (one := _identity_of(e)) is not None}
        return [by_identity[one] for one in self._not_in_sql([*by_identity])]

    def _without_recorded(self, claims: Sequence[Claim]) -> list[Claim]:
        by_identity = {(claim.source, claim.id): claim for claim in claims}
        return [by_identity[one] for one in self._not_in_sql([*by_identity])]

    def _not_in_sql(self, identities: Sequence[Identity]) -> list[Identity]:
        found: list[Identity] = []
        for first in range(0, len(identities), CHUNK):
            chunk = identities[first : first + CHUNK]
            known = self._past.digests_of(self._site, chunk)
            found += [one for one in chunk if one not in known]
        return found

    def _put_back(self, claims: Sequence[Claim]) -> None:
        self._log.forget(self._site, [(claim.source, claim.id) for claim in claims])
        for first in range(0, len(claims), CHUNK):
            self._append(claims[first : first + CHUNK])
        self._log.announce(self._site)
        names = [claim.id for claim in claims]
        _log.error("entries put back", site=self._site, count=len(names), first=names[0])
        self._log.append_quarantined(self._site, [self._told(names)])
        self._promises.forget(self._site, claims)
        back = {(claim.source, claim.id) for claim in claims}
        left = [one for one in self._kept if _identity_of(one[1]) not in back]
        self._kept = deque(left, maxlen=MOST)

    def _append(self, claims: Sequence[Claim]) -> None:
        try:
            self._log.append(self._site, claims, again=True)
        except Cold:
            at = self._live.now if self._live else self._now()
            since = datetime.fromtimestamp(at.timestamp() - self._log.remember_s, UTC)
            self._log.warm(
                self._site, self._now().isoformat(), self._past.digests(self._site, since)
            )
            self._log.append(self._site, claims, again=True)

    def _told(self, names: Sequence[str]) -> bytes:
        shown = ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
        reason = (
            f"{len(names)} acknowledged events had vanished from the log before they were recorded,"
            f" and were put back: {shown}"
        )
        return msgspec.json.encode(
            Quarantined(
                kind=QuarantineKind.GAP, source="", event_id=names[0], field="$", reason=reason,
                raw=msgspec.json.encode(names), received_at=self._now(),
            )
        )  # fmt: skip


def _identity_of(entry: Entry) -> Identity | None:
    try:
        event = _identity(entry.payload)
    except msgspec.DecodeError:
        return None
    return (event.source, event.id)


def _claim(entry: Entry) -> Claim:
    event = _identity(entry.payload)
    return Claim(event.source, event.id, entry.digest or b"", entry.payload)
