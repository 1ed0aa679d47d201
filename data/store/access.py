"""What the access review asks of SQL beside people and keys: screens, and what was used lately.

Imported by the wiring, which hands it to `data.services.access`.
"""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Engine, func, select

from data.domain.access import Device
from data.store.people_tables import audit, screen_device
from data.store.scoped import process, reading, whole
from data.store.tables import event


class AccessStore:
    """Reads the tables of screens and events."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def devices(self, site: str) -> list[Device]:
        """Return the screens that were ever let in at a site, the one seen last first."""
        table = screen_device.c
        columns = [table[name] for name in Device.__struct_fields__]
        query = (
            select(*columns)
            .where(table.site == site, table.screen.is_not(None), table.enrolled_at.is_not(None))
            .order_by(table.seen_at.desc())
        )
        with process(self._engine) as connection:
            return [Device(**row) for row in connection.execute(query).mappings()]

    def reported(
        self, site: str, sources: Collection[str], since: datetime
    ) -> Mapping[str, datetime]:
        """Return when each source reported last; who hasn't since then is left out."""
        table, found = event.c, {}
        with reading(self._engine, whole(site)) as connection:
            for source in sorted(sources):
                query = (
                    select(table.recorded_at)
                    .where(table.site == site, table.source == source, table.recorded_at > since)
                    .order_by(table.recorded_at.desc())
                    .limit(1)
                )
                at = connection.execute(query).scalar()
                if at is not None:
                    found[source] = at
        return found

    def acted(self, actors: Collection[str], since: datetime) -> Mapping[str, datetime]:
        """Return when the audit trail names each actor last, of those that it does since then."""
        table = audit.c
        query = (
            select(table.actor, func.max(table.at))
            .where(table.actor.in_(actors), table.at > since)
            .group_by(table.actor)
        )
        with process(self._engine) as connection:
            return {actor: at for actor, at in connection.execute(query)}
