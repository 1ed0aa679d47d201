"""Rows say all there is to say, in the fields that policies know, and name whom they concern."""

from msgspec.structs import replace

from data.domain.board import Board
from data.domain.disclosure import Eyes, disclosed
from data.domain.events import EventType
from data.domain.facts import Facts
from data.domain.forecast.records import (
    Finish,
    MilestoneForecast,
    NeedForecast,
    OperationForecast,
    OrderForecast,
)
from data.domain.parties import PartyIndex, Relation
from data.domain.plan import Milestone
from data.domain.policy import FIELDS, Kind, Treatment
from data.domain.role_policies import usual_policy
from data.domain.rows import Rows
from data.domain.scope import Role
from tests.unit.domain.exceptions.test_lifecycle import case
from tests.unit.domain.floor_events import (
    COMPLETED,
    STARTED,
    did,
    event,
    h,
    need,
    order,
    plan_event,
    site_event,
    step,
)

ROUTE = (step("10", 0, 2, "MILL"), replace(step("20", 2, 10), performed_by="coater"))
PLAN = order(
    *ROUTE,
    customer="buyer",
    shipped_by="carrier",
    needs=(need("n1", 1),),
    milestones=(Milestone(id="m", name="Coated", operation="20", baseline_at=h(10)),),
)


def finish(hours):
    return Finish(p50_at=h(hours), p80_at=h(hours + 2), p95_at=h(hours + 4))


def forecast(hours):
    return OrderForecast(
        order="SO-1",
        made_at=h(0),
        finish=finish(hours),
        calibrated=True,
        operations=(OperationForecast(operation="20", start_at=h(3), finish=finish(hours)),),
        milestones=(MilestoneForecast(milestone="m", finish=finish(hours)),),
        needs=(NeedForecast(need="n1", need_by=h(2), early_at=h(1.5)),),
        remaining_s=(),
    )


def board_of(*events, plan=PLAN):
    board = Board("s")
    for one in (site_event(), plan_event(plan), *events):
        board.apply(one)
    return board


def rows_of(*events, made=None, now=0.0, plan=PLAN):
    facts = Facts()
    if made is not None:
        facts.forecasts["SO-1"] = made
    return Rows(board=board_of(*events, plan=plan), facts=facts, now=h(now))


def test_every_row_has_fields_that_its_kind_has_and_no_other():
    rows = rows_of(made=forecast(9))
    kinds = {
        Kind.ORDER: rows.orders,
        Kind.OPERATION: rows.operations,
        Kind.MILESTONE: rows.milestones,
        Kind.NEED: rows.needs,
    }
    for kind, make in kinds.items():
        for row in make(["SO-1"]):
            assert row.kind is kind
            assert row.fields.keys() == FIELDS[kind].keys()


def test_a_row_concerns_those_who_supply_perform_buy_or_ship():
    rows = rows_of()
    assert [row.parties for row in rows.needs(["SO-1"])] == [{"S"}]
    assert [row.parties for row in rows.operations(["SO-1"])] == [set(), {"coater"}]
    assert [row.parties for row in rows.orders(["SO-1"])] == [{"buyer", "carrier"}]
    assert [row.parties for row in rows.milestones(["SO-1"])] == [{"buyer", "carrier"}]


def test_a_need_tells_its_forecast_until_it_is_met():
    (row,) = rows_of(made=forecast(9)).needs(["SO-1"])
    assert row.fields["forecast_need_by"] == h(2)
    received = event(EventType.MATERIAL_RECEIVED, "need/SO-1/n1", h(0), quantity=10)
    (row,) = rows_of(received, made=forecast(9)).needs(["SO-1"])
    assert (row.fields["forecast_need_by"], row.fields["standing"]) == (None, "done")


def test_a_need_stands_by_its_forecast_and_by_plan_to_whom_that_is_hidden():
    promised = event(EventType.MATERIAL_PROMISED, "need/SO-1/n1", h(0), promised_at=h(1.5))
    (row,) = rows_of(promised, made=forecast(9)).needs(["SO-1"])  # planned at 1, forecast at 2
    told = usual_policy(Role.SUPPLIER)
    kept = told.changed({(Kind.NEED, "forecast_need_by"): Treatment.HIDE})
    stands = [
        disclosed(row, Eyes(party="S", policy=policy, secret=b"0123456789abcdef"))["standing"]
        for policy in (told, kept)
    ]
    assert stands == ["on_track", "late"]


def test_standing_follows_the_forecast():
    def standing(made, now=0.0):
        (row,) = rows_of(made=made, now=now).milestones(["SO-1"])
        return row.fields["standing"]

    assert standing(forecast(7)) == "on_track"
    assert standing(forecast(9)) == "at_risk"
    assert standing(forecast(11)) == "late"
    assert standing(None) == "on_track"
    assert standing(None, now=11) == "late"


def test_an_order_is_completed_with_its_last_operation():
    done = [did(STARTED, 0), did(COMPLETED, 1), did(COMPLETED, 4, "20", good=60)]
    (row,) = rows_of(*done, made=forecast(9)).orders(["SO-1"])
    assert row.fields["completed_at"] == h(4)
    assert row.fields["forecast_p50_at"] is None
    assert (row.fields["done"], row.fields["good"], row.fields["standing"]) == (2, 60, "done")


def test_unknown_and_cancelled_orders_have_no_rows():
    assert list(rows_of().orders(["SO-2"])) == []
    assert list(rows_of(plan=replace(PLAN, cancelled=True)).needs(["SO-1"])) == []


class TestPartyIndex:
    def test_each_party_has_its_orders_by_relation(self):
        index = PartyIndex(board_of())
        assert index.of("SO-1") == {"S", "coater", "buyer", "carrier"}
        assert index.orders("S", Relation.SUPPLIES) == ["SO-1"]
        assert index.orders("S", Relation.BUYS) == []
        assert index.orders("carrier") == ["SO-1"]
        assert index.orders("stranger") == []

    def test_an_order_that_changes_hands_concerns_both_sides(self):
        board = board_of()
        index = PartyIndex(board)
        board.apply(plan_event(replace(PLAN, customer="other"), hours=-80))
        assert index.renew(["SO-1"]) >= {"buyer", "other"}
        assert index.orders("buyer") == []
        assert index.orders("other") == ["SO-1"]

    def test_a_cancelled_order_concerns_its_parties_once_more_then_nobody(self):
        board = board_of()
        index = PartyIndex(board)
        board.apply(plan_event(replace(PLAN, cancelled=True), hours=-80))
        assert index.renew(["SO-1"]) == {"S", "coater", "buyer", "carrier"}
        assert index.of("SO-1") == frozenset()
        assert index.renew(["SO-1"]) == frozenset()


def test_of_an_exception_that_names_nothing_of_a_partys_it_gets_a_row_only_if_it_does_the_work():
    def conditions(subject, party):
        told = case(subject=subject, parties=frozenset({"coater", "S"}))
        return [row.fields["condition"] for row in rows_of().exceptions([told], party)]

    assert conditions("operation/SO-1/20", "coater") == ["queue"]
    for subject in ("operation/SO-1/20", "operation/SO-9/20", "work-unit/W1"):
        assert conditions(subject, "S") == []  # a need of its own stands inside
    assert conditions("operation/SO-1/10", "coater") == []
    assert conditions("work-unit/W1", None) == ["queue"]
