"""Two-sided dates: what was asked for, confirmed, refused, disputed; by whom, when, in what words.

Pure. Nothing that was said is ever changed; folding all of it gives the dates that stand. A
milestone has its customer's and the factory's side, a pick-up its carrier's and the factory's.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

PICK_UP = ""  # what stands for a milestone where an order's pick-up is meant
FURTHEST = timedelta(days=3 * 365)
MOST_WORDS = 1000
SEPARATOR = "~"  # between the parts of a key; no pseudonym has it


class Said(StrEnum):
    """What one side told the other."""

    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    DISPUTED = "disputed"
    ANSWERED = "answered"
    COLLECTED = "collected"


class Side(StrEnum):
    """Who said it: the party whose dates these are, or the factory."""

    PARTY = "party"
    FACTORY = "factory"


# What each side may say of a milestone. Of a pick-up both may ask, and the other one confirms.
OF_A_MILESTONE: Mapping[Side, frozenset[Said]] = {
    Side.PARTY: frozenset({Said.REQUESTED, Said.DISPUTED}),
    Side.FACTORY: frozenset({Said.CONFIRMED, Said.DECLINED, Said.ANSWERED}),
}
OF_A_PICK_UP: Mapping[Side, frozenset[Said]] = {
    Side.PARTY: frozenset({Said.REQUESTED, Said.CONFIRMED, Said.DECLINED, Said.COLLECTED}),
    Side.FACTORY: frozenset({Said.REQUESTED, Said.CONFIRMED, Said.DECLINED}),
}
_DATED = frozenset({Said.REQUESTED, Said.CONFIRMED, Said.COLLECTED})
_WORDED = frozenset({Said.DISPUTED, Said.DECLINED, Said.ANSWERED})


class Subject(Struct, frozen=True, order=True):
    """Whose date of what: an order's milestone, or its pick-up, and the party's side of it."""

    order: str
    milestone: str
    party: str

    @property
    def is_pick_up(self) -> bool:
        """Whether it is about taking the goods away."""
        return self.milestone == PICK_UP


class Entry(Struct, frozen=True, kw_only=True):
    """One thing said. `date_at`: the date it is about; `words`: reason or evidence."""

    said: Said
    side: Side
    at: datetime
    author: str
    date_at: datetime | None = None
    words: str = ""


class Standing(Struct, frozen=True, kw_only=True):
    """The dates that stand after everything that was said.

    `asked`: a request that nobody has answered; `disputed`: a dispute that nobody has.
    `refused`: why the last request was declined, until something new is asked or confirmed.
    """

    requested: Entry | None = None
    confirmed: Entry | None = None
    asked: Entry | None = None
    refused: Entry | None = None
    disputed: Entry | None = None
    collected: Entry | None = None

    @property
    def requested_at(self) -> datetime | None:
        """The date that was asked for last."""
        return None if self.requested is None else self.requested.date_at

    @property
    def confirmed_at(self) -> datetime | None:
        """The date that holds between the two sides."""
        return None if self.confirmed is None else self.confirmed.date_at

    @property
    def open(self) -> bool:
        """Whether one side waits for the other."""
        return self.asked is not None or self.disputed is not None


NOTHING_SAID = Standing()


class DateError(ValueError):
    """What was said can't be taken; `field` and what was expected of it."""

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(f"{field}: {expected}")
        self.field = field
        self.expected = expected


def standing_of(entries: Iterable[Entry]) -> Standing:
    """Fold what was said, oldest first, into what stands."""
    now = NOTHING_SAID
    for entry in entries:
        now = _after(now, entry)
    return now


def check(subject: Subject, entry: Entry, before: Standing) -> None:
    """Let pass what may be said there and then.

    Raises: DateError.
    """
    allowed = OF_A_PICK_UP if subject.is_pick_up else OF_A_MILESTONE
    if entry.said not in allowed[entry.side]:
        raise DateError("said", "side")
    _check_turn(entry, before)
    if entry.said in _DATED and entry.date_at is None:
        raise DateError("date", "date")
    if entry.said in _WORDED and not entry.words:
        raise DateError("words", "words")
    if len(entry.words) > MOST_WORDS:
        raise DateError("words", "short")
    if entry.date_at is not None and abs(entry.date_at - entry.at) > FURTHEST:
        raise DateError("date", "near")
    if entry.said is Said.REQUESTED and entry.date_at is not None and entry.date_at < entry.at:
        raise DateError("date", "ahead")


def key_of(row: Mapping[str, object]) -> str | None:
    """Return what names a disclosed row's date to the outside; None: nothing does.

    Made of what is disclosed alone: a milestone's order and id, a pick-up's order.
    """
    order, milestone = row.get("order"), row.get("milestone", PICK_UP)
    if not isinstance(order, str) or not isinstance(milestone, str):
        return None
    return SEPARATOR.join((order, milestone))


def _check_turn(entry: Entry, before: Standing) -> None:
    """Nobody answers what wasn't asked, or confirms its own request."""
    if entry.said is Said.ANSWERED and before.disputed is None:
        raise DateError("said", "open")
    if entry.said is Said.DECLINED and before.asked is None:
        raise DateError("said", "open")
    answers = entry.said in (Said.CONFIRMED, Said.DECLINED)
    if answers and before.asked is not None and before.asked.side is entry.side:
        raise DateError("said", "turn")
    alone = entry.said is Said.CONFIRMED and before.asked is None
    if alone and entry.side is Side.PARTY:
        raise DateError("said", "open")


def _after(now: Standing, entry: Entry) -> Standing:
    changes: dict[Said, dict[str, Entry | None]] = {
        Said.REQUESTED: {"requested": entry, "asked": entry, "refused": None},
        Said.CONFIRMED: {"confirmed": entry, "asked": None, "refused": None},
        Said.DECLINED: {"asked": None, "refused": entry},
        Said.DISPUTED: {"disputed": entry},
        Said.ANSWERED: {"disputed": None},
        Said.COLLECTED: {"collected": entry, "asked": None},
    }
    kept = {name: getattr(now, name) for name in Standing.__struct_fields__}
    return Standing(**kept | changes[entry.said])
