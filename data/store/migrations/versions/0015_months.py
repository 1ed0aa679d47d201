"""Events by the month in which they were recorded; identities kept apart, once and for ever.

What is recorded already stays where it lies and becomes the first part, up to the end of its
last month: nothing is copied but the identities, and no index is built twice. They are copied
while others read and write; only what came meanwhile is copied while all wait.
"""

from collections.abc import Mapping
from datetime import datetime

from alembic import op
from sqlalchemy import text

from data.store.months import REST, closed
from data.store.protection import expose, protect

revision = "0015"
down_revision = "0014"

_INDEXES = """
CREATE INDEX event_by_subject ON event (site, subject, "time");
CREATE INDEX event_by_recording ON event (site, recorded_at);
CREATE INDEX event_voids ON event (site, subject) WHERE type = 'event.voided';
CREATE INDEX event_by_work_unit ON event (site, work_unit, time) WHERE work_unit IS NOT NULL;
CREATE INDEX event_plans ON event (site, recorded_at) INCLUDE (subject)
    WHERE type = 'plan.changed';
CREATE INDEX event_late ON event (site, time) WHERE recorded_at - time > interval '2 days'
"""
_IDENTITY = """
DROP TABLE IF EXISTS event_identity;
SET maintenance_work_mem = '256MB';
CREATE TABLE event_identity (
    site text NOT NULL,
    source text NOT NULL,
    id text NOT NULL,
    recorded_at timestamptz NOT NULL,
    digest bytea NOT NULL
)
"""
_LATEST = """
SELECT site.id, latest.at - interval '1 day' FROM site CROSS JOIN LATERAL (
    SELECT max(recorded_at) AS at FROM event WHERE event.site = site.id
) latest WHERE latest.at IS NOT NULL
"""
_COPY = (
    "INSERT INTO event_identity SELECT e.site, e.source, e.id, e.recorded_at, e.digest"
    " FROM event e ORDER BY site, source, id"
)
# Recording is in the order of `recorded_at`, give or take how far the clocks of hosts are apart.
_REST = (
    "INSERT INTO event_identity SELECT e.site, e.source, e.id, e.recorded_at, e.digest"
    " FROM months.event_before e{late} ON CONFLICT DO NOTHING"
)
_LATE = " WHERE e.site = :site AND e.recorded_at > :at"
_BEFORE = """
SET LOCAL timezone = 'UTC';
CREATE SCHEMA months;
ALTER TABLE event SET SCHEMA months;
ALTER TABLE months.event RENAME TO event_before;
CREATE TABLE event (LIKE months.event_before INCLUDING GENERATED)
    PARTITION BY RANGE (recorded_at);
ALTER TABLE months.event_before DROP CONSTRAINT event_pkey;
REVOKE ALL ON months.event_before FROM PUBLIC, milepost_web, milepost_worker;
DROP POLICY event_all ON months.event_before
"""
_AFTER = """
CREATE TABLE months.rest PARTITION OF event DEFAULT;
CREATE TABLE archive_run (
    site text NOT NULL,
    before timestamptz NOT NULL,
    made_at timestamptz NOT NULL,
    folder text NOT NULL,
    events bigint NOT NULL,
    orders bigint NOT NULL,
    PRIMARY KEY (site, before)
);
ALTER TABLE work_order ADD COLUMN archived timestamptz
"""
_BACK = """
ALTER TABLE work_order DROP COLUMN archived;
ALTER TABLE event RENAME TO event_by_month;
CREATE TABLE event (LIKE event_by_month INCLUDING GENERATED);
INSERT INTO event (site, source, id, type, subject, time, recorded_at, seq, digest, data)
    SELECT site, source, id, type, subject, time, recorded_at, seq, digest, data
    FROM event_by_month;
DROP TABLE event_by_month, event_identity, archive_run;
DROP SCHEMA months;
ALTER TABLE event ADD CONSTRAINT event_pkey PRIMARY KEY (site, source, id)
"""


def upgrade() -> None:
    """Split the table at the end of what is in it; migrate makes the months that follow."""
    with op.get_context().autocommit_block():
        _execute(_IDENTITY)
        latest = [tuple(row) for row in op.get_bind().execute(text(_LATEST))]
        known = op.get_bind().execute(text(_COPY)).rowcount
        op.execute("ALTER TABLE event_identity ADD PRIMARY KEY (site, source, id)")
    _execute(_BEFORE)
    # At once: an owner that row security binds sees no row of a table without a policy.
    op.execute(closed("months.event_before")[1])
    last = _catch_up(known, dict(latest))
    _execute(_INDEXES)
    if last is None:
        op.execute("DROP TABLE months.event_before")
    else:
        bounds = f"FROM (MINVALUE) TO ('{last.isoformat()}')"
        op.execute(f"ALTER TABLE event ATTACH PARTITION months.event_before FOR VALUES {bounds}")
    _execute(_AFTER)
    for statement in closed(REST):
        op.execute(statement)
    for table in ("event", "event_identity", "archive_run"):
        protect(op, table)


def _catch_up(known: int, latest: Mapping[str, datetime]) -> datetime | None:
    """Copy the identities that came since `latest`; return when the last month there is ends."""
    bind, late = op.get_bind(), text(_REST.format(late=_LATE))
    for site, at in latest.items():
        known += bind.execute(late, {"site": site, "at": at}).rowcount
    counted = "count(*), date_trunc('month', max(recorded_at)) + interval '1 month'"
    total, last = bind.execute(text(f"SELECT {counted} FROM months.event_before")).one()
    if total != known:
        op.execute(_REST.format(late=""))
    end: datetime | None = last
    return end


def downgrade() -> None:
    """Put all of it back into one table."""
    expose(op, "event")
    _execute(_BACK)
    _execute(_INDEXES)
    protect(op, "event")


def _execute(statements: str) -> None:
    for statement in statements.split(";"):
        op.execute(statement)
