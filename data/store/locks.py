"""A site's lock in SQL: whoever holds it does one job there, until it gives it back or dies.

Imported by the wiring. The lock belongs to a connection of its own, so it goes with the process.
"""

from contextlib import suppress
from typing import Any

import psycopg
from psycopg import Connection

from data.services.errors import Unavailable


class SiteLock:
    """One role at one site."""

    def __init__(self, url: str, role: str, site: str) -> None:
        self._url = url.replace("postgresql+psycopg://", "postgresql://", 1)
        self._role, self._site = role, site
        self._connection: Connection[Any] | None = None
        self._held = False

    def acquire(self) -> bool:
        """Take the lock, or make sure that it is still held; False while another holds it.

        Raises: Unavailable, also when the lock was lost.
        """
        try:
            connection = self._connected()
            if self._held:
                connection.execute("SELECT 1")
                return True
            query = "SELECT pg_try_advisory_lock(hashtext(%s), hashtext(%s))"
            row = connection.execute(query, (self._role, self._site)).fetchone()
        except psycopg.Error as error:
            self._drop()
            raise Unavailable(f"the history can't be reached: {error}") from error
        self._held = bool(row and row[0])
        return self._held

    def release(self) -> None:
        """Give the lock back, so that another may take it at once, and the connection."""
        if self._connection is not None and not self._connection.closed:
            with suppress(psycopg.Error):
                self._connection.execute("SELECT pg_advisory_unlock_all()")
        self._drop()

    def _connected(self) -> Connection[Any]:
        if self._connection is None:
            self._connection = psycopg.connect(
                self._url, connect_timeout=5, autocommit=True, application_name=self._role
            )
        return self._connection

    def _drop(self) -> None:
        self._held = False
        if self._connection is not None:
            self._connection.close()
            self._connection = None
