"""Who wants which daily report when, in SQL.

Imported by the wiring, which hands it to the page on which people say so and to the notifier.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from data.domain.report_schedule import Schedule
from data.store.report_tables import report_schedule
from data.store.scoped import process

_own = report_schedule.c


class ReportScheduleStore:
    """Schedules of everybody. Raises Unavailable from every method."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def all(self) -> list[Schedule]:
        """Return every schedule, by site and account."""
        query = select(report_schedule).order_by(_own.site, _own.account)
        with process(self._engine) as connection:
            return [_schedule(row) for row in connection.execute(query).mappings()]

    def of(self, account: str, site: str) -> Schedule | None:
        """Return what one account wants of a site."""
        query = select(report_schedule).where(_own.account == account, _own.site == site)
        with process(self._engine) as connection:
            row = connection.execute(query).mappings().first()
        return None if row is None else _schedule(row)

    def keep(self, said: Schedule) -> None:
        """Keep what an account wants from now on."""
        row = {name: getattr(said, name) for name in said.__struct_fields__}
        row |= {"days": list(said.days), "formats": list(said.formats)}
        made = insert(report_schedule).values(row)
        made = made.on_conflict_do_update(index_elements=["account", "site"], set_=row)
        with process(self._engine, writes=True) as connection:
            connection.execute(made)

    def drop(self, account: str, site: str) -> None:
        """Send an account nothing of a site any more."""
        own = delete(report_schedule).where(_own.account == account, _own.site == site)
        with process(self._engine, writes=True) as connection:
            connection.execute(own)

    def note(self, account: str, site: str, upto: datetime) -> None:
        """Note that reports of what ended by an instant are done with."""
        own = update(report_schedule).where(
            _own.account == account, _own.site == site, _own.upto < upto
        )
        with process(self._engine, writes=True) as connection:
            connection.execute(own.values(upto=upto))


def _schedule(row: Mapping[Any, Any]) -> Schedule:
    known = {name: row[name] for name in Schedule.__struct_fields__}
    return Schedule(**known | {"days": tuple(row["days"]), "formats": tuple(row["formats"])})
