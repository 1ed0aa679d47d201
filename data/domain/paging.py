"""Pages of disclosed rows: what they are named by, their order, and where the next page begins.

Pure. Takes rows after disclosure alone, so that neither order nor cursor tells what is masked.
"""

import base64
import binascii
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping
from types import MappingProxyType

import msgspec
from msgspec import Struct

from data.domain.disclosure import Value
from data.domain.policy import Kind

Fields = Mapping[str, Value]
Place = tuple[str, str, int]

# The fields that name a row of a kind, the order first.
NAMED_BY: Mapping[Kind, tuple[str, ...]] = MappingProxyType(
    {
        Kind.ORDER: ("order",),
        Kind.OPERATION: ("order", "operation"),
        Kind.MILESTONE: ("order", "milestone"),
        Kind.NEED: ("order", "need"),
        Kind.EXCEPTION: ("exception",),
    }
)


class CursorError(ValueError):
    """A cursor that no page ended with."""


class Page(Struct, frozen=True, kw_only=True):
    """Some rows, and the cursor of those after them; None: there are none."""

    rows: list[Fields]
    next: str | None


def page(kind: Kind, rows: Iterable[Fields], limit: int, cursor: str | None = None) -> Page:
    """Return the rows after a cursor, in the order of what names them.

    Rows that a policy leaves without names are told apart by their number among their like.

    Raises: CursorError.
    """
    placed = _placed(kind, rows)
    places = [place for place, _ in placed]
    first = 0 if cursor is None else bisect_right(places, _place(cursor))
    chosen = placed[first : first + limit]
    more = first + limit < len(placed)
    return Page(
        rows=[fields for _, fields in chosen], next=_cursor(chosen[-1][0]) if more else None
    )


def subject(kind: Kind, fields: Fields) -> str | None:
    """Return what names a row: `need/<order>/<need>`; None when its policy hides that."""
    names = [fields.get(name) for name in NAMED_BY[kind]]
    return None if None in names else "/".join([kind.value, *map(str, names)])


def _placed(kind: Kind, rows: Iterable[Fields]) -> list[tuple[Place, Fields]]:
    count: Counter[tuple[str, str]] = Counter()
    placed: list[tuple[Place, Fields]] = []
    for fields in sorted(rows, key=lambda fields: (_names(kind, fields), _whole(kind, fields))):
        names = _names(kind, fields)
        placed.append(((*names, count[names]), fields))
        count[names] += 1
    return placed


def _names(kind: Kind, fields: Fields) -> tuple[str, str]:
    order, *own = (str(fields.get(name) or "") for name in NAMED_BY[kind])
    return order, own[0] if own else ""


def _whole(kind: Kind, fields: Fields) -> str:
    """Return what orders rows that have no names."""
    return "" if subject(kind, fields) else repr(sorted(fields.items()))


def _cursor(place: Place) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def _place(cursor: str) -> Place:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        place = base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True)
        found: Place = msgspec.json.decode(place, type=Place)
    except (binascii.Error, UnicodeError, msgspec.DecodeError) as error:
        raise CursorError(str(error)) from None
    return found
