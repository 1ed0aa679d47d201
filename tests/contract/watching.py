"""A process that watches the plant for exceptions, moved on by hand, and people at its desk."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from data.domain.exceptions.records import Case, Move, Severity, State
from data.domain.exceptions.rules import Condition, Rule
from data.domain.scope import Role, Scope
from data.services.accounts_desk import By
from data.services.audit import Audit
from data.services.exception_desk import Acting, ExceptionDesk
from data.services.exceptions import Exceptions
from data.services.facts_reader import FactsReader
from data.services.live import LiveSite
from data.services.watch import Watch
from data.store.audit import AuditStore
from data.store.exceptions import ExceptionStore
from data.store.locks import SiteLock
from data.store.program import Program
from data.store.stale import Stale
from data.stream.facts import FactsStream
from tests.contract.world import PLANT, World, envelope

SITE = PLANT.id
LATE = Rule(
    id="not-started", condition=Condition.NOT_STARTED, severity=Severity.LOW,
    owner=Role.PLANNER, limit_s=1800.0, informs=(Role.SUPPLIER,),
)  # fmt: skip
DOWN = Rule(
    id="unit-down", condition=Condition.UNIT_STATE, severity=Severity.CRITICAL,
    owner=Role.MANAGER, states=("down",), limit_s=600.0,
)  # fmt: skip
ANNA = Acting(
    scope=Scope(role=Role.MANAGER, sites=(SITE,)), by=By("account/anna"), name="Anna"
)  # fmt: skip
BERT = Acting(
    scope=Scope(role=Role.PLANNER, sites=(SITE,)), by=By("account/bert"), name="Bert"
)  # fmt: skip


@pytest.fixture
def factory(running: World) -> Iterator["Factory"]:
    with closing(Factory(running)) as made:
        made.step()
        yield made


@pytest.fixture
def desk(world: World) -> ExceptionDesk:
    return desk_of(world)


class Factory:
    """A process that watches the plant for exceptions, moved on by hand."""

    def __init__(self, world: World, *rules: Rule) -> None:
        self.world, self.rules = world, list(rules or (DOWN,))
        self.clock_s = 0.0
        self.store = ExceptionStore(world.worker_sql)
        self.facts = FactsStream(world.client)
        self.marks = Stale(world.worker_sql)
        self.exceptions = Exceptions(
            SITE, self.store, self.marks, Program(world.worker_sql),
            lambda _: tuple(self.rules), world.clock, clock=lambda: self.clock_s,
        )  # fmt: skip
        self.lock = SiteLock(world.database_url, "watch", SITE)
        live = LiveSite(SITE, world.log, world.history, world.clock)
        self.watch = Watch(
            SITE, live, [self.exceptions], self.lock, self.facts, world.log,
            now_s=lambda: world.clock().timestamp(), clock=lambda: self.clock_s,
        )  # fmt: skip

    def step(self, seconds: float = 0.0, rounds: int = 2) -> None:
        """Let the site's time go on, and the watch look."""
        self.world.clock.advance(seconds=seconds)
        for _ in range(rounds):
            self.clock_s += 61.0  # beyond its patience with forecasts, of which there are none
            self.watch.step(block_ms=None)

    def one(self) -> Case:
        """The only open exception that stands inside no other."""
        (case,) = [case for case in self.store.open(SITE) if case.parent is None]
        return case

    def shown(self) -> list[Case]:
        """What a wall of another process shows."""
        live = LiveSite(SITE, self.world.log, self.world.history, self.world.clock)
        live.load()
        FactsReader(live, FactsStream(self.world.client)).read(None)
        return [case for _, case in sorted(live.facts.exceptions.items())]

    def close(self) -> None:
        self.watch.close()


def desk_of(world: World) -> ExceptionDesk:
    audit = Audit(AuditStore(world.sql), b"s" * 32, world.clock)
    return ExceptionDesk(ExceptionStore(world.sql), audit, lambda _: world.clock(), world.clock)


def turns(world: World, event_id: str, state: str, unit: str = "W1") -> None:
    said = envelope(
        event_id, "work_unit.state_changed", f"work-unit/{unit}", {"state": state}, world.clock()
    )
    world.accept(said)


def moves(factory: Factory, number: int) -> list[tuple[Move, State, str]]:
    return [(t.move, t.after, t.actor) for t in factory.store.transitions(SITE, number)]
