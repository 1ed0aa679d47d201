"""What a customer bought: its orders and their milestones, as it may know them.

Pure. Made from disclosed rows alone, so nothing here can tell more than they do: a field that
isn't disclosed is missing, one that is bucketed stands as its word. Used by `/customer`.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from data.domain.asked import Seen
from data.domain.dates import key_of
from data.domain.disclosure import Value
from data.domain.view import Standing

MOVED = timedelta(hours=1)  # a date that moved by less is where it was
MOST_KEPT = 3000  # orders of which a visit remembers what was seen
Disclosed = Mapping[str, Value]
WHICH = ("open", "completed", "all")
_URGENT = {Standing.LATE: 0, Standing.STOPPED: 0, Standing.AT_RISK: 1, Standing.DONE: 3}
_NO_DATE = "9999"


class News(StrEnum):
    """What happened to an order or a milestone since the viewer's last visit."""

    NEW = "new"
    LATER = "later"
    EARLIER = "earlier"
    REACHED = "reached"
    CONFIRMED = "confirmed"


class Change(Struct, frozen=True, kw_only=True):
    """One thing that is otherwise than at the last visit; `before`: the date it had."""

    news: News
    before: datetime | None = None
    now: datetime | None = None


class Node(Struct, frozen=True, kw_only=True):
    """A milestone. `key` names it to the outside; None: it can't be named.

    `words`: dates of which only how they stand is disclosed; `hidden`: those that aren't at all.
    """

    key: str | None
    milestone: str | None
    name: str
    standing: Standing | None
    baseline_at: datetime | None = None
    committed_at: datetime | None = None
    requested_at: datetime | None = None
    confirmed_at: datetime | None = None
    p50_at: datetime | None = None
    p80_at: datetime | None = None
    reached_at: datetime | None = None
    quantity: int | None = None
    words: Mapping[str, str] = {}
    hidden: frozenset[str] = frozenset()
    change: Change | None = None

    @property
    def promised_at(self) -> datetime | None:
        """The date that holds: as confirmed to the customer, else as committed, else as planned."""
        return self.confirmed_at or self.committed_at or self.baseline_at

    @property
    def place_at(self) -> datetime | None:
        """Where it stands on the order's line of time."""
        return self.reached_at or self.p80_at or self.promised_at


class Bought(Struct, frozen=True, kw_only=True):
    """An order with its milestones, in the order of their promised dates."""

    order: str | None
    product: str | None
    quantity: int | None
    standing: Standing | None
    due_at: datetime | None = None
    p80_at: datetime | None = None
    completed_at: datetime | None = None
    nodes: tuple[Node, ...] = ()
    hidden: frozenset[str] = frozenset()
    change: Change | None = None

    @property
    def done(self) -> bool:
        """Whether nothing of it is left to be made."""
        return self.standing is Standing.DONE or self.completed_at is not None

    @property
    def changes(self) -> list[Change]:
        """Everything that is otherwise than at the last visit."""
        found = (self.change, *(node.change for node in self.nodes))
        return [change for change in found if change is not None]

    @property
    def late(self) -> timedelta | None:
        """How far its end lies, or may lie, behind what was promised; negative: before it."""
        end = self.completed_at or self.p80_at
        return None if end is None or self.due_at is None else end - self.due_at


class BoughtFilter(Struct, frozen=True, kw_only=True):
    """Which orders are wanted."""

    which: str = "open"
    standing: Standing | None = None
    text: str = ""
    changed: bool = False


def bought(orders: Iterable[Disclosed], milestones: Iterable[Disclosed]) -> list[Bought]:
    """Return the orders of disclosed rows, those at most risk first, then by due date."""
    nodes: dict[str, list[Node]] = {}
    for row in milestones:
        nodes.setdefault(_str(row, "order") or "", []).append(node_of(row))
    found = [_bought(row, nodes.get(_str(row, "order") or "", [])) for row in orders]
    return sorted(found, key=_urgency)


def node_of(row: Disclosed) -> Node:
    """Return the milestone of a disclosed row."""
    instants = (
        "baseline_at", "committed_at", "requested_at", "confirmed_at", "forecast_p50_at",
        "forecast_p80_at", "reached_at",
    )  # fmt: skip
    given: dict[str, Any] = {name.removeprefix("forecast_"): at_of(row, name) for name in instants}
    return Node(
        key=key_of(row),
        milestone=_str(row, "milestone"),
        name=_str(row, "name") or _str(row, "milestone") or "",
        standing=standing_of(row),
        quantity=count_of(row, "quantity"),
        words={name: str(row[name]) for name in instants if isinstance(row.get(name), str)},
        hidden=frozenset(name for name in instants if name not in row),
        **given,
    )


def wanted(rows: Iterable[Bought], by: BoughtFilter) -> list[Bought]:
    """Return the orders that fit a filter."""
    return [row for row in rows if _fits(row, by)]


def of_which(rows: Iterable[Bought], which: str) -> list[Bought]:
    """Return open orders, completed ones, or all."""
    return [row for row in rows if which == "all" or row.done is (which == "completed")]


def compared(rows: Sequence[Bought], seen: Seen | None) -> list[Bought]:
    """Mark what differs from what was seen before; without that nothing is marked."""
    return list(rows) if seen is None else [_compared(row, seen) for row in rows]


def seen_of(rows: Iterable[Bought]) -> Seen:
    """Return what of these orders is to be remembered until the next visit."""
    kept: Seen = {}
    for row in rows:
        if row.order is None or len(kept) >= MOST_KEPT:
            continue
        kept[row.order] = [_iso(row.completed_at or row.p80_at or row.due_at)]
        for node in row.nodes:
            if node.key is not None:
                kept[node.key] = [
                    _iso(node.place_at), _iso(node.confirmed_at), int(node.reached_at is not None),
                ]  # fmt: skip
    return kept


def at_of(row: Disclosed, name: str) -> datetime | None:
    """Return an instant that is disclosed as one."""
    value = row.get(name)
    return value if isinstance(value, datetime) else None


def count_of(row: Disclosed, name: str) -> int | None:
    """Return a quantity that is disclosed as one."""
    value = row.get(name)
    return value if isinstance(value, int) else None


def standing_of(row: Disclosed) -> Standing | None:
    """Return how a row stands, if that is disclosed."""
    value = row.get("standing")
    return Standing(str(value)) if value in set(Standing) else None


def _bought(row: Disclosed, nodes: list[Node]) -> Bought:
    names = ("order", "product", "quantity", "due_at", "forecast_p80_at", "completed_at")
    return Bought(
        order=_str(row, "order"),
        product=_str(row, "product"),
        quantity=count_of(row, "quantity"),
        standing=standing_of(row),
        due_at=at_of(row, "due_at"),
        p80_at=at_of(row, "forecast_p80_at"),
        completed_at=at_of(row, "completed_at"),
        nodes=tuple(sorted(nodes, key=lambda node: (_iso(node.promised_at) or "", node.name))),
        hidden=frozenset(name for name in names if name not in row),
    )


def _urgency(row: Bought) -> tuple[int, str, str]:
    urgent = _URGENT.get(row.standing or Standing.UNKNOWN, 2)
    return urgent, _iso(row.due_at) or _NO_DATE, row.order or ""


def _fits(row: Bought, by: BoughtFilter) -> bool:
    if by.which != "all" and row.done is not (by.which == "completed"):
        return False
    if by.standing is not None and row.standing is not by.standing:
        return False
    if by.changed and not row.changes:
        return False
    told = " ".join([row.order or "", row.product or "", *(node.name for node in row.nodes)])
    return by.text.casefold() in told.casefold()


def _compared(row: Bought, seen: Seen) -> Bought:
    if row.order is None:
        return row
    known = seen.get(row.order)
    if known is None:
        return replace(row, change=Change(news=News.NEW))
    nodes = tuple(_node_compared(node, seen) for node in row.nodes)
    end = row.completed_at or row.p80_at or row.due_at
    return replace(row, nodes=nodes, change=_moved(known[0], end))


def _node_compared(node: Node, seen: Seen) -> Node:
    known = seen.get(node.key or "")
    if known is None:
        return node
    place, confirmed, reached = known
    if node.reached_at is not None:
        change = None if reached else Change(news=News.REACHED, now=node.reached_at)
    elif node.confirmed_at is not None and confirmed != _iso(node.confirmed_at):
        change = Change(news=News.CONFIRMED, before=_instant(confirmed), now=node.confirmed_at)
    else:
        change = _moved(place, node.place_at)
    return replace(node, change=change)


def _moved(before: str | int | None, now: datetime | None) -> Change | None:
    then = _instant(before)
    if then is None or now is None or abs(now - then) < MOVED:
        return None
    return Change(news=News.LATER if now > then else News.EARLIER, before=then, now=now)


def _str(row: Disclosed, name: str) -> str | None:
    value = row.get(name)
    return str(value) if isinstance(value, str) else None


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _instant(value: object) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else None
