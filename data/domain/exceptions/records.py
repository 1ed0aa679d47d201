"""What an exception is, as it is kept, pushed and shown.

Pure. Imported by everything that raises, moves, tells or shows one. A `Finding` is what a rule
sees; a `Case` is the exception that someone handles because of it.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct
from msgspec.structs import force_setattr

from data.domain.scope import Role

_DATES = frozenset({"need_by", "planned_by"})
Value = str | int | float | bool | datetime | None


class Severity(StrEnum):
    """How much depends on acting soon; the three priorities that EEMUA 191 recommends."""

    CRITICAL = "critical"
    HIGH = "high"
    LOW = "low"


class State(StrEnum):
    """Where an exception stands in its life (ISA-18.2)."""

    UNACKNOWLEDGED = "unacknowledged"
    ACKNOWLEDGED = "acknowledged"
    RETURNED = "returned"  # to normal, and nobody has acknowledged that it ever was
    SHELVED = "shelved"  # put aside by a person until an instant
    SUPPRESSED = "suppressed"  # by design: its cause is an exception of its own
    CLOSED = "closed"


OPEN = frozenset(State) - {State.CLOSED}


class Place(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where it is, as far as that can be said; what lists are filtered by."""

    area: str | None = None
    work_center: str | None = None
    work_unit: str | None = None
    order: str | None = None


class Finding(Struct, frozen=True, kw_only=True):
    """A rule's condition that holds. Two of one key are the same.

    `subject`: `operation/<order>/<operation>`, `order/<order>`, `milestone/<order>/<id>`,
    `need/<order>/<id>`, `work-unit/<id>`, `work-center/<id>`, `line/<area>`, `source/<id>`,
    `screen/<name>`, `reader/<name>`, `quarantine/<site>`, `way/<name>`.
    `cause`: the subject of what is behind it, when that is known; it is inhibited or grouped by.
    `since`: when the condition began to hold (site time). `values`: what the words are made of:
    limits, names, and instants under `need_by`, `planned_by` and names that end in `_at` or
    `_since`; the same for the same kind of rule.
    `parties`: who outside the factory it concerns.
    """

    rule: str
    subject: str
    since: datetime
    cause: str = ""
    place: Place = Place()
    values: Mapping[str, Value] = {}
    parties: frozenset[str] = frozenset()

    @property
    def key(self) -> tuple[str, str]:
        """What makes it the same as another: two causes of one subject are one exception."""
        return self.rule, self.subject


class Hit(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that an exception moves: an order, milestone or need, from when to when.

    `party`: who is told of it outside. `part`, `name`: of a need or milestone, for the words.
    """

    kind: str  # order, milestone or need
    order: str
    id: str = ""
    name: str = ""
    party: str | None = None
    before_at: datetime | None = None
    after_at: datetime | None = None

    @property
    def moved_s(self) -> float:
        """Seconds that it moved by; later is more than 0."""
        if self.before_at is None or self.after_at is None:
            return 0.0
        return (self.after_at - self.before_at).total_seconds()


class Case(Struct, frozen=True, kw_only=True):
    """An exception. `number` counts from 1 at each site; people call it "E-17".

    `kind`: of its rule when it was raised; the words are made by it. `standing`: whether the
    condition holds now. `times`: how often it has come up since it was opened; `flapping`: it
    comes and goes so often that each time alone says nothing. `quiet`: it stood already when it
    began to be looked for; nobody is told or escalated to before it comes up again.
    `parent`: the exception that it stands inside of, or that suppresses it.
    `inside`: how many stand inside of it. `hits`: whom it moves, worst first.
    `informs`: roles that may know of it besides its owner's and the factory's managers.
    `owner`: the account that took it. `level`: how far it was escalated; at `escalate_at` (the
    real clock) the next level is told. `cause_found`: what it came from, as who resolved it said.
    `version` grows with every change: who changes it must have seen the newest.
    All other instants are of the site's clock.
    """

    site: str
    number: int
    rule: str
    kind: str
    subject: str
    severity: Severity
    state: State
    standing: bool
    since: datetime
    raised_at: datetime
    owner_role: Role
    informs: tuple[Role, ...] = ()
    version: int = 1
    cause: str = ""
    place: Place = Place()
    values: Mapping[str, Any] = {}  # Value; one type for texts and instants can't be decoded
    parties: frozenset[str] = frozenset()
    cleared_at: datetime | None = None
    closed_at: datetime | None = None
    acknowledged_at: datetime | None = None
    parent: int | None = None
    inside: int = 0
    times: int = 1
    flapping: bool = False
    quiet: bool = False
    hits: tuple[Hit, ...] = ()
    owner: str | None = None
    owner_name: str | None = None
    level: int = 0
    escalate_at: datetime | None = None
    shelved_until: datetime | None = None
    cause_found: str | None = None

    def __post_init__(self) -> None:
        """Take instants among the values that were read as texts for what they are."""
        if any(_is_instant(name, value) for name, value in self.values.items()):
            force_setattr(self, "values", {n: _read(n, v) for n, v in self.values.items()})

    @property
    def name(self) -> str:
        """What people call it."""
        return f"E-{self.number}"


class Move(StrEnum):
    """What can happen to an exception."""

    RAISE = "raise"  # the condition holds (again)
    CLEAR = "clear"  # it holds no more
    CHANGE = "change"  # what is known of it changed: impact, values, group; the state doesn't
    ACKNOWLEDGE = "acknowledge"
    RELEASE = "release"  # whoever had it gives it back
    ASSIGN = "assign"  # somebody else takes it
    SHELVE = "shelve"
    UNSHELVE = "unshelve"
    SUPPRESS = "suppress"
    UNSUPPRESS = "unsuppress"
    ESCALATE = "escalate"
    RESOLVE = "resolve"  # a person says what it came from, and that it is over
    EXPIRE = "expire"  # back to normal for so long that nobody needs to look


class Transition(Struct, frozen=True, kw_only=True):
    """One move of an exception, as it is kept for ever. `version`: the case's after it.

    `actor`: an account's id as `account/<id>`, or `watch`, `clock`. `at`: real time.
    """

    site: str
    number: int
    version: int
    move: Move
    before: State | None
    after: State
    actor: str
    at: datetime
    words: str = ""
    detail: Mapping[str, Any] = {}  # Value, as a case's values


class Note(Struct, frozen=True, kw_only=True):
    """A comment in an exception's thread.

    `party`: the one outside the factory that reads it too; None: only the factory does.
    """

    number: int
    case: int
    at: datetime
    author: str
    name: str
    words: str
    party: str | None = None


def _is_instant(name: str, value: Any) -> bool:
    return isinstance(value, str) and (name.endswith(("_at", "_since")) or name in _DATES)


def _read(name: str, value: Any) -> Any:
    return datetime.fromisoformat(value) if _is_instant(name, value) else value
