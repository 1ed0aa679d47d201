"""Milestone triggers at work: an aspect of the watch notices, a step of the notifier tells.

What fired is kept once for each trigger and milestone, in SQL, and told from there as the moves
of exceptions are. Imported by the wiring.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from functools import lru_cache
from importlib.resources import files
from typing import Protocol

import msgspec
import yaml

from data.domain.addressing import addressed
from data.domain.audit import Action
from data.domain.deliveries import Delivery, Topic
from data.domain.events import Event, EventType
from data.domain.exceptions.escalation import calendar_of
from data.domain.exceptions.recipients import Staff
from data.domain.exceptions.records import Place
from data.domain.forecast.records import Finish
from data.domain.people import OUTSIDE, Account
from data.domain.plan import Milestone, Order
from data.domain.preferences import Preference
from data.domain.rows import Rows
from data.domain.scope import Role, Scope
from data.domain.triggers import Fired, Trigger, check_trigger, fires, party_of
from data.services.accounts_desk import By
from data.services.aspects import Aspect, Documents
from data.services.audit import Audit
from data.services.delivering import Ways
from data.services.errors import Forbidden
from data.services.live import LiveSite
from data.services.planning import People, Plants
from data.services.preferences import usual

EVERY = timedelta(seconds=30)  # how often forecasts are looked at, and triggers read again
BATCH = 100
_MAY_CHANGE = frozenset({Role.ADMINISTRATOR, Role.MANAGER, Role.PLANNER})
_COMPLETES = frozenset({EventType.OPERATION_COMPLETED, EventType.OPERATION_PROGRESSED})
Key = tuple[str, str, str]  # trigger, order, milestone


class Stored(Protocol):
    """Triggers and what fired, in SQL."""

    def triggers(self, site: str) -> list[tuple[Trigger, int]]:
        """A site's triggers with their versions, by id."""

    def keep_trigger(self, site: str, trigger: Trigger, was: int, actor: str, at: datetime) -> bool:
        """Keep a trigger that is at version `was`; 0: a new one."""

    def drop_trigger(self, site: str, trigger: str, was: int) -> bool:
        """Drop one that is at version `was`."""

    def fired(self, site: str) -> set[Key]:
        """What fired before."""

    def last_fired(self, site: str) -> Mapping[str, tuple[datetime, int]]:
        """When each trigger fired last, and how often."""

    def fire(self, fired: Sequence[Fired], at: datetime) -> int:
        """Keep what fires, each once."""

    def untold(self, limit: int) -> "AbstractContextManager[Untold]":
        """What fired and nobody was told of, in one transaction."""


class Untold(Protocol):
    """What fired, while its deliveries are planned."""

    fired: list[Fired]

    def plan(self, deliveries: Sequence[Delivery]) -> int:
        """Keep deliveries, each once; all of them are told when the transaction ends."""


@lru_cache(maxsize=1)
def usual_triggers() -> tuple[Trigger, ...]:
    """Return the triggers that every site begins with."""
    text = files("data.domain").joinpath("usual_triggers.yaml").read_text("utf-8")
    return tuple(msgspec.convert(one, Trigger) for one in yaml.safe_load(text))


def with_usual(own: Sequence[tuple[Trigger, int]]) -> list[tuple[Trigger, int]]:
    """Return a site's triggers by id: its own, and the usual ones that it never changed (0)."""
    usual = {one.id: (one, 0) for one in usual_triggers()}
    known = usual | {one.id: (one, version) for one, version in own}
    return [known[name] for name in sorted(known)]


class MilestoneTriggers(Aspect):
    """The aspect: looks at milestones whose order moved, and at forecasts now and then."""

    def __init__(self, site: str, store: Stored, now: Callable[[], datetime]) -> None:
        """`now`: the real clock."""
        self._site, self._store = site, store
        self._now = now
        self._live: LiveSite | None = None
        self._triggers: list[Trigger] = []
        self._fired: set[Key] = set()
        self._touched: set[str] = set()
        self._looked_at: datetime | None = None

    def begin(self, live: LiveSite) -> None:
        """Start from a board that was just loaded; what was reached while away counts still.

        Raises: Unavailable.
        """
        self._live = live
        self._fired = self._store.fired(self._site)
        self._touched = set(live.board.orders)
        self._looked_at = None

    def see(self, events: Sequence[Event]) -> None:
        """Take events in the order of the log."""
        for event in events:
            if event.type in _COMPLETES:
                self._touched.add(event.subject.split("/", 2)[1])

    def work(self, now: datetime) -> Documents:
        """Fire what is due; there are no facts of it.

        Raises: Unavailable.
        """
        live, real = self._live, self._now()
        if live is None:
            return {}
        looks = self._looked_at is None or not timedelta(0) <= real - self._looked_at < EVERY
        if looks:
            self._looked_at = real
            known = with_usual(self._store.triggers(self._site))
            self._triggers = [one for one, _ in known if one.on]
        found: list[Fired] = []
        if self._triggers:
            orders = list(live.board.orders) if looks else self._touched
            found = list(self._due(live, orders, now))
        if found:
            self._store.fire(found, real)
            self._fired |= {(one.trigger.id, one.order, one.milestone) for one in found}
        self._touched.clear()
        return {}

    def _due(self, live: LiveSite, orders: Iterable[str], now: datetime) -> Iterator[Fired]:
        for name in orders:
            state = live.board.orders.get(name)
            plan = None if state is None else state.plan
            if plan is None or plan.cancelled or not plan.milestones:
                continue
            for milestone in plan.milestones:
                yield from self._of(live, plan, milestone, now)

    def _of(
        self, live: LiveSite, plan: Order, milestone: Milestone, now: datetime
    ) -> Iterator[Fired]:
        wanted = [
            one
            for one in self._triggers
            if one.concerns(plan, milestone) and (one.id, plan.id, milestone.id) not in self._fired
        ]
        if not wanted:
            return
        reached_at = live.board.operation(plan.id, milestone.operation).finished_at
        finish = _finish(live, plan, milestone)
        site = live.board.site
        calendar = calendar_of(site, Place(area=plan.area))
        for trigger in wanted:
            if fires(trigger, reached_at, finish, now, calendar, site.timezone):
                yield _fired(live, trigger, plan, milestone, now)


class TriggerPlanner:
    """The notifier's step: turns what fired into deliveries."""

    def __init__(
        self, store: Stored, people: People, plants: Plants, ways: Ways,
        now: Callable[[], datetime], language: str = "en",
    ) -> None:  # fmt: skip
        self._store, self._people = store, people
        self._plants, self._ways = plants, ways
        self._now = now
        self._language = language

    def step(self) -> int:
        """Plan what nobody was told of; return how much that was.

        Raises: Unavailable.
        """
        with self._store.untold(BATCH) as untold:
            if not untold.fired:
                return 0
            people, said = self._people.accounts(), self._people.preferences()
            sites = {site.id: site for site in self._plants.sites()}
            made: list[Delivery] = []
            for one in untold.fired:
                site = sites.get(one.site)
                if site is not None:
                    staff = Staff(site=site, people=people, duties=(), now=self._now())
                    made += self.of(one, staff, said)
            untold.plan(made)
            return len(untold.fired)

    def of(self, fired: Fired, staff: Staff, said: Mapping[str, Preference]) -> Iterator[Delivery]:
        """Yield the deliveries of what fired."""
        news = self._news(fired)
        yield from self._to_ways(fired, news)
        for role in fired.trigger.roles:
            for account in _told(role, fired, staff):
                wants = said.get(account.id) or usual(account, self._ways)
                yield from addressed(news, account, wants, staff.site.timezone, goes_out=True)

    def _to_ways(self, fired: Fired, news: Delivery) -> Iterator[Delivery]:
        """Yield what goes to configured ways; without a party that they read as, nothing does."""
        reads = fired.trigger.reads
        party = None if reads is None else party_of(reads, fired)
        if reads is not None and party is None:
            return
        for way in fired.trigger.ways:
            yield msgspec.structs.replace(news, way=way, role=reads, party=party)

    def _news(self, fired: Fired) -> Delivery:
        now, trigger = self._now(), fired.trigger
        return Delivery(
            site=fired.site, event=f"trigger/{trigger.id}",
            topic=Topic.PICK_UP if trigger.pick_up else Topic.MILESTONE,
            subject=f"milestone/{fired.order}/{fired.milestone}", news=trigger.when.value, way="",
            planned_at=now, due_at=now, happened_at=now, language=self._language,
            detail=fired.detail,
        )  # fmt: skip


class Triggers:
    """A site's triggers, looked at and changed."""

    def __init__(
        self, store: Stored, ways: Ways, audit: Audit, now: Callable[[], datetime]
    ) -> None:
        self._store, self._ways, self._audit = store, ways, audit
        self._now = now

    def of(self, scope: Scope, site: str) -> list[tuple[Trigger, int]]:
        """Return a site's triggers with their versions, the usual and those that are off too.

        Raises: Forbidden, Unavailable.
        """
        if not scope.may_see(site):
            raise Forbidden(site)
        return with_usual(self._store.triggers(site))

    def last_fired(self, scope: Scope, site: str) -> Mapping[str, tuple[datetime, int]]:
        """Return when each trigger fired last, in real time, and how often it ever did.

        Raises: Forbidden, Unavailable.
        """
        if not scope.may_see(site):
            raise Forbidden(site)
        return self._store.last_fired(site)

    def ways(self) -> tuple[str, ...]:
        """Return the ways that a trigger may tell."""
        return self._ways.names()

    def change(self, scope: Scope, by: By, site: str, said: Trigger, was: int) -> bool:
        """Keep a trigger; False when somebody changed it after version `was` (0: a new one).

        Raises: TriggerError, Forbidden, Unavailable.
        """
        self._may(scope, site)
        checked = check_trigger(said, self._ways.names())
        self._note(by, site, said.id, "changed")
        return self._store.keep_trigger(site, checked, was, by.actor, self._now())

    def drop(self, scope: Scope, by: By, site: str, trigger: str, was: int) -> bool:
        """Drop a trigger, of a usual one what was changed; False when not at version `was`.

        Raises: Forbidden, Unavailable.
        """
        self._may(scope, site)
        self._note(by, site, trigger, "dropped")
        return self._store.drop_trigger(site, trigger, was)

    def _may(self, scope: Scope, site: str) -> None:
        if scope.role not in _MAY_CHANGE or not scope.may_see(site):
            raise Forbidden(site)

    def _note(self, by: By, site: str, trigger: str, what: str) -> None:
        self._audit.note(
            by.actor, Action.POLICY_CHANGED, f"trigger/{trigger}", site=site, address=by.address,
            detail={"changed": what},
        )  # fmt: skip


def _told(role: Role, fired: Fired, staff: Staff) -> list[Account]:
    """Return a role's people; outside, those of the order's party alone."""
    people = staff.of_role(role)
    if role not in OUTSIDE:
        return people
    party = party_of(role, fired)
    return [one for one in people if party is not None and one.party == party]


def _finish(live: LiveSite, plan: Order, milestone: Milestone) -> Finish | None:
    made = live.facts.forecasts.get(plan.id)
    ahead = made.milestones if made is not None else ()
    return next((one.finish for one in ahead if one.milestone == milestone.id), None)


def _fired(
    live: LiveSite, trigger: Trigger, plan: Order, milestone: Milestone, now: datetime
) -> Fired:
    rows = Rows(board=live.board, facts=live.facts, now=now)
    row = next(row for row in rows.milestones([plan.id]) if row.fields["milestone"] == milestone.id)
    return Fired(
        site=live.site, trigger=trigger, order=plan.id, milestone=milestone.id, at=now,
        customer=plan.customer, carrier=plan.shipped_by,
        detail=msgspec.to_builtins(dict(row.fields)),
    )  # fmt: skip
