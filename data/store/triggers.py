"""Milestone triggers in SQL, and what they fired.

Imported by the wiring, which hands it to the watch, the notifier and the page that edits triggers.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import msgspec
from sqlalchemy import Connection, Engine, delete, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from data.domain.deliveries import Delivery
from data.domain.triggers import Fired, Trigger
from data.store.deliveries import insert_deliveries
from data.store.delivery_tables import trigger_fired, trigger_rule
from data.store.scoped import process

_rule, _own = trigger_rule.c, trigger_fired.c
_KEY = tuple_(_own.site, _own.trigger, _own.order_id, _own.milestone_id)


class Untold:
    """What fired and nobody was told of, within the transaction that plans its deliveries."""

    def __init__(self, connection: Connection, fired: list[Fired]) -> None:
        self._connection = connection
        self.fired = fired

    def plan(self, deliveries: Sequence[Delivery]) -> int:
        """Keep deliveries, each once; return how many are new."""
        return insert_deliveries(self._connection, deliveries)


class TriggerStore:
    """Triggers of all sites. Raises Unavailable from every method."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def triggers(self, site: str) -> list[tuple[Trigger, int]]:
        """Return a site's triggers with their versions, by id."""
        query = select(_rule.document, _rule.version).where(_rule.site == site).order_by(_rule.id)
        with process(self._engine) as connection:
            rows = connection.execute(query).all()
        return [(msgspec.convert(document, Trigger), version) for document, version in rows]

    def keep_trigger(self, site: str, trigger: Trigger, was: int, actor: str, at: datetime) -> bool:
        """Keep a trigger; False when it isn't at version `was` any more (0: there is one)."""
        values = {
            "document": msgspec.to_builtins(trigger), "version": was + 1, "changed_by": actor,
            "changed_at": at,
        }  # fmt: skip
        key = {"site": site, "id": trigger.id}
        with process(self._engine, writes=True) as connection:
            if was == 0:
                made = insert(trigger_rule).values({**key, **values}).on_conflict_do_nothing()
                return connection.execute(made.returning(_rule.id)).first() is not None
            same = update(trigger_rule).where(
                _rule.site == site, _rule.id == trigger.id, _rule.version == was
            )
            return connection.execute(same.values(values)).rowcount == 1

    def drop_trigger(self, site: str, trigger: str, was: int) -> bool:
        """Drop a trigger; False when it isn't at version `was` any more."""
        same = delete(trigger_rule).where(
            _rule.site == site, _rule.id == trigger, _rule.version == was
        )
        with process(self._engine, writes=True) as connection:
            return connection.execute(same).rowcount == 1

    def fired(self, site: str) -> set[tuple[str, str, str]]:
        """Return which triggers fired for which orders' milestones."""
        query = select(_own.trigger, _own.order_id, _own.milestone_id).where(_own.site == site)
        with process(self._engine) as connection:
            return {(row[0], row[1], row[2]) for row in connection.execute(query)}

    def last_fired(self, site: str) -> dict[str, tuple[datetime, int]]:
        """Return when each trigger fired last, and for how many milestones."""
        query = (
            select(_own.trigger, func.max(_own.at), func.count())
            .where(_own.site == site)
            .group_by(_own.trigger)
        )
        with process(self._engine) as connection:
            return {row[0]: (row[1], row[2]) for row in connection.execute(query)}

    def fire(self, fired: Sequence[Fired], at: datetime) -> int:
        """Keep what fires, each once; return how much is new."""
        rows = [
            {
                "site": one.site, "trigger": one.trigger.id, "order_id": one.order,
                "milestone_id": one.milestone, "at": at, "document": msgspec.to_builtins(one),
            }
            for one in fired
        ]  # fmt: skip
        if not rows:
            return 0
        made = insert(trigger_fired).values(rows).on_conflict_do_nothing()
        with process(self._engine, writes=True) as connection:
            return len(connection.execute(made.returning(_own.trigger)).all())

    @contextmanager
    def untold(self, limit: int) -> Iterator[Untold]:
        """Take what fired and nobody was told of, oldest first; afterwards it is told."""
        query = (
            select(trigger_fired)
            .where(~_own.told)
            .order_by(_own.at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        with process(self._engine, writes=True) as connection:
            rows = connection.execute(query).mappings().all()
            yield Untold(connection, [msgspec.convert(row["document"], Fired) for row in rows])
            keys = [tuple(row[c.name] for c in trigger_fired.primary_key) for row in rows]
            told = update(trigger_fired).where(_KEY.in_(keys)).values(told=True)
            connection.execute(told)
