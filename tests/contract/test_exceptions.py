"""Exceptions on real engines: raised, grouped, shown, cleared; none is lost or told in vain."""

from contextlib import closing

import pytest
from msgspec.structs import replace

from data.domain.exceptions.records import Move, State
from data.domain.exceptions.rules import Condition
from data.domain.exceptions.search import CaseFilter
from data.domain.facts import EXCEPTION
from data.services.errors import Unavailable
from data.services.exception_desk import ExceptionDesk
from data.services.exceptions import LOOK_S, MOVES_S, PLANNED_S
from tests.contract.watching import ANNA, DOWN, LATE, SITE, Factory, moves, turns
from tests.contract.world import World, good, order, plan_document

pytestmark = pytest.mark.usefixtures("running")


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


def test_what_is_planned_and_begun_in_two_requests_soon_after_each_other_is_late_for_nothing(
    world: World,
) -> None:
    with closing(Factory(world, LATE)) as factory:
        factory.step(3600)
        world.accept(plan_document(order("SO-9", "10")))
        factory.clock_s += PLANNED_S / 2
        factory.watch.step(block_ms=None)
        world.accept(good("g-9", subject="operation/SO-9/10"))
        factory.step()
        about = {case.subject for case in factory.store.search(SITE, CaseFilter(), 10, 0).cases}
        assert about == {"operation/SO-1/10", "operation/SO-2/10"}


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
