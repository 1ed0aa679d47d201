from collections.abc import Generator

from hypothesis import given
from hypothesis import strategies as st

from data.domain.forecast.runtimes import RunTimes
from data.domain.forecast.sequence import Taken, sequence
from data.domain.forecast.tasks import Floor, Task, floor_of, tasks_of
from data.domain.projection import route_of
from tests.unit.domain.forecast.shop import NOW, Shop, at, order, site

Steps = list[tuple[str, float, float]]


def whole(slices: Generator[None, None, Taken]) -> Taken:
    while True:
        try:
            next(slices)
        except StopIteration as end:
            found: Taken = end.value
            return found


def taken(shop: Shop) -> tuple[list[Task], list[str]]:
    floor: Floor = floor_of(shop.board.site, NOW)
    tasks = [
        task
        for plan in shop.board.plans()
        for task in tasks_of(route_of(plan), shop.board, floor, RunTimes(), NOW.timestamp())
    ]
    places = whole(sequence(tasks, [task.planned_s for task in tasks], floor)).places
    return tasks, [tasks[place].subject.removeprefix("operation/") for place in places]


def test_the_earlier_planned_start_goes_first() -> None:
    shop = Shop(site({"c": 1}), order("A", [("c", 2, 3)]), order("B", [("c", 1, 3)]))
    assert taken(shop)[1] == ["B/1", "A/1"]


def test_of_equal_planned_starts_the_earlier_due_date_goes_first() -> None:
    shop = Shop(site({"c": 1}), order("A", [("c", 1, 3)]), order("B", [("c", 1, 2)], due_at=at(9)))
    assert taken(shop)[1] == ["B/1", "A/1"]


def test_a_free_work_unit_does_not_wait_for_what_is_planned_earlier_but_not_there() -> None:
    shop = Shop(
        site({"c": 1, "d": 1}),
        order("A", [("d", 0, 5), ("c", 5, 6)]),
        order("B", [("c", 7, 9)]),
    )
    assert taken(shop)[1] == ["A/1", "B/1", "A/2"]


def test_what_runs_comes_first_whatever_the_plan_said() -> None:
    shop = Shop(site({"c": 1}), order("A", [("c", 0, 3)]), order("B", [("c", 9, 12)]))
    shop.start("B/1", NOW)
    assert taken(shop)[1] == ["B/1", "A/1"]


STEP = st.tuples(st.sampled_from("cdx"), st.floats(0, 9), st.floats(0.1, 9))


@given(
    st.lists(st.lists(STEP, min_size=1, max_size=5), min_size=1, max_size=5),
    st.sets(st.integers(0, 4)),
)
def test_every_operation_is_taken_once_and_after_what_it_waits_for(
    routes: list[Steps], running: set[int]
) -> None:
    plans = [
        order(f"O{n}", [(center, start, start + length) for center, start, length in route])
        for n, route in enumerate(routes)
    ]
    shop = Shop(site({"c": 1, "d": 2}), *plans)
    for n in running & set(range(len(routes))):
        shop.start(f"O{n}/1", NOW)
    tasks, names = taken(shop)
    assert sorted(names) == sorted(t.subject.removeprefix("operation/") for t in tasks)
    for task in tasks:
        for before, _ in task.before:
            own, other = (s.removeprefix("operation/") for s in (task.subject, before))
            assert names.index(other) < names.index(own)
