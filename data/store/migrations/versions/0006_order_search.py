"""What orders are searched by, in one text each: reading whole documents for it takes seconds."""

from alembic import op

revision = "0006"
down_revision = "0005"

_ADD = """
ALTER TABLE work_order ADD COLUMN search text GENERATED ALWAYS AS (
    id || ' ' || product || ' ' || coalesce(customer, '')
    || ' ' || jsonb_path_query_array(document, '$.needs[*].part')::text
    || ' ' || jsonb_path_query_array(document, '$.needs[*].name')::text
) STORED
"""


def upgrade() -> None:
    """Add the column; the table is written anew once."""
    op.execute(_ADD)


def downgrade() -> None:
    """Take it out."""
    op.execute("ALTER TABLE work_order DROP COLUMN search")
