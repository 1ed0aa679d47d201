"""Several runs of the archive for one month; each is noted before it takes anything."""

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Number the runs; those there are took what they noted."""
    op.execute(
        "ALTER TABLE archive_run ADD COLUMN number integer NOT NULL DEFAULT 1,"
        " ADD COLUMN taken boolean NOT NULL DEFAULT true,"
        " DROP CONSTRAINT archive_run_pkey, ADD PRIMARY KEY (site, before, number)"
    )


def downgrade() -> None:
    """Keep of each month the first run; files of others stay where they are."""
    op.execute("DELETE FROM archive_run WHERE number > 1 OR NOT taken")
    op.execute(
        "ALTER TABLE archive_run DROP CONSTRAINT archive_run_pkey, ADD PRIMARY KEY (site, before),"
        " DROP COLUMN number, DROP COLUMN taken"
    )
