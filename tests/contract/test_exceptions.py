"""Exceptions on real engines: raised, grouped, shown, moved by people, cleared; none is lost."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import timedelta

import msgspec
import pytest
from msgspec.structs import replace

from data.domain.exceptions.lifecycle import IllegalMove
from data.domain.exceptions.records import Case, Move, Severity, State
from data.domain.exceptions.rules import Condition, Rule
from data.domain.exceptions.search import CaseFilter
from data.domain.facts import EXCEPTION
from data.domain.quarantine import Quarantined, QuarantineKind
from data.domain.scope import Role, Scope
from data.services.accounts_desk import By
from data.services.audit import Audit
from data.services.errors import Forbidden, Unavailable
from data.services.exception_desk import Acting, ExceptionDesk, Moved, WantedError
from data.services.exceptions import LOOK_S, MOVES_S, Exceptions
from data.services.facts_reader import FactsReader
from data.services.live import LiveSite
from data.services.watch import Watch
from data.store.audit import AuditStore
from data.store.exceptions import ExceptionStore
from data.store.locks import SiteLock
from data.store.program import Program
from data.store.stale import Stale
from data.stream.facts import FactsStream
from tests.contract.world import PLANT, World, drain, envelope, order, plan_document, process

SITE = PLANT.id
DOWN = Rule(
    id="unit-down", condition=Condition.UNIT_STATE, severity=Severity.CRITICAL,
    owner=Role.MANAGER, states=("down",), limit_s=600.0,
)  # fmt: skip
LATE = Rule(
    id="not-started", condition=Condition.NOT_STARTED, severity=Severity.LOW,
    owner=Role.PLANNER, limit_s=1800.0, informs=(Role.SUPPLIER,),
)  # fmt: skip
SCRAP = Rule(
    id="scrap", condition=Condition.SCRAP, severity=Severity.LOW, owner=Role.MANAGER, limit=0.5,
    least=1, limit_s=3600.0,
)  # fmt: skip
REFUSED = Rule(
    id="refused", condition=Condition.QUARANTINE, severity=Severity.LOW, owner=Role.MANAGER,
    limit=0.5, limit_s=3600.0,
)  # fmt: skip
ANNA = Acting(
    scope=Scope(role=Role.MANAGER, sites=(SITE,)), by=By("account/anna"), name="Anna"
)  # fmt: skip
BERT = Acting(
    scope=Scope(role=Role.PLANNER, sites=(SITE,)), by=By("account/bert"), name="Bert"
)  # fmt: skip


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


@pytest.fixture
def world(redis_url: str, database_url: str) -> Iterator[World]:
    with process(redis_url, database_url) as made:
        made.open(order("SO-1"), order("SO-2"))
        yield made


@pytest.fixture
def factory(world: World) -> Iterator[Factory]:
    with closing(Factory(world)) as made:
        made.step()
        yield made


@pytest.fixture
def desk(world: World) -> ExceptionDesk:
    return desk_of(world)


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


def test_a_machine_that_stays_down_is_raised_kept_and_shown(world: World, factory: Factory) -> None:
    turns(world, "a", "down")
    factory.step(300)
    assert factory.store.open(SITE) == []
    factory.step(301)
    case = factory.one()
    assert (case.rule, case.subject, case.state) == (
        "unit-down", "work-unit/W1", State.UNACKNOWLEDGED,
    )  # fmt: skip
    assert factory.shown() == [case]
    assert moves(factory, case.number) == [(Move.RAISE, State.UNACKNOWLEDGED, "watch")]


def test_taken_and_back_to_normal_it_is_closed_and_leaves_the_wall(
    world: World, factory: Factory, desk: ExceptionDesk
) -> None:
    turns(world, "a", "down")
    factory.step(700)
    case = factory.one()
    taken = desk.acknowledge(ANNA, SITE, case.number, case.version, "on my way")
    assert (taken.owner, taken.owner_name, taken.state) == ("anna", "Anna", State.ACKNOWLEDGED)
    factory.step()
    assert factory.shown() == [taken]
    turns(world, "b", "processing")
    factory.step(60)
    assert factory.store.open(SITE) == factory.shown() == []
    assert moves(factory, case.number) == [
        (Move.RAISE, State.UNACKNOWLEDGED, "watch"),
        (Move.ACKNOWLEDGE, State.ACKNOWLEDGED, "account/anna"),
        (Move.CLEAR, State.CLOSED, "watch"),
    ]


def test_what_somebody_did_is_shown_by_a_next_look_and_not_only_now_and_then(
    world: World, factory: Factory, desk: ExceptionDesk
) -> None:
    turns(world, "a", "down")
    factory.step(700)
    case = factory.one()
    taken = desk.acknowledge(ANNA, SITE, case.number, case.version)
    begun_s = factory.clock_s
    while factory.shown() != [taken]:
        factory.clock_s += LOOK_S
        factory.watch.step(block_ms=100)  # so long PostgreSQL may take to call
        assert factory.clock_s < begun_s + MOVES_S


def test_while_nobody_does_anything_it_is_asked_for_only_now_and_then(factory: Factory) -> None:
    asked: list[float] = []
    take = factory.marks.take
    factory.marks.take = lambda *of: asked.append(factory.clock_s) or take(*of)  # type: ignore
    begun_s = factory.clock_s
    while factory.clock_s < begun_s + 60:
        factory.clock_s += LOOK_S
        factory.watch.step(block_ms=None)
    assert len(asked) <= 60 / MOVES_S + 1


def test_of_two_who_take_it_at_once_one_is_told_who_was_first(
    world: World, factory: Factory, desk: ExceptionDesk
) -> None:
    turns(world, "a", "down")
    factory.step(700)
    case = factory.one()
    desk.acknowledge(ANNA, SITE, case.number, case.version)
    with pytest.raises(Moved) as ahead:
        desk.acknowledge(BERT, SITE, case.number, case.version)
    assert ahead.value.case.owner_name == "Anna"
    with pytest.raises(IllegalMove):
        desk.acknowledge(BERT, SITE, case.number, ahead.value.case.version)


def test_back_to_normal_before_anybody_looked_it_waits_and_goes_on_when_it_comes_again(
    world: World, factory: Factory
) -> None:
    turns(world, "a", "down")
    factory.step(700)
    turns(world, "b", "processing")
    factory.step(60)
    assert factory.one().state is State.RETURNED
    turns(world, "c", "down")
    factory.step(700)
    case = factory.one()
    assert (case.state, case.times) == (State.UNACKNOWLEDGED, 2)


def test_who_watches_next_finds_what_is_open_and_clears_what_has_gone_meanwhile(
    world: World, factory: Factory
) -> None:
    turns(world, "a", "down", "W1")
    turns(world, "b", "down", "W2")
    factory.step(700)
    assert len(factory.shown()) == 2
    factory.close()
    turns(world, "c", "processing", "W2")
    with closing(Factory(world)) as second:
        second.step(30)
        states = {case.subject: case.state for case in second.shown()}
    assert states == {
        "work-unit/W1": State.UNACKNOWLEDGED, "work-unit/W2": State.RETURNED,
    }  # fmt: skip


def test_a_rule_that_is_taken_away_takes_its_exceptions_with_it(
    world: World, factory: Factory
) -> None:
    turns(world, "a", "down")
    factory.step(700)
    factory.rules.clear()
    factory.step()
    assert factory.one().state is State.RETURNED


def untold(world: World) -> int:
    ((count,),) = world.rows("SELECT count(*) FROM exception_transition WHERE NOT told")
    return count


def test_what_a_new_site_begins_with_is_shown_and_told_to_nobody_until_it_comes_again(
    world: World,
) -> None:
    turns(world, "a", "down")
    world.clock.advance(seconds=700)
    with closing(Factory(world)) as factory:
        factory.step()
        assert factory.one().quiet
        assert factory.shown() == [factory.one()]
        assert untold(world) == 0
        turns(world, "b", "down", "W2")
        factory.step(700)
        assert [case.quiet for case in factory.shown()] == [True, False]
        assert untold(world) == 1
        turns(world, "c", "processing")
        factory.step(60)
        turns(world, "d", "down")
        factory.step(700)
        assert not any(case.quiet for case in factory.shown())


def test_what_a_changed_rule_finds_at_once_is_told_to_nobody_and_what_comes_later_is(
    world: World, factory: Factory
) -> None:
    turns(world, "a", "down")
    factory.step(300)
    factory.rules[:] = [replace(DOWN, limit_s=60.0)]
    factory.step()
    assert factory.one().quiet
    turns(world, "b", "down", "W2")
    factory.step(70)
    assert [case.quiet for case in factory.shown()] == [True, False]


def test_what_a_machine_makes_late_stands_inside_of_its_exception_until_it_runs_again(
    world: World,
) -> None:
    bare = [replace(order(name), needs=()) for name in ("SO-8", "SO-9")]
    world.accept(*(plan_document(plan) for plan in bare))
    only = replace(DOWN, applies={"work_unit": ("W1",)})
    with closing(Factory(world, only, replace(LATE, limit_s=7200.0))) as factory:
        factory.step()
        for unit in ("W1", "W2"):
            turns(world, f"down-{unit}", "down", unit)
        factory.step(7300)
        factory.step(30)
        late = [case for case in factory.store.open(SITE) if case.kind == Condition.NOT_STARTED]
        shown = {case.subject: case for case in factory.shown()}
        assert {case.state for case in late if case.parent} == {State.SUPPRESSED}
        machine = shown["work-unit/W1"]
        inside = {case.subject for case in late if case.parent == machine.number}
        assert inside == {f"operation/SO-{n}/{step}" for n in (8, 9) for step in (10, 20)}
        assert machine.inside == len(inside)
        turns(world, "up", "processing")
        factory.step(60)
        late = {case.subject: case for case in factory.store.open(SITE)}
        assert late["operation/SO-8/10"].state is State.UNACKNOWLEDGED
        assert late["operation/SO-8/20"].parent == late["operation/SO-8/10"].number


def test_what_is_put_aside_stays_so_when_it_goes_and_comes_again(
    world: World, factory: Factory, desk: ExceptionDesk
) -> None:
    turns(world, "a", "down")
    factory.step(700)
    case = factory.one()
    until = world.clock() + timedelta(hours=2)
    desk.shelve(ANNA, SITE, case.number, case.version, until, "spare part tomorrow")
    turns(world, "b", "processing")
    factory.step(60)
    assert (factory.one().state, factory.one().standing) == (State.SHELVED, False)
    with pytest.raises(WantedError, match="until"):
        case = factory.one()
        desk.shelve(ANNA, SITE, case.number, case.version, world.clock(), "")


def test_one_that_comes_and_goes_each_minute_is_one_exception_that_flaps(
    world: World, factory: Factory
) -> None:
    factory.rules[:] = [replace(DOWN, limit_s=0.0)]
    for minute in range(12):
        turns(world, f"m{minute}", "down" if minute % 2 == 0 else "processing")
        factory.step(61)
    case = factory.one()
    assert case.flapping and case.standing
    assert len(factory.store.transitions(SITE, case.number)) < 12
    for _ in range(25):
        factory.step(61)
    assert not factory.one().flapping
    assert not factory.one().standing


def test_who_sees_nothing_of_the_site_finds_none_and_moves_none(
    world: World, factory: Factory, desk: ExceptionDesk
) -> None:
    turns(world, "a", "down")
    factory.step(700)
    case = factory.one()
    supplier = Scope(role=Role.SUPPLIER, sites=(SITE,), party="P1")
    elsewhere = Scope(role=Role.MANAGER, sites=("other",))
    for scope in (supplier, elsewhere):
        acting = Acting(scope=scope, by=By("account/x"), name="X")
        with pytest.raises(Forbidden):
            desk.case(scope, SITE, case.number)
        with pytest.raises(Forbidden):
            desk.acknowledge(acting, SITE, case.number, case.version)
        with pytest.raises(Forbidden):
            desk.search(scope, SITE, CaseFilter())
    assert factory.one().state is State.UNACKNOWLEDGED


def test_whom_only_some_concern_finds_those_closed_ones_too(
    world: World, factory: Factory, desk: ExceptionDesk
) -> None:
    factory.rules[:] = [replace(DOWN, informs=(Role.PURCHASER,)), replace(DOWN, id="ours")]
    turns(world, "a", "down")
    factory.step(700)
    for case in desk.search(ANNA.scope, SITE, CaseFilter()).cases:
        desk.resolve(ANNA, SITE, case.number, case.version, "material", "")

    def found(role: Role, **wanted: object) -> list[str]:
        closed = CaseFilter(states=(State.CLOSED,), **wanted)
        seen = desk.search(Scope(role=role, sites=(SITE,)), SITE, closed)
        assert seen.total == len(seen.cases)
        return sorted({case.rule for case in seen.cases})

    assert found(Role.MANAGER) == ["ours", "unit-down"]
    assert found(Role.PURCHASER) == ["unit-down"]
    assert found(Role.PURCHASER, rule="ours") == []
    assert found(Role.OPERATOR) == []
    with pytest.raises(Forbidden):
        found(Role.SCREEN)


def test_it_is_shown_with_the_events_it_was_raised_from_as_they_were_known_then(
    world: World, factory: Factory, desk: ExceptionDesk
) -> None:
    turns(world, "before", "processing")
    factory.step(60)
    turns(world, "a", "down")
    factory.step(300)
    turns(world, "b", "down")
    factory.step(301)
    factory.step(30)
    turns(world, "later", "repair")
    drain(world.recorder())
    thread = desk.thread(ANNA.scope, SITE, factory.one().number)
    found = desk.evidence(ANNA.scope, thread, None)
    assert [(one.id, one.source) for one in found.events] == [("a", "mes"), ("b", "mes")]
    assert found.looked and not found.more
    operator = Scope(role=Role.OPERATOR, sites=(SITE,))
    assert not desk.evidence(operator, thread, None).looked  # isn't theirs


def test_scrap_is_shown_with_what_was_reported_at_the_machine(
    world: World, factory: Factory, desk: ExceptionDesk
) -> None:
    factory.rules[:] = [SCRAP]
    at = world.clock()
    reports = {
        "bad": {"scrap": 3, "good": 1, "work_unit": "W1"},
        "fine": {"good": 1, "work_unit": "W1"},
        "elsewhere": {"scrap": 1, "good": 9, "work_unit": "W2"},
    }
    for name, data in reports.items():
        world.accept(envelope(name, "operation.progressed", "operation/SO-1/10", data, at))
    factory.step(1)
    drain(world.recorder())
    case = next(one for one in factory.store.open(SITE) if one.subject == "work-unit/W1")
    found = desk.evidence(ANNA.scope, desk.thread(ANNA.scope, SITE, case.number), None)
    assert [one.id for one in found.events] == ["bad"]


def test_of_refused_input_the_quarantine_is_shown(
    world: World, factory: Factory, desk: ExceptionDesk
) -> None:
    factory.rules[:] = [REFUSED]
    factory.step(1)
    refused = Quarantined(
        kind=QuarantineKind.UNANSWERABLE, source="plc", event_id="x", field="time", reason="naive",
        raw=b"{}", received_at=world.clock(),
    )  # fmt: skip
    world.log.append_quarantined(SITE, [msgspec.json.encode(refused)])
    drain(world.recorder())
    factory.step(10)
    case = factory.one()
    found = desk.evidence(ANNA.scope, desk.thread(ANNA.scope, SITE, case.number), None)
    assert [(one.source, one.reason) for one in found.aside] == [("plc", "naive")]
    assert found.events == ()


def test_a_supplier_takes_and_talks_about_what_concerns_it_and_reads_no_word_of_the_factory(
    world: World,
) -> None:
    with closing(Factory(world, LATE)) as factory:
        factory.step()
        factory.step(2000)
        case = next(c for c in factory.store.open(SITE) if c.place.order == "SO-1")
        put = "UPDATE exception SET parties = '{P1}', document = jsonb_set(document, '{parties}', "
        put += "'[\"P1\"]') WHERE number = %s RETURNING 1"
        world.rows(put, case.number)
    desk = desk_of(world)
    own = Acting(
        scope=Scope(role=Role.SUPPLIER, sites=(SITE,), party="P1"), by=By("account/sue"), name="Sue"
    )
    desk.comment(ANNA, SITE, case.number, "between us")
    desk.comment(ANNA, SITE, case.number, "when will it come?", party="P1")
    desk.comment(own, SITE, case.number, "tomorrow")
    thread = desk.thread(own.scope, SITE, case.number)
    assert [note.words for note in thread.notes] == ["when will it come?", "tomorrow"]
    assert thread.transitions == ()
    taken = desk.acknowledge(own, SITE, case.number, thread.case.version)
    assert taken.state is State.ACKNOWLEDGED
    with pytest.raises(Forbidden):
        desk.resolve(own, SITE, case.number, taken.version, "late truck", "")
    other = Scope(role=Role.SUPPLIER, sites=(SITE,), party="P2")
    with pytest.raises(Forbidden):
        desk.case(other, SITE, case.number)


def test_when_it_stops_between_keeping_and_showing_nothing_is_lost_or_twice(
    world: World, factory: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns(world, "a", "down")

    def torn(site: str, documents: object, after: object) -> int:
        if any(str(name).startswith(EXCEPTION) for name in documents):  # type: ignore[attr-defined]
            raise Unavailable("the log went away")
        return 0

    with monkeypatch.context() as patch:
        patch.setattr(factory.facts, "publish", torn)
        with pytest.raises(Unavailable):
            factory.step(700)
    factory.step()
    (case,) = factory.store.open(SITE)
    assert factory.shown() == [case]
    assert moves(factory, case.number) == [(Move.RAISE, State.UNACKNOWLEDGED, "watch")]


def test_many_are_moved_at_once_each_for_itself(
    world: World, factory: Factory, desk: ExceptionDesk
) -> None:
    turns(world, "a", "down", "W1")
    turns(world, "b", "down", "W2")
    factory.step(700)
    first, second = sorted(factory.store.open(SITE), key=lambda case: case.number)
    desk.acknowledge(BERT, SITE, first.number, first.version)
    picked: Sequence[tuple[int, int]] = [(c.number, c.version) for c in (first, second)]
    made = desk.bulk(ANNA, SITE, picked, Move.ACKNOWLEDGE)
    assert [case.number for case in made.done] == [second.number]
    assert [case.owner_name for case in made.lost] == ["Bert"]
