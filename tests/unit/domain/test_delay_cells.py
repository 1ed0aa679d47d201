"""What an order adds to the hours of lateness, and how much of its buffer is used."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from msgspec.structs import replace

from data.domain.delay_cells import Cell, buffer_of, cells_of, critical_chain, top, zone_of
from data.domain.ledger.account import delay_ledger
from data.domain.ledger.records import Facts
from data.domain.plan import Operation, Order
from tests.unit.domain.ledger.factories import facts

START = datetime(2026, 11, 2, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)


def operation(name: str, start: float, hours: float, *before: str) -> Operation:
    begin = START + start * HOUR
    return Operation(
        id=name, work_center="C", planned_start=begin, planned_finish=begin + hours * HOUR,
        predecessors=before,
    )  # fmt: skip


# a (4 h) → b (6 h) and a → c (2 h); both → d (10 h). Buffer: 10 h.
ORDER = Order(
    id="O", product="P", quantity=1, released_at=START, due_at=START + 30 * HOUR,
    operations=(
        operation("a", 0, 4), operation("b", 4, 6, "a"), operation("c", 4, 2, "a"),
        operation("d", 10, 10, "b", "c"),
    ),
)  # fmt: skip


@given(facts=facts())
def test_the_cells_of_any_ledger_add_up_to_its_lateness(facts: Facts) -> None:
    ledger = delay_ledger(facts)
    cells = cells_of(facts.order, ledger)
    assert sum(c.late_s for c in cells) == pytest.approx(ledger.lateness.total_seconds(), abs=1e-5)
    assert len({(c.cause, c.work_center, c.party) for c in cells}) == len(cells)


def test_what_adds_most_is_on_top_and_what_explains_nothing_never_is() -> None:
    cells = (
        Cell("down", "C", "", 50.0), Cell("rework", "D", "", 30.0), Cell("rework", "C", "", 30.0),
        Cell("to_come", "", "", 900.0), Cell("slack", "", "ACME", -5.0),
    )  # fmt: skip
    assert top(cells, "cause") == "rework"
    assert top(cells, "work_center") == "C"
    assert top(cells, "party") is None
    assert top((Cell("down", "C", "", -3.0),), "cause") is None


def test_the_critical_chain_is_the_longest_path_by_planned_time() -> None:
    assert [step.id for step in critical_chain(ORDER.operations)] == ["a", "b", "d"]


def test_a_route_in_a_circle_has_no_chain_through_it() -> None:
    circle = (operation("a", 0, 4, "b"), operation("b", 4, 6, "a"), operation("c", 4, 2))
    assert [step.id for step in critical_chain(circle)] == ["c"]


@pytest.mark.parametrize(
    ("finished", "done"),
    [((), 0.0), (("a",), 0.2), (("a", "c"), 0.2), (("a", "b"), 0.5), (("a", "b", "c", "d"), 1.0)],
)
def test_done_is_the_share_of_the_chain_by_planned_time(
    finished: tuple[str, ...], done: float
) -> None:
    found = buffer_of(ORDER, finished, ORDER.due_at)
    assert found is not None
    assert found.done == pytest.approx(done)


@pytest.mark.parametrize(("end", "used"), [(15, 0.0), (20, 0.0), (25, 0.5), (30, 1.0), (40, 2.0)])
def test_used_is_what_the_forecast_takes_of_the_time_between_plan_and_due_date(
    end: float, used: float
) -> None:
    found = buffer_of(ORDER, (), START + end * HOUR)
    assert found is not None
    assert found.used == pytest.approx(used)


def test_an_order_planned_without_a_buffer_is_measured_by_a_tenth_of_its_lead_time() -> None:
    tight = replace(ORDER, due_at=START + 20 * HOUR)
    found = buffer_of(tight, (), START + 21 * HOUR)
    assert found is not None
    assert found.used == pytest.approx(1.5)


def test_an_order_without_operations_has_no_buffer_and_one_without_time_still_has() -> None:
    assert buffer_of(replace(ORDER, operations=()), (), START) is None
    instant = replace(ORDER, operations=(operation("a", 0, 0), operation("b", 0, 0)))
    found = buffer_of(instant, ("a",), START)
    assert found is not None
    assert found.done == 0.5


@pytest.mark.parametrize(
    ("done", "used", "zone"),
    [
        (0.0, 0.1, "green"), (0.0, 0.2, "yellow"), (0.0, 0.31, "red"),
        (1.0, 0.74, "green"), (1.0, 0.8, "yellow"), (1.0, 0.91, "red"), (0.5, 0.5, "yellow"),
    ],
)  # fmt: skip
def test_what_may_be_used_grows_with_what_is_done(done: float, used: float, zone: str) -> None:
    assert zone_of(done, used) == zone
