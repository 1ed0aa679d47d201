"""The page of one order: from its lateness to the cause, from the cause to what proves it."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from data.domain.board import Board
from data.domain.events import EventType
from data.domain.ledger.records import Cause, Ledger, Owner, Role
from data.domain.order_account import account_of
from data.domain.order_view import order_view
from layouts.components.causes import owner_words
from layouts.components.order_gantt import MOST_TICKS, ticks
from layouts.components.reading import clocked, lasting, signed
from layouts.components.waterfall import Shown
from layouts.pages.order_sheets import sheets
from layouts.text import LOCALES, translator
from tests.unit.domain.order_records import FIRST_PLAN, NOW, ORDER, at, board_of, tell
from tests.unit.layouts.orders import (
    NEW,
    OLD,
    PROOFS,
    done_view,
    drawn,
    hrefs,
    open_view,
    parts,
    past,
    reading,
    walk,
    words,
)


def step_of(cause):
    return next(s.number for s in past().account.steps if s.step.cause is cause)


def test_the_head_says_what_for_whom_and_how_it_stands():
    said = words(parts(drawn(open_view(), past()), "mp-order-head")[0])
    assert "SO-1" in said
    assert "Valve · 100 pieces · Acme Valves" in said
    assert "Line 1" in said
    assert "stopped" in said or "late" in said


def test_the_lateness_stands_with_its_shape_and_how_it_is_reckoned():
    said = words(drawn(open_view(), past()))
    assert "5 h late" in said
    assert "Mon, Nov 23 19:00 − Mon, Nov 23 14:00 = +5 h" in said


def test_the_worst_causes_are_named_at_the_head_as_links_to_their_steps():
    why = parts(drawn(open_view(), past()), "mp-order-why")[0]
    assert "/orders/SO-1?cause=contention&site=works" in hrefs(why)


def test_the_sum_of_the_steps_is_said_beside_the_lateness():
    assert "Sum of 7 steps +5 h = lateness +5 h" in words(drawn(open_view(), past()))


def test_each_cause_links_to_its_steps_and_back():
    tree = drawn(open_view(), past())
    assert "/orders/SO-1?cause=down&site=works" in hrefs(tree)
    chosen = drawn(open_view(), past(), Shown(cause=Cause.DOWN))
    steps = parts(chosen, "mp-wf-step")
    assert len(steps) == 1
    assert "work unit down" in words(steps[0])


def test_an_operation_shows_its_own_steps_alone():
    steps = parts(drawn(open_view(), past(), Shown(operation="10")), "mp-wf-step")
    assert len(steps) == 1
    assert "10 · M1" in words(steps[0])


def test_what_is_to_come_and_slack_are_drawn_unlike_the_causes():
    tree = drawn(open_view(), past())
    assert len(parts(tree, "mp-wf-apart-fill")) == 2
    assert "In the sum, but no cause" in words(tree)


def test_an_open_step_shows_what_proves_it_and_who_held_the_work_unit():
    shown = Shown(step=step_of(Cause.CONTENTION))
    tree = drawn(open_view(), past(events=PROOFS, proofs=2), shown)
    (opened,) = parts(tree, "mp-step")
    assert "operation completed" in words(opened)
    assert "2 h − 0 s = +2 h" in words(opened)
    assert "/orders/SO-9?site=works" in hrefs(opened)
    assert "floor" in words(opened)
    assert '"good": 7' in words(parts(opened, "mp-raw")[1])


def test_a_step_is_a_link_that_closes_it_again():
    shown = Shown(step=step_of(Cause.DOWN))
    tree = drawn(open_view(), past(), shown)
    current = [a for a in walk(tree) if getattr(a, "aria-current", None) == "true"]
    assert [a.href for a in current if "mp-wf-step" in a.className] == ["/orders/SO-1?site=works"]


def test_a_step_without_events_says_why_there_are_none():
    shown = Shown(step=step_of(Cause.TO_COME))
    assert "No event proves this step" in words(drawn(open_view(), past(), shown))


def test_events_that_cant_be_reached_are_said_to_be_so():
    shown = Shown(step=step_of(Cause.DOWN))
    assert "can't be reached now" in words(drawn(open_view(), past(events=None), shown))


def test_more_events_than_are_shown_are_counted():
    shown = Shown(step=step_of(Cause.DOWN))
    tree = drawn(open_view(), past(events=PROOFS, proofs=900), shown)
    assert "The first 2 of 900 events" in words(tree)


def test_without_the_history_the_rest_still_shows_and_the_ledger_says_why_not():
    tree = drawn(open_view(), past(account=None, versions=()))
    assert "The history can't be reached" in words(tree)
    assert len(parts(tree, "mp-og-row")) == 4


def test_a_rescheduled_order_says_so_and_shows_the_old_plan_against_the_new():
    view = open_view(against=FIRST_PLAN)
    tree = drawn(view, past(versions=(OLD, NEW), against=OLD))
    assert "rescheduled once" in words(tree)
    assert len(parts(tree, "mp-og-before")) == len(ORDER.operations) + 1  # and the legend's
    assert "finish of Pack: Mon, Nov 23 12:00 → Mon, Nov 23 13:00 (+1 h)" in words(tree)
    assert "due date: Mon, Nov 23 13:00 → Mon, Nov 23 14:00 (+1 h)" in words(tree)


def test_an_order_that_was_planned_once_shows_nothing_to_compare():
    tree = drawn(open_view(), past())
    assert "rescheduled" not in words(tree)
    assert parts(tree, "mp-og-before") == []


def test_red_begins_where_an_operation_passes_its_planned_finish():
    tree = drawn(open_view(), past())
    ten = parts(tree, "mp-og-row")[0]
    within, late = parts(ten, "mp-og-actual")
    assert "mp-late" not in within.className
    assert "mp-late" in late.className
    assert "after its planned finish" in late.title


def test_milestones_are_hollow_where_promised_and_filled_where_reached():
    tree = drawn(done_view(), past())
    rows = parts(tree, "mp-og-row")
    assert len(parts(rows[1], "mp-og-hollow")) == 1
    (filled,) = parts(rows[1], "mp-og-filled")
    assert "Milled reached" in filled.title


def test_the_forecast_has_a_whisker_to_p80_and_a_completed_order_has_none():
    assert len(parts(drawn(open_view(), past()), "mp-og-whisker")) > 1
    rows = [row for row in parts(drawn(done_view(), past()), "mp-og-row")]
    assert not any(parts(row, "mp-og-whisker") for row in rows)


def test_the_critical_chain_is_marked_by_a_sign_that_has_a_name():
    rows = parts(drawn(open_view(), past()), "mp-og-row")
    marked = [bool(parts(row, "mp-og-critical")) for row in rows]
    assert marked == [True, True, False, True]
    assert getattr(parts(rows[0], "mp-og-critical")[0], "aria-label") == "on the critical chain"


def test_an_order_of_which_nothing_was_heard_says_so():
    view = order_view(ORDER, board_of(()), NOW)
    assert "Nothing has been reported of this order yet." in words(drawn(view, past()))


def test_an_order_without_operations_has_nothing_to_draw_and_says_why():
    view = order_view(replace(ORDER, operations=(), milestones=(), needs=()), board_of(()), NOW)
    said = words(drawn(view, past(account=None)))
    assert "can't be followed or forecast" in said
    assert "This order needs no material" in said


def test_an_account_without_steps_is_an_empty_state():
    nothing = Ledger(order="SO-1", origin=NOW, end=NOW, due_at=NOW, completed=False, steps=())
    assert "Nothing to account for yet" in words(
        drawn(open_view(), past(account=account_of(nothing)))
    )


def test_a_cancelled_order_says_so():
    view = order_view(replace(ORDER, cancelled=True), board_of(), NOW)
    assert "cancelled" in words(parts(drawn(view, past()), "mp-order-head")[0])


def test_material_shows_how_its_date_drifts():
    said = words(drawn(open_view(), past()))
    assert "BX-7  Box" in said
    assert "Bolt & Nut" in said
    assert "+6 h" in said


@pytest.mark.parametrize("locale", LOCALES)
def test_every_state_can_be_said_in_every_language(locale):
    for view in (open_view(), done_view(), order_view(ORDER, board_of(()), NOW)):
        for number in range(1, len(past().account.steps) + 1):
            drawn(view, past(events=PROOFS, proofs=2), Shown(step=number), locale)


def test_an_early_order_is_not_painted_red():
    view = order_view(replace(ORDER, due_at=at(20)), board_of(), NOW)
    early = replace(past().account, lateness_s=-7200)
    tree = drawn(view, past(account=early))
    assert "mp-order-late" not in tree.className
    assert parts(tree, "mp-order-why") == []


def test_the_sheets_hold_what_the_page_shows():
    tables = {s.name: s for s in sheets(open_view(), past(events=PROOFS), translator("en"))}
    assert list(tables) == ["Operations", "Milestones", "Steps", "Material", "Events"]
    assert sum(row["adds"] for row in tables["Steps"].rows) == 5 * 3600
    assert tables["Operations"].rows[0]["finished"] == at(3)
    assert tables["Material"].rows[0]["drift"] == 6 * 3600
    for sheet in tables.values():
        assert all({c.key for c in sheet.columns} == set(row) for row in sheet.rows)


def test_the_sheets_of_an_order_without_a_history_lack_its_steps_alone():
    tables = sheets(open_view(), past(account=None, events=None), translator("en"))
    assert [bool(table.rows) for table in tables] == [True, True, False, True, False]


@pytest.mark.parametrize("hours", [0.5, 5, 30, 200, 2000, 20000])
def test_the_axis_has_few_ticks_at_round_instants(hours):
    window = (at(0.3), at(0.3) + timedelta(hours=hours))
    found = ticks(window, "Asia/Taipei")
    assert len(found) <= MOST_TICKS
    assert all(window[0] <= tick < window[1] and tick.minute == 0 for tick in found)
    assert hours < 5 or len(found) >= 3


@pytest.mark.parametrize(
    ("seconds", "said", "clock"),
    [(0, "0 s", "0:00:00"), (59, "59 s", "0:00:59"), (7200, "2 h", "2:00:00"),
     (-3661, "1 h 1 min 1 s", "1:01:01"), (93784, "1 d 2 h 3 min 4 s", "26:03:04")],
)  # fmt: skip
def test_lengths_are_said_to_the_second(seconds, said, clock):
    t = translator("en")
    assert lasting(seconds, t) == said
    assert clocked(seconds) == clock
    assert signed(seconds, t) == {-1: "−", 0: "", 1: "+"}[(seconds > 0) - (seconds < 0)] + said


def test_an_instant_of_another_year_says_its_year():
    assert "2024" in reading().said(datetime(2024, 1, 5, tzinfo=UTC))
    assert "2026" not in reading().said(NOW)


def test_an_event_says_what_it_tells():
    told = tell(EventType.MATERIAL_PROMISED, "need/SO-1/n1", 1, promised_at=at(12))
    tree = drawn(open_view(), past(events=(told,), proofs=1), Shown(step=step_of(Cause.DOWN)))
    assert "for Mon, Nov 23 18:00" in words(tree)


def test_an_unknown_board_still_draws_the_plan():
    view = order_view(ORDER, Board("works"), NOW)
    assert view.area == "L1"
    assert len(parts(drawn(view, past()), "mp-og-row")) == 4


def test_who_answers_for_a_step_is_called_by_name() -> None:
    supplier = Owner(Role.SUPPLIER, "bolt")
    assert owner_words(supplier, translator("en"), {"bolt": "Bolt & Nut"}) == "Bolt & Nut"
    assert owner_words(supplier, translator("en"), {}) == "bolt"
    assert owner_words(Owner(Role.PLANNING), translator("en"), {}) == "planning"
