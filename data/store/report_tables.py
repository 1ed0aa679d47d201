"""The table of who wants which daily report when.

Imported within `data.store` alone. Beside `data.store.tables`, on the same metadata.
"""

from sqlalchemy import BigInteger, Column, DateTime, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY

from data.store.tables import metadata

report_schedule = Table(
    "report_schedule",
    metadata,
    Column("account", Text, primary_key=True),
    Column("site", Text, primary_key=True),
    Column("shift", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("days", ARRAY(BigInteger), nullable=False),
    Column("formats", ARRAY(Text), nullable=False),
    Column("language", Text, nullable=False),
    Column("upto", DateTime(timezone=True), nullable=False),
)
