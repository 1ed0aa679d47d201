"""Tables of deliveries, of how ways do, of what people want to be told and who is on duty.

Imported within `data.store` alone. Beside `data.store.tables`, on the same metadata.
"""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Identity, Index, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from data.store.tables import metadata

_AT = DateTime(timezone=True)


def _key(name: str) -> Column[str]:
    return Column(name, Text, primary_key=True)


def _needed(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


delivery = Table(
    "delivery",
    metadata,
    _key("site"),
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    _needed("event"),
    _needed("topic"),
    _needed("subject"),
    _needed("news"),
    _needed("recipient"),
    _needed("name"),
    Column("role", Text),
    Column("party", Text),
    _needed("way"),
    _needed("address"),
    _needed("language"),
    Column("mentions", ARRAY(Text), nullable=False),
    Column("others", JSONB, nullable=False),
    Column("severity", Text),
    Column("exception", BigInteger),
    _needed("state"),
    Column("gather", Boolean, nullable=False),
    Column("planned_at", _AT, nullable=False),
    Column("happened_at", _AT),
    Column("due_at", _AT, nullable=False),
    Column("first_at", _AT),
    Column("attempts", BigInteger, nullable=False),
    Column("lease", Text),
    Column("leased_until", _AT),
    _needed("answer"),
    Column("done_at", _AT),
    Column("within", BigInteger),
    Column("detail", JSONB, nullable=False),
    Column("notice", JSONB),
)
_own = delivery.c
Index(
    "delivery_once", _own.site, _own.subject, _own.event, _own.recipient, _own.way, _own.address,
    unique=True,
)  # fmt: skip
Index(
    "delivery_pending",
    _own.way,
    _own.due_at,
    postgresql_where=_own.state.in_(["waiting", "held", "failed"]),
)
Index("delivery_by_exception", _own.site, _own.exception, _own.number)
Index("delivery_by_recipient", _own.recipient, _own.planned_at)
Index("delivery_sent", _own.way, _own.done_at, postgresql_where=_own.state == "sent")
Index("delivery_by_digest", _own.site, _own.within, postgresql_where=_own.within.is_not(None))

way_state = Table(  # of a way, or of one address that it goes to
    "way_state",
    metadata,
    _key("way"),
    _key("address"),
    Column("recent", ARRAY(_AT), nullable=False),
    Column("paused_until", _AT),
    Column("disabled_at", _AT),
    _needed("reason"),
)

notice_preference = Table(
    "notice_preference",
    metadata,
    _key("account"),
    Column("document", JSONB, nullable=False),
)

notice_read = Table(  # until when somebody has read what they were told
    "notice_read",
    metadata,
    _key("account"),
    Column("at", _AT, nullable=False),
)

duty = Table(
    "duty",
    metadata,
    *(_key(name) for name in ("site", "role", "area", "shift", "account")),
)

trigger_rule = Table(
    "trigger_rule",
    metadata,
    _key("site"),
    _key("id"),
    Column("document", JSONB, nullable=False),
    Column("version", BigInteger, nullable=False),
    _needed("changed_by"),
    Column("changed_at", _AT, nullable=False),
)

trigger_fired = Table(  # `told`: whoever is to hear of it has a delivery of it
    "trigger_fired",
    metadata,
    *(_key(name) for name in ("site", "trigger", "order_id", "milestone_id")),
    Column("at", _AT, nullable=False),
    Column("document", JSONB, nullable=False),
    Column("told", Boolean, nullable=False, server_default="false"),
)
Index("trigger_fired_untold", trigger_fired.c.at, postgresql_where=~trigger_fired.c.told)
