"""The ledger of any order of any factory adds up."""

from collections.abc import Sequence
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from data.domain.ledger.account import delay_ledger
from data.domain.ledger.records import Cause, Facts, late_by_cause
from tests.unit.domain.ledger.factories import facts


def total(times: Sequence[timedelta]) -> timedelta:
    return sum(times, timedelta(0))


@given(facts())
@settings(max_examples=150, deadline=None)
def test_steps_follow_each_other_from_release_to_completion(known: Facts) -> None:
    ledger = delay_ledger(known)
    edges = [ledger.origin, *(e for s in ledger.steps for e in (s.start, s.end)), ledger.end]
    assert all(a == b for a, b in zip(edges[::2], edges[1::2], strict=True))
    assert all(step.start <= step.end for step in ledger.steps)
    assert total([step.actual for step in ledger.steps]) == ledger.end - ledger.origin


@given(facts())
@settings(max_examples=150, deadline=None)
def test_lateness_is_what_each_step_adds_to_it(known: Facts) -> None:
    ledger = delay_ledger(known)
    assert total([step.late for step in ledger.steps]) == ledger.lateness
    assert total(list(late_by_cause(ledger.steps).values())) == ledger.lateness
    assert ledger.lateness == ledger.end - known.order.due_at


@given(facts(), st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_the_order_and_repetition_of_events_change_nothing(known: Facts, rng: object) -> None:
    events = list(known.events) * 2
    rng.shuffle(events)  # type: ignore[attr-defined]
    assert delay_ledger(replace(known, events=tuple(events))) == delay_ledger(known)


@given(facts())
@settings(max_examples=100, deadline=None)
def test_evidence_names_events_that_happened_by_then(known: Facts) -> None:
    ledger = delay_ledger(known)
    times = {(e.source, e.id): e.time for e in known.events}
    for step in ledger.steps:
        assert all(times[identity] <= known.now for identity in step.evidence)


@given(facts())
@settings(max_examples=100, deadline=None)
def test_only_an_open_order_has_time_to_come(known: Facts) -> None:
    ledger = delay_ledger(known)
    ahead = [step for step in ledger.steps if step.cause is Cause.TO_COME]
    assert not (ledger.completed and ahead)
    assert all(step.start == known.now for step in ahead)
