"""What would have been forecast in the recorded past, held against what then happened.

So that a forecast is calibrated from the first start beside a past. Each instant is forecast
from the board as it was, taught by what had happened by then alone. Imported by the forecasts.
"""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime

from data.domain.board import Board
from data.domain.forecast.conformal import Calibration
from data.domain.forecast.engine import Forecaster, learn
from data.domain.forecast.quantiles import level_of
from data.domain.forecast.runtimes import RunTimes
from data.domain.subjects import Fold
from data.services.folding import completed_at
from data.services.past import PastReader, past_board
from data.services.ports import Scored

INSTANTS = 8
JUDGED = 300  # closed orders that the instants are spread over
MOST_S = 10.0  # no instant is begun after that


def backtest(past: PastReader, site: str, closed: Sequence[Fold], now: datetime) -> list[Scored]:
    """Return the scores of closed orders that were open at one of some instants before now.

    `closed`: the states of the orders completed last. Raises: Unavailable.
    """
    known = Board(site)
    known.restore(closed)
    ends = _ends(known)
    levels: dict[str, list[float]] = {order: [] for order in ends}
    times, taught = RunTimes(), set[str]()
    deadline = time.monotonic() + MOST_S
    for instant in _instants(ends, now):
        if time.monotonic() > deadline:
            break
        board = past_board(past, site, instant)
        known.site_state = board.site_state
        fresh = {order for order, end in ends.items() if end <= instant} - taught
        learn(known, sorted(fresh), times, instant)
        taught |= fresh
        for order, level in _levels(board, times, instant, ends).items():
            levels[order].append(level)
    scored = [Scored(order, end, tuple(levels[order])) for order, end in ends.items()]
    return [one for one in scored if one.scores]


def _ends(board: Board) -> dict[str, datetime]:
    """Return when each order was completed, the earliest first."""
    ends = {plan.id: completed_at(board, plan) for plan in board.plans()}
    known = [(at, order) for order, at in ends.items() if at is not None]
    return {order: at for at, order in sorted(known)}


def _instants(ends: Mapping[str, datetime], now: datetime) -> list[datetime]:
    judged = list(ends.values())[-JUDGED:]
    if not judged or judged[0] >= now:
        return []
    return [judged[0] + (now - judged[0]) * (n / INSTANTS) for n in range(INSTANTS)]


def _levels(
    board: Board, times: RunTimes, instant: datetime, ends: Mapping[str, datetime]
) -> dict[str, float]:
    """Return the level that the finish of each order had in its forecast of that instant."""
    forecaster = Forecaster(times, Calibration())
    forecaster.run(board, instant)
    return {
        order: level_of(
            forecaster.order(order).remaining_s, (ends[order] - instant).total_seconds()
        )
        for order in forecaster.orders()
        if order in ends and ends[order] > instant
    }
