"""What people do with exceptions on real engines, what they find, and with which evidence."""

from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta

import msgspec
import pytest
from msgspec.structs import replace

from data.domain.exceptions.lifecycle import IllegalMove
from data.domain.exceptions.records import Move, Severity, State
from data.domain.exceptions.rules import Condition, Rule
from data.domain.exceptions.search import CaseFilter
from data.domain.quarantine import Quarantined, QuarantineKind
from data.domain.scope import Role, Scope
from data.services.accounts_desk import By
from data.services.errors import Forbidden
from data.services.exception_desk import Acting, ExceptionDesk, Moved, WantedError
from tests.contract.watching import ANNA, BERT, DOWN, LATE, SITE, Factory, desk_of, moves, turns
from tests.contract.world import World, drain, envelope

pytestmark = pytest.mark.usefixtures("running")

SCRAP = Rule(
    id="scrap", condition=Condition.SCRAP, severity=Severity.LOW, owner=Role.MANAGER, limit=0.5,
    least=1, limit_s=3600.0,
)  # fmt: skip
REFUSED = Rule(
    id="refused", condition=Condition.QUARANTINE, severity=Severity.LOW, owner=Role.MANAGER,
    limit=0.5, limit_s=3600.0,
)  # fmt: skip


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
