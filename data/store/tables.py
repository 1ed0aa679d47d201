"""Tables of the history, as SQLAlchemy Core sees them; `migrations/` makes them.

Imported within `data.store` alone. Site leads every key: it is what the data is split by.
Each state table has plain columns for queries and `base`, from which the fold goes on.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    FetchedValue,
    Float,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData()
_AT = DateTime(timezone=True)


def _site() -> Column[str]:
    return Column("site", Text, primary_key=True)


def _key(name: str) -> Column[str]:
    return Column(name, Text, primary_key=True)


def _recorded() -> tuple[Column[Any], Column[Any]]:
    """When the first and the last event of a row's subject were recorded; infinite: not known."""
    return (
        Column("first_recorded_at", _AT, nullable=False, server_default="-infinity"),
        Column("last_recorded_at", _AT, nullable=False, server_default="infinity"),
    )


site = Table(
    "site",
    metadata,
    Column("id", Text, primary_key=True),
    Column("document", JSONB, nullable=False),
    Column("base", LargeBinary, nullable=False),
)

work_order = Table(
    "work_order",
    metadata,
    _site(),
    _key("id"),
    Column("product", Text, nullable=False),
    Column("family", Text, nullable=False),
    Column("customer", Text),
    Column("area", Text),
    Column("quantity", BigInteger, nullable=False),
    Column("released_at", _AT),
    Column("due_at", _AT, nullable=False),
    Column("cancelled", Boolean, nullable=False),
    Column("completed_at", _AT),
    Column("document", JSONB, nullable=False),
    Column("base", LargeBinary, nullable=False),
    Column("search", Text, FetchedValue()),  # made by PostgreSQL: id, product, customer, parts
    Column("archived", _AT),  # before when its events were recorded, all of them being archived
    *_recorded(),
)
Index(
    "work_order_open",
    work_order.c.site,
    work_order.c.completed_at,
    postgresql_where=~work_order.c.cancelled,
)

Index(
    "work_order_ended",  # or was planned last where that came later
    work_order.c.site,
    text(
        "(\nCASE\n    WHEN completed_at IS NULL AND NOT cancelled THEN"
        " 'infinity'::timestamp with time zone\n"
        "    ELSE GREATEST(last_recorded_at, completed_at)\nEND)"
    ),
    work_order.c.first_recorded_at,
)

operation = Table(
    "operation",
    metadata,
    _site(),
    _key("order_id"),
    _key("operation_id"),
    Column("status", Text, nullable=False),
    Column("work_unit", Text),
    Column("started_at", _AT),
    Column("finished_at", _AT),
    Column("good", BigInteger, nullable=False),
    Column("scrap", BigInteger, nullable=False),
    Column("rework", BigInteger, nullable=False),
    Column("inspected", BigInteger, nullable=False),
    Column("passed", BigInteger, nullable=False),
    Column("base", LargeBinary, nullable=False),
    *_recorded(),
)

need = Table(
    "need",
    metadata,
    _site(),
    _key("order_id"),
    _key("need_id"),
    Column("promised_at", _AT),
    Column("shipped", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("base", LargeBinary, nullable=False),
    *_recorded(),
)

work_unit = Table(
    "work_unit",
    metadata,
    _site(),
    _key("id"),
    Column("state", Text),
    Column("since", _AT),
    Column("base", LargeBinary, nullable=False),
)

output = Table(
    "output",
    metadata,
    _site(),
    _key("work_unit"),
    Column("bucket", Integer, primary_key=True, autoincrement=False),
    Column("good", BigInteger, nullable=False),
    Column("scrap", BigInteger, nullable=False),
    Column("rework", BigInteger, nullable=False),
)

event = Table(  # split by the month of `recorded_at`; `event_identity` has each identity once
    "event",
    metadata,
    Column("site", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("time", _AT, nullable=False),
    Column("recorded_at", _AT, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("data", JSONB, nullable=False),
    Column("work_unit", Text, FetchedValue()),  # made by PostgreSQL: the one that `data` names
)

event_identity = Table(  # of every event that was ever recorded, archived ones too
    "event_identity",
    metadata,
    _site(),
    _key("source"),
    _key("id"),
    Column("recorded_at", _AT, nullable=False),
    Column("digest", LargeBinary, nullable=False),
)

archive_run = Table(  # what was taken out of `event`: all that no open order and no page needs
    "archive_run",
    metadata,
    _site(),
    Column("before", _AT, primary_key=True),
    Column("made_at", _AT, nullable=False),
    Column("folder", Text, nullable=False),
    Column("events", BigInteger, nullable=False),
    Column("orders", BigInteger, nullable=False),
    Column("number", Integer, primary_key=True, server_default="1"),
    Column("taken", Boolean, nullable=False, server_default="true"),  # false: soon, or it broke off
)
Index("event_by_subject", event.c.site, event.c.subject, event.c.time)
Index("event_by_recording", event.c.site, event.c.recorded_at)
Index(
    "event_voids",
    event.c.site,
    event.c.subject,
    postgresql_where=event.c.type == "event.voided",
)

pending_void = Table("pending_void", metadata, _site(), _key("source"), _key("id"), _key("subject"))

reader = Table(
    "reader",
    metadata,
    _site(),
    _key("name"),
    Column("epoch", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("at", _AT, nullable=False),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("number", BigInteger, Identity(), nullable=False),
    Column("site", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("received_at", _AT, nullable=False),
    PrimaryKeyConstraint("site", "number"),
)
Index("quarantine_by_time", quarantine.c.site, quarantine.c.received_at)

api_key = Table(
    "api_key",
    metadata,
    Column("prefix", Text, primary_key=True),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("site", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("created_at", _AT, nullable=False),
    Column("revoked_at", _AT),
    Column("rate_per_s", Float, nullable=False),
    Column("role", Text, nullable=False, server_default="source"),
    Column("party", Text),
)

# What the watch works out. All of it can be worked out again from the events.

stale = Table(  # what the recorder has changed since the watch last derived from it
    "stale",
    metadata,
    _site(),
    _key("kind"),
    _key("key"),
    Column("mark", BigInteger, nullable=False),
)

forecast = Table(  # the newest of each open order
    "forecast",
    metadata,
    _site(),
    _key("order_id"),
    Column("made_at", _AT, nullable=False),
    Column("p50_at", _AT, nullable=False),
    Column("p80_at", _AT, nullable=False),
    Column("p95_at", _AT, nullable=False),
    Column("document", LargeBinary, nullable=False),
)

forecast_trace = Table(  # what was forecast for an order as it went on, until it is scored
    "forecast_trace",
    metadata,
    _site(),
    _key("order_id"),
    Column("made_at", _AT, primary_key=True),
    Column("remaining_s", ARRAY(Float), nullable=False),
)

forecast_score = Table(  # the levels that a closed order's finish had in its forecasts
    "forecast_score",
    metadata,
    _site(),
    _key("order_id"),
    Column("closed_at", _AT, nullable=False),
    Column("scores", ARRAY(Float), nullable=False),
)

bottleneck_segment = Table(  # final segments of each line's chain
    "bottleneck_segment",
    metadata,
    _site(),
    _key("area"),
    Column("start_at", _AT, primary_key=True),
    _key("work_unit"),
    _key("kind"),
    Column("end_at", _AT, nullable=False),
)

bottleneck_pause = Table(  # time that no share counts
    "bottleneck_pause",
    metadata,
    _site(),
    _key("area"),
    Column("start_at", _AT, primary_key=True),
    Column("end_at", _AT, nullable=False),
)

order_account = Table(  # how late each order is or will be, and what of
    "order_account",
    metadata,
    _site(),
    _key("order_id"),
    Column("area", Text, nullable=False),
    Column("product", Text, nullable=False),
    Column("family", Text, nullable=False),
    Column("customer", Text, nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("due_at", _AT, nullable=False),
    Column("ended_at", _AT, nullable=False),
    Column("completed", Boolean, nullable=False),
    Column("late_s", Float, nullable=False),
    Column("day", Date, nullable=False),  # the site's: of completion, of the due date while open
    Column("made_at", _AT, nullable=False),
    Column("done", Float),
    Column("used", Float),
    Column("zone", Text),
    Column("cells", LargeBinary, nullable=False),  # JSON
)
Index("order_account_by_day", order_account.c.site, order_account.c.day)
Index(
    "order_account_open",
    order_account.c.site,
    order_account.c.made_at,
    postgresql_where=~order_account.c.completed,
)

delay_day = Table(  # the accounts of the orders completed on a day, in packed columns
    "delay_day",
    metadata,
    _site(),
    Column("day", Date, primary_key=True),
    Column("made_at", _AT, nullable=False),
    Column("head", LargeBinary, nullable=False),
    Column("orders", LargeBinary, nullable=False),
    Column("cells", LargeBinary, nullable=False),
)

occupation = Table(  # a stretch of work on a work unit, once for each day (UTC) that it touches
    "occupation",
    metadata,
    _site(),
    _key("work_unit"),
    Column("day", Date, primary_key=True),
    _key("order_id"),
    _key("operation_id"),
    Column("start_at", _AT, primary_key=True),
    Column("end_at", _AT),
    Column("enabled_at", _AT),
    Column("kind", Text),
    Column("evidence", LargeBinary, nullable=False),
)
Index("occupation_by_order", occupation.c.site, occupation.c.order_id)
Index(
    "occupation_open",
    occupation.c.site,
    occupation.c.work_unit,
    postgresql_where=occupation.c.end_at.is_(None),
)

shift_element = Table(  # elements of ISO 22400 of a work unit's shift, or of its day off shift
    "shift_element",
    metadata,
    _site(),
    _key("work_unit"),
    Column("shift_start", _AT, primary_key=True),
    _key("shift"),
    Column("shift_finish", _AT, nullable=False),
    Column("day", Date, nullable=False),  # the site's, on which the shift starts
    Column("work_center", Text, nullable=False),
    Column("area", Text, nullable=False),
    *(
        Column(name, Float, nullable=False)
        for name in ("pbt", "aubt", "aupt", "apt", "adet", "aoet", "standard")
    ),
    *(Column(name, BigInteger, nullable=False) for name in ("pq", "gq", "sq", "rq", "ip", "gp")),
    *(Column(name, Float, nullable=False) for name in ("idle", "stopped", "unknown")),
)
Index("shift_element_by_day", shift_element.c.site, shift_element.c.day)

# What finds events and states by work unit, by instant and by completion.

Index("operation_by_finish", operation.c.site, operation.c.finished_at)
Index("work_order_by_completion", work_order.c.site, work_order.c.completed_at)
Index(
    "event_by_work_unit",
    event.c.site,
    event.c.work_unit,
    event.c.time,
    postgresql_where=event.c.work_unit.is_not(None),
)
Index(
    "event_plans",
    event.c.site,
    event.c.recorded_at,
    postgresql_include=["subject"],
    postgresql_where=event.c.type == "plan.changed",
)
Index(
    "event_late",
    event.c.site,
    event.c.time,
    postgresql_where=text("recorded_at - time > interval '2 days'"),
)
