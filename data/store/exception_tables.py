"""Tables of exceptions: the cases, every move of theirs, what was said, rules that differ.

Imported within `data.store` alone. Beside `data.store.tables`, on the same metadata. A case's
columns are for searching; `document` is the case as the program has it.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Identity,
    Index,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from data.store.tables import metadata

_AT = DateTime(timezone=True)


def _site() -> Column[str]:
    return Column("site", Text, primary_key=True)


def _text(name: str, null: bool = False) -> Column[str]:
    return Column(name, Text, nullable=null)


def _moment(name: str, null: bool = False) -> Column[object]:
    return Column(name, _AT, nullable=null)


exception = Table(
    "exception",
    metadata,
    _site(),
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    _text("rule"),
    _text("kind"),
    _text("subject"),
    _text("severity"),
    _text("state"),
    Column("standing", Boolean, nullable=False),
    Column("version", BigInteger, nullable=False),
    _moment("since"),
    _moment("raised_at"),
    _moment("cleared_at", null=True),
    _moment("closed_at", null=True),
    _moment("acknowledged_at", null=True),
    _text("area", null=True),
    _text("work_center", null=True),
    _text("work_unit", null=True),
    _text("order_id", null=True),
    Column("parent", BigInteger),
    _text("owner_role"),
    _text("owner", null=True),
    Column("level", BigInteger, nullable=False),
    _moment("escalate_at", null=True),
    _moment("shelved_until", null=True),
    Column("parties", ARRAY(Text), nullable=False),
    Column("document", JSONB, nullable=False),
)
_OPEN = exception.c.state != "closed"
Index(
    "exception_standing", exception.c.site, exception.c.rule, exception.c.subject,
    unique=True, postgresql_where=_OPEN,
)  # fmt: skip
Index("exception_by_time", exception.c.site, exception.c.raised_at)
Index("exception_by_parent", exception.c.site, exception.c.parent)
Index("exception_to_escalate", exception.c.escalate_at, postgresql_where=_OPEN)

exception_transition = Table(  # `told`: whoever is to hear of it has a delivery of it
    "exception_transition",
    metadata,
    _site(),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    _text("move"),
    _text("before", null=True),
    _text("after"),
    _text("actor"),
    _moment("at"),
    _text("words"),
    Column("detail", JSONB, nullable=False),
    Column("told", Boolean, nullable=False, server_default="false"),
)
Index(
    "exception_transition_untold",
    exception_transition.c.at,
    postgresql_where=~exception_transition.c.told,
)

exception_note = Table(
    "exception_note",
    metadata,
    _site(),
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    Column("exception", BigInteger, nullable=False),
    _moment("at"),
    _text("author"),
    _text("name"),
    _text("words"),
    _text("party", null=True),
)
Index("exception_note_by_case", exception_note.c.site, exception_note.c.exception)

exception_mark = Table(  # whether it was worth being told of, as each recipient says
    "exception_mark",
    metadata,
    _site(),
    Column("exception", BigInteger, primary_key=True, autoincrement=False),
    Column("account", Text, primary_key=True),
    Column("useful", Boolean, nullable=False),
    _moment("at"),
)

exception_rule = Table(  # where a site's rules differ from the usual ones
    "exception_rule",
    metadata,
    _site(),
    Column("id", Text, primary_key=True),
    Column("document", JSONB, nullable=False),
    Column("version", BigInteger, nullable=False),
    _text("changed_by"),
    _moment("changed_at"),
)
