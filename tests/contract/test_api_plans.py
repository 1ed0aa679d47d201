"""Sites, plans, templates and signals over the HTTP API, on real engines."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from callbacks.api import MAX_EVENTS
from data.connectors.plan_files import EXAMPLE_SITE, write_plan
from tests.contract.calling import BATCH, JSON, XLSX, Caller, api_of
from tests.contract.world import NOW, PLANT, World, envelope, good, order, process


@pytest.fixture
def world(redis_url: str, database_url: str) -> Iterator[World]:
    with process(redis_url, database_url) as made:
        yield made


@pytest.fixture
def fresh(world: World) -> Caller:
    """An API that knows no site yet."""
    return api_of(world)


@pytest.fixture
def caller(world: World) -> Caller:
    world.open(order("SO-1"))
    return api_of(world)


@pytest.fixture
def elsewhere(redis_url: str, database_url: str, caller: Caller) -> Iterator[Caller]:
    """The same API in another process, with the same key."""
    with process(redis_url, database_url) as other:
        made = api_of(other)
        made.key = caller.key
        yield made


def test_a_plan_larger_than_a_keys_rate_can_be_sent_at_all(world: World) -> None:
    world.open()
    slow = api_of(world, rate_per_s=10.0)
    orders = [order(f"SO-{n}") for n in range(MAX_EVENTS + 200)]
    answer = slow.put("/orders", write_plan(orders, "json", PLANT))
    assert (answer.status_code, answer.json["accepted"]) == (200, len(orders))


def test_a_whole_site_is_set_up_through_the_api_without_a_pause(fresh: Caller) -> None:
    assert fresh.put("/orders", {"orders": []}).status_code == 404
    assert fresh.put("/site", msgspec.to_builtins(PLANT)).json["accepted"] == 1
    plan = write_plan([order("SO-1"), order("SO-2")], "json", PLANT)
    assert fresh.put("/orders", plan).json["accepted"] == 2
    assert fresh.post([good("a"), good("b")], BATCH).json["accepted"] == 2
    signals = fresh.call("POST", "/signals", {"work_units": ["W1"]}, JSON)
    assert signals.status_code == 204
    assert fresh.world.log.signals(PLANT.id) == {"W1": NOW.timestamp()}


def test_any_process_knows_what_another_just_acknowledged(
    caller: Caller, elsewhere: Caller
) -> None:
    both: tuple[Caller, Caller] = (caller, elsewhere)
    for n in range(4):
        one, other = both[n % 2], both[(n + 1) % 2]
        plan = write_plan([order(f"SO-1{n}")], "json", PLANT)
        assert one.put("/orders", plan).json["accepted"] == 1
        started = envelope(f"s{n}", "operation.started", f"operation/SO-1{n}/10")
        assert other.post(started).json["accepted"] == 1


def test_a_new_machine_may_be_planned_for_at_once_in_any_process(
    caller: Caller, elsewhere: Caller
) -> None:
    assert elsewhere.put("/orders", {"orders": []}).status_code in (200, 422)
    unit = msgspec.structs.replace(PLANT.work_units[0], id="W3")
    model = msgspec.structs.replace(PLANT, work_units=(*PLANT.work_units, unit))
    caller.world.clock.advance(seconds=1)
    elsewhere.world.clock.advance(seconds=1)
    assert caller.put("/site", msgspec.to_builtins(model)).json["accepted"] == 1
    signals = elsewhere.call("POST", "/signals", {"work_units": ["W3"]}, JSON)
    assert signals.status_code == 204


@pytest.mark.parametrize(("form", "kind"), [("json", JSON), ("csv", "text/csv"), ("xlsx", XLSX)])
def test_a_downloaded_template_imports_at_a_site_that_has_what_it_names(
    fresh: Caller, form: str, kind: str
) -> None:
    fresh = api_of(fresh.world, site=EXAMPLE_SITE.id)
    assert fresh.put("/site", msgspec.to_builtins(EXAMPLE_SITE)).json["accepted"] == 1
    sheet = fresh.http.get(f"/api/v1/orders/template.{form}")
    assert (sheet.status_code, sheet.mimetype) == (200, kind)
    assert f"milepost-plan.{form}" in sheet.headers["Content-Disposition"]
    answer = fresh.put("/orders", sheet.data, kind)
    assert (answer.status_code, answer.json["accepted"]) == (200, 2)
    assert fresh.put("/orders", sheet.data, kind).json["duplicate"] == 2


def test_there_is_no_template_in_another_form(fresh: Caller) -> None:
    assert fresh.http.get("/api/v1/orders/template.pdf").status_code == 404


def test_a_plan_with_errors_changes_nothing_and_names_row_column_and_reason(
    caller: Caller,
) -> None:
    plan = [order("SO-7"), order("SO-8", area="Z")]
    answer = caller.put("/orders", write_plan(plan, "csv", PLANT), "text/csv")
    assert answer.status_code == 422
    first = answer.json["errors"][0]
    assert first["row"] > 1
    assert first["column"] and first["reason"]
    assert set(caller.world.live().board.orders) == {"SO-1"}
    garbage = caller.put("/orders", b"\x00\xff", XLSX)
    assert garbage.status_code == 422
    assert garbage.json["errors"][0]["reason"]


def test_a_plan_may_go_back_to_what_it_was(caller: Caller) -> None:
    def plan(quantity: int) -> Any:
        caller.world.clock.advance(seconds=1)
        body = write_plan([order("SO-5", quantity=quantity)], "json", PLANT)
        return caller.put("/orders", body).json

    assert plan(10)["accepted"] == 1
    assert plan(20)["accepted"] == 1
    assert plan(20) == {"accepted": 0, "duplicate": 1, "refused": 0, "results": []}
    assert plan(10)["accepted"] == 1
    state = caller.world.live().board.orders["SO-5"]
    assert state.plan is not None
    assert state.plan.quantity == 10


def test_signals_of_unknown_machines_are_refused(caller: Caller) -> None:
    for units in ("W1", [1], ["W9"], ["\u2028\u0000"], None):
        answer = caller.call("POST", "/signals", {"work_units": units}, JSON)
        assert (answer.status_code, answer.json["field"]) == (422, "work_units"), units
    for body in ({}, [], None):
        assert caller.call("POST", "/signals", body, JSON).status_code == 422


def test_a_wrong_site_document_is_refused_and_changes_nothing(caller: Caller) -> None:
    wrong: list[tuple[Any, str]] = [
        ({"id": "other", "name": "x"}, "data.site.id"),
        ({"id": "plant"}, "data.site"),
        ({"id": "plant", "name": "x", "timezone": "Mars"}, "data.site.timezone"),
        ([], "data.site"),
        (None, "data.site"),
    ]
    for body, field in wrong:
        answer = caller.put("/site", body)
        assert answer.status_code == 422, body
        assert answer.json["results"][0]["field"] == field
    assert caller.world.live().board.site == PLANT
