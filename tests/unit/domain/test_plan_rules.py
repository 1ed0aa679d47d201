"""The plan rules: what keeps an order's plan out, and the envelopes of those that pass."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from data.domain.board import Board
from data.domain.plan import MaterialNeed, Milestone, Operation, Order
from data.domain.plan_rules import MAX_RECORDS, Flaw, flaws, in_utc, nearest, to_envelopes
from data.domain.rules import Refused, parse_event
from data.domain.site import Area, Party, PartyKind, Site, WorkCenter, WorkUnit

START = datetime(2026, 11, 23, 8, tzinfo=UTC)
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SITE = Site(
    id="S1",
    name="Works",
    areas=(Area(id="LINE-1", calendar="c"),),
    work_centers=(WorkCenter(id="TURN", area="LINE-1"), WorkCenter(id="MILL", area="LINE-1")),
    work_units=(WorkUnit(id="T1", work_center="TURN"), WorkUnit(id="M1", work_center="MILL")),
    parties=(
        Party(id="SUP", name="s", kind=PartyKind.SUPPLIER),
        Party(id="CUS", name="c", kind=PartyKind.CUSTOMER),
    ),
)


def operation(name: str, **changes: Any) -> Operation:
    fields = {"work_center": "TURN", "planned_start": START, "planned_finish": START}
    return Operation(id=name, **{**fields, **changes})


def order(*operations: Operation, **changes: Any) -> Order:
    fields = {"product": "P", "quantity": 5, "due_at": START, "operations": operations}
    return Order(**{"id": "SO-1", **fields, **changes})


def need(**changes: Any) -> MaterialNeed:
    fields = {"part": "p", "operation": "10", "supplier": "SUP", "quantity": 1, "need_by": START}
    return MaterialNeed(**{"id": "N1", **fields, **changes})


def milestone(**changes: Any) -> Milestone:
    fields = {"name": "shipped", "operation": "10", "baseline_at": START}
    return Milestone(**{"id": "K1", **fields, **changes})


GOOD = order(
    operation("10", work_unit="T1", performed_by="SUP"),
    operation("20", work_center="MILL"),
    area="LINE-1",
    customer="CUS",
    released_at=START - timedelta(1),
    milestones=(milestone(),),
    needs=(need(),),
)


def found(plan: Order, site: Site = SITE) -> list[Flaw]:
    return list(flaws(plan, site))


def test_a_plan_that_fits_the_site_has_no_flaws() -> None:
    assert found(GOOD) == []


@pytest.mark.parametrize(
    ("plan", "path", "reason"),
    [
        (order(id="A/B"), "id", "without '/'"),
        (order(id=""), "id", "1 to 100"),
        (order(id="A "), "id", "outer spaces"),
        (order(product=" "), "product", "is required"),
        (order(product="a\nb"), "product", "on one line"),
        (order(family="x" * 201), "family", "up to 200"),
        (order(quantity=0), "quantity", "from 1 to"),
        (order(due_at=START.replace(tzinfo=None)), "due_at", "offset"),
        (order(due_at=START.replace(year=1999)), "due_at", "from 2000 to 2099"),
        (order(due_at=START.replace(year=2100)), "due_at", "from 2000 to 2099"),
        (order(released_at=START + timedelta(1)), "due_at", "is before released_at"),
        (order(area="LINE-2"), "area", "did you mean 'LINE-1'"),
        (order(customer="SUP"), "customer", "is a supplier of site 'S1', expected a customer"),
        (order(shipped_by="CUS"), "shipped_by", "is a customer of site 'S1', expected a logistics"),
        (order(customer="CUSS"), "customer", "did you mean 'CUS'"),
        (order(operation("a;b")), "operations[0].id", "without ';'"),
        (order(operation("-")), "operations[0].id", "isn't just '-'"),
        (order(operation("10"), operation("10")), "operations[1].id", "stands twice"),
        (order(operation("10", work_center="mil")), "operations[0].work_center", "mean 'MILL'"),
        (order(operation("10", work_unit="T9")), "operations[0].work_unit", "mean 'T1'"),
        (order(operation("10", work_unit="M1")), "operations[0].work_unit", "belongs to"),
        (order(operation("10", performed_by="CUS")), "operations[0].performed_by", "is a customer"),
        (order(operation("10", run_time_s=-1.0)), "operations[0].run_time_s", "from 0"),
        (order(operation("10", setup_s=float("nan"))), "operations[0].setup_s", "from 0"),
        (
            order(operation("10", planned_finish=START - timedelta(seconds=1))),
            "operations[0].planned_finish",
            "is before planned_start",
        ),
        (
            order(operation("10", planned_start=START.replace(tzinfo=None))),
            "operations[0].planned_start",
            "offset",
        ),
        (
            order(operation("10", predecessors=("11",))),
            "operations[0].predecessors",
            "did you mean '10'",
        ),
        (
            order(operation("10"), milestones=(milestone(operation="20"),)),
            "milestones[0].operation",
            "isn't an operation of this order",
        ),
        (
            order(operation("10"), milestones=(milestone(name=""),)),
            "milestones[0].name",
            "required",
        ),
        (order(operation("10"), needs=(need(operation="7"),)), "needs[0].operation", "isn't an"),
        (order(operation("10"), needs=(need(supplier="CUS"),)), "needs[0].supplier", "a customer"),
        (order(operation("10"), needs=(need(quantity=0),)), "needs[0].quantity", "from 1 to"),
        (order(operation("10"), needs=(need(part=""),)), "needs[0].part", "is required"),
        (order(operation("10"), needs=(need(), need())), "needs[1].id", "stands twice"),
    ],
)
def test_each_flaw_is_told_with_its_path_and_what_was_expected(
    plan: Order, path: str, reason: str
) -> None:
    assert [flaw.path for flaw in found(plan)] == [path]
    assert reason in found(plan)[0].reason


def test_all_flaws_are_told_not_the_first_alone() -> None:
    plan = order(operation("10", work_center="?"), quantity=0, needs=(need(supplier="?"),))
    paths = {flaw.path for flaw in found(plan)}
    assert paths == {"quantity", "operations[0].work_center", "needs[0].supplier"}


def test_operations_that_wait_for_each_other_are_named_as_a_circle() -> None:
    plan = order(
        operation("10", predecessors=()),
        operation("20", predecessors=("40",)),
        operation("30"),
        operation("40"),
    )
    (flaw,) = found(plan)
    assert flaw.path == "operations[1].predecessors"
    assert "20 → 40 → 30 → 20" in flaw.reason


def test_an_operation_that_waits_for_itself_is_a_circle() -> None:
    (flaw,) = found(order(operation("10", predecessors=("10",))))
    assert "10 → 10" in flaw.reason


@given(st.lists(st.lists(st.integers(0, 7), max_size=3), min_size=1, max_size=8))
def test_a_circle_is_found_exactly_when_no_order_of_the_operations_is_possible(
    before: list[list[int]],
) -> None:
    count = len(before)
    edges = [{p % count for p in named} for named in before]
    done: set[int] = set()
    while ready := {i for i in range(count) if i not in done and edges[i] <= done}:
        done |= ready
    plan = order(
        *(operation(str(i), predecessors=tuple(map(str, named))) for i, named in enumerate(edges))
    )
    assert bool(found(plan)) == (len(done) < count)


def test_a_long_route_is_no_circle_and_no_deep_recursion() -> None:
    assert found(order(*(operation(str(i)) for i in range(MAX_RECORDS)))) == []
    too_long = order(*(operation(str(i)) for i in range(MAX_RECORDS + 1)))
    assert [flaw.path for flaw in found(too_long)] == ["operations"]


def test_a_site_without_work_centers_is_told_once_and_not_for_every_operation() -> None:
    empty = replace(SITE, work_centers=(), work_units=())
    assert [flaw.path for flaw in found(GOOD, empty)] == ["site"]


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=4))
def test_a_name_the_rules_take_makes_a_subject_the_door_takes(name: str) -> None:
    if any(flaw.path == "id" for flaw in found(order(id=name))):
        return
    event = parse_event(to_envelopes([order(id=name)], "plan", NOW)[0], NOW)
    assert event.subject == f"order/{name}"


def test_the_door_takes_the_envelope_and_gives_the_plan_back_in_utc() -> None:
    east = timezone(timedelta(hours=8))
    plan = replace(GOOD, due_at=GOOD.due_at.astimezone(east))
    (envelope,) = to_envelopes([plan], "erp", NOW)
    event = parse_event(msgspec.json.decode(msgspec.json.encode(envelope)), NOW)
    assert event.data.order == GOOD
    assert (event.source, event.subject, event.time) == ("erp", "order/SO-1", NOW)


def test_the_same_plan_has_the_same_identity_whenever_and_in_whatever_offset_it_is_sent() -> None:
    moved = replace(GOOD, due_at=GOOD.due_at.astimezone(timezone(timedelta(hours=8))))
    first, again = to_envelopes([GOOD], "p", NOW), to_envelopes([moved], "p", NOW + timedelta(1))
    other = to_envelopes([replace(GOOD, quantity=6)], "p", NOW)
    assert first[0]["id"] == again[0]["id"] != other[0]["id"]


def test_a_plan_that_already_holds_gives_no_envelope() -> None:
    board = board_with(GOOD)
    assert to_envelopes([GOOD], "p", NOW, board.orders) == []


def test_going_back_to_an_older_plan_is_a_change_and_wins_even_when_the_clock_stands() -> None:
    board = board_with(GOOD)
    changed = replace(GOOD, quantity=6)
    identities = set()
    for plan in (changed, GOOD, changed, GOOD):
        (envelope,) = to_envelopes([plan], "p", NOW, board.orders)
        identities.add(envelope["id"])
        board.apply(parse_event(envelope, NOW))
        assert board.orders["SO-1"].plan == plan
    assert len(identities) == 4


def test_in_utc_leaves_a_naive_instant_for_the_rules_to_refuse() -> None:
    naive = order(due_at=START.replace(tzinfo=None))
    assert in_utc(naive) == naive


def test_an_unchecked_plan_with_a_bad_name_is_refused_by_the_door_too() -> None:
    with pytest.raises(Refused):
        parse_event(to_envelopes([order(id="A/B")], "p", NOW)[0], NOW)


def test_the_nearest_name_disregards_case_and_is_empty_when_nothing_is_like_it() -> None:
    assert nearest("mIll", ["TURN", "MILL"]) == "MILL"
    assert nearest("xyz", ["TURN", "MILL"]) == ""


def board_with(plan: Order) -> Board:
    board = Board("S1")
    board.apply(parse_event(to_envelopes([plan], "p", NOW)[0], NOW))
    return board
