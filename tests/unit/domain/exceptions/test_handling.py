"""What becomes of open exceptions as conditions come and go: grouped by cause, kept as changes."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from data.domain.exceptions.handling import Clocks, Handling, causes_first, published
from data.domain.exceptions.records import Finding, Move, Severity, State
from data.domain.exceptions.rules import Condition, Rule
from data.domain.exceptions.search import Change
from data.domain.scope import Role

AT = datetime(2026, 11, 3, 6, tzinfo=UTC)
NOW = Clocks(AT, AT)
RULE = Rule(id="r", condition=Condition.QUEUE, severity=Severity.LOW, owner=Role.PLANNER)


class Book:
    """Keeps what handling wants kept, as the store would."""

    def __init__(self, *rules: Rule) -> None:
        self.handling = Handling("plant", rules or (RULE,))
        self.number = 0

    def keep(self, changes: list[Change]) -> None:
        numbers: list[int] = []
        for change in changes:
            kept = change.case
            if change.was == 0:
                self.number += 1
                kept = replace(kept, number=self.number)
            if change.inside_of is not None:
                kept = replace(kept, parent=numbers[change.inside_of])
            numbers.append(kept.number)
            self.handling.take(kept)

    def raise_(self, *findings: Finding) -> None:
        self.keep(self.handling.raised(findings, NOW))

    def clear(self, *subjects: str) -> None:
        self.keep(self.handling.cleared([("r", subject) for subject in subjects], NOW))
        self.keep(self.handling.freed(NOW))

    def states(self) -> dict[str, tuple[State, int | None]]:
        return {c.subject: (c.state, c.parent) for c in self.handling.cases.values()}


def found(subject: str, cause: str = "") -> Finding:
    return Finding(rule="r", subject=subject, since=AT, cause=cause)


def test_a_chain_of_causes_stands_inside_of_the_first_of_them() -> None:
    book = Book()
    book.raise_(
        found("order/1", "operation/1/10"), found("operation/1/10", "work-unit/W"),
        found("work-unit/W"),
    )  # fmt: skip
    assert book.states() == {
        "work-unit/W": (State.UNACKNOWLEDGED, None),
        "operation/1/10": (State.SUPPRESSED, 1),
        "order/1": (State.SUPPRESSED, 1),
    }
    assert [case.subject for case in published(book.handling.cases.values())] == ["work-unit/W"]


def test_what_comes_later_stands_inside_of_the_cause_that_is_open() -> None:
    book = Book()
    book.raise_(found("work-unit/W"))
    book.raise_(found("operation/1/10", "work-unit/W"))
    book.raise_(found("order/1", "operation/1/10"))
    assert book.states()["order/1"] == (State.SUPPRESSED, 1)


def test_when_the_cause_has_gone_what_still_stands_is_on_its_own() -> None:
    book = Book()
    book.raise_(found("work-unit/W"), found("order/1", "work-unit/W"))
    book.clear("work-unit/W")
    assert book.states()["work-unit/W"] == (State.RETURNED, None)
    assert book.states()["order/1"] == (State.UNACKNOWLEDGED, None)


def test_what_was_there_before_its_cause_goes_inside_of_it_unless_somebody_has_it() -> None:
    book = Book()
    book.raise_(found("order/1", "work-unit/W"), found("order/2", "work-unit/W"))
    book.handling.take(replace(book.handling.cases[2], state=State.ACKNOWLEDGED))
    book.raise_(found("work-unit/W"))
    book.keep(book.handling.gathered(NOW))
    assert book.states()["order/1"] == (State.SUPPRESSED, 3)
    assert book.states()["order/2"] == (State.ACKNOWLEDGED, None)
    assert book.handling.gathered(NOW) == []


def test_of_what_stands_a_watch_that_begins_anew_takes_what_people_would_notice() -> None:
    book = Book()
    book.raise_(replace(found("work-center/C"), values={"waiting": 9, "limit": 8.0}))
    book.raise_(replace(found("work-center/C"), values={"waiting": 10, "limit": 8.0}))
    assert book.handling.cases[1].values["waiting"] == 9
    book.raise_(replace(found("work-center/C"), values={"waiting": 14, "limit": 8.0}))
    assert book.handling.cases[1].values["waiting"] == 14
    assert book.states() == {"work-center/C": (State.UNACKNOWLEDGED, None)}


def test_two_that_are_each_others_cause_dont_both_go_inside() -> None:
    book = Book()
    book.raise_(found("a", "b"))
    book.raise_(found("b", "a"))
    for _ in range(3):
        book.keep(book.handling.gathered(NOW))
        book.keep(book.handling.freed(NOW))
    assert sorted(state for state, _ in book.states().values()) == [
        State.SUPPRESSED, State.UNACKNOWLEDGED,
    ]  # fmt: skip


def test_a_cause_that_is_no_exception_and_a_rule_that_wants_none_group_nothing() -> None:
    book = Book(replace(RULE, by_cause=False))
    book.raise_(found("work-unit/W"), found("order/1", "work-unit/W"))
    other = Book()
    other.raise_(found("order/1", "work-unit/W"))
    for one in (book, other):
        assert one.states()["order/1"] == (State.UNACKNOWLEDGED, None)


def test_causes_in_a_circle_are_all_found() -> None:
    circle = [found("a", "b"), found("b", "a"), found("c", "c")]
    assert {one.subject for one in causes_first(circle)} == {"a", "b", "c"}
    book = Book()
    book.raise_(*circle)
    assert len(book.handling.cases) == 3


def test_the_parent_tells_what_stands_inside_of_it_once() -> None:
    book = Book()
    book.raise_(found("work-unit/W"), found("order/1", "work-unit/W"))
    change = book.handling.hit(1, [], NOW)
    assert change is not None
    assert (change.case.inside, change.transition.move) == (1, Move.CHANGE)
    book.keep([change])
    assert book.handling.hit(1, [], NOW) is None


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=40))
def test_what_holds_is_open_and_standing_whatever_came_before(told: list[tuple[int, bool]]) -> None:
    book, holds = Book(), set()
    for place, stands in told:
        subject = f"order/{place}"
        if stands:
            holds.add(subject)
            book.raise_(found(subject, f"order/{place - 1}"))
        else:
            holds.discard(subject)
            book.clear(subject)
        open_ = {c.subject for c in book.handling.cases.values() if c.standing}
        assert open_ == holds
        for case in book.handling.cases.values():
            if case.state is State.SUPPRESSED:
                assert book.handling.cases[case.parent or 0].standing
