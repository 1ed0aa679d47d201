"""What a forwarder has to fetch: what is ready, what soon will be, and the pick-ups booked for it.

Pure. Made from disclosed rows and from what was said about the viewer's own pick-ups. Nothing is
sorted or counted before disclosure, so order and number tell nothing more. Used by `/logistics`.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from data.domain.bought import Node, at_of, count_of, node_of, standing_of
from data.domain.dates import NOTHING_SAID, Side, key_of
from data.domain.dates import Standing as Agreed
from data.domain.disclosure import Value
from data.domain.view import Standing

SOON = timedelta(hours=48)
Disclosed = Mapping[str, Value]
_FAR = "9999"


class Stage(StrEnum):
    """How far an order is on its way to the carrier's door."""

    READY = "ready"  # all of it, or a part
    COMING = "coming"  # within the next two days
    LATER = "later"
    COLLECTED = "collected"


class Booking(StrEnum):
    """How far the pick-up is agreed."""

    NONE = "none"
    ASKED_BY_US = "asked_by_us"  # the carrier asked, the factory hasn't answered
    ASKED_OF_US = "asked_of_us"  # the factory asked
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    COLLECTED = "collected"


class Load(Struct, frozen=True, kw_only=True):
    """One order to be taken away. `good_word`: how much is ready, where only that is disclosed."""

    key: str | None
    order: str | None
    customer: str | None
    quantity: int | None
    good: int | None
    good_word: str | None
    standing: Standing | None
    due_at: datetime | None
    p80_at: datetime | None
    completed_at: datetime | None
    stage: Stage
    booking: Booking
    agreed: Agreed = NOTHING_SAID
    hidden: frozenset[str] = frozenset()

    @property
    def ready_at(self) -> datetime | None:
        """When all of it is, or will be, ready."""
        return self.completed_at or self.p80_at


class Approach(Struct, frozen=True, kw_only=True):
    """A milestone that will be reached soon, of which order and for whom."""

    order: str | None
    customer: str | None
    node: Node
    at: datetime


def loads(orders: Iterable[Disclosed], agreed: Mapping[str, Agreed], now: datetime) -> list[Load]:
    """Return the orders to be fetched, by when they are ready."""
    found = [_load(row, agreed, now) for row in orders]
    return sorted(found, key=lambda one: (_moment(one.ready_at), one.order or ""))


def approaching(milestones: Iterable[Disclosed], now: datetime) -> list[Approach]:
    """Return the milestones that are forecast to be reached within two days, or are overdue."""
    found = []
    for row in milestones:
        node = node_of(row)
        at = node.p50_at or node.p80_at
        reached = node.reached_at is not None or node.standing is Standing.DONE
        if not reached and at is not None and at <= now + SOON:
            order, customer = _str(row, "order"), _str(row, "customer")
            found.append(Approach(order=order, customer=customer, node=node, at=at))
    return sorted(found, key=lambda one: (_moment(one.at), one.order or "", one.node.name))


def booking_of(agreed: Agreed) -> Booking:
    """Return how far a pick-up is agreed, as its carrier says it."""
    if agreed.collected is not None:
        return Booking.COLLECTED
    if agreed.asked is not None:
        own = agreed.asked.side is Side.PARTY
        return Booking.ASKED_BY_US if own else Booking.ASKED_OF_US
    if agreed.refused is not None:
        return Booking.REFUSED
    return Booking.NONE if agreed.confirmed is None else Booking.CONFIRMED


def _load(row: Disclosed, agreed: Mapping[str, Agreed], now: datetime) -> Load:
    key = key_of({"order": row.get("order")})
    standing = agreed.get(key or "", NOTHING_SAID)
    good = row.get("good")
    names = ("order", "customer", "quantity", "good", "due_at", "forecast_p80_at")
    return Load(
        key=key,
        order=_str(row, "order"),
        customer=_str(row, "customer"),
        quantity=count_of(row, "quantity"),
        good=count_of(row, "good"),
        good_word=good if isinstance(good, str) else None,
        standing=standing_of(row),
        due_at=at_of(row, "due_at"),
        p80_at=at_of(row, "forecast_p80_at"),
        completed_at=at_of(row, "completed_at"),
        stage=_stage(row, standing, now),
        booking=booking_of(standing),
        agreed=standing,
        hidden=frozenset(name for name in names if name not in row),
    )


def _stage(row: Disclosed, agreed: Agreed, now: datetime) -> Stage:
    if agreed.collected is not None:
        return Stage.COLLECTED
    done = standing_of(row) is Standing.DONE or at_of(row, "completed_at") is not None
    good = row.get("good")
    some = good in ("part", "all") or (isinstance(good, int) and good > 0)
    if done or some:
        return Stage.READY
    p80_at = at_of(row, "forecast_p80_at")
    return Stage.COMING if p80_at is not None and p80_at <= now + SOON else Stage.LATER


def _moment(at: datetime | None) -> str:
    return _FAR if at is None else at.isoformat()


def _str(row: Disclosed, name: str) -> str | None:
    value = row.get(name)
    return str(value) if isinstance(value, str) else None
