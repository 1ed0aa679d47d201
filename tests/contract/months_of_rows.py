"""A database as it is after some months: many rows of what is over, and statistics that say so.

Every table is either filled or named as one that stays small, so that a new one has to be thought
of. Rows are made up by the types of their columns; where that doesn't do, a table says more. What
is over lies within `DAYS` before an instant, but for the last ones of these; what was counted, in
hours just before.
"""

from datetime import datetime, timedelta

import msgspec
import psycopg
from psycopg import sql

from tests.engines import conninfo

DAYS, UNITS, STEPS = 60, 20, 6
ORDERS, MANY = 3_000, 4_000
EVENTS = 24_000
# What people make or say by hand, what there is one of for each line, day or machine, what doesn't
# stay.
SMALL = frozenset({
    "account", "alembic_version", "api_key", "archive_run", "board_visit", "bottleneck_pause",
    "delay_day", "disclosure", "duty", "exception_rule", "forecast", "milestone_date",
    "notice_preference", "notice_read", "pending_void", "reader", "report_schedule",
    "screen_device", "site", "stale", "trigger_rule", "way_state", "work_unit",
})  # fmt: skip
_FILLED = timedelta(days=DAYS)  # so far back figures of shifts are there
_AGO = f"(given.at - interval '2 days' - n * interval '{DAYS} days' / given.rows)"
# All counts are of the day that runs: whoever asks for some of these may not read the others.
_HOURS_AGO = (
    "CASE WHEN n % 10 BETWEEN 1 AND 5 THEN"
    f" given.at - (1 + n * 3.0 / given.rows) * interval '1 hour' ELSE {_AGO} END"
)
_ORDER, _UNIT = f"'X' || n % {ORDERS}", f"'U' || n % {UNITS}"
_STEP = f"((n / {ORDERS}) % {STEPS})::text"
_DOCUMENT = (
    f"jsonb_build_object('id', {_ORDER}, 'product', 'pump', 'quantity', 6, 'due_at', {_AGO},"
    f" 'area', 'A', 'operations', jsonb_build_array(jsonb_build_object('id', '0', 'work_center',"
    f" 'C', 'planned_start', {_AGO} - interval '1 hour', 'planned_finish', {_AGO})))"
)
_TYPES = "(ARRAY['processing', 'setup', 'processing', 'down', 'processing', 'starved'])"
Columns = dict[str, str]


def _packed(*fields: object) -> str:
    """Return what SQL calls the base of a state."""
    return f"'\\x{msgspec.msgpack.encode(fields).hex()}'"


MASS: dict[str, tuple[int, Columns]] = {
    "audit": (MANY, {"number": "n", "site": "given.site"}),
    "bottleneck_segment": (MANY, {"area": "'A'", "work_unit": _UNIT, "kind": "'sole'",
                                  "end_at": f"{_AGO} + interval '5 minutes'"}),
    "delivery": (MANY, {"state": "'sent'", "done_at": _AGO, "exception": "n", "way": "'robot'",
                        "recipient": "'account/' || n % 20"}),
    "event": (EVENTS, {
        "time": _HOURS_AGO, "recorded_at": _HOURS_AGO,
        "type": "CASE WHEN n % 100 = 0 THEN 'event.voided' WHEN n % 10 = 0 THEN 'plan.changed'"
                " WHEN n % 10 < 6 THEN 'operation.progressed' ELSE 'work_unit.state_changed' END",
        "subject": f"CASE WHEN n % 10 = 0 THEN 'order/' || {_ORDER} WHEN n % 10 < 6 THEN"
                   f" 'operation/' || {_ORDER} || '/' || {_STEP} ELSE 'work-unit/' || {_UNIT} END",
        "data": f"CASE WHEN n % 10 BETWEEN 1 AND 5 THEN jsonb_build_object('work_unit', {_UNIT},"
                f" 'good', 1) ELSE jsonb_build_object('state', {_TYPES}[1 + n % 6]) END",
    }),
    "event_identity": (EVENTS, {}),
    "exception": (MANY, {"state": "'closed'", "closed_at": _AGO, "area": "'A'",
                         "subject": "'work-unit/U' || n", "parent": "n"}),
    "exception_mark": (MANY, {"exception": "n"}),
    "exception_note": (MANY, {"exception": "n"}),
    "exception_transition": (MANY, {"number": "n", "told": "true"}),
    "forecast_score": (ORDERS, {"order_id": _ORDER}),
    "forecast_trace": (MANY, {"order_id": _ORDER}),
    "link": (MANY, {}),
    "need": (ORDERS, {"order_id": _ORDER, "need_id": "'n1'",
                      "base": _packed(None, None, None, None, None, 0, 0)}),
    "need_comment": (MANY, {"order_id": _ORDER}),
    "occupation": (MANY, {"work_unit": _UNIT, "order_id": _ORDER, "end_at": _AGO}),
    "operation": (ORDERS * STEPS, {
        "order_id": _ORDER, "operation_id": _STEP, "work_unit": _UNIT, "status": "'completed'",
        "started_at": f"{_AGO} - interval '1 hour'", "finished_at": _AGO, "good": "1",
        "base": _packed("completed", None, None, None, None, 1, 0, 0, 0, 0),
    }),
    "order_account": (ORDERS, {"order_id": _ORDER, "area": "'A'", "completed": "true"}),
    "output": (MANY, {"work_unit": _UNIT, "bucket": f"extract(epoch FROM {_AGO})::int / 900"}),
    "quarantine": (MANY, {}),
    "session": (MANY, {"account": "'x' || n % 20"}),
    "shift_element": (MANY, {"work_unit": _UNIT, "area": "'A'"}),
    "sign_in_attempt": (MANY, {"login": "'x' || n % 20"}),
    "trigger_fired": (MANY, {"order_id": _ORDER, "told": "true"}),
    "work_order": (ORDERS, {"id": _ORDER, "completed_at": _AGO, "cancelled": "false",
                            "area": "'A'", "base": _packed(None), "document": _DOCUMENT}),
}  # fmt: skip
_BY_TYPE = {
    "text": "'x' || n", "timestamp with time zone": _AGO, "date": f"({_AGO})::date",
    "bigint": "n", "integer": "n", "double precision": "0", "boolean": "false",
    "jsonb": "jsonb '{}'", "bytea": "convert_to('x' || n, 'UTF8')", "ARRAY": "'{}'",
}  # fmt: skip
_COLUMNS = """
SELECT column_name, data_type FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = %s AND is_nullable = 'NO'
  AND is_identity = 'NO' AND is_generated = 'NEVER'
"""
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
_INSERT = """
INSERT INTO {} ({})
SELECT {} FROM (SELECT {}::int AS rows, {}::text AS site, {}::timestamptz AS at) given,
  generate_series(1, given.rows) n
"""
_FIGURES = "INSERT INTO reader VALUES (%(site)s, 'shift-figures', '', %(first)s, %(at)s)"
_FAILS = (  # one of the messages, which is tried again in an hour
    "UPDATE delivery SET state = 'failed', done_at = NULL, first_at = %(at)s,"
    " due_at = %(at)s + interval '1 hour' WHERE number = 1"
)
_LARGE = (  # months of which next to nothing is there yet are read whole, and that is best
    "SELECT array_agg(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE relkind = 'r' AND nspname IN ('public', 'months') AND reltuples > %s"
)


def tables(database_url: str) -> set[str]:
    """Return the names of all tables."""
    with psycopg.connect(conninfo(database_url)) as connection:
        return {name for (name,) in connection.execute(_TABLES)}


def fill(database_url: str, site: str, at: datetime) -> list[int]:
    """Make the rows of a site's months before an instant; return the tables in which many lie."""
    with psycopg.connect(conninfo(database_url), autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        for table, (rows, told) in MASS.items():
            _fill(connection, table, told, (rows, site, at))
        connection.execute(_FIGURES, {"site": site, "at": at, "first": str(at.date() - _FILLED)})
        connection.execute(_FAILS, {"at": at})
        connection.execute("ANALYZE")
        found = connection.execute(_LARGE, [MANY / 4]).fetchone()
    assert found is not None
    return list(found[0])


def _fill(
    connection: psycopg.Connection, table: str, told: Columns, given: tuple[int, str, datetime]
) -> None:
    made = {name: _BY_TYPE[form] for name, form in connection.execute(_COLUMNS, [table])}
    values = {**made, **({"site": "given.site"} if "site" in made else {}), **told}
    statement = sql.SQL(_INSERT).format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join(map(sql.SQL, values.values())),
        *map(sql.Literal, given),
    )
    connection.execute(statement)
