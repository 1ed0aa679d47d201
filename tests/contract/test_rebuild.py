"""What is derived is what the events say; where it isn't, it is found, and made anew."""

from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace

import pytest

from data.commands.rebuild import differences
from data.domain.shift_rows import Progress
from data.services.shift_figures import derived_day
from data.services.staleness import SHIFT
from data.store.kept import Kept
from data.store.shift_figures import ShiftFigureStore
from tests.contract.accounting import Works, works
from tests.contract.test_delays import grown
from tests.engines import empty
from tests.unit.domain.ledger.factories import SITE


@pytest.fixture(scope="module")
def plant(shared_database_url: str) -> Iterator[Works]:
    empty(shared_database_url)
    with works(shared_database_url) as made:
        grown(made, 1, 8)
        yield made


def found(plant: Works) -> list[str]:
    engines = SimpleNamespace(sql=plant.sql, history=plant.history)
    return [f"{one.kind} {one.key}: {one.what}" for one in differences(engines, SITE.id)]


def test_what_was_just_derived_differs_in_nothing(plant: Works) -> None:
    assert plant.rows("SELECT 1 FROM order_account WHERE completed")
    assert found(plant) == []


@pytest.mark.parametrize(
    ("damage", "kind", "what"),
    [
        ("UPDATE order_account SET late_s = late_s + 60 WHERE order_id = %s", "order", "late by"),
        ("UPDATE order_account SET cells = '[]' WHERE order_id = %s", "order", "causes differ"),
        (
            "UPDATE delay_day SET cells = '' WHERE day ="
            " (SELECT day FROM order_account WHERE order_id = %s)",
            "account", "the sums of",
        ),
    ],
)  # fmt: skip
def test_what_differs_is_found_marked_and_made_anew(
    plant: Works, damage: str, kind: str, what: str
) -> None:
    query = "SELECT order_id FROM order_account WHERE completed ORDER BY late_s DESC LIMIT 1"
    ((order,),) = plant.rows(query)
    plant.rows(f"{damage} RETURNING 1", order)
    told = found(plant)
    assert any(one.startswith(kind) and what in one for one in told), told
    engines = SimpleNamespace(sql=plant.sql, history=plant.history)
    Kept(plant.sql).mark(SITE.id, [*differences(engines, SITE.id)])
    plant.derive()
    assert found(plant) == []


def test_figures_that_differ_are_found(plant: Works) -> None:
    store = ShiftFigureStore(plant.sql)
    first = min(event.time for event in plant.events).date()
    days = [first + timedelta(days=n) for n in range(4)]
    for day in days:
        derived_day(store, SITE, SITE.work_units, day, plant.now)
    store.note(SITE.id, Progress(first, plant.now.replace(day=1) + timedelta(days=0)), True)
    upto = plant.now.combine(days[-1] + timedelta(days=2), plant.now.timetz())
    store.note(SITE.id, Progress(first, upto), True)
    assert found(plant) == []
    ((unit, day),) = plant.rows(
        "UPDATE shift_element SET apt = apt + 60 WHERE ctid ="
        " (SELECT ctid FROM shift_element WHERE aubt > 0 LIMIT 1) RETURNING work_unit, day"
    )
    assert found(plant) == [f"{SHIFT} {unit}/{day}: the figures of {unit} on {day} differ"]
