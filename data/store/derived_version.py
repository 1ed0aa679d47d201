"""The version of what is derived from the recorded past: pages and caches tell by it what is new.

Imported within `data.store` and by the wiring. It is raised in the transaction that changes derived
tables, whose writers of one site wait for each other there. It grows with the clock, so that a
promoted replica, which lacks the last ones, gives none of them again: answers kept under them
are of what was lost.
"""

from sqlalchemy import Connection, Engine, text

from data.store.scoped import reading, whole

_BUMP = (
    "INSERT INTO reader (site, name, epoch, after, at) VALUES (:site, 'derived', '',"
    " CAST(CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint) AS text), now())"
    " ON CONFLICT (site, name) DO UPDATE SET after = CAST(GREATEST("
    "CAST(reader.after AS bigint) + 1, CAST(EXCLUDED.after AS bigint)) AS text), at = EXCLUDED.at"
    " RETURNING CAST(after AS bigint)"
)
_CURRENT = "SELECT CAST(after AS bigint) FROM reader WHERE site = :site AND name = 'derived'"


def bump(connection: Connection, site: str) -> int:
    """Raise a site's version within a transaction and return it."""
    return int(connection.execute(text(_BUMP), {"site": site}).scalar_one())


def current(connection: Connection, site: str) -> int:
    """Return a site's version; 0 before anything was derived."""
    return connection.execute(text(_CURRENT), {"site": site}).scalar() or 0


class DerivedVersion:
    """The versions of all sites."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def current(self, site: str) -> int:
        """Return a site's version; 0 before anything was derived.

        Raises: Unavailable.
        """
        with reading(self._engine, whole(site)) as connection:
            return current(connection, site)
