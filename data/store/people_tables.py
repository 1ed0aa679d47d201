"""Tables of people: accounts and how they get in, what parties may know, what was done.

Imported within `data.store` alone. Beside `data.store.tables`, on the same metadata. Whose a row is
stands in its key: or who adds one could find out that another's is there.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from data.store.tables import metadata

_AT = DateTime(timezone=True)


def _needed(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _number() -> Column[int]:
    return Column("number", BigInteger, Identity(always=True), nullable=False)


account = Table(
    "account",
    metadata,
    Column("id", Text, primary_key=True),
    Column("login", Text, nullable=False, unique=True),
    _needed("name"),
    _needed("role"),
    Column("sites", ARRAY(Text), nullable=False),
    Column("party", Text),
    Column("password", Text),
    Column("subject", Text, unique=True),
    Column("totp_secret", Text),
    Column("totp_used", BigInteger, nullable=False),
    Column("created_at", _AT, nullable=False),
    Column("seen_at", _AT),
    Column("disabled_at", _AT),
)

session = Table(
    "session",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("account", Text, ForeignKey("account.id"), nullable=False),
    Column("created_at", _AT, nullable=False),
    Column("seen_at", _AT, nullable=False),
    Column("revoked_at", _AT),
)
Index("session_by_account", session.c.account)

sign_in_attempt = Table(
    "sign_in_attempt",
    metadata,
    _number(),
    _needed("login"),
    _needed("address"),
    Column("at", _AT, nullable=False),
    Column("ok", Boolean, nullable=False),
    PrimaryKeyConstraint("number"),
)
Index("sign_in_attempt_by_login", sign_in_attempt.c.login, sign_in_attempt.c.at)
Index("sign_in_attempt_by_address", sign_in_attempt.c.address, sign_in_attempt.c.at)

link = Table(
    "link",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    _needed("purpose"),
    Column("account", Text),
    Column("site", Text),
    Column("party", Text),
    Column("role", Text),
    _needed("created_by"),
    Column("created_at", _AT, nullable=False),
    Column("ends_at", _AT, nullable=False),
    Column("used_at", _AT),
    Column("uses", BigInteger, nullable=False),
    Column("revoked_at", _AT),
)

screen_device = Table(  # a browser on a wall; it shows one screen once someone has let it
    "screen_device",
    metadata,
    Column("id", Text, primary_key=True),
    Column("site", Text),
    Column("screen", Text),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("code_hash", LargeBinary),
    Column("asked_at", _AT, nullable=False),
    Column("enrolled_by", Text),
    Column("enrolled_at", _AT),
    Column("seen_at", _AT, nullable=False),
    Column("version", Text),
    Column("revoked_at", _AT),
)
Index(
    "screen_device_by_code",
    screen_device.c.code_hash,
    postgresql_where=screen_device.c.code_hash.is_not(None),
)

disclosure = Table(  # where a site's policy differs from the usual one; no party: all of the role
    "disclosure",
    metadata,
    Column("site", Text, primary_key=True),
    Column("role", Text, primary_key=True),
    Column("party", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("field", Text, primary_key=True),
    _needed("treatment"),
)

need_comment = Table(
    "need_comment",
    metadata,
    _number(),
    _needed("site"),
    _needed("party"),
    _needed("order_id"),
    _needed("need_id"),
    Column("at", _AT, nullable=False),
    _needed("author"),
    _needed("side"),
    _needed("words"),
    PrimaryKeyConstraint("site", "party", "number"),
)
Index(
    "need_comment_by_need",
    *(need_comment.c[name] for name in ("site", "party", "order_id", "need_id", "number")),
)

milestone_date = Table(  # every date that was asked for, confirmed or disputed
    "milestone_date",
    metadata,
    _number(),
    _needed("site"),
    _needed("party"),
    _needed("order_id"),
    _needed("milestone_id"),
    _needed("kind"),
    Column("date_at", _AT),
    Column("at", _AT, nullable=False),
    _needed("author"),
    _needed("side"),
    _needed("words"),
    PrimaryKeyConstraint("site", "party", "number"),
)
Index(
    "milestone_date_by_milestone",
    *(milestone_date.c[name] for name in ("site", "order_id", "milestone_id", "number")),
)

board_visit = Table(  # when a viewer last looked, so that what changed since can be marked
    "board_visit",
    metadata,
    Column("site", Text, primary_key=True),
    Column("party", Text, primary_key=True),  # empty: of the factory's own people
    Column("viewer", Text, primary_key=True),
    Column("board", Text, primary_key=True),
    Column("at", _AT, nullable=False),
    Column("before_at", _AT),
    Column("seen", JSONB),  # what was shown, by the row's key: as of `at`, and of `before_at`
    Column("before_seen", JSONB),
)

audit = Table(
    "audit",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", _AT, nullable=False),
    _needed("actor"),
    _needed("action"),
    _needed("subject"),
    Column("site", Text),
    Column("party", Text),
    _needed("address"),
    Column("detail", JSONB, nullable=False),
    Column("code", LargeBinary, nullable=False),
)
Index("audit_by_time", audit.c.at)
Index("audit_by_party", audit.c.party, audit.c.at)
