"""What the delay ledger takes and gives.

Pure; imported by `data.domain.ledger`, services and layouts.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from data.domain.events import Event
from data.domain.plan import Order
from data.domain.site import Site
from data.domain.subjects import Identity

NOTHING = timedelta(0)


class Cause(StrEnum):
    """What an order's time went into.

    `SLACK` is planned waiting that wasn't needed, and the time between the plan's end and
    the due date; `TO_COME` what lies between now and the forecast. Neither explains a delay.
    """

    WAITING_FOR_PREDECESSOR = "waiting_for_predecessor"
    CONTENTION = "contention"
    PRIORITIZATION = "prioritization"
    BATCHING = "batching"
    OFF_CALENDAR = "off_calendar"
    MATERIAL_MISSING = "material_missing"
    DOWN = "down"
    SETUP = "setup"
    REWORK = "rework"
    BLOCKED = "blocked"
    RUNNING = "running"
    UNEXPLAINED = "unexplained"
    SLACK = "slack"
    TO_COME = "to_come"


class Role(StrEnum):
    """Who answers for a step."""

    PLANNING = "planning"
    PRODUCTION = "production"
    MAINTENANCE = "maintenance"
    QUALITY = "quality"
    LOGISTICS = "logistics"
    SUPPLIER = "supplier"


class Owner(Struct, frozen=True):
    """Who answers for a step: a role and, where it is someone else's, the party."""

    role: Role
    party: str | None = None


class Step(Struct, frozen=True, kw_only=True):
    """One stretch of an order's time with one cause.

    A step that only the plan has is of no length. `about`: the other operation's subject, the
    material need, the reason given, or the predecessor. `evidence`: the identities (source, id)
    of the events that prove it.
    """

    cause: Cause
    owner: Owner
    start: datetime
    end: datetime
    planned: timedelta = NOTHING
    operation: str | None = None
    work_center: str | None = None
    work_unit: str | None = None
    about: str | None = None
    evidence: tuple[Identity, ...] = ()

    @property
    def actual(self) -> timedelta:
        """Return how long it took."""
        return self.end - self.start

    @property
    def late(self) -> timedelta:
        """Return what it adds to the order's lateness; less than nothing when it made up time."""
        return self.actual - self.planned


class Ledger(Struct, frozen=True, kw_only=True):
    """The whole account of one order.

    The steps follow each other without a gap from `origin` to `end`; what they took adds up to
    `end - origin`, and what each adds to the lateness to `end - due_at`.
    """

    order: str
    origin: datetime
    end: datetime
    due_at: datetime
    completed: bool
    steps: tuple[Step, ...]

    @property
    def lateness(self) -> timedelta:
        """Return how late the order is; less than nothing when it is early."""
        return self.end - self.due_at


class Occupation(Struct, frozen=True, kw_only=True):
    """Other work that held a work unit.

    `enabled_at`: since when it could have begun, None when that isn't known. `kind`: work of
    the same kind may be one batch; None never is.
    """

    work_unit: str
    operation: str
    start: datetime
    end: datetime
    enabled_at: datetime | None = None
    kind: str | None = None
    evidence: tuple[Identity, ...] = ()


class Facts(Struct, frozen=True, kw_only=True):
    """All that the ledger of one order is made from.

    `events`: of its operations and needs, and of the work units it used or may use, in any
    order and with repetitions; those after `now` don't count. `changes`: those of a work unit, by
    its subject, where what counts is sorted out already and in order of time. `occupations`: what
    other orders did on these work units (`data.domain.ledger.occupations`). `forecast_at` matters
    to an open order alone.
    """

    order: Order
    site: Site
    events: tuple[Event, ...]
    changes: Mapping[str, Sequence[Event]] = {}
    occupations: tuple[Occupation, ...] = ()
    now: datetime
    forecast_at: datetime | None = None


def late_by_cause(steps: Iterable[Step]) -> dict[Cause, timedelta]:
    """Add up what steps add to the lateness, by cause."""
    table: dict[Cause, timedelta] = {}
    for step in steps:
        table[step.cause] = table.get(step.cause, NOTHING) + step.late
    return table
