"""Milestone triggers: what happens when a milestone of an order is reached, or is about to be.

Pure. Imported by whoever evaluates, keeps or edits them. Data, not code, as exceptions' rules
are; each fires once for each milestone.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from data.domain.calendars import working_seconds
from data.domain.forecast.records import Finish
from data.domain.people import OUTSIDE, PEOPLE
from data.domain.plan import Milestone, Order
from data.domain.scope import Role
from data.domain.site import Calendar

LATEST = timedelta(days=1)  # what was reached longer ago is told to nobody any more
LONGEST_MIN = 14 * 24 * 60.0
MOST_NAMES, MOST_NAME = 200, 120


class When(StrEnum):
    """What makes a trigger fire."""

    REACHED = "reached"
    NEAR = "near"  # the forecast says that it comes within so many working minutes


class Trigger(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One trigger. `id` is lower case words joined by hyphens; `name` says it, by locale.

    `milestones`: names or ids of them, `customers`, `products`: only these, all when empty.
    `within_min`: of NEAR, working minutes of the order's line; `sure`: by P50 or P80.
    `ways`: configured ways that are told; `reads`: as whom the far side reads: outside the
    factory as the party of the order that has the role, so only what is disclosed to it.
    `roles`: whose people are told: inside all of the role, outside those of the order's party.
    `pick_up`: it asks for something to be picked up.
    """

    id: str
    when: When
    on: bool = True
    name: Mapping[str, str] = {}
    milestones: tuple[str, ...] = ()
    customers: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    within_min: float = 0.0
    sure: int = 80
    ways: tuple[str, ...] = ()
    reads: Role | None = None
    roles: tuple[Role, ...] = ()
    pick_up: bool = False

    def concerns(self, order: Order, milestone: Milestone) -> bool:
        """Whether it looks at a milestone."""
        return (
            self.on
            and (
                not self.milestones
                or not {milestone.id, milestone.name}.isdisjoint(self.milestones)
            )
            and (not self.customers or order.customer in self.customers)
            and (not self.products or order.product in self.products)
        )


class TriggerError(ValueError):
    """A trigger says something that can't be; `field` names what, the text what was expected."""

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(f"{field}: {expected}")
        self.field = field
        self.expected = expected


class Fired(Struct, frozen=True, kw_only=True):
    """A trigger that fired for a milestone, once. `detail`: the milestone's row, undisclosed.

    `party`s of the order: who buys it and who ships it. `at`: of the site's clock.
    """

    site: str
    trigger: Trigger
    order: str
    milestone: str
    at: datetime
    customer: str | None = None
    carrier: str | None = None
    detail: Mapping[str, str | int | float | bool | None] = {}


def fires(
    trigger: Trigger, reached_at: datetime | None, finish: Finish | None, now: datetime,
    calendar: Calendar | None, timezone: str,
) -> bool:  # fmt: skip
    """Whether a trigger fires for a milestone that it concerns, at the site's now."""
    if trigger.when is When.REACHED:
        return reached_at is not None and now - reached_at <= LATEST
    if reached_at is not None or finish is None:
        return False
    at = finish.p50_at if trigger.sure == 50 else finish.p80_at
    if at - now > timedelta(minutes=LONGEST_MIN):
        return False
    if calendar is None:
        return at - now <= timedelta(minutes=trigger.within_min)
    return working_seconds(calendar, timezone, now, at) <= trigger.within_min * 60


def party_of(role: Role, fired: Fired) -> str | None:
    """Return which party of an order a role outside stands for."""
    return {Role.CUSTOMER: fired.customer, Role.LOGISTICS: fired.carrier}.get(role)


def check_trigger(said: Trigger, ways: Collection[str]) -> Trigger:
    """Return the trigger as it is kept. `ways`: that are set up.

    Raises: TriggerError.
    """
    for field, expected in _flaws(said, ways):
        raise TriggerError(field, expected)
    return said


def _flaws(said: Trigger, ways: Collection[str]) -> Iterator[tuple[str, str]]:
    words = said.id.split("-")
    if not all(word.isascii() and word.isalnum() and word == word.lower() for word in words):
        yield "id", "lower case words joined by hyphens"
    if said.when is When.NEAR and not 0 < said.within_min <= LONGEST_MIN:
        yield "within_min", f"working minutes, more than 0, at most {LONGEST_MIN:.0f}"
    if said.sure not in {50, 80}:
        yield "sure", "50 or 80"
    unknown = sorted(set(said.ways) - set(ways))
    if unknown:
        yield "ways", f"ways that are set up, not {', '.join(unknown)}"
    if not said.ways and not said.roles:
        yield "ways", "a way or a role: somebody must be told"
    if any(role not in PEOPLE or role is Role.SUPPLIER for role in said.roles):
        yield "roles", "roles of people; of those outside, customer and logistics"
    if said.reads is not None and said.reads not in OUTSIDE - {Role.SUPPLIER}:
        yield "reads", "customer or logistics"
    yield from _lists(said)


def _lists(said: Trigger) -> Iterable[tuple[str, str]]:
    for field in ("milestones", "customers", "products"):
        names = getattr(said, field)
        if len(names) > MOST_NAMES or any(not 0 < len(name) <= MOST_NAME for name in names):
            yield field, f"at most {MOST_NAMES} names of at most {MOST_NAME} characters"
