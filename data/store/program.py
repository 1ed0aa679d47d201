"""What SQL knows of the program itself: when walls were last heard, what couldn't be taken in.

Imported by `app`, which hands it to the watch.
"""

from sqlalchemy import Engine, func, select

from data.domain.exceptions.evaluate import ScreenSeen
from data.store.people_tables import screen_device
from data.store.scoped import process, reading, whole
from data.store.tables import quarantine


class Program:
    """The program's own state, of all sites. Raises Unavailable from every method."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def screens(self, site: str) -> list[ScreenSeen]:
        """Return every screen that was let in and still is, and when it was last heard.

        Of two browsers that show one screen the one heard last counts.
        """
        table = screen_device.c
        query = (
            select(table.screen, func.max(table.seen_at), func.max(table.version))
            .where(
                table.site == site, table.enrolled_at.is_not(None), table.revoked_at.is_(None)
            )
            .group_by(table.screen)
            .order_by(table.screen)
        )  # fmt: skip
        with process(self._engine) as connection:  # who sees screens by site is for the web
            rows = connection.execute(query).all()
        return [ScreenSeen(name=row[0], seen_at=row[1], version=row[2] or "") for row in rows]

    def quarantined(self, site: str) -> int:
        """Return how many inputs were ever put into quarantine."""
        query = select(func.count()).select_from(quarantine).where(quarantine.c.site == site)
        with reading(self._engine, whole(site)) as connection:
            return int(connection.execute(query).scalar_one())
