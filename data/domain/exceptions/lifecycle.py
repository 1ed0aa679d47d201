"""How an exception moves: the one table of legal moves. Source: ISA-18.2, its state diagram.

Pure. Imported by whoever moves one. Whatever isn't in the table is refused.
"""

from collections.abc import Callable
from datetime import datetime

from msgspec.structs import replace

from data.domain.exceptions.records import OPEN, Case, Move, State


class IllegalMove(ValueError):
    """The move isn't possible in the state; `before` and `move` say which."""

    def __init__(self, before: State, move: Move) -> None:
        super().__init__(f"{move}: an exception that is {before} can't")
        self.before, self.move = before, move


_UNACK, _ACK, _RETURNED = State.UNACKNOWLEDGED, State.ACKNOWLEDGED, State.RETURNED
_SHELVED, _SUPPRESSED, _CLOSED = State.SHELVED, State.SUPPRESSED, State.CLOSED
_BACK = None  # to where the condition says: unacknowledged while it stands, else closed

# move → from which states to which. What isn't here is illegal.
TRANSITIONS: dict[Move, dict[State, State | None]] = {
    Move.RAISE: {_UNACK: _UNACK, _ACK: _ACK, _RETURNED: _UNACK, _SHELVED: _SHELVED,
                 _SUPPRESSED: _SUPPRESSED},
    Move.CLEAR: {_UNACK: _RETURNED, _ACK: _CLOSED, _SHELVED: _SHELVED, _SUPPRESSED: _CLOSED},
    Move.CHANGE: {state: state for state in OPEN},
    Move.ACKNOWLEDGE: {_UNACK: _ACK, _RETURNED: _CLOSED},
    Move.RELEASE: {_ACK: _UNACK},
    Move.ASSIGN: {_UNACK: _ACK, _ACK: _ACK},
    Move.SHELVE: {_UNACK: _SHELVED, _ACK: _SHELVED, _RETURNED: _SHELVED},
    Move.UNSHELVE: {_SHELVED: _BACK},
    Move.SUPPRESS: {_UNACK: _SUPPRESSED, _ACK: _SUPPRESSED, _RETURNED: _CLOSED},
    Move.UNSUPPRESS: {_SUPPRESSED: _BACK},
    Move.ESCALATE: {_UNACK: _UNACK},
    Move.RESOLVE: {_UNACK: _CLOSED, _ACK: _CLOSED, _RETURNED: _CLOSED, _SHELVED: _CLOSED},
    Move.EXPIRE: {_RETURNED: _CLOSED},
}  # fmt: skip


def target(case: Case, move: Move) -> State:
    """Return the state that a move leads to.

    Raises: IllegalMove.
    """
    known = TRANSITIONS[move]
    if case.state not in known:
        raise IllegalMove(case.state, move)
    after = known[case.state]
    if after is not None:
        return after
    return State.UNACKNOWLEDGED if case.standing else State.CLOSED


def may(case: Case, move: Move) -> bool:
    """Whether the move is possible now."""
    return case.state in TRANSITIONS[move]


def moved(case: Case, move: Move, at: datetime, **changes: object) -> Case:
    """Return the case after a move, with what else it changes; `at` is the site's time.

    The state's own marks (standing, cleared, closed, acknowledged, shelf, next escalation)
    follow from the move; `changes` sets others, or these otherwise.

    Raises: IllegalMove.
    """
    after = target(case, move)
    follows = _FOLLOWS.get(move, _nothing)(case, at)
    if after is State.CLOSED:
        follows |= {"closed_at": at, "escalate_at": None}
    return replace(case, **{"state": after, "version": case.version + 1, **follows, **changes})


def _nothing(case: Case, at: datetime) -> dict[str, object]:
    return {}


def _raised(case: Case, at: datetime) -> dict[str, object]:
    """What comes back escalates from the beginning; its levels are other news than before."""
    again = {} if case.standing else {"times": case.times + 1, "raised_at": at, "level": 0}
    return {"standing": True, "cleared_at": None, "quiet": case.quiet and case.standing, **again}


def _cleared(case: Case, at: datetime) -> dict[str, object]:
    return {"standing": False, "cleared_at": at, "escalate_at": None}


def _acknowledged(case: Case, at: datetime) -> dict[str, object]:
    return {"acknowledged_at": at, "escalate_at": None}


def _given_back(case: Case, at: datetime) -> dict[str, object]:
    return {"acknowledged_at": None, "owner": None, "owner_name": None}


def _put_aside(case: Case, at: datetime) -> dict[str, object]:
    return {"escalate_at": None}


def _taken_back(case: Case, at: datetime) -> dict[str, object]:
    return {"shelved_until": None, "acknowledged_at": None, "quiet": False}


def _escalated(case: Case, at: datetime) -> dict[str, object]:
    return {"level": case.level + 1}


_FOLLOWS: dict[Move, Callable[[Case, datetime], dict[str, object]]] = {
    Move.RAISE: _raised,
    Move.CLEAR: _cleared,
    Move.ACKNOWLEDGE: _acknowledged,
    Move.ASSIGN: _acknowledged,
    Move.RELEASE: _given_back,
    Move.SHELVE: _put_aside,
    Move.SUPPRESS: _put_aside,
    Move.UNSHELVE: _taken_back,
    Move.UNSUPPRESS: _taken_back,
    Move.ESCALATE: _escalated,
}
