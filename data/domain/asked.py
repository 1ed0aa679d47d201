"""What is asked of a supplier: material needs and outsourced operations, as it may know them.

Pure. Made from disclosed rows alone, so nothing here can tell more than they do: a field that
isn't disclosed is missing, one that is bucketed stands as its word. Used by the supplier's
board and by what is done on it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from data.domain.disclosure import Value
from data.domain.needed import DRIFT, Needed, needed
from data.domain.policy import Kind
from data.domain.view import Standing

SEPARATOR = "~"  # between the parts of a key; no pseudonym has it
MOST_KEPT = 3000  # rows of which a visit remembers what was seen
Disclosed = Mapping[str, Value]
Seen = dict[str, list[str | int | None]]  # key → when it was due, planned, and how many


class Change(StrEnum):
    """What happened to a row since the viewer's last visit."""

    NEW = "new"
    MOVED = "moved"
    QUANTITY = "quantity"


class Asked(Struct, frozen=True, kw_only=True):
    """One need or operation. `key` names it to the outside; None: it can't be named.

    `planned_at`, `due_at`: when it is needed (or to be finished), as planned and as forecast.
    `words`: fields that are disclosed as a word only; `hidden`: those that aren't at all.
    `before`: when it was due at the last visit, if it moved; `was`: how many there were;
    `heard_at`: when the other side wrote, if that was since then.
    """

    key: str | None
    kind: Kind
    order: str | None
    item: str
    name: str
    standing: Standing | None
    quantity: int | None = None
    planned_at: datetime | None = None
    due_at: datetime | None = None
    promised_at: datetime | None = None
    shipped: int | None = None
    received: int | None = None
    dispatch_advice: str | None = None
    status: str | None = None
    planned_start: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    good: int | None = None
    scrap: int | None = None
    words: Mapping[str, str] = {}
    hidden: frozenset[str] = frozenset()
    change: Change | None = None
    before: datetime | None = None
    was: int | None = None
    heard_at: datetime | None = None

    @property
    def news(self) -> bool:
        """Whether anything is new since the viewer's last visit."""
        return self.change is not None or self.heard_at is not None

    @property
    def done(self) -> bool:
        """Whether nothing is left to do."""
        return self.standing is Standing.DONE or self.finished_at is not None

    @property
    def drift(self) -> timedelta:
        """How far the forecast lies behind the plan; nothing when it is as planned."""
        if self.planned_at is None or self.due_at is None:
            return timedelta(0)
        drift = self.due_at - self.planned_at
        return drift if abs(drift) >= DRIFT else timedelta(0)

    @property
    def outstanding(self) -> int | None:
        """How many are still to be shipped, or made."""
        if self.quantity is None:
            return None
        sent = self.shipped if self.kind is Kind.NEED else self.good
        return None if sent is None else max(0, self.quantity - sent)

    def confirmable_at(self, now: datetime) -> datetime | None:
        """The date that a confirmation promises: the earlier of plan and forecast still ahead."""
        dates = (self.planned_at, self.due_at)
        return min((at for at in dates if at is not None and at > now), default=None)

    @property
    def needed(self) -> Needed | None:
        """When it is needed as it stands now, of what is disclosed.

        None where no date is, or the forecast is a word only: then that word says how it stands.
        """
        if self.due_at is None or "forecast_need_by" in self.words:
            return None
        if self.planned_at is None:
            return Needed(at=self.due_at, moved=True)
        return needed(self.planned_at, self.due_at)

    @property
    def late(self) -> bool:
        """Whether it was promised too late for when it is needed."""
        known = self.needed
        return (
            known is not None and self.promised_at is not None and known.too_late(self.promised_at)
        )

    def spare(self) -> timedelta | None:
        """How long before it is needed it was promised; negative: after it."""
        known = self.needed
        return None if known is None or self.promised_at is None else known.at - self.promised_at

    def planned_spare(self) -> timedelta | None:
        """The same of the planned date, where it is needed at another as it stands now."""
        if self.promised_at is None or self.planned_at is None:
            return None
        known = self.needed
        return self.planned_at - self.promised_at if known is not None and known.moved else None

    def waits(self, now: datetime) -> bool:
        """Whether the supplier has something to answer now."""
        if self.done or self.outstanding == 0:
            return False
        if self.kind is Kind.OPERATION:
            return self._waits_for_report(now)
        if "promised_at" in self.hidden or "promised_at" in self.words:
            return False
        return self.promised_at is None or self.promised_at < now or self.late

    def _waits_for_report(self, now: datetime) -> bool:
        if self.status == "planned":
            return self.planned_start is not None and self.planned_start < now
        return any(at is not None and at < now for at in (self.planned_at, self.due_at))


def asked(kind: Kind, rows: Iterable[Disclosed]) -> list[Asked]:
    """Return what disclosed rows of one kind ask for."""
    make = _need if kind is Kind.NEED else _operation
    return [make(row) for row in rows]


def key_of(kind: Kind, row: Disclosed) -> str | None:
    """Return what names a row to the outside: its order as disclosed, and its own id."""
    mark, own = ("n", row.get("need")) if kind is Kind.NEED else ("o", row.get("operation"))
    order = row.get("order")
    if not isinstance(order, str) or not isinstance(own, str):
        return None
    return SEPARATOR.join((mark, order, own))


def compared(rows: Sequence[Asked], seen: Seen | None) -> list[Asked]:
    """Mark what differs from what was seen before; without that nothing is marked."""
    return list(rows) if seen is None else [_compared(row, seen) for row in rows]


def seen_of(rows: Iterable[Asked]) -> Seen:
    """Return what of these rows is to be remembered until the next visit."""
    kept: Seen = {}
    for row in rows:
        if row.key is not None and not row.done and len(kept) < MOST_KEPT:
            kept[row.key] = [_text(row.due_at), _text(row.planned_at), row.quantity]
    return kept


def next_turn(rows: Iterable[Asked], now: datetime) -> datetime | None:
    """Return when time alone will change how one of these rows stands."""
    ahead = [
        at
        for row in rows
        if not row.done
        for at in (row.planned_at, row.due_at, row.promised_at, row.planned_start)
        if at is not None and at > now
    ]
    return min(ahead, default=None)


def _compared(row: Asked, seen: Seen) -> Asked:
    if row.key is None or row.done:
        return row
    known = seen.get(row.key)
    if known is None:
        return replace(row, change=Change.NEW)
    due, planned, quantity = known
    before = _instant(due) or _instant(planned)
    now_due = row.due_at or row.planned_at
    if before is not None and now_due is not None and abs(now_due - before) >= DRIFT:
        return replace(row, change=Change.MOVED, before=before)
    if isinstance(quantity, int) and row.quantity is not None and quantity != row.quantity:
        return replace(row, change=Change.QUANTITY, was=quantity)
    return row


def _need(row: Disclosed) -> Asked:
    planned = _at(row, "need_by")
    return Asked(
        key=key_of(Kind.NEED, row),
        kind=Kind.NEED,
        order=_str(row, "order"),
        item=_str(row, "part") or _str(row, "need") or "",
        name=_str(row, "name") or "",
        standing=_standing(row),
        quantity=_int(row, "quantity"),
        planned_at=planned,
        due_at=_at(row, "forecast_need_by") or planned,
        promised_at=_at(row, "promised_at"),
        shipped=_int(row, "shipped"),
        received=_int(row, "received"),
        dispatch_advice=_str(row, "dispatch_advice"),
        words=_words(row, "need_by", "forecast_need_by", "promised_at"),
        hidden=_hidden(row, "order", "part", "quantity", "need_by", "promised_at", "shipped"),
    )


def _operation(row: Disclosed) -> Asked:
    planned, finished = _at(row, "planned_finish"), _at(row, "finished_at")
    return Asked(
        key=key_of(Kind.OPERATION, row),
        kind=Kind.OPERATION,
        order=_str(row, "order"),
        item=_str(row, "name") or _str(row, "operation") or "",
        name=_str(row, "operation") or "",
        standing=_standing(row),
        quantity=_int(row, "quantity"),
        planned_at=planned,
        due_at=finished or _at(row, "forecast_p50_at") or planned,
        status=_str(row, "status"),
        planned_start=_at(row, "forecast_start_at") or _at(row, "planned_start"),
        started_at=_at(row, "started_at"),
        finished_at=finished,
        good=_int(row, "good"),
        scrap=_int(row, "scrap"),
        words=_words(row, "planned_finish", "forecast_p50_at"),
        hidden=_hidden(row, "order", "operation", "quantity", "planned_finish", "good"),
    )


def _at(row: Disclosed, name: str) -> datetime | None:
    value = row.get(name)
    return value if isinstance(value, datetime) else None


def _int(row: Disclosed, name: str) -> int | None:
    value = row.get(name)
    return value if isinstance(value, int) else None


def _str(row: Disclosed, name: str) -> str | None:
    value = row.get(name)
    return str(value) if isinstance(value, str) else None


def _standing(row: Disclosed) -> Standing | None:
    value = _str(row, "standing")
    return Standing(value) if value in set(Standing) else None


def _words(row: Disclosed, *instants: str) -> dict[str, str]:
    """Return instants of which only how they stand is disclosed."""
    return {name: str(row[name]) for name in instants if isinstance(row.get(name), str)}


def _hidden(row: Disclosed, *names: str) -> frozenset[str]:
    return frozenset(name for name in names if name not in row)


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _instant(value: object) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else None
