"""What was said about dates, in SQL; nothing in it is ever changed.

Imported by the wiring, which hands it to `data.services.dates`.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Engine, insert, select

from data.domain.dates import Entry, Said, Side, Subject
from data.domain.scope import Scope
from data.store.people_tables import milestone_date
from data.store.scoped import reading, writing

MOST = 20_000


class DateStore:
    """The table of milestone dates and pick-ups."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, scope: Scope, site: str, subject: Subject, entry: Entry) -> None:
        """Put what was said at the end."""
        row = {
            "site": site, "party": subject.party, "order_id": subject.order,
            "milestone_id": subject.milestone, "kind": entry.said.value, "date_at": entry.date_at,
            "at": entry.at, "author": entry.author, "side": entry.side.value, "words": entry.words,
        }  # fmt: skip
        with writing(self._engine, scope) as connection:
            connection.execute(insert(milestone_date).values(row))

    def of(self, scope: Scope, site: str, orders: Sequence[str]) -> list[tuple[Subject, Entry]]:
        """Return what was said of these orders, oldest first, as far as it concerns the scope."""
        own = milestone_date.c
        return self._read(scope, own.site == site, own.order_id.in_(orders))

    def all(self, scope: Scope, site: str) -> list[tuple[Subject, Entry]]:
        """Return what was said at a site, oldest first, as far as it concerns the scope."""
        return self._read(scope, milestone_date.c.site == site)

    def _read(self, scope: Scope, *conditions: Any) -> list[tuple[Subject, Entry]]:
        """Return what fits, oldest first; of very much, the latest."""
        newest = milestone_date.c.number.desc()
        query = select(milestone_date).where(*conditions).order_by(newest).limit(MOST)
        with reading(self._engine, scope) as connection:
            return [_said(row) for row in connection.execute(query).mappings()][::-1]


def _said(row: Any) -> tuple[Subject, Entry]:
    subject = Subject(row["order_id"], row["milestone_id"], row["party"])
    entry = Entry(
        said=Said(row["kind"]), side=Side(row["side"]), at=row["at"], author=row["author"],
        date_at=row["date_at"], words=row["words"],
    )  # fmt: skip
    return subject, entry
