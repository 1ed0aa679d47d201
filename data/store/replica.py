"""A streaming replica of PostgreSQL, read for pages on the past in place of the primary.

Imported by `data.wiring`; `data.store.scoped` asks it. It is read only once it has everything
that the primary had when it was asked. So nobody sees less than they have just written or were
just told of, and no page must say how old it is.
"""

import time
from collections.abc import Callable

import structlog
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

WAIT_S = 0.25  # for the replica to catch up; then the primary is asked
REST_S = 2.0  # one that didn't in time isn't asked again at once
ALONE_S = 30.0  # nor one that was promoted, and follows nobody any more
_LOOK_S = 0.005
_PRIMARY = text("SELECT CAST(pg_current_wal_lsn() - '0/0' AS bigint)")
_REPLICA = text(
    "SELECT CASE WHEN pg_is_in_recovery() THEN CAST(pg_last_wal_replay_lsn() - '0/0' AS bigint) END"
)
_LOST = (DBAPIError, PoolTimeout)
_log = structlog.get_logger("replica")


class Replica:
    """One replica beside its primary; safe to be asked by many at once."""

    def __init__(
        self, primary: Engine, replica: Engine,
        clock: Callable[[], float] = time.monotonic, pause: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        self._primary, self._replica = primary, replica
        self._clock, self._pause = clock, pause
        self._resting_until = clock()
        self._primary_away_until = clock()

    def near(self) -> Engine | None:
        """Return the replica once it has what the primary has by now; None: ask the primary.

        With the primary away it is as old as the recording, of which every page tells.
        """
        if self._clock() < self._resting_until:
            return None
        goal = self._goal()
        try:
            read = goal is None or self._reaches(goal)
        except _LOST as error:
            self.rest(str(error))
            return None
        return self._replica if read else None

    def rest(self, reason: str, for_s: float = REST_S) -> None:
        """Leave the replica alone for a little while."""
        self._resting_until = self._clock() + for_s
        _log.warning("replica not read", reason=reason)

    def close(self) -> None:
        """Let the connections to the replica go."""
        self._replica.dispose()

    def _reaches(self, goal: int) -> bool:
        """Wait until the replica is as far; where it isn't in time, leave it alone."""
        until = self._clock() + WAIT_S
        while (place := _position(self._replica, _REPLICA)) is not None:
            if place >= goal:
                return True
            if self._clock() > until:
                self.rest("it is behind")
                return False
            self._pause(_LOOK_S)
        self.rest("it follows nobody", ALONE_S)
        return False

    def _goal(self) -> int | None:
        """Return how far the primary is; None while it can't be reached."""
        if self._clock() < self._primary_away_until:
            return None
        try:
            return _position(self._primary, _PRIMARY)
        except _LOST:
            self._primary_away_until = self._clock() + REST_S
            return None


def _position(engine: Engine, query: object) -> int | None:
    """Return a place in the write-ahead log; None for a server that has none of this sort."""
    with engine.connect() as connection:
        found = connection.execute(query).scalar()  # type: ignore[call-overload]
    return None if found is None else int(found)
