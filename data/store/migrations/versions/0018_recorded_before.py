"""When the orders, operations and needs that are there already were recorded first and last.

In portions, each by itself, while others read and write: what changes meanwhile is left open.
"""

from alembic import op

revision = "0018"
down_revision = "0017"

PORTIONS = 16
# One look at events and states: a row whose base is another by then has had events since.
_SPANS = """
CREATE TEMPORARY TABLE span AS
SELECT s.ctid AS place, s.site, s.{order} AS order_id, {member} AS member_id, s.base,
    coalesce(e.first_at, '-infinity') AS first_at,
    coalesce(e.last_at, {archived}, 'infinity') AS last_at,
    ntile({portions}) OVER (ORDER BY s.ctid) AS portion
FROM {table} s{joined} LEFT JOIN (
    SELECT site, subject, min(recorded_at) AS first_at, max(recorded_at) AS last_at
    FROM event WHERE subject LIKE '{kind}/%' GROUP BY site, subject
) e ON e.site = s.site AND e.subject = {subject}
ORDER BY s.ctid
"""
# By their place, for rows keep their neighbours so.
_FILL = """
UPDATE {table} s SET first_recorded_at = p.first_at, last_recorded_at = p.last_at
FROM span p WHERE p.portion = {portion} AND s.ctid = p.place AND s.site = p.site
    AND s.{order} = p.order_id{same} AND s.base = p.base AND s.last_recorded_at = 'infinity'
"""
_ORDERS = {
    "table": "work_order", "kind": "order", "order": "id", "member": "''", "same": "",
    "archived": "s.archived", "joined": "", "subject": "'order/' || s.id",
}  # fmt: skip


def upgrade() -> None:
    """Fill in what was recorded by versions before."""
    with op.get_context().autocommit_block():
        for names in (_ORDERS, _of_member("operation"), _of_member("need")):
            op.execute("DROP TABLE IF EXISTS pg_temp.span")
            op.execute(_SPANS.format(portions=PORTIONS, **names))
            op.execute("ANALYZE pg_temp.span")
            for portion in range(1, PORTIONS + 1):
                op.execute(_FILL.format(portion=portion, **names))
        op.execute("DROP TABLE pg_temp.span")


def downgrade() -> None:
    """Leave it: the columns go with the version that made them."""


def _of_member(kind: str) -> dict[str, str]:
    return {
        "table": kind, "kind": kind, "order": "order_id", "member": f"s.{kind}_id",
        "same": f" AND s.{kind}_id = p.member_id", "archived": "w.archived",
        "joined": " LEFT JOIN work_order w ON w.site = s.site AND w.id = s.order_id",
        "subject": f"'{kind}/' || s.order_id || '/' || s.{kind}_id",
    }  # fmt: skip
