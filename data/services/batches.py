"""One batch of the recorder: what its events change, noted while they are folded.

Imported by the recorder. The store takes the events one by one, so that the database works while
the next are read, decoded and folded; which rows changed is known when they are exhausted.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from data.domain.board import Board, blank
from data.domain.events import Event, EventType
from data.domain.subjects import Identity
from data.services.folding import Folding, completed_at
from data.services.ports import Batch, Recorded, seq_of
from data.services.staleness import UnitDay, days_of, keys_of_days, keys_of_subjects

_VOIDED = EventType.EVENT_VOIDED


class Chunk(NamedTuple):
    """Events up to a place in the log."""

    after: str
    events: list[Recorded]


def folded(chunks: Iterable[Chunk], batch: Batch, folding: Folding) -> Iterator[Recorded]:
    """Yield the events as they are folded; then note in the batch every row that they change.

    `batch.after` is first the place that is recorded, then the one that the batch goes up to.
    """
    board = folding.board
    board.changed_orders.clear()
    board.changed_output.clear()
    unmet = set(board.unmet_voids)
    subjects: dict[str, None] = {}
    days: set[UnitDay] = set()
    recorded_seq = seq_of(batch.after)
    for after, chunk in chunks:
        events = [item.event for item in chunk]
        folding.fetch(events)
        for item in chunk:
            folding.apply(item.event)
            subjects[item.event.subject] = None
            yield item
        folding.rest(recorded_seq)
        folding.hold(events, seq_of(after))
        batch.after = after
        batch.stored += len(chunk)
        days |= days_of(events)
        batch.undone += [_undone(event) for event in events if event.type is _VOIDED]
    batch.stale = keys_of_subjects(subjects) | keys_of_days(days)
    batch.folds = [board.existing(subject) or blank(subject) for subject in subjects]
    batch.output = {key: board.output.get(key, [0, 0, 0]) for key in board.changed_output}
    batch.completed = _completions(board, board.changed_orders)
    batch.pending_voids = [
        (identity, subject)
        for identity in sorted(board.unmet_voids - unmet)
        for subject in sorted(board.void_subjects[identity])
    ]
    batch.settled_voids = sorted(unmet - board.unmet_voids)


def _undone(void: Event) -> Identity:
    return (void.data.event_source or void.source, void.data.event_id or "")


def _completions(board: Board, orders: Iterable[str]) -> dict[str, datetime | None]:
    completed = {}
    for order_id in orders:
        state = board.orders.get(order_id)
        if state is not None and state.plan is not None:
            completed[order_id] = completed_at(board, state.plan)
    return completed
