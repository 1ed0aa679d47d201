"""A gap in the log, from another hand's XTRIM or FLUSHALL to whoever is told, on real engines.

Time goes on by half a second a round, in which every part does once what it does in a process.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime

import pytest
from msgspec.json import encode

from data.domain.events import Event
from data.domain.exceptions.records import Case, Move, State
from data.domain.exceptions.rules import Condition, Rule
from data.domain.facts import FORECASTING, Forecasting
from data.domain.scope import Role, Scope
from data.services.accounts_desk import By
from data.services.aspects import Aspect, Documents
from data.services.audit import Audit
from data.services.exception_desk import Acting, ExceptionDesk
from data.services.exceptions import FIRST_S, Exceptions
from data.services.live import LiveSite
from data.services.rescue import Rescue
from data.services.rules import usual_rules
from data.services.watch import Watch
from data.store.audit import AuditStore
from data.store.locks import SiteLock
from data.store.program import Program
from data.store.stale import Stale
from data.stream.facts import FactsStream
from data.stream.log import key_of
from tests.contract.telling import Telling
from tests.contract.world import PLANT, Clock, World, drain, good, order, process
from tests.people import account_of

SITE, STREAM = PLANT.id, key_of(PLANT.id, "events")
ROUND_S, WITHIN_S = 0.5, 10.0
GAP = next(rule for rule in usual_rules() if rule.condition is Condition.LOG_GAP)


class Forecasts(Aspect):
    """An aspect that says that there are forecasts, by which much is judged."""

    def begin(self, live: LiveSite) -> None:
        self.live = live

    def see(self, events: Sequence[Event]) -> None:
        """Nothing."""

    def work(self, now: datetime) -> Documents:
        known = self.live.facts.forecasting is not None
        return {} if known else {FORECASTING: encode(Forecasting(as_of=now, closed=0))}


class Plant:
    """A recorder, a watch and a notifier; the administrator wants to be told by mail."""

    def __init__(self, world: World, *rules: Rule) -> None:
        self.world, self.clock_s, self._rules = world, 0.0, rules or (GAP,)
        self.recorder = world.recorder()
        self.telling = Telling(world.worker_sql, world.clock, rules=self._rules, site=PLANT)
        self.administrator = account_of(world.database_url, Role.ADMINISTRATOR)
        self.supplier = account_of(world.database_url, Role.SUPPLIER, party="P1")
        for one in (self.administrator, self.supplier):
            self.telling.wants(one, returns=True)
        self.exceptions = Exceptions(
            SITE, self.telling.store, Stale(world.worker_sql), Program(world.worker_sql),
            self.rules, world.clock, clock=lambda: self.clock_s,
        )  # fmt: skip
        self.live = LiveSite(SITE, world.log, world.history, world.clock)
        rescue = Rescue(SITE, world.log, world.history, world.clock, lambda: self.clock_s)
        self.watch = Watch(
            SITE, self.live, [Forecasts(), rescue, self.exceptions],
            SiteLock(world.database_url, "watch", SITE), FactsStream(world.client), world.log,
            now_s=lambda: world.clock().timestamp(), clock=lambda: self.clock_s,
        )  # fmt: skip

    def rules(self, _: str) -> tuple[Rule, ...]:
        return self._rules

    def work(self, seconds: float = ROUND_S, recording: bool = True) -> None:
        self.clock_s += seconds
        self.world.clock.advance(seconds=seconds)
        self.watch.step(block_ms=None)
        if recording:
            drain(self.recorder)
        self.telling.steps()

    def until_told(self) -> float:
        """Return how long it takes until mail has gone out."""
        begun = self.clock_s
        while not self.telling.sent():
            assert self.clock_s - begun < WITHIN_S
            self.work()
        return self.clock_s - begun

    def cases(self) -> list[Case]:
        return self.telling.store.open(SITE)

    def close(self) -> None:
        self.watch.close()


@pytest.fixture
def world(redis_url: str, database_url: str) -> Iterator[World]:
    with process(redis_url, database_url, Clock(datetime.now(UTC))) as made:
        made.open(order("SO-1"))
        yield made


@pytest.fixture
def plant(world: World) -> Iterator[Plant]:
    with closing(Plant(world)) as made:
        made.work(seconds=FIRST_S)
        yield made


def takes_away(world: World, hand: str) -> None:
    if hand == "xtrim":
        world.client.xtrim(STREAM, maxlen=0, approximate=False)
    else:
        world.client.flushall()


@pytest.mark.parametrize("hand", ["xtrim", "flushall"])
def test_of_a_gap_the_administrator_is_told_within_ten_seconds_and_no_supplier(
    world: World, plant: Plant, hand: str
) -> None:
    assert world.said(good("a"), good("b")) == ["accepted", "accepted"]
    takes_away(world, hand)  # what nobody had read
    assert plant.until_told() <= WITHIN_S
    (case,) = plant.cases()
    assert plant.telling.sent() == [
        (f"{plant.administrator.id}@example.com", f"raised {case.name}")
    ]
    assert (case.rule, case.kind, case.owner_role) == (GAP.id, "log_gap", Role.ADMINISTRATOR)
    assert case.subject == f"log-gap/{case.values['place']}"
    assert (case.values["put_back"], case.values["events"]) == (0, "")
    assert case.values["recorded_at"] is not None
    assert not case.quiet
    assert case.parties == frozenset()


@pytest.mark.parametrize("hand", ["xtrim", "flushall"])
def test_what_is_put_back_is_named_in_the_same_exception(
    world: World, plant: Plant, hand: str
) -> None:
    assert world.said(good("a"), good("b")) == ["accepted", "accepted"]
    plant.work(recording=False)  # the watch has read them, the recorder hasn't
    takes_away(world, hand)
    plant.until_told()
    (raised,) = plant.cases()
    begun = plant.clock_s
    while not plant.cases()[0].values["put_back"]:
        assert plant.clock_s - begun < WITHIN_S
        plant.work()
    (case,) = plant.cases()
    assert case.number == raised.number
    assert (case.values["put_back"], case.values["events"]) == (2, "a, b")
    assert {"a", "b"} <= set(world.recorded_ids())
    assert len(plant.telling.sent()) == 1


def test_a_second_gap_is_told_by_itself(world: World, plant: Plant) -> None:
    for count, name in enumerate("ab", 1):
        assert world.said(good(name)) == ["accepted"]
        takes_away(world, "xtrim")
        begun = plant.clock_s
        while len(plant.telling.sent()) < count:
            assert plant.clock_s - begun < WITHIN_S
            plant.work()
        assert world.said(good(f"{name}-later")) == ["accepted"]
        plant.work(seconds=15)
    assert len({case.subject for case in plant.cases()}) == 2


def test_a_new_site_is_told_of_a_gap_too(world: World) -> None:
    with closing(Plant(world)) as plant:
        plant.work()  # still learns of the site: what holds otherwise is quiet
        takes_away(world, "flushall")
        plant.until_told()
        assert not plant.cases()[0].quiet


def test_it_ends_by_itself_and_says_so_to_those_who_were_told(world: World, plant: Plant) -> None:
    takes_away(world, "flushall")
    plant.until_told()
    (case,) = plant.cases()
    for _ in range(2):
        plant.work(seconds=GAP.limit_s / 2 + 10)
    (over,) = plant.cases()
    assert (over.number, over.state) == (case.number, State.RETURNED)
    moves = [one.move for one in plant.telling.store.transitions(SITE, case.number)]
    assert (moves[0], moves[-1]) == (Move.RAISE, Move.CLEAR)
    assert plant.telling.sent()[-1][1] == f"returned {case.name}"


def test_who_takes_it_ends_it(world: World, plant: Plant) -> None:
    takes_away(world, "flushall")
    plant.until_told()
    (case,) = plant.cases()
    audit = Audit(AuditStore(world.sql), b"s" * 32, world.clock)
    desk = ExceptionDesk(plant.telling.store, audit, lambda _: world.clock(), world.clock)
    role = Scope(role=Role.ADMINISTRATOR, sites=(SITE,))
    desk.acknowledge(Acting(scope=role, by=By("account/a"), name="A"), SITE, case.number, 1)
    for _ in range(2):
        plant.work(seconds=GAP.limit_s / 2 + 10)
    assert plant.cases() == []


def test_a_watch_that_begins_again_goes_on_with_it(world: World, plant: Plant) -> None:
    takes_away(world, "flushall")
    plant.until_told()
    plant.close()
    with closing(Plant(world)) as other:
        other.work()
        assert [case.number for case in other.cases()] == [plant.cases()[0].number]
