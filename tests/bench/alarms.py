"""A day of the demo factory under the usual rules: how much each role is told.

What stands within another exception isn't told by itself. Forecasts are made anew every quarter
of an hour, without what the watch has learnt, so their spread is wide and the rates are high.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from data.domain.board import Board
from data.domain.events import Event
from data.domain.exceptions.evaluate import Evaluator, Outside
from data.domain.forecast.conformal import Calibration
from data.domain.forecast.engine import Forecaster
from data.domain.forecast.records import OrderForecast
from data.domain.forecast.runtimes import RunTimes
from data.domain.rules import parse_event
from data.domain.view import Readers
from data.services.rules import usual_rules
from data.simulate.plant import SITE_ID
from data.simulate.run import history
from tests.bench.figures import Measurement, at_most, noted

NOW = datetime(2026, 3, 11, 6, 20, tzinfo=UTC)
LASTS, STEP, FORECAST = timedelta(days=1), timedelta(minutes=1), timedelta(minutes=15)
WELL = Readers(log_connected=True, event_age_s=0.0, history_lag_s=0.0, history_stale=False)
A_DAY, TEN_MIN = 150, 10  # EEMUA 191: acceptable a day; more in ten minutes is a flood


def measure_day() -> list[Measurement]:
    told = list(_told(NOW - LASTS))
    days = Counter(role for _, role in told)
    spells = Counter((role, int(at.timestamp()) // 600) for at, role in told)
    return [
        at_most("exceptions a day of the demo that one role is told, most", max(days.values()),
                "", A_DAY),
        at_most("the same in ten minutes", max(spells.values()), "", TEN_MIN),
        noted("told to all roles in that day", len(told), ""),
    ]  # fmt: skip


def _told(start: datetime) -> Iterator[tuple[datetime, str]]:
    """Yield when which role is told of an exception that stands in no other."""
    events = _events()
    owners = {rule.id: str(rule.owner) for rule in usual_rules()}
    board, forecasts = Board(SITE_ID), dict[str, OrderForecast]()
    evaluator = Evaluator(usual_rules(), board, lambda: forecasts, dict)
    place, at, forecast_at = 0, start, start
    while at <= NOW:
        first = place
        while place < len(events) and events[place].time <= at:
            board.apply(events[place])
            place += 1
        evaluator.see(events[first:place])
        if at >= forecast_at:
            forecast_at = at + FORECAST
            evaluator.touch_forecasts(_forecast(board, at, forecasts))
        raised = evaluator.look(at, Outside(real_now=at, readers=WELL)).raised
        subjects = {subject for _, subject in evaluator.standing}
        if at > start:
            yield from ((at, owners[one.rule]) for one in raised if one.cause not in subjects)
        at += STEP


def _events() -> Sequence[Event]:
    _, envelopes = history(7, NOW, timedelta(days=10))
    return sorted((parse_event(one, NOW) for one in envelopes), key=lambda event: event.time)


def _forecast(board: Board, at: datetime, forecasts: dict[str, OrderForecast]) -> list[str]:
    maker = Forecaster(RunTimes(), Calibration())
    maker.run(board, at)
    made = {order: found for order in maker.orders() if (found := maker.order(order)) is not None}
    gone = [order for order in forecasts if order not in made]
    forecasts.clear()
    forecasts.update(made)
    return [*gone, *made]
