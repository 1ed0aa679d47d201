"""The Gantt's page: what an address means, what a script's wish may and may not do."""

import json
from datetime import UTC, datetime, timedelta

import dash
import pytest

from callbacks.desk.gantt import GanttPage, view_of
from callbacks.desk.visit import BadParameter, Visit
from data.domain.gantt.records import GanttView, Grouping, Sorting
from data.domain.gantt.rows import PastPage, order_ids
from data.domain.scope import factory_scope
from data.services.errors import Forbidden, Unavailable
from data.services.gantt import Gantts
from layouts.text import translator
from tests.unit.domain.gantt.plants import HOUR, NOW, Plant

PLANT = Plant(40, 6, seed=4)


class Live:
    site, board, indexes, facts, now = "plant", PLANT.board, PLANT.indexes, PLANT, NOW

    def renew(self):
        pass


class Past:
    def __init__(self, missing=False):
        self.asked, self.missing = [], missing

    def completed(self, site, view, before, limit, offset):
        self.asked.append((before, limit, offset))
        if self.missing:
            raise Unavailable("away")
        return PastPage()

    def order(self, site, order):
        return None

    def plan_versions(self, scope, site, order_id):
        raise Forbidden(order_id)


def visit(scope=None, **query):
    return Visit(
        scope=scope or factory_scope("plant"), site="plant", live=Live(), at=None, now=NOW,
        timezone="Asia/Taipei", t=translator("en"), theme="light", path="/gantt", query=query,
    )  # fmt: skip


def page(past=None, scope=None):
    def visits(_, given):
        return visit(scope, **{name: value[0] for name, value in given.items()})

    past = past or Past()
    return GanttPage(Gantts(past, past), visits)


def test_an_address_without_a_window_looks_half_a_day_back_and_a_day_and_a_half_ahead():
    view = view_of(visit())
    assert view.finish - view.start == timedelta(hours=48)
    assert view.start <= NOW - 12 * HOUR < view.start + HOUR


def test_everything_in_the_address_is_in_the_view():
    view = view_of(visit(
        **{"from": "2026-11-24T08:00", "to": "2026-11-25T00:00Z", "by": "unit", "sort": "due",
           "late": "1", "q": " MC ", "order": "SO-1", "rows": "40", "chain": "1"}
    ))  # fmt: skip
    assert view.start == datetime(2026, 11, 24, 0, tzinfo=UTC)
    assert view.finish == datetime(2026, 11, 25, 0, tzinfo=UTC)
    assert (view.by, view.sort, view.first) == (Grouping.UNIT, Sorting.DUE, 40)
    assert view.late_only and view.chain_only and (view.text, view.order) == ("MC", "SO-1")


@pytest.mark.parametrize(
    ("name", "value"),
    [("from", "yesterday"), ("to", "never"), ("by", "colour"), ("rows", "-1"), ("area", "x"),
     ("late", "yes")],
)  # fmt: skip
def test_a_bad_parameter_is_named(name, value):
    with pytest.raises(BadParameter) as caught:
        view_of(visit(**{name: value}))
    assert caught.value.name == name


def test_a_wish_is_answered_with_a_drawing_of_its_window():
    wish = {"search": "?by=center&from=2026-11-24T00:00Z&to=2026-11-24T06:00Z"}
    made = json.loads(page().draw(wish, {"width": 900, "rows": 5}))
    assert made["wanted"] == 6 * 3600 and len(made["rows"]) == 5


@pytest.mark.parametrize(
    "wish", [None, 3, {}, {"search": 5}, {"search": "?" + "x" * 9000}, {"search": "?by=colour"}]
)
def test_a_wish_that_is_none_changes_nothing(wish):
    assert page().draw(wish, {"width": "wide"}) is dash.no_update
    assert page().card(wish) is dash.no_update or isinstance(wish, dict)


def test_who_may_not_see_the_site_gets_nothing():
    stranger = page(scope=factory_scope("other"))
    assert stranger.draw({"search": ""}, None) is dash.no_update
    with pytest.raises(Forbidden):
        stranger.body(visit(factory_scope("other")))
    order = next(iter(PLANT.forecasts))
    assert stranger.card({"search": "", "order": order, "operation": "00"}) == []


def test_the_past_is_asked_only_when_the_window_reaches_there_and_for_no_more_than_the_rows():
    past = Past()
    page(past).draw({"search": ""}, {"rows": 10})
    assert past.asked == []
    page(past).draw({"search": "?from=2026-10-01T00:00Z&to=2026-12-31T00:00Z"}, {"rows": 60})
    view = GanttView(start=NOW - timedelta(days=54), finish=NOW + timedelta(days=37))
    known = len(order_ids(PLANT.indexes, view, NOW, NOW - timedelta(days=2)))
    assert past.asked == [(NOW - timedelta(days=2), 60 - known, 0)]


def test_with_the_past_out_of_reach_the_board_is_shown_and_it_is_said():
    wish = {"search": "?from=2026-10-01T00:00Z&to=2026-12-31T00:00Z"}
    made = json.loads(page(Past(missing=True)).draw(wish, {"rows": 10}))
    assert made["rows"] and "history can't be reached" in made["note"]


def test_the_card_of_an_operation_is_drawn():
    order, forecast = next(iter(PLANT.forecasts.items()))
    pointed = {"search": "", "order": order, "operation": forecast.operations[0].operation}
    assert "in 8 of 10 cases" in str(page().card(pointed))


def test_the_skeleton_holds_every_element_that_a_callback_names():
    said = str(page().skeleton())
    for name in ("gantt-live", "gantt-size", "gantt-hover", "gantt-card", "gantt-drawing"):
        assert name in said
