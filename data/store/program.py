"""What SQL knows of the program itself: walls that were heard, what came not in or not out.

Imported by the wiring, which hands it to the watch.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Engine, bindparam, func, select

from data.domain.deliveries import DeliveryState
from data.domain.exceptions.evaluate import ScreenSeen, WayDown
from data.domain.exceptions.gaps import LogGap, gaps_of
from data.domain.quarantine import Quarantined, QuarantineKind
from data.services.delivering import ShutWay
from data.store.delivery_tables import delivery
from data.store.people_tables import screen_device
from data.store.scoped import process, reading, whole
from data.store.tables import quarantine
from data.store.way_states import WayStates

MOST_TOLD = 200
_TOLD = ("kind", "source", "event_id", "field", "reason", "raw", "received_at")
# Asked every few seconds for months, so they are put together once.
_FAILED = (
    select(delivery.c.way, func.min(delivery.c.first_at), func.max(delivery.c.answer))
    .where(delivery.c.state == DeliveryState.FAILED)
    .group_by(delivery.c.way)
)
_SENT_LAST = select(func.max(delivery.c.done_at)).where(
    delivery.c.state == DeliveryState.SENT, delivery.c.way == bindparam("of")
)


class Program:
    """The program's own state, of all sites. Raises Unavailable from every method."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._counted: dict[str, tuple[int, int]] = {}  # by site: inputs up to a number

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
        count, upto = self._counted.get(site, (0, 0))
        table = quarantine.c
        query = select(func.count(), func.coalesce(func.max(table.number), upto)).where(
            table.site == site, table.number > upto
        )
        with reading(self._engine, whole(site)) as connection:
            more, upto = connection.execute(query).one()
        self._counted[site] = count + more, upto
        return count + int(more)

    def gaps(self, site: str, since: datetime) -> list[LogGap]:
        """Return the gaps in the log that were noticed since an instant, the oldest first."""
        table = quarantine.c
        query = (
            select(*(table[name] for name in _TOLD))
            .where(
                table.site == site, table.received_at >= since, table.kind == QuarantineKind.GAP
            )
            .order_by(table.number.desc())
            .limit(MOST_TOLD)
        )  # fmt: skip
        with reading(self._engine, whole(site)) as connection:
            rows = connection.execute(query).mappings().all()
        return list(gaps_of(Quarantined(**row) for row in reversed(rows)))

    def ways(self) -> list[WayDown]:
        """Return the ways out that take nothing, by name: shut, or failing with nothing sent since.

        The first instant of either counts.
        """
        shut: dict[str, list[ShutWay]] = {}
        for one in WayStates(self._engine).all_shut():
            shut.setdefault(one.way, []).append(one)
        failing = {one.name: one for one in self._failing() if one.name not in shut}
        found = [_shut(way, ones) for way, ones in shut.items()]
        return sorted([*found, *failing.values()], key=lambda one: one.name)

    def _failing(self) -> list[WayDown]:
        with process(self._engine) as connection:
            found = []
            for way, at, reason in connection.execute(_FAILED).all():
                last = connection.execute(_SENT_LAST, {"of": way}).scalar()
                if at is not None and (last is None or last < at):
                    found.append(WayDown(name=way, since=at, reason=reason))
            return found


def _shut(way: str, ones: Sequence[ShutWay]) -> WayDown:
    whole = [one for one in ones if not one.address]
    first = min(whole or ones, key=lambda one: one.at)
    count = 0 if whole else len(ones)
    return WayDown(name=way, since=first.at, shut=True, addresses=count, reason=first.reason)
