"""What somebody was told in the program itself, what they have read of it, and what they thought.

Imported by the wiring, which hands it to the page on which people see it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Engine, Select, and_, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from data.domain.deliveries import Delivery
from data.domain.preferences import IN_APP
from data.domain.told import Told
from data.store.delivery_tables import delivery, notice_read
from data.store.exception_tables import exception_mark
from data.store.scoped import process

_own = delivery.c
_COLUMNS = [c for c in delivery.columns if c.name not in {"lease", "leased_until"}]
_NEWS = (_own.site, _own.subject, _own.event)


class ToldStore:
    """Everybody's list. Raises Unavailable from every method."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def lately(self, account: str, now: datetime, limit: int) -> list[Told]:
        """Return what somebody was told, newest first, each with what became of it on their ways.

        Of what a digest told its own end counts.
        """
        query = select(*_COLUMNS).where(_listed(account, now))
        own = self._read(query.order_by(_own.planned_at.desc(), _own.number.desc()).limit(limit))
        keys = [(one.site, one.subject, one.event) for one in own]
        beside = self._read(
            select(*_COLUMNS)
            .where(_own.recipient == account, _own.way != IN_APP, tuple_(*_NEWS).in_(keys))
            .order_by(_own.number)
        )
        digests = {one.number: one for one in self._digests(account, beside)}
        found: dict[tuple[str, str, str], list[Delivery]] = {}
        for one in beside:
            shown = digests.get(one.within or 0, one)
            found.setdefault((one.site, one.subject, one.event), []).append(shown)
        return [
            Told(own=one, ways=tuple(found.get(key, ())))
            for one, key in zip(own, keys, strict=True)
        ]

    def unread(self, account: str, now: datetime) -> int:
        """Return how much came since somebody looked last."""
        read = select(notice_read.c.at).where(notice_read.c.account == account).scalar_subquery()
        fresh = _own.due_at > func.coalesce(read, datetime.min.replace(tzinfo=now.tzinfo))
        query = select(func.count()).select_from(delivery).where(_listed(account, now), fresh)
        with process(self._engine) as connection:
            return int(connection.execute(query).scalar_one())

    def read_until(self, account: str) -> datetime | None:
        """Return until when somebody has read what they were told."""
        query = select(notice_read.c.at).where(notice_read.c.account == account)
        with process(self._engine) as connection:
            return connection.execute(query).scalar()

    def note_read(self, account: str, at: datetime) -> None:
        """Note that somebody looked."""
        made = insert(notice_read).values(account=account, at=at)
        later = func.greatest(notice_read.c.at, at)
        made = made.on_conflict_do_update(index_elements=["account"], set_={"at": later})
        with process(self._engine, writes=True) as connection:
            connection.execute(made)

    def marks(self, actor: str, cases: Sequence[tuple[str, int]]) -> dict[tuple[str, int], bool]:
        """Return of which exceptions, by site and number, somebody said whether they are useful."""
        mark = exception_mark.c
        query = select(mark.site, mark.exception, mark.useful).where(
            mark.account == actor, tuple_(mark.site, mark.exception).in_(list(cases))
        )
        with process(self._engine) as connection:
            return {(site, number): useful for site, number, useful in connection.execute(query)}

    def _digests(self, account: str, members: Sequence[Delivery]) -> list[Delivery]:
        numbers = [one.within for one in members if one.within is not None]
        if not numbers:
            return []
        return self._read(
            select(*_COLUMNS).where(_own.recipient == account, _own.number.in_(numbers))
        )

    def _read(self, query: Select[Any]) -> list[Delivery]:
        with process(self._engine) as connection:
            rows = connection.execute(query).mappings()
            return [
                msgspec.convert({n: row[n] for n in Delivery.__struct_fields__}, Delivery)
                for row in rows
            ]


def _listed(account: str, now: datetime) -> Any:
    """Return the condition that it stands in somebody's list by now."""
    return and_(_own.recipient == account, _own.way == IN_APP, _own.due_at <= now)
