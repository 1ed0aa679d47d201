"""A ledger made ready to be shown: nothing is lost to rounding or folding."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from data.domain.ledger.records import Cause, Ledger, Owner, Role, Step
from data.domain.order_account import account_of, folded, other_order
from tests.unit.domain.order_records import EVENTS, THE_REST, at, ledger_of

START = datetime(2026, 11, 2, 6, tzinfo=UTC)
SPANS = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=3))
PARTS = st.lists(st.tuples(st.sampled_from(Cause), SPANS, SPANS), max_size=30)


def ledger(parts):
    """Return a ledger of (cause, actual, planned), with a due date that makes it add up."""
    steps, cursor = [], START
    for cause, actual, planned in parts:
        steps.append(
            Step(cause=cause, owner=Owner(Role.PLANNING), start=cursor, end=cursor + actual,
                 planned=planned)
        )  # fmt: skip
        cursor += actual
    late = sum((step.late for step in steps), timedelta(0))
    return Ledger(
        order="SO-1", origin=START, end=cursor, due_at=cursor - late, completed=True,
        steps=tuple(steps),
    )  # fmt: skip


@given(PARTS)
def test_the_seconds_of_the_steps_add_up_to_the_lateness_in_whole_seconds(parts):
    account = account_of(ledger(parts))
    assert sum(line.late_s for line in account.steps) == account.lateness_s
    assert account.lateness_s == account.ledger.lateness // timedelta(seconds=1)


@given(PARTS)
def test_the_sums_by_cause_and_what_stands_apart_add_up_to_the_lateness(parts):
    account = account_of(ledger(parts))
    both = (*account.causes, *account.apart)
    assert sum(line.late_s for line in both) == account.lateness_s
    assert sum(line.steps for line in both) == len(account.steps)


@given(PARTS)
def test_what_a_step_took_less_its_plan_is_what_it_adds(parts):
    for line in account_of(ledger(parts)).steps:
        assert line.actual_s - line.planned_s == line.late_s
        assert abs(line.late_s - line.step.late.total_seconds()) <= 1


@given(PARTS)
def test_folding_keeps_every_step_in_its_place(parts):
    account = account_of(ledger(parts))
    folds = folded(account.steps)
    assert tuple(line for fold in folds for line in fold.steps) == account.steps
    assert sum(fold.late_s for fold in folds) == account.lateness_s
    assert all(len(fold.steps) == 1 or all(s.small for s in fold.steps) for fold in folds)


def test_steps_of_less_than_a_hundredth_fold_when_three_stand_together():
    day, minute = timedelta(days=1), timedelta(minutes=1)
    down, nothing = Cause.DOWN, timedelta(0)
    parts = [(down, day, nothing), *[(down, minute, nothing)] * 3, (down, day, nothing),
             *[(down, minute, nothing)] * 2]  # fmt: skip
    assert [len(fold.steps) for fold in folded(account_of(ledger(parts)).steps)] == [1, 3, 1, 1, 1]


def test_an_open_order_is_explained_by_what_held_it_up():
    account = account_of(ledger_of())
    causes = {line.cause: line.late_s for line in account.causes}
    assert causes[Cause.CONTENTION] == 2 * 3600
    assert causes[Cause.DOWN] == 3600
    assert account.lateness_s == 5 * 3600


def test_what_is_to_come_and_slack_stand_apart_from_the_causes():
    account = account_of(ledger_of())
    assert {line.cause for line in account.apart} == {Cause.TO_COME, Cause.SLACK}
    assert not {line.cause for line in account.causes} & {Cause.TO_COME, Cause.SLACK}


def test_a_completed_orders_account_ends_when_it_did():
    account = account_of(ledger_of((*EVENTS, *THE_REST), now=at(30)))
    assert account.ledger.completed
    assert account.lateness_s == 4 * 3600


def test_steps_are_found_by_their_number():
    account = account_of(ledger_of())
    assert account.step(1) is account.steps[0]
    assert account.step(0) is None
    assert account.step(len(account.steps) + 1) is None


def test_a_subject_names_another_order_only_when_it_is_another():
    assert other_order("SO-1", "operation/SO-9/10") == "SO-9"
    assert other_order("SO-1", "need/SO-9/n1") == "SO-9"
    assert other_order("SO-1", "operation/SO-1/10") is None
    assert other_order("SO-1", "work-unit/M1") is None
    assert other_order("SO-1", "spindle") is None
    assert other_order("SO-1", None) is None
