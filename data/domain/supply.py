"""What the factory asked of its suppliers, as who looks after it sees it. Pure.

Made from disclosed rows, like the supplier's own board; the other side of `data.domain.asked`.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from data.domain.asked import MOST_KEPT, Asked, Disclosed, Seen, asked
from data.domain.policy import Kind
from data.domain.view import Standing

_PARTIES = {Kind.NEED: "supplier", Kind.OPERATION: "performed_by"}


class News(StrEnum):
    """What a supplier did since the reader's last visit."""

    PROMISED = "promised"
    SHIPPED = "shipped"
    REPORTED = "reported"


class Supply(Struct, frozen=True, kw_only=True):
    """One need or outsourced operation, with whom it is asked of as far as that is disclosed.

    `unanswered`: the supplier wrote last; `comments`: how many there are in all.
    """

    asked: Asked
    supplier: str | None
    unanswered: bool = False
    comments: int = 0
    news: News | None = None

    @property
    def late(self) -> bool:
        """Whether it is past its date, or promised too late."""
        return self.asked.standing is Standing.LATE and not self.asked.done

    @property
    def silent(self) -> bool:
        """Whether nothing was promised yet, of what has to be promised."""
        row = self.asked
        known = "promised_at" not in row.hidden and "promised_at" not in row.words
        open_ = not row.done and row.outstanding != 0
        return row.kind is Kind.NEED and known and open_ and row.promised_at is None


def supplies(kind: Kind, rows: Iterable[Disclosed]) -> list[Supply]:
    """Return what disclosed rows of one kind ask of suppliers; work of the factory's own is not."""
    field = _PARTIES[kind]
    found = [row for row in rows if kind is Kind.NEED or row.get(field) is not None]
    return [
        Supply(asked=one, supplier=_text(row.get(field)))
        for row, one in zip(found, asked(kind, found), strict=True)
    ]


def place(row: Supply) -> tuple[object, ...]:
    """Return what orders rows: those to answer, late ones, without a promise, then by date."""
    due = row.asked.due_at or row.asked.planned_at
    when = 0.0 if due is None else due.timestamp()
    urgent = (not row.unanswered, not row.late, not row.silent)
    return (*urgent, row.asked.done, due is None, when, row.asked.item, row.asked.key or "")


def seen_of(rows: Iterable[Supply]) -> Seen:
    """Return what of these rows is to be remembered until the next visit."""
    kept: Seen = {}
    for row in rows:
        if row.asked.key is not None and not row.asked.done and len(kept) < MOST_KEPT:
            kept[row.asked.key] = _known(row.asked)
    return kept


def compared(rows: Sequence[Supply], seen: Seen | None) -> list[Supply]:
    """Mark what suppliers did since; a row that wasn't there before is the factory's own doing."""
    return list(rows) if seen is None else [_compared(row, seen) for row in rows]


def _compared(row: Supply, seen: Mapping[str, Sequence[str | int | None]]) -> Supply:
    before = seen.get(row.asked.key or "")
    if before is None or len(before) != len(News):
        return row
    pairs = zip(News, before, _known(row.asked), strict=True)
    news = next((one for one, was, now in pairs if was != now and now is not None), None)
    return row if news is None else replace(row, news=news)


def _known(row: Asked) -> list[str | int | None]:
    promised: datetime | None = row.promised_at
    need = row.kind is Kind.NEED
    return [
        None if promised is None else promised.isoformat(),
        row.shipped if need else None,
        None if need else f"{row.status} {row.good} {row.scrap}",
    ]


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
