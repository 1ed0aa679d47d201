"""Folding with the history at hand: what a board lacks is fetched, then the event applied.

Shared by the recorder and every process that holds a live board.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

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

    def __init__(self, board: Board, past: Past, upto_seq: int) -> None:
        self.board = board
        self._past = past
        self._upto_seq = upto_seq
        self._seen: set[str] = set()  # orders that the board knows best, also when it has none

    def fetch(self, events: Iterable[Event], first_seq: int | None = None) -> None:
        """Restore the orders that events are about and the board doesn't hold, all at once.

        `first_seq`: the place in the log of the first of the events, from whoever isn't the
        recorder: SQL may have more than that, which must not be counted twice.

        Raises: Unavailable.
        """
        orders, seen = self.board.orders, self._seen
        new = set()
        for event in events:
            kind, order_id = event.subject.split("/", 2)[:2]
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

    def apply(self, event: Event) -> int:
        """Fold one event, fetched before; return the topics it touched.

        Raises: Unavailable when the history is needed and can't be reached.
        """
        if self.board.lacks(event):
            recorded = self._past.ledger(self.board.site_id, event.subject, self._upto_seq)
            self.board.thicken(event.subject, recorded)
        return self.board.apply(event)

    def forget(self, site_now: datetime, keep_from: datetime) -> None:
        """Drop orders completed before `keep_from` and older counters from memory."""
        board = self.board
        done = [plan.id for plan in board.plans() if _completed_before(board, plan, keep_from)]
        board.forget_orders(done)
        board.forget_before(keep_from)
        self._seen.difference_update(done)


def completed_at(board: Board, plan: Order) -> datetime | None:
    """Return when the last operation of an order was completed; None while one isn't."""
    latest: datetime | None = None
    for operation in plan.operations:
        finished = board.operation(plan.id, operation.id).finished_at
        if finished is None:
            return None
        latest = finished if latest is None else max(latest, finished)
    return latest


def _completed_before(board: Board, plan: Order, instant: datetime) -> bool:
    at = completed_at(board, plan)
    return at is not None and at < instant
