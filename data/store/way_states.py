"""How much room a way has just now, and what is shut, in SQL: the same for all notifiers.

Imported by `data.store.deliveries` and by the wiring. A way's own row has no address; that of one
address says whether it takes anything any more.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, select, update
from sqlalchemy.dialects.postgresql import insert

from data.domain.deliveries import LONGEST_PAUSE_S
from data.services.delivering import Room, Shut, ShutWay
from data.store.delivery_tables import way_state
from data.store.scoped import process

_own = way_state.c
_PLENTY = 1_000_000
_SKEW = timedelta(seconds=5)  # between the clocks of notifiers; more: a clock was set back


class WayStates:
    """What is known of ways beyond their configuration. Raises Unavailable from every method."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def pause(self, way: str, until: datetime) -> None:
        """Let nobody send anything on a way until an instant: the far side asked for it."""
        with process(self._engine, writes=True) as connection:
            _upsert(connection, way, "", paused_until=until)

    def shut(self, way: str, address: str, reason: str, at: datetime) -> None:
        """Send nothing to an address any more, or by the whole way when it is empty."""
        with process(self._engine, writes=True) as connection:
            _upsert(connection, way, address, disabled_at=at, reason=reason)

    def reopen(self, way: str, address: str = "") -> bool:
        """Use it again; False when it wasn't shut."""
        closed = update(way_state).where(
            _own.way == way, _own.address == address, _own.disabled_at.is_not(None)
        )
        with process(self._engine, writes=True) as connection:
            opened = connection.execute(closed.values(disabled_at=None, reason=""))
            return opened.rowcount == 1

    def all_shut(self) -> list[ShutWay]:
        """Return everything that is shut, by way and address."""
        query = select(way_state).where(_own.disabled_at.is_not(None))
        with process(self._engine) as connection:
            rows = connection.execute(query.order_by(_own.way, _own.address)).mappings()
            return [
                ShutWay(
                    way=row["way"], address=row["address"], reason=row["reason"],
                    at=row["disabled_at"],
                )
                for row in rows
            ]  # fmt: skip


def shut_addresses(connection: Connection, way: str) -> Shut:
    """Return what is shut of a way, with the reason; the empty address: all of it."""
    query = select(_own.address, _own.reason).where(_own.way == way, _own.disabled_at.is_not(None))
    return {address: reason for address, reason in connection.execute(query)}


def room_of(connection: Connection, way: str, room: Room, now: datetime) -> int:
    """Return how many may go out now; the way is this transaction's until it ends."""
    connection.execute(insert(way_state).values(_empty(way, "")).on_conflict_do_nothing())
    query = select(_own.recent, _own.paused_until).where(_own.way == way, _own.address == "")
    recent, paused = connection.execute(query.with_for_update()).one()
    if paused is not None and now < paused <= now + timedelta(seconds=LONGEST_PAUSE_S):
        return 0
    if room is None:
        return _PLENTY
    return room.count - len(_within(recent, room, now))


def take_room(connection: Connection, way: str, room: Room, now: datetime, count: int) -> None:
    """Note that so many go out now."""
    if room is None or not count:
        return
    own = _own.way == way, _own.address == ""
    recent = connection.execute(select(_own.recent).where(*own)).scalar_one()
    kept = [*_within(recent, room, now), *[now] * count]
    connection.execute(update(way_state).where(*own).values(recent=kept))


def _within(recent: list[datetime], room: Room, now: datetime) -> list[datetime]:
    if room is None:
        return []
    since = now - timedelta(seconds=room.per_s)
    return [at for at in recent if since < at <= now + _SKEW]


def _empty(way: str, address: str) -> dict[str, Any]:
    return {"way": way, "address": address, "recent": [], "reason": ""}


def _upsert(connection: Connection, way: str, address: str, **values: object) -> None:
    made = insert(way_state).values(_empty(way, address) | values)
    connection.execute(made.on_conflict_do_update(index_elements=["way", "address"], set_=values))
