"""The recorder against plain COPY: the same event and state rows into the same tables.

The recorder reads the log, folds and stores identities, states and offset as well; COPY is handed
lines that are ready. What COPY takes for the identities too is told beside it. They take turns, so
that both meet the same machine.
"""

import gc
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec
import psycopg
from msgspec import Struct

from data.domain.events import Event
from data.services.ingest import digest_of
from data.services.live import utc_now
from data.services.ports import Claim
from data.services.recorder import Recorder
from data.store.recording import Recording
from tests.bench import workload
from tests.bench.figures import Measurement, at_least, median, noted
from tests.bench.stage import Ground, Stage
from tests.engines import conninfo

EVENTS, IDENTITIES = "event", "event_identity"
STATES = ("operation", "work_unit", "output")
COLUMNS = "site, source, id, type, subject, time, recorded_at, seq, digest, data"
OF_IDENTITIES = "site, source, id, recorded_at, digest"
BATCH = 1000


class Rows(Struct, frozen=True):
    """Lines for COPY, by table."""

    events: list[str]
    identities: list[str]
    states: dict[str, list[bytes]]


class Took(NamedTuple):
    """Seconds that COPY takes for events and states, and for their identities too."""

    s: float
    with_identities_s: float


def measure(stage: Stage, quick: bool) -> list[Measurement]:
    now, count = datetime.now(UTC), 20_000 if quick else 54_000
    plans, events = workload.plans(count, now), list(workload.reports(count, now))
    claims = [Claim(e.source, e.id, digest_of(e), msgspec.json.encode(e)) for e in events]
    lines, identities = list(event_lines(events)), list(identity_lines(events))
    took, copied, used, states = [], [], [], {}
    for turn in range(1 if quick else 5):
        if turn % 2:
            copied.append(_copy(stage.fresh(), Rows(lines, identities, states)))
        ground = stage.fresh()
        took_s, used_s = _record_s(ground, plans, claims)
        took.append(took_s)
        used.append(1e6 * used_s / count)
        states = _states(ground)
        if not turn % 2:
            copied.append(_copy(stage.fresh(), Rows(lines, identities, states)))
    turns = list(zip(took, copied, strict=True))
    ratio = median([plain.s / ours for ours, plain in turns])
    whole = median([plain.with_identities_s / ours for ours, plain in turns])
    return [
        at_least("recorder ÷ plain COPY of the same rows", ratio, "×", 0.5),
        noted("recorder ÷ plain COPY of the identities too", whole, "×"),
        noted("recorder, end to end into SQL", count / median(took), "events/s"),
        noted("plain COPY of the same rows", count / median([p.s for p in copied]), "events/s"),
        noted("recorder's own processor time an event", median(used), "µs"),
    ]


def _record_s(
    ground: Ground, plans: Sequence[Event], claims: Sequence[Claim]
) -> tuple[float, float]:
    """Return how long the recorder takes for events that wait in the log, and its own CPU time."""
    log = ground.log()
    log.warm(workload.SITE, "bench", {})
    writer = Recording(ground.database_url, workload.SITE)
    recorder = Recorder(workload.SITE, log, ground.history(), writer, utc_now)
    recorder.record_past([(plan, digest_of(plan)) for plan in plans])
    for first in range(0, len(claims), BATCH):
        log.append(workload.SITE, claims[first : first + BATCH])
    gc.collect()
    gc.freeze()  # what the bench itself holds is no concern of the recorder's
    done, begun, used_s = 0, time.perf_counter(), time.process_time()
    while done < len(claims):
        done += recorder.step(block_ms=None)
    took_s, used_s = time.perf_counter() - begun, time.process_time() - used_s
    gc.unfreeze()
    recorder.close()
    return took_s, used_s


def _states(ground: Ground) -> dict[str, list[bytes]]:
    """Take the state rows that the recorder stored, as lines for COPY."""
    with psycopg.connect(conninfo(ground.database_url)) as connection:
        lines = {}
        for table in STATES:
            with connection.cursor().copy(f"COPY {table} TO STDOUT") as copy:
                lines[table] = [bytes(line) for line in copy]
        return lines


def _copy(ground: Ground, rows: Rows) -> Took:
    """Return how long the server takes for the same rows in the same tables, new as well."""
    with psycopg.connect(conninfo(ground.database_url)) as connection:
        begun = time.perf_counter()
        _copy_lines(connection, f"{EVENTS} ({COLUMNS})", rows.events)
        for table, lines in rows.states.items():
            with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
                copy.write(b"".join(lines))
        connection.commit()
        took_s = time.perf_counter() - begun
        _copy_lines(connection, f"{IDENTITIES} ({OF_IDENTITIES})", rows.identities)
        connection.commit()
        return Took(took_s, time.perf_counter() - begun)


def _copy_lines(connection: psycopg.Connection, into: str, lines: Sequence[str]) -> None:
    with connection.cursor().copy(f"COPY {into} FROM STDIN") as copy:
        for first in range(0, len(lines), BATCH):
            copy.write("".join(lines[first : first + BATCH]))


def event_lines(events: Iterable[Event]) -> Iterator[str]:
    """Yield COPY's text form of each event, which has no backslash."""
    for seq, event in enumerate(events, 1):
        names = f"{workload.SITE}\t{event.source}\t{event.id}\t{event.type}\t{event.subject}"
        data = msgspec.json.encode(event.data).decode()
        digest = f"\\\\x{digest_of(event).hex()}"
        yield f"{names}\t{event.time}\t{event.recorded_at}\t{seq}\t{digest}\t{data}\n"


def identity_lines(events: Iterable[Event]) -> Iterator[str]:
    """Yield COPY's text form of each event's identity."""
    for event in events:
        digest = f"\\\\x{digest_of(event).hex()}"
        yield f"{workload.SITE}\t{event.source}\t{event.id}\t{event.recorded_at}\t{digest}\n"
