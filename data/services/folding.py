"""Folding with the history at hand: what a board lacks is fetched, then the event applied.

A board lets go of what is recorded, all but the newest, so it is no larger after months. Shared
by the recorder and every process that holds a live board.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import ClassVar, Protocol

from data.domain.board import Board
from data.domain.events import Event
from data.domain.plan import Order
from data.domain.subjects import Fold

_OF_ORDERS = frozenset({"operation", "need", "order"})


class Past(Protocol):
    """What folding asks of the history."""

    def orders(self, site: str, order_ids: Sequence[str]) -> list[Fold]:
        """Return the recorded states of orders."""

    def ledger(self, site: str, subject: str, upto_seq: int) -> list[Event]:
        """Return the recorded events of one subject."""


class Folding:
    """A board that fetches what it needs from the history.

    `upto_seq` is the place in the log that the board has read to: what SQL has from beyond it
    is still to come.
    """

    # So many events, the newest, it holds although they are recorded: a void mostly follows soon,
    # and one that was put back into the log is known. About 7 MB.
    kept: ClassVar[int] = 10_000

    def __init__(self, board: Board, past: Past, upto_seq: int) -> None:
        self.board = board
        self._past = past
        self._upto_seq = upto_seq
        self._held: deque[tuple[int, Sequence[Event]]] = deque()  # each batch with its last place
        self._held_count = 0
        self._seen: set[str] = set()  # orders that the board knows best, also when it has none

    def fetch(self, events: Iterable[Event], first_seq: int | None = None) -> None:
        """Restore the orders that events are about and the board doesn't hold, all at once.

        `first_seq`: the place in the log of the first of the events, from whoever isn't the
        recorder: SQL may have more than that, which must not be counted twice.

        Raises: Unavailable.
        """
        orders, seen = self.board.orders, self._seen
        new = set()
        for subject in {event.subject for event in events}:  # many events are of few subjects
            kind, order_id = subject.split("/", 2)[:2]
            if order_id not in seen and kind in _OF_ORDERS:
                new.add(order_id)
        wanted = new - orders.keys()
        if first_seq is not None:
            self._upto_seq = max(self._upto_seq, first_seq - 1)
        if wanted:
            self._restore(sorted(wanted), exactly=first_seq is not None)
        seen |= new

    def _restore(self, order_ids: Sequence[str], exactly: bool) -> None:
        """Take in recorded orders; exactly: as of the board's own place in the log."""
        board = self.board
        recorded = self._past.orders(board.site_id, order_ids)
        folds = [fold for fold in recorded if board.existing(fold.subject) is None]
        ledgers = {
            fold.subject: self._past.ledger(board.site_id, fold.subject, self._upto_seq)
            for fold in folds
            if exactly
        }
        board.restore(folds)
        for subject, ledger in ledgers.items():
            board.thicken(subject, ledger)
            self.hold(ledger, 0)

    def apply(self, event: Event, again: bool = False) -> int:
        """Fold one event, fetched before; return the topics it touched.

        `again`: it was put back into the log, and counts already where the board began with it.

        Raises: Unavailable when the history is needed and can't be reached.
        """
        if self.board.lacks(event) or (again and not self.board.remembers(event.subject)):
            recorded = self._past.ledger(self.board.site_id, event.subject, self._upto_seq)
            self.board.thicken(event.subject, recorded)
            self.hold(recorded, 0)
        return self.board.apply(event)

    def hold(self, events: Sequence[Event], last_seq: int) -> None:
        """Take note of events that were folded, up to a place in the log; 0: recorded long ago."""
        if events:
            self._held.append((last_seq, events))
            self._held_count += len(events)

    def rest(self, recorded_seq: int) -> None:
        """Let go of what is recorded up to a place in the log, but for the newest events."""
        held = self._held
        while held and held[0][0] <= recorded_seq:
            events = held[0][1]
            if self._held_count - len(events) < self.kept:
                return
            held.popleft()
            self._held_count -= len(events)
            self.board.rest(events)

    def forget(self, keep_from: datetime, recorded_seq: int) -> None:
        """Drop orders completed or cancelled before `keep_from`, and older counters, from memory.

        An event brings back what SQL has of them, so none leaves that isn't recorded up to its
        last event.
        """
        board, awaited = self.board, self._awaited(recorded_seq)
        done = [
            order
            for order in board.orders
            if order not in awaited and _done_before(board, order, keep_from)
        ]
        board.forget_orders(done)
        board.forget_before(keep_from)
        self._seen.difference_update(done)

    def _awaited(self, recorded_seq: int) -> set[str]:
        """Return the orders (and other names) of events that aren't recorded."""
        return {
            event.subject.split("/", 2)[1]
            for last_seq, events in self._held
            if last_seq > recorded_seq
            for event in events
        }


def completed_at(board: Board, plan: Order) -> datetime | None:
    """Return when the last operation of an order was completed; None while one isn't."""
    latest: datetime | None = None
    for operation in plan.operations:
        finished = board.operation(plan.id, operation.id).finished_at
        if finished is None:
            return None
        latest = finished if latest is None else max(latest, finished)
    return latest


def _done_before(board: Board, order: str, instant: datetime) -> bool:
    state = board.orders[order]
    if state.plan is None or state.moment is None:
        return False
    if state.plan.cancelled:
        return state.moment[0] < instant
    at = completed_at(board, state.plan)
    return at is not None and at < instant
