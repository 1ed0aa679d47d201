"""Calls from one process to another that something was marked, by PostgreSQL's NOTIFY.

Why: what a person moves is to be shown at once, and asking for it several times a second at
every site costs SQL more than everything else that an idle site asks. A call is heard when the
transaction that called is committed. One connection of each engine listens, whatever the number
of sites; what was called while it was lost is gone, so whoever listens looks now and then all the
same. Imported by `data.store.stale`.
"""

from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from sqlalchemy import Connection, Engine, event, text

from data.services.errors import Unavailable
from data.store.scoped import answering

_CHANNEL = "milepost_marked"
_CALL = text(f"SELECT pg_notify('{_CHANNEL}', :told)")
_making = Lock()
_ears: "WeakKeyDictionary[Engine, Ear]" = WeakKeyDictionary()


def call(connection: Connection, site: str, kind: str) -> None:
    """Call, within a transaction of the caller's, that something of a kind was marked."""
    connection.execute(_CALL, {"told": _told(site, kind)})


def ear_of(engine: Engine) -> "Ear":
    """Return what hears the calls for all who use an engine."""
    with _making:
        known = _ears.get(engine)
        if known is None:
            known = _ears[engine] = Ear()
            event.listen(engine, "engine_disposed", known.close)
        return known


class Ear:
    """One connection that listens. Any thread may ask."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._connection: Connection | None = None
        self._asked: set[str] = set()  # since the connection was made
        self._heard: set[str] = set()

    def heard(self, engine: Engine, site: str, kind: str) -> bool:
        """Whether something may have been marked since this was last asked; at first it may.

        Raises: Unavailable.
        """
        told = _told(site, kind)
        with self._lock:
            self._heard |= self._newest(engine)
            known = told in self._asked and told not in self._heard
            self._asked.add(told)
            self._heard.discard(told)
            return not known

    def close(self, *_: Any) -> None:
        """Listen no more; whoever asks again begins anew."""
        with self._lock:
            self._drop()

    def _newest(self, engine: Engine) -> set[str]:
        try:
            with answering():
                connection = self._connection or self._listening(engine)
                driver = connection.connection.driver_connection
                return {one.payload for one in driver.notifies(timeout=0)} if driver else set()
        except psycopg.Error as error:
            self._drop()
            raise Unavailable(f"the history can't be reached: {error}") from error
        except Unavailable:
            self._drop()
            raise

    def _listening(self, engine: Engine) -> Connection:
        made = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        self._connection = made
        made.execute(text(f"LISTEN {_CHANNEL}"))
        return made

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        self._asked.clear()
        self._heard.clear()
        if connection is not None:
            connection.invalidate()  # it listens, so it isn't for the pool
            connection.close()


def _told(site: str, kind: str) -> str:
    return f"{kind} {site}"
