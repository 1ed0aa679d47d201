"""Why work waited: each cause by itself, their order, and that they add up."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from data.domain.waiting.concurrency import by_case, concurrent_activities, source_of
from data.domain.waiting.decompose import handoffs, split_wait, summed, summed_by_pair
from data.domain.waiting.records import Execution, Waiting
from data.domain.waiting.spans import Span

START = datetime(2026, 11, 2, 8, tzinfo=UTC)


def t(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def ran(case: str, activity: str, resource: str, start: float, end: float) -> Execution:
    return Execution(case, activity, resource, t(start), t(end))


def m(minutes: float) -> timedelta:
    return timedelta(minutes=minutes)


def wait_of(log: list[Execution], case: str, activity: str, **more: object) -> Waiting:
    found = handoffs(log, **more)  # type: ignore[arg-type]
    (one,) = [h for h in found if (h.target.case, h.target.activity) == (case, activity)]
    return one.waiting


def test_a_wait_for_work_enabled_earlier_is_contention() -> None:
    log = [ran("1", "A", "X", 0, 10), ran("2", "A", "X", 0, 5), ran("2", "B", "Y", 5, 30)]
    log.append(ran("1", "B", "Y", 30, 40))
    assert wait_of(log, "1", "B") == Waiting(contention=m(20))


def test_a_wait_for_work_enabled_later_is_prioritization() -> None:
    log = [ran("1", "A", "X", 0, 10), ran("2", "A", "X", 5, 15), ran("2", "C", "Y", 15, 30)]
    log.append(ran("1", "B", "Y", 30, 40))
    assert wait_of(log, "1", "B") == Waiting(prioritization=m(15), extraneous=m(5))


def test_work_enabled_at_the_same_instant_is_contention() -> None:
    log = [ran("1", "A", "X", 0, 10), ran("2", "A", "Z", 0, 10), ran("2", "B", "Y", 10, 30)]
    log.append(ran("1", "B", "Y", 35, 40))
    assert wait_of(log, "1", "B") == Waiting(contention=m(20), extraneous=m(5))


def test_a_wait_for_the_others_of_a_batch_is_batching() -> None:
    log = [ran("1", "A", "X", 0, 10), ran("2", "A", "Z", 0, 25)]
    log += [ran("1", "B", "Y", 30, 40), ran("2", "B", "Y", 30, 40)]
    assert wait_of(log, "1", "B") == Waiting(batching=m(15), extraneous=m(5))
    assert wait_of(log, "2", "B") == Waiting(extraneous=m(5))


def test_work_of_one_kind_done_back_to_back_is_a_batch_too() -> None:
    log = [ran("1", "A", "X", 0, 10), ran("2", "A", "X", 5, 15), ran("2", "B", "Y", 15, 30)]
    log.append(ran("1", "B", "Y", 30, 40))
    assert wait_of(log, "1", "B") == Waiting(batching=m(5), contention=m(15))


def test_a_gap_parts_a_batch() -> None:
    log = [ran("1", "A", "X", 0, 10), ran("2", "A", "Z", 0, 25)]
    log += [ran("1", "B", "Y", 30, 40), ran("2", "B", "Y", 41, 50)]
    assert wait_of(log, "1", "B") == Waiting(extraneous=m(20))


def test_a_wait_while_the_resource_is_off_is_unavailability() -> None:
    log = [ran("1", "A", "X", 0, 10), ran("1", "B", "Y", 60, 70)]

    def closed(resource: str, start: datetime, end: datetime) -> list[Span]:
        return [(t(-100), t(40))] if resource == "Y" else []

    assert wait_of(log, "1", "B", closed=closed) == Waiting(unavailability=m(30), extraneous=m(20))


def test_a_release_says_since_when_a_first_execution_could_have_begun() -> None:
    log = [ran("1", "A", "X", 0, 10), ran("1", "B", "Y", 30, 40), ran("2", "B", "Y", 15, 30)]
    assert wait_of(log, "1", "B").prioritization == m(15)
    assert wait_of(log, "1", "B", released={"2": t(0)}).contention == m(15)


def test_the_first_cause_in_order_takes_an_instant_that_several_cover() -> None:
    whole = [(t(0), t(60))]
    assert split_wait(
        (t(0), t(60)),
        batch_ready_at=t(10),
        contention=[(t(0), t(20))],
        prioritization=[(t(5), t(30))],
        closed=[(t(25), t(40))],
    ) == Waiting(m(10), m(10), m(10), m(10), m(20))
    assert split_wait((t(0), t(60)), contention=whole, closed=whole) == Waiting(contention=m(60))


def test_activities_that_follow_each_other_both_ways_are_concurrent() -> None:
    log = [ran("1", "A", "X", 0, 1), ran("1", "B", "X", 1, 2), ran("1", "C", "X", 2, 3)]
    log += [ran("2", "A", "X", 3, 4), ran("2", "C", "X", 4, 5), ran("2", "B", "X", 5, 6)]
    traces = by_case(log)
    found = concurrent_activities(traces)
    assert found == {"A": frozenset(), "B": frozenset("C"), "C": frozenset("B")}
    source = source_of(traces["1"], 2, found)
    assert source is not None
    assert source.activity == "A"


def test_a_loop_of_two_is_not_concurrency() -> None:
    pattern = "ABABABABABABABABABABABAB"
    log = [ran("1", name, "X", i, i + 1) for i, name in enumerate(pattern)]
    assert concurrent_activities(by_case(log)) == {"A": frozenset(), "B": frozenset()}


def test_handoffs_add_up_by_pair() -> None:
    log = [ran(c, a, "X", s, s + 1) for c, s in (("1", 0), ("2", 20)) for a, s in (("A", s),)]
    log += [ran("1", "B", "Y", 3, 4), ran("2", "B", "Y", 25, 26)]
    assert summed_by_pair(handoffs(log)) == {("A", "X", "B", "Y"): (2, Waiting(extraneous=m(6)))}


executions = st.lists(
    st.builds(
        lambda case, activity, resource, start, run: ran(
            case, activity, resource, start, start + run
        ),
        st.sampled_from("123"),
        st.sampled_from("ABC"),
        st.sampled_from("XY"),
        st.integers(0, 60),
        st.integers(0, 15),
    ),
    max_size=25,
)


@given(executions, st.lists(st.tuples(st.integers(0, 60), st.integers(0, 30)), max_size=4))
def test_the_five_parts_fill_the_wait_exactly(
    log: list[Execution], rests: list[tuple[int, int]]
) -> None:
    def closed(resource: str, start: datetime, end: datetime) -> list[Span]:
        return [(t(a), t(a + run)) for a, run in rests]

    found = handoffs(log, closed)
    for one in found:
        assert one.waiting.total == one.target.start - one.source.end
        assert all(part >= m(0) for part in _parts(one.waiting))
    assert summed(found).total == sum((h.waiting.total for h in found), m(0))


def _parts(waiting: Waiting) -> tuple[timedelta, ...]:
    return tuple(getattr(waiting, name) for name in waiting.__struct_fields__)
