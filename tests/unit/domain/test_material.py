from datetime import timedelta
from typing import Any

from data.domain.events import Event, EventType
from data.domain.forecast.records import OrderForecast
from data.domain.material import need_rows
from tests.unit.domain.exceptions.floor import forecast
from tests.unit.domain.floor_events import (
    COMPLETED,
    did,
    event,
    h,
    indexes,
    need,
    needing,
    order,
    plan_event,
    step,
)


def material(kind: str, name: str, hours: float, **data: Any) -> Event:
    return event(EventType(f"material.{kind}"), f"need/SO-1/{name}", h(hours), **data)


def standings(*events: Event, now: float = 0, n: int = 9, area: str = "A") -> list[tuple[str, str]]:
    made = indexes(*events)
    rows = need_rows(made.needs, area, h(now), timedelta(hours=8), n)
    return [(row.need, row.standing.value) for row in rows]


class TestNeedRows:
    def test_worst_first_and_within_each_the_earliest(self) -> None:
        events = [
            needing(*(need(name, i + 1) for i, name in enumerate("abcde")), need("z", -3)),
            material("received", "a", -1, quantity=10),
            material("promised", "b", -1, promised_at=h(1.5)),
            material("promised", "d", -1, promised_at=h(4.5)),
        ]
        assert standings(*events) == [
            ("z", "late"),
            ("d", "late"),
            ("c", "at_risk"),
            ("e", "at_risk"),
            ("b", "on_track"),
            ("a", "done"),
        ]
        assert standings(*events, n=2) == [("z", "late"), ("d", "late")]

    def test_what_is_due_later_or_was_met_before_is_not_shown(self) -> None:
        met = material("received", "old", -5, quantity=10)
        assert standings(needing(need("far", 8), need("old", -1)), met) == []
        assert standings(needing(need("near", 7.9))) == [("near", "at_risk")]

    def test_a_promise_that_was_not_kept_is_a_risk(self) -> None:
        promised = material("promised", "a", -9, promised_at=h(-1))
        assert standings(needing(need("a", 2)), promised) == [("a", "at_risk")]

    def test_all_shipped_is_on_track_and_part_of_it_is_not(self) -> None:
        plan = needing(need("a", 2))
        assert standings(plan, material("shipped", "a", 0, quantity=10)) == [("a", "on_track")]
        assert standings(plan, material("shipped", "a", 0, quantity=9)) == [("a", "at_risk")]

    def test_part_of_it_received_does_not_meet_a_need(self) -> None:
        part = material("received", "a", 0, quantity=9)
        assert standings(needing(need("a", 2)), part, now=3) == [("a", "late")]

    def test_a_need_is_judged_by_its_forecast_and_follows_it(self) -> None:
        made = indexes(needing(need("a", 2)), material("promised", "a", -1, promised_at=h(5)))

        def standing(by: float | None, now: float = 0) -> str:
            made.needs.trust({} if by is None else {"SO-1": forecast("SO-1", 30, {"a": by})})
            (row,) = need_rows(made.needs, "A", h(now), timedelta(hours=24), 9)
            return row.standing.value

        found = [standing(by) for by in (None, 9, 2.5, 9, 3)]
        assert found == ["late", "on_track", "late", "on_track", "late"]
        assert (standing(9, now=4), standing(9, now=10)) == ("on_track", "late")

    def test_what_is_due_is_picked_by_its_forecast_and_follows_it(self) -> None:
        made = indexes(needing(need("far", 20), need("near", 3), need("gone", -4)))

        def due(**by: float) -> list[tuple[str, str]]:
            forecasts["SO-1"] = forecast("SO-1", 30, by)
            made.touch_forecasts(["SO-1"])
            rows = need_rows(made.needs, "A", h(0), timedelta(hours=8), 9)
            return [(row.need, row.standing.value) for row in rows]

        forecasts: dict[str, OrderForecast] = {}
        made.needs.trust(forecasts)
        assert due() == [("gone", "late"), ("near", "at_risk")]
        assert due(far=2, near=9, gone=9) == [("far", "at_risk")]
        assert due(far=5, near=6, gone=4) == [(name, "at_risk") for name in ("gone", "far", "near")]
        made.needs.trust({})
        assert due(far=2) == [("gone", "late"), ("near", "at_risk")]

    def test_what_was_met_stands_where_it_was_planned(self) -> None:
        made = indexes(needing(need("a", 2)), material("received", "a", 0, quantity=10))
        made.needs.trust({"SO-1": forecast("SO-1", 30, {"a": 20})})
        rows = need_rows(made.needs, "A", h(0), timedelta(hours=8), 9)
        assert [(row.need, row.forecast_by) for row in rows] == [("a", None)]

    def test_what_stands_as_overdue_first_is_what_has_been_needed_longest(self) -> None:
        made = indexes(needing(need("a", -9), need("b", -8), need("c", -3)))
        made.needs.trust({"SO-1": forecast("SO-1", 30, {"a": -2, "b": -1})})
        rows = need_rows(made.needs, "A", h(0), timedelta(hours=8), 2)
        assert [row.need for row in rows] == ["c", "a"]

    def test_an_operation_that_is_completed_needs_nothing_more(self) -> None:
        events = [needing(need("a", -1), need("b", 2)), did(COMPLETED, 0)]
        assert standings(*events) == [("b", "done")]

    def test_needs_stand_at_the_line_of_their_operation(self) -> None:
        sawn = order(step("5", 0, 1, "SAW"), step("10", 1, 2), needs=(need("a", 2, "5"),))
        assert standings(plan_event(sawn), area="A") == []
        assert standings(plan_event(sawn), area="B") == [("a", "at_risk")]

    def test_ties_stand_by_order_and_need(self) -> None:
        events = [needing(need("b", 2), need("a", 2), name=name) for name in ("SO-2", "SO-1")]
        made = indexes(*events)
        rows = need_rows(made.needs, "A", h(0), timedelta(hours=8), 9)
        shown = [(row.order, row.need) for row in rows]
        assert shown == [("SO-1", "a"), ("SO-1", "b"), ("SO-2", "a"), ("SO-2", "b")]

    def test_a_touched_order_is_taken_over(self) -> None:
        made = indexes(needing(need("a", 2), need("b", 3)))
        made.board.apply(material("received", "a", 0, quantity=10))
        made.touch(["SO-1"])
        rows = need_rows(made.needs, "A", h(0), timedelta(hours=8), 9)
        assert [(row.need, row.received) for row in rows] == [("b", 0), ("a", 10)]
        made.board.forget_orders(["SO-1"])
        made.touch(["SO-1"])
        assert need_rows(made.needs, "A", h(0), timedelta(hours=8), 9) == ()
