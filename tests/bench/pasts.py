"""The past at size: boards as they were, and the figures of shifts, over 10 million events.

The events are those of `tests.bench.histories`; beside them the states that the recorder keeps
of orders and operations, and a year of three shifts a day for 200 work units.
"""

import random
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import psycopg
from sqlalchemy import Engine, text

from data.domain.events import OperationStatus
from data.domain.shift_rows import By, FigureFilter
from data.domain.subjects import OperationState, OrderState
from data.services.caching import Cached
from data.services.past import PastSites
from data.services.shift_figures import ShiftFigures
from data.store.bases import base_of
from data.store.history import connect
from data.store.past import PastEvents
from data.store.shift_figures import ShiftFigureStore
from tests.bench.figures import Measurement, at_most, noted, percentile
from tests.bench.histories import (
    CENTERS,
    DAYS,
    FIRST,
    QUICK_DAYS,
    SCOPE,
    SITE,
    UNITS,
    fill,
)
from tests.bench.stage import Stage
from tests.engines import conninfo

LIMIT_MS, BOARD_MS = 300.0, 1000.0
ASKED, QUICK_ASKED = 40, 10
_DAY = timedelta(days=1)
_BYS: tuple[By, ...] = ("work_unit", "work_center", "line", "shift", "day")
_MODEL = (
    "INSERT INTO event SELECT id, 'erp', 'model', 'plan.changed', 'site/' || id, :first - interval"
    " '9 days', :first - interval '9 days', 0, '\\x00', jsonb_build_object('site',"
    " jsonb_set(document, '{areas,0,output}', '[\"C7\"]'))"
    " FROM site"
)
_ORDERS = (
    "INSERT INTO work_order (site, id, product, family, customer, area, quantity, released_at,"
    " due_at, cancelled, completed_at, document, base, first_recorded_at, last_recorded_at)"
    " SELECT site, data->'order'->>'id', data->'order'->>'product', '',"
    " data->'order'->>'customer', data->'order'->>'area', 200, NULL,"
    " (data->'order'->>'due_at')::timestamptz, false,"
    " (data->'order'->'operations'->7->>'planned_start')::timestamptz + interval '140 minutes',"
    " data->'order', :no_moment, recorded_at, recorded_at FROM event WHERE subject LIKE 'order/%'"
)
_OPERATIONS = (
    "INSERT INTO operation SELECT site, split_part(subject, '/', 2), split_part(subject, '/', 3),"
    " 'completed', max(data->>'work_unit'), min(time), max(time), 180, 0, 0, 0, 0, :done,"
    " min(recorded_at), max(recorded_at)"
    " FROM event WHERE subject LIKE 'operation/%' GROUP BY site, subject ORDER BY min(recorded_at)"
)
_SHIFTS = (
    "INSERT INTO shift_element SELECT :site, 'U' || u, :first + s * interval '8 hours',"
    " (ARRAY['Early', 'Late', 'Night'])[1 + s % 3], :first + (s + 1) * interval '8 hours',"
    " (:first + s * interval '8 hours')::date, 'C' || u / 25, 'A' || u % 2,"
    " 26400, 23000, 21000, 20000 - s % 500, 1800, 27000, 19000 + u, 600, 590, 10, 5, 60, 58,"
    " 900, 700, 100 FROM generate_series(0, :units - 1) u, generate_series(0, :shifts - 1) s"
)


def measure(stage: Stage, quick: bool) -> list[Measurement]:
    days, times = (QUICK_DAYS, QUICK_ASKED) if quick else (DAYS, ASKED)
    ground = stage.fresh()
    events = fill(ground, days)
    engine = connect(ground.database_url)
    try:
        _fill_states(engine, days)
        with psycopg.connect(conninfo(ground.database_url), autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE event, work_order, operation, shift_element")
        return [
            *_boards(engine, days, times),
            *_figures(engine, days, times),
            noted("pasts: events in SQL", events, "events"),
        ]
    finally:
        engine.dispose()


def _boards(engine: Engine, days: int, times: int) -> list[Measurement]:
    """Ask for boards at any instant of the year, and for such as a handover asks for."""
    dice, now = random.Random(11), FIRST + (days + 9) * _DAY
    late = FIRST + (days - 1) * _DAY
    lately = [late - timedelta(minutes=dice.randrange(2880)) for _ in range(times)]
    ever = [FIRST + 4 * _DAY + dice.random() * (late - FIRST - 4 * _DAY) for _ in range(times)]
    took = {
        name: _timed(lambda at: _board(engine, now, at), instants)
        for name, instants in (("of the last two days", lately), ("of any day", ever))
    }
    orders = len(_board(engine, now, late).board.orders)
    return [
        *(
            at_most(f"a board {n}, p95", percentile(ms, 0.95), "ms", BOARD_MS)
            for n, ms in took.items()
        ),
        *(noted(f"a board {n}, p50", percentile(ms, 0.5), "ms") for n, ms in took.items()),
        noted("orders on such a board", orders, "orders"),
    ]


def _board(engine: Engine, now: datetime, at: datetime) -> Any:
    return PastSites(PastEvents(engine), lambda _: now).at(SCOPE, SITE, at)


def _figures(engine: Engine, days: int, times: int) -> list[Measurement]:
    dice = random.Random(13)
    figures = ShiftFigures(ShiftFigureStore(engine), Cached(None))
    last = FIRST.date() + days * _DAY
    whole = FigureFilter(since=FIRST.date(), until=last)
    asked = [(whole, by) for by in _BYS]
    for _ in range(times):
        until = last - dice.randrange(days) * _DAY
        since = until - dice.choice((1, 7, 30, 90, 365)) * _DAY
        line = dice.choice((None, "A0"))
        asked.append((FigureFilter(since=since, until=until, line=line), dice.choice(_BYS)))
    took = _timed(lambda one: figures.report(SCOPE, SITE, *one), asked)
    year = _timed(lambda one: figures.report(SCOPE, SITE, *one), asked[: len(_BYS)] * 2)
    return [
        at_most("figures of shifts, any period, p95", percentile(took, 0.95), "ms", LIMIT_MS),
        at_most("figures of shifts, all of it, p95", percentile(year, 0.95), "ms", LIMIT_MS),
    ]


def _timed(ask: Callable[[Any], object], asked: Sequence[Any]) -> list[float]:
    """Return how long each answer took, in milliseconds; the first of all warms up."""
    ask(asked[0])
    took = []
    for one in asked:
        begun = time.perf_counter()
        ask(one)
        took.append(1e3 * (time.perf_counter() - begun))
    return took


def _fill_states(engine: Engine, days: int) -> None:
    bound = {
        "site": SITE,
        "first": FIRST,
        "no_moment": base_of(OrderState("order/O0")),
        "done": base_of(_completed()),
        "units": CENTERS * UNITS,
        "shifts": 3 * days,
    }
    with engine.begin() as connection:
        for statement in (_MODEL, _ORDERS, _OPERATIONS, _SHIFTS):
            connection.execute(text(statement), bound)


def _completed() -> OperationState:
    """An operation as it stands when it was completed, long before any instant asked for."""
    state = OperationState("operation/O0/0")
    before = FIRST - 9 * _DAY
    state.stored_status, state.started_at = OperationStatus.COMPLETED, before
    state.status_moment = (before, "e", "mes")
    return state
