"""The recorder: one a site, it turns the log into history.

It owns a board of its own, folds each batch and stores events, states and its offset in one
transaction. When a write fails it starts again from what SQL has, so nothing counts twice.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Protocol

import msgspec
import psycopg
import structlog

from data.domain.board import Board
from data.domain.events import Event
from data.domain.quarantine import Quarantined, QuarantineKind
from data.domain.subjects import Identity
from data.services.batches import Chunk, folded
from data.services.errors import Overloaded, Unavailable
from data.services.folding import Folding, Past
from data.services.ports import KEEP, Batch, Entry, Recorded, Snapshot, seq_of

READER = "recorder"
BATCH = 10_000
CHUNK = 1000  # entries that are read, decoded and folded at once, while the store is busy
TRIM_EVERY_S = 30.0
_ALL_RECORDED = 2**63 - 1  # the recorder's board is as far as SQL is
# What an entry that doesn't fit raises when it is folded or stored, however it came into the log.
_UNFIT = (
    ValueError, TypeError, LookupError, psycopg.DataError, psycopg.IntegrityError,
    psycopg.errors.ProgramLimitExceeded,
)  # fmt: skip
_event = msgspec.json.Decoder(Event).decode
_quarantined = msgspec.json.Decoder(Quarantined).decode
_log = structlog.get_logger("recorder")


class LogReader(Protocol):
    """What the recorder asks of the log."""

    def epoch(self, site: str) -> str | None:
        """Epoch of the log."""

    def read(self, site: str, after: str, count: int, block_ms: int | None) -> list[Entry]:
        """Entries after an offset."""

    def first_offset(self, site: str) -> str | None:
        """Offset of the oldest entry still held."""

    def generated(self, site: str) -> str | None:
        """The offset given last."""

    def trim(self, site: str, below: str) -> None:
        """Drop what is recorded."""

    def note_reader(self, site: str, reader: str, offset: str, at_s: float) -> None:
        """Say how far it is."""


class RecordedPast(Past, Protocol):
    """What the recorder asks of the history."""

    def snapshot(self, site: str, real_now: datetime) -> Snapshot:
        """State as of the recorded offset."""

    def digests_of(self, site: str, identities: Sequence[Identity]) -> dict[Identity, bytes]:
        """Which identities are recorded."""


class Writer(Protocol):
    """What the recorder asks of the store."""

    def acquire(self) -> bool:
        """Become the site's one recorder."""

    def write(self, batch: Batch) -> None:
        """Store a batch whole."""

    def release(self) -> None:
        """Let another take over."""


@dataclass
class Progress:
    """What the recorder has done, for metrics."""

    events: int = 0
    poisoned: int = 0
    last_write_at: datetime | None = None


class Recorder:
    """Records one site. `step` is one testable round; `run` goes on until stopped."""

    def __init__(
        self, site: str, log: LogReader, past: RecordedPast, writer: Writer,
        now: Callable[[], datetime],
    ) -> None:  # fmt: skip
        self.site = site
        self.progress = Progress()
        self._log = log
        self._past = past
        self._writer = writer
        self._now = now
        self._folding: Folding | None = None
        self._epoch = ""
        self._after = "0-0"
        self._trimmed_at: datetime | None = None
        self._trimmable = "0-0"
        self._told = "0-0"  # the place after which a gap was told

    @property
    def holds_site(self) -> bool:
        """Whether it is this process that records the site."""
        return self._folding is not None

    @property
    def epoch(self) -> str:
        """The log's epoch that it records, empty before the first."""
        return self._epoch

    def step(self, block_ms: int | None = 1000) -> int:
        """Record the next batch; return how many entries it held. 0 too while another records.

        Raises: Unavailable.
        """
        if self._folding is None and not self._begin():
            return 0
        epoch = self._log.epoch(self.site)
        if epoch is not None and epoch != self._epoch:
            self._begin_anew(epoch)
        entries = self._log.read(self.site, self._after, min(CHUNK, BATCH), block_ms)
        if entries and self._began_meanwhile(entries):
            return 0
        self._look_for_gap(epoch)
        count = self._record(entries) if entries else 0
        self._housekeep()
        last_was_full = count > 0 and count % min(CHUNK, BATCH) == 0
        self._note(behind=last_was_full)
        return count

    def record_past(self, events: Sequence[tuple[Event, bytes]]) -> None:
        """Store events from before the log (a made or imported past), with their digests.

        Raises: Unavailable, also while another process records the site; OrderArchived.
        """
        if self._folding is None and not self._begin():
            raise Unavailable(f"another process records {self.site}")
        recorded = [Recorded(event, 0, digest) for event, digest in events]
        try:
            self._write([Chunk(self._after, recorded)], [])
        except psycopg.errors.UniqueViolation:
            self._write_unrecorded(recorded, [], self._after)

    def close(self) -> None:
        """Let another take over."""
        self._folding = None
        self._writer.release()

    def _begin(self) -> bool:
        if not self._writer.acquire():
            return False
        snapshot = self._past.snapshot(self.site, self._now())
        self._folding = Folding(restored(self.site, snapshot), self._past, _ALL_RECORDED)
        self._epoch, self._after = snapshot.epoch, snapshot.after
        self._trimmable = "0-0"
        _log.info("recording", site=self.site, after=self._after)
        return True

    def _began_meanwhile(self, entries: Sequence[Entry]) -> bool:
        """Whether entries are of a log that began while the recorder waited for them.

        They are read again from its start: recorded as of the log before, they would count twice
        on every board that begins with what is recorded by then.
        """
        if self._log.epoch(self.site) in (None, self._epoch):
            return False
        first = self._log.first_offset(self.site)
        return first is not None and seq_of(first) <= seq_of(entries[0].offset)

    def _begin_anew(self, epoch: str) -> None:
        if self._epoch:
            _log.warning("log began anew", site=self.site, before=self._epoch, now=epoch)
            self._tell_gap("the log was emptied")
            self._after = self._trimmable = "0-0"
        self._epoch = epoch

    def _look_for_gap(self, epoch: str | None) -> None:
        """Look whether another hand has taken out of the log what isn't recorded.

        The entry recorded last is never trimmed by a recorder; where it is gone, others may be.
        """
        if self._after in ("0-0", self._told):
            return
        first = self._log.first_offset(self.site)
        if first is None:
            newest = self._log.generated(self.site)
            if newest != self._after:
                self._tell_gap(f"the log is empty; its newest entry was {newest or 'not kept'}")
        elif epoch is not None and seq_of(first) > seq_of(self._after):
            self._tell_gap(f"the log goes on at {first} ({_moment(first)})")

    def _tell_gap(self, what: str) -> None:
        """Keep for people to see that entries may be missing; once a place."""
        if self._after in ("0-0", self._told):
            return
        self._told = self._after
        reason = f"recorded is what came until {self._after} ({_moment(self._after)}); {what}"
        _log.error("gap in the log", site=self.site, reason=reason)
        gap = Quarantined(
            kind=QuarantineKind.GAP, source="", event_id=self._after, field="$", reason=reason,
            raw=b"", received_at=self._now(),
        )  # fmt: skip
        self._write([], [gap])

    def _record(self, first: Sequence[Entry]) -> int:
        """Record entries and what follows them, up to a batch; return how many these are."""
        entries = [*first]
        try:
            self._write_entries(self._reading_on(entries), entries)
        except _UNFIT as error:
            self._record_apart(entries, error)
        return len(entries)

    def _record_apart(self, entries: Sequence[Entry], error: Exception) -> None:
        """Put the one that can't be recorded aside, and let the others land."""
        if len(entries) == 1:
            poison = _poison(entries[0], str(error), self._now())
            self._write([Chunk(entries[0].offset, [])], [poison])
            return
        middle = len(entries) // 2
        for part in (entries[:middle], entries[middle:]):
            try:
                self._write_entries([part], part)
            except _UNFIT as unfit:
                self._record_apart(part, unfit)

    def _reading_on(self, entries: list[Entry]) -> Iterator[Sequence[Entry]]:
        """Yield entries, then what follows and joins them, read while the store is busy."""
        read, asked = entries[:], min(CHUNK, BATCH)
        while read:
            yield read
            full = len(read) == asked
            asked = min(CHUNK, BATCH - len(entries))
            read = self._following(entries[-1].offset, asked) if full and asked else []
            entries += read

    def _following(self, after: str, count: int) -> list[Entry]:
        """Return entries after the one read last; none where `step` is to look first what happened.

        So where the log began anew meanwhile, or misses the entry that was read last.
        """
        with suppress(Unavailable):
            entries = self._log.read(self.site, after, count, None)
            first = self._log.first_offset(self.site)
            if self._log.epoch(self.site) == self._epoch and first is not None:
                return entries if seq_of(first) <= seq_of(after) else []
        return []

    def _decoded(
        self, read: Iterable[Sequence[Entry]], quarantined: list[Quarantined]
    ) -> Iterator[Chunk]:
        """Yield the events of entries as they were read; the others go to `quarantined`."""
        for entries in read:
            events = []
            for entry in entries:
                try:
                    if entry.digest is None:
                        quarantined.append(_quarantined(entry.payload))
                    else:
                        event = _event(entry.payload)
                        events.append(Recorded(event, seq_of(entry.offset), entry.digest))
                except msgspec.DecodeError as error:
                    quarantined.append(_poison(entry, str(error), self._now()))
            yield Chunk(entries[-1].offset, events)

    def _write_entries(self, read: Iterable[Sequence[Entry]], entries: Sequence[Entry]) -> None:
        """Store entries as they are read; `entries`: all of them, by then."""
        quarantined: list[Quarantined] = []
        try:
            self._write(self._decoded(read, quarantined), quarantined)
        except psycopg.errors.UniqueViolation:
            quarantined.clear()
            chunks = self._decoded([entries], quarantined)
            recorded = [*chain.from_iterable(chunk.events for chunk in chunks)]
            self._write_unrecorded(recorded, quarantined, entries[-1].offset)

    def _write_unrecorded(
        self, recorded: Sequence[Recorded], quarantined: list[Quarantined], after: str
    ) -> None:
        fresh, conflicts = self._unrecorded(recorded)
        self._write([Chunk(after, fresh)], [*quarantined, *conflicts])

    def _write(self, chunks: Iterable[Chunk], quarantined: list[Quarantined]) -> None:
        folding = self._folding or self._again()
        batch = Batch(self._epoch, self._after, self._now(), quarantined=quarantined)
        batch.events = folded(chunks, batch, folding)
        self._folding = None  # until it is stored: the board is ahead of SQL meanwhile
        self._writer.write(batch)
        self._folding = folding
        self._after = batch.after
        self.progress.events += batch.stored
        self.progress.poisoned += len(quarantined)
        self.progress.last_write_at = batch.at

    def _again(self) -> Folding:
        """Begin again from what SQL has, at the same place of the same log."""
        epoch, after = self._epoch, self._after
        if not self._begin() or self._folding is None:
            raise Unavailable("the recorder doesn't hold the site")
        self._epoch, self._after = epoch, after
        return self._folding

    def _unrecorded(self, recorded: Sequence[Recorded]) -> tuple[list[Recorded], list[Quarantined]]:
        """Return what isn't recorded yet, each once, and what contradicts what is."""
        identities = [(r.event.source, r.event.id) for r in recorded]
        known = self._past.digests_of(self.site, identities)
        fresh, conflicts = [], []
        for item, identity in zip(recorded, identities, strict=True):
            digest = known.get(identity)
            if digest is None:
                known[identity] = item.digest
                fresh.append(item)
            elif digest != item.digest:
                conflicts.append(_conflict(item.event, self._now()))
        return fresh, conflicts

    def _note(self, behind: bool) -> None:
        """Say how far it is, and as of when it is up to date: `behind`, as of its last entry.

        A full log takes no note, but can be emptied at once.
        """
        at_s = self._now().timestamp()
        if behind:
            at_s = min(at_s, int(self._after.partition("-")[0]) / 1000)
        try:
            self._log.note_reader(self.site, READER, self._after, at_s)
        except Overloaded:
            _log.warning("log is full; trimming it at once", site=self.site)
            self._log.trim(self.site, self._after)

    def _housekeep(self) -> None:
        """Now and then forget the old, and trim what was recorded by the last time.

        The pause lets boards read what they are behind, and those that start with a snapshot.
        """
        now = self._now()
        trimmed_at = self._trimmed_at
        if trimmed_at is not None and 0 <= (now - trimmed_at).total_seconds() < TRIM_EVERY_S:
            return  # a clock that went back has it trim at once, not hours later
        self._trimmed_at = now
        self._log.trim(self.site, self._trimmable)
        self._trimmable = self._after
        if self._folding is not None:
            keep_from = self._folding.board.site.now(now) - KEEP
            self._folding.forget(keep_from, _ALL_RECORDED)


def restored(site: str, snapshot: Snapshot) -> Board:
    """Return a board with the snapshot's states as bases."""
    board = Board(site)
    board.restore(snapshot.folds)
    board.output = {key: list(counted) for key, counted in snapshot.output.items()}
    board.output_from = snapshot.output_from
    board.voided = set(snapshot.voided)
    board.void_subjects = {identity: {*aims} for identity, aims in snapshot.voided.items()}
    board.unmet_voids = set(snapshot.voided)
    board.last_event_at = snapshot.last_event_at
    board.changed_orders.clear()
    return board


def _moment(offset: str) -> str:
    """Return when an entry came in: its place tells."""
    at = datetime.fromtimestamp(int(offset.partition("-")[0]) / 1000, UTC)
    return f"{at:%F %T} UTC"


def _poison(entry: Entry, reason: str, now: datetime) -> Quarantined:
    return Quarantined(
        kind=QuarantineKind.POISON,
        source="",
        event_id=entry.offset,
        field="$",
        reason=reason,
        raw=entry.payload,
        received_at=now,
    )


def _conflict(event: Event, now: datetime) -> Quarantined:
    return Quarantined(
        kind=QuarantineKind.CONFLICT,
        source=event.source,
        event_id=event.id,
        field="id",
        reason="was recorded with another body before",
        raw=msgspec.json.encode(event),
        received_at=now,
    )
