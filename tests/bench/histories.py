"""History at size: reports on delays, ledgers and plans over a year and 10 million events.

The rows are those that a factory of 200 work units and 240 orders a day leaves: made by SQL,
bulk-loaded, indexed afterwards. Every question is asked through its service, nothing cached.
The baseline asks the same sums of the accounts row by row.
"""

import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any

import msgspec
import psycopg
from sqlalchemy import Connection, Engine, text

from data.domain.delay_cells import Cell, OrderDelay
from data.domain.delay_columns import pack_of
from data.domain.delays import DelayFilter
from data.domain.scope import factory_scope
from data.domain.site import Area, Calendar, Shift, Site, WorkCenter, WorkUnit
from data.services.accounts import Accounts
from data.services.caching import Cached
from data.services.delays import Delays
from data.store.accounts import AccountPast
from data.store.delays import DelayStore
from data.store.history import connect
from data.store.months import begin, later, make, month_of, months
from tests.bench.figures import Measurement, at_most, noted, percentile
from tests.bench.stage import Ground, Stage
from tests.engines import conninfo

SITE = "works"
SCOPE = factory_scope(SITE)
FIRST = datetime(2025, 11, 1, tzinfo=UTC)
ORDERS_A_DAY, CENTERS, UNITS, STATES_A_DAY = 240, 8, 25, 50
LIMIT_MS = 300.0
DAYS, QUICK_DAYS, ASKED, QUICK_ASKED = 395, 6, 80, 30
_DAY = timedelta(days=1)

# An order `o` is released every 6 minutes and goes through 8 work centers in 52 hours.
_RELEASE = "(:first + o * interval '6 minutes')"
_START = f"({_RELEASE} + k * interval '390 minutes' + (o % 97) * interval '2 minutes')"
_UNIT = "'U' || (k * 25 + o % 25)"
_OPERATION = (
    "jsonb_build_object('id', k::text, 'work_center', 'C' || k,"
    f" 'planned_start', {_START}, 'planned_finish', {_START} + interval '3 hours',"
    " 'run_time_s', 30, 'setup_s', 600)"
)
_PLANS = (
    "INSERT INTO event SELECT :site, 'erp', 'plan-' || o, 'plan.changed', 'order/O' || o,"
    f" {_RELEASE} - interval '1 day', {_RELEASE} - interval '1 day', o, '\\x00',"
    " jsonb_build_object('order', jsonb_build_object('id', 'O' || o, 'product', 'P' || o % 40,"
    f" 'quantity', 200, 'released_at', {_RELEASE}, 'due_at', {_RELEASE} + interval '50 hours',"
    " 'customer', 'B' || o % 12, 'area', 'A' || o % 2, 'operations',"
    f" (SELECT jsonb_agg({_OPERATION} ORDER BY k) FROM generate_series(0, 7) k)))"
    " FROM generate_series(0, :orders - 1) o"
)
_REPORTS = (
    "INSERT INTO event SELECT :site, 'mes', o || '-' || k || '-' || j,"
    " CASE j WHEN 0 THEN 'operation.started' WHEN 7 THEN 'operation.completed'"
    " ELSE 'operation.progressed' END, 'operation/O' || o || '/' || k,"
    f" {_START} + j * interval '20 minutes', {_START} + j * interval '20 minutes', o, '\\x00',"
    " CASE WHEN j BETWEEN 1 AND 6 THEN jsonb '{\"good\": 30}'"
    f" ELSE jsonb_build_object('work_unit', {_UNIT}) END"
    " FROM generate_series(0, :orders - 1) o, generate_series(0, 7) k, generate_series(0, 7) j"
)
_CHANGES = (
    "INSERT INTO event SELECT :site, 'plc', u || '/' || n, 'work_unit.state_changed',"
    " 'work-unit/U' || u, :first + n * interval '1728 seconds', :first"
    " + n * interval '1728 seconds', n, '\\x00', jsonb_build_object('state',"
    " (ARRAY['processing', 'setup', 'processing', 'down', 'processing', 'starved'])[1 + n % 6])"
    " FROM generate_series(0, :units - 1) u, generate_series(0, :changes - 1) n"
)
_OCCUPATIONS = (
    f"INSERT INTO occupation SELECT DISTINCT :site, {_UNIT}, (d.at AT TIME ZONE 'UTC')::date,"
    f" 'O' || o, k::text, {_START}, {_START} + interval '140 minutes', {_START}, NULL,"
    " convert_to('[[\"mes\",\"' || o || '-' || k || '-0\"]]', 'UTF8')"
    " FROM generate_series(0, :orders - 1) o, generate_series(0, 7) k,"
    f" LATERAL (VALUES ({_START}), ({_START} + interval '140 minutes')) d (at)"
)
_CAUSES = (
    "ARRAY['contention', 'down', 'material_missing', 'setup', 'running', 'rework', 'blocked',"
    " 'prioritization', 'off_calendar', 'slack']"
)
# 15 sums an order, the first four much larger than the others; six orders in ten are late.
_ACCOUNTS = (
    "INSERT INTO order_account SELECT :site, 'O' || o, 'A' || o % 2, 'P' || o % 40, '', 'B' ||"
    f" o % 12, 200, {_RELEASE} + interval '50 hours', {_RELEASE} + interval '52 hours', true,"
    f" (o * 7919 % 100 - 40) * 600.0, ({_RELEASE} + interval '52 hours')::date, now(), NULL, NULL,"
    f" NULL, convert_to((SELECT jsonb_agg(jsonb_build_array(({_CAUSES})[1 + (o * 31 + c * c) % 10],"
    " 'C' || (o + c) % 8, CASE WHEN c % 7 = 0 THEN 'S' || o % 30 ELSE '' END,"
    " (o * 7919 % 100 - 40) * 40.0) ORDER BY c) FROM generate_series(0, 14) c)::text, 'UTF8')"
    " FROM generate_series(0, :orders - 1) o"
)
_INDEXES = (
    "INSERT INTO event_identity SELECT site, source, id, recorded_at, digest FROM event",
    "ALTER TABLE event_identity ADD PRIMARY KEY (site, source, id)",
    "CREATE INDEX event_by_subject ON event (site, subject, time)",
    "CREATE INDEX event_by_recording ON event (site, recorded_at)",
    "CREATE INDEX event_voids ON event (site, subject) WHERE type = 'event.voided'",
    "CREATE INDEX event_by_work_unit ON event (site, work_unit, time) WHERE work_unit IS NOT NULL",
    "CREATE INDEX event_plans ON event (site, recorded_at) INCLUDE (subject)"
    " WHERE type = 'plan.changed'",
    "CREATE INDEX event_late ON event (site, time) WHERE recorded_at - time > interval '2 days'",
)
_ROW_BY_ROW = (
    "SELECT c->>0, c->>1, c->>2, product, customer, sum((c->>3)::float8),"
    " count(DISTINCT order_id) FROM order_account,"
    " jsonb_array_elements(convert_from(cells, 'UTF8')::jsonb) c"
    " WHERE site = :site AND late_s > 0 AND day BETWEEN :since AND :until"
    " GROUP BY GROUPING SETS ((c->>0), (c->>1), (c->>2), (product), (customer))"
)


def measure(stage: Stage, quick: bool) -> list[Measurement]:
    days = QUICK_DAYS if quick else DAYS
    begun = time.perf_counter()
    ground = stage.fresh()
    events = fill(ground, days)
    filled_s = time.perf_counter() - begun
    engine = connect(ground.database_url)
    try:
        found = _asked(engine, days, QUICK_ASKED if quick else ASKED)
    finally:
        engine.dispose()
    return [
        *found,
        noted("history: events in SQL", events, "events"),
        noted("history: filling it", filled_s, "s"),
    ]


def _asked(engine: Engine, days: int, times: int) -> list[Measurement]:
    dice = random.Random(7)
    delays, accounts = Delays(DelayStore(engine), Cached(None)), Accounts(AccountPast(engine))
    last, orders = FIRST.date() + days * _DAY, days * ORDERS_A_DAY
    now = FIRST + (days + 9) * _DAY
    filters = [_filter(dice, last, days) for _ in range(times)]
    whole = DelayFilter(since=FIRST.date(), until=last + 9 * _DAY)
    names = [f"O{dice.randrange(orders)}" for _ in range(times)]
    proofs = [[("mes", f"{dice.randrange(orders)}-{k}-0") for k in range(8)] for _ in range(times)]
    report = _timed(
        lambda f: delays.report(SCOPE, SITE, f, 50, dice.choice((0, 50, 1000))), filters
    )
    all_of_it = _timed(lambda f: delays.report(SCOPE, SITE, f), [whole] * 12)
    ledger = _timed(lambda order: accounts.ledger(SCOPE, SITE, order, now), names)
    plans = _timed(lambda order: accounts.plan_versions(SCOPE, SITE, order), names)
    proof = _timed(lambda ids: accounts.events(SCOPE, SITE, ids), proofs)
    rows = _timed(lambda f: _row_by_row(engine, f), [whole] * 2)
    return [
        *_figures("delays, any period and filter", report),
        *_figures("delays, all of it without a filter", all_of_it),
        noted("the same sums row by row ÷ delays", _middle(rows) / _middle(all_of_it), "×"),
        *_figures("an order's ledger", ledger),
        *_figures("an order's plans", plans),
        *_figures("the events that prove a step", proof),
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


def _figures(name: str, took_ms: Sequence[float]) -> list[Measurement]:
    return [
        at_most(f"{name}, p95", percentile(took_ms, 0.95), "ms", LIMIT_MS),
        noted(f"{name}, p50", _middle(took_ms), "ms"),
    ]


def _middle(took_ms: Sequence[float]) -> float:
    return percentile(took_ms, 0.5)


def _filter(dice: random.Random, last: date, days: int) -> DelayFilter:
    """Any period up to all of it, with none to three of the filters set."""
    length = min(days, dice.choice((1, 7, 30, 90, 180, 365)))
    until = last - dice.randrange(max(1, days - length)) * _DAY
    keys = {
        "cause": dice.choice(("contention", "down", "slack")),
        "work_center": f"C{dice.randrange(CENTERS)}",
        "party": dice.choice(("", "S3")),
        "product": f"P{dice.randrange(40)}",
        "customer": f"B{dice.randrange(12)}",
        "area": f"A{dice.randrange(2)}",
    }
    chosen = dice.sample(sorted(keys), dice.randrange(4))
    return DelayFilter(
        since=until - length * _DAY, until=until, **{name: keys[name] for name in chosen}
    )


def _row_by_row(engine: Engine, wanted: DelayFilter) -> None:
    bound = {"site": SITE, "since": wanted.since, "until": wanted.until}
    with engine.connect() as connection:
        connection.execute(text(_ROW_BY_ROW), bound).all()


def fill(ground: Ground, days: int) -> int:
    """Make all rows; return how many events they are."""
    engine = connect(ground.database_url)
    bound = {
        "site": SITE,
        "first": FIRST,
        "orders": days * ORDERS_A_DAY,
        "units": CENTERS * UNITS,
        "changes": days * STATES_A_DAY,
    }
    with engine.begin() as connection:
        _make_bare(connection)
        _make_months(connection, days)
        connection.execute(
            text("INSERT INTO site VALUES (:id, CAST(:document AS jsonb), '\\x00')"),
            {"id": SITE, "document": msgspec.json.encode(_model()).decode()},
        )
    halves = ((_PLANS, _REPORTS), (_CHANGES, _OCCUPATIONS, _ACCOUNTS))
    with ThreadPoolExecutor(len(halves)) as pool:
        list(pool.map(lambda half: _executed(engine, half, bound), halves))
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL maintenance_work_mem = '512MB'"))
        for statement in _INDEXES:
            connection.execute(text(statement))
        _pack(connection)
        count = connection.execute(text("SELECT count(*) FROM event")).scalar_one()
    engine.dispose()
    with psycopg.connect(conninfo(ground.database_url), autocommit=True) as connection:
        connection.execute("ANALYZE event, event_identity, occupation, order_account, delay_day")
    return int(count)


def _executed(engine: Engine, statements: Sequence[str], bound: dict[str, Any]) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement), bound)


def _make_bare(connection: Connection) -> None:
    """Take the indexes off, which are made faster afterwards, and write without a log."""
    connection.execute(text("ALTER TABLE event_identity SET UNLOGGED"))
    connection.execute(text("ALTER TABLE event_identity DROP CONSTRAINT event_identity_pkey"))
    connection.execute(text("DROP INDEX event_by_subject, event_by_recording, event_voids"))
    connection.execute(text("DROP INDEX event_by_work_unit, event_plans, event_late"))


def _make_months(connection: Connection, days: int) -> None:
    """Give every month of the history its table, as a program that ran all the time has."""
    begin(connection)
    there = {month.start for month in months(connection)}
    start = later(month_of(FIRST), -1)
    while start <= FIRST + (days + 9) * _DAY:
        if start not in there:
            make(connection, start)
        start = later(start, 1)
    for month in months(connection):
        connection.execute(text(f"ALTER TABLE {month.table} SET UNLOGGED"))


def _model() -> Site:
    shift = Shift(name="Day", start="00:00", finish="00:00")
    return Site(
        id=SITE,
        name="Works",
        areas=(Area(id="A0", calendar="c"),),
        work_centers=tuple(WorkCenter(id=f"C{k}", area="A0") for k in range(CENTERS)),
        work_units=tuple(
            WorkUnit(id=f"U{n}", work_center=f"C{n // UNITS}") for n in range(CENTERS * UNITS)
        ),
        calendars=(Calendar(id="c", shifts=(shift,)),),
    )


def _pack(connection: Connection) -> None:
    """Sum up every day as the watch would."""
    decode = msgspec.json.Decoder(tuple[Cell, ...]).decode
    names = "order_id, area, product, customer, late_s, cells"
    query = f"SELECT day, {names} FROM order_account ORDER BY day, order_id"
    rows = connection.execute(text(query)).all()
    insert = text("INSERT INTO delay_day VALUES (:site, :day, now(), :head, :orders, :cells)")
    for day, of_day in groupby(rows, key=lambda row: row[0]):
        delays = [
            OrderDelay(
                order=row[1], area=row[2], product=row[3], customer=row[4], late_s=row[5],
                cells=decode(row[6]),
            )
            for row in of_day
        ]  # fmt: skip
        pack = pack_of(day, delays)
        packed = {"head": pack.head, "orders": pack.orders, "cells": pack.cells}
        connection.execute(insert, {"site": SITE, "day": day, **packed})
