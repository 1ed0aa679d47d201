"""The Gantt's drawing, its scale, its card, and the wall's rows of milestones."""

import json
from datetime import timedelta
from itertools import pairwise

import pytest
from msgspec.structs import replace

from data.domain.gantt.card import operation_card
from data.domain.gantt.picture import picture
from data.domain.gantt.records import GanttView, Waits, WaitsFor
from data.domain.gantt.rows import PastPage, order_ids
from layouts.gantt import CRITICAL, DONE, GROUP, LATE, drawing, encoded, ticks
from layouts.grid import Place
from layouts.pages import gantt as page
from layouts.panels import milestones
from layouts.text import LOCALES, translator
from tests.browser.harness import shift, views
from tests.unit.domain.gantt.plants import HOUR, NOW, Plant

T = translator("en")
PLANT = Plant(60, 8, seed=2)
TAIPEI = "Asia/Taipei"
WIDE = Place(prefix="p", width=40.0, height=12.0)


def drawn(**more):
    view = GanttView(start=NOW - 12 * HOUR, finish=NOW + 36 * HOUR, **more)
    ids = order_ids(PLANT.indexes, view, NOW, NOW - 48 * HOUR)
    found = picture(PLANT.indexes, view, NOW, ids, PastPage())
    return found, drawing(found, 1234, TAIPEI, lambda order: f"/orders/{order}", T)


def test_a_drawing_holds_every_mark_of_its_picture_in_whole_seconds_from_the_windows_start():
    found, made = drawn()
    assert len(made.marks) == len(found.marks)
    start = found.view.start.timestamp()
    for mark, said in zip(found.marks, made.marks, strict=True):
        assert said[1] == mark.row
        assert said[2] == pytest.approx(mark.start_s - start, abs=1)
        assert bool(said[4] & LATE) == mark.late
        assert bool(said[4] & CRITICAL) == mark.critical
        assert bool(said[4] & DONE) == mark.done
        if mark.count > 1:
            assert said[4] & GROUP and said[5] == mark.count
        else:
            assert made.refs[said[5]][:2] == (mark.order, mark.operation)


def test_a_drawing_travels_small():
    assert len(encoded(drawn(rows=24)[1])) < 40_000


def test_rows_are_links_and_say_how_they_stand():
    _, made = drawn()
    assert all(row.href == f"/orders/{row.title}" for row in made.rows)
    for row in made.rows:
        standing = PLANT.indexes.book.row(row.title)
        late = standing is not None and standing.slack_s < 0
        assert row.said.endswith("late") == late
    assert made.count == f"1–{len(made.rows)} of {made.total}"


def test_what_is_empty_or_left_out_is_said():
    found, _ = drawn(text="no such order")
    assert "Nothing in this window" in drawing(found, 0, TAIPEI, str, T).note
    found, _ = drawn()
    said = drawing(replace(found, left_out=3, past_missing=True), 0, TAIPEI, str, T).note
    assert said.startswith("3 rows left out") and said.endswith("history can't be reached.")


@pytest.mark.parametrize("hours", [1, 8, 24, 72, 168, 720, 8760])
def test_the_scale_can_be_read_at_every_length(hours):
    found = list(ticks(NOW, NOW + timedelta(hours=hours), 1100, TAIPEI, T))
    assert 2 <= len(found) <= 40
    assert any(tick.major for tick in found)
    minors = [tick.at for tick in found if tick.at >= 0 and not tick.major]
    spans = [b - a for a, b in pairwise(minors)]
    assert all(span * 1100 / (hours * 3600) > 30 for span in spans)


def test_a_day_begins_at_the_sites_midnight():
    majors = [t for t in ticks(NOW, NOW + 48 * HOUR, 1100, TAIPEI, T) if t.major and t.at >= 0]
    first = NOW + timedelta(seconds=majors[0].at)
    assert (first.hour, majors[0].words) == (16, "Wed, Nov 25")


def test_the_card_tells_plan_actual_forecast_and_who_is_waited_for():
    order, forecast = next(iter(PLANT.forecasts.items()))
    one = operation_card(PLANT.indexes, PLANT.forecasts, order, forecast.operations[-1].operation)
    wait = WaitsFor(kind=Waits.MATERIAL, what="PCB", who="Formosa", until=NOW)
    said = str(page.card(replace(one, waits=(wait,)), TAIPEI, NOW, T))
    for words in ("plan", "actual", "forecast", "in 8 of 10 cases", "waits for material: PCB"):
        assert words in said


@pytest.mark.parametrize("locale", LOCALES)
def test_the_page_is_drawn_in_every_language(locale):
    found, made = drawn()
    frame = page.Frame(
        view=found.view, drawing=encoded(made), drawn_ms=1, topics=7,
        areas=[("a", "A"), ("b", "B")], timezone=TAIPEI,
    )  # fmt: skip
    said = str(page.layout(frame, translator(locale)))
    assert translator(locale)("late only") in said
    assert json.loads(frame.drawing)["total"] == found.total


def test_a_wall_row_stands_where_its_plan_work_and_forecast_are():
    cells = milestones.render(views.ordinary(), WIDE, T)
    assert cells["p-0-order"]["t"] == "SO-1168" and cells["p-0"]["c"] == "mp-ms-row mp-is-late"
    now = float(cells["p-now"]["s"]["--x"].rstrip("%"))
    actual = {k: float(v.rstrip("%")) for k, v in cells["p-0-actual"]["s"].items()}
    forecast = {k: float(v.rstrip("%")) for k, v in cells["p-0-forecast"]["s"].items()}
    assert actual["--x"] + actual["--w"] == pytest.approx(now, abs=0.15)
    assert forecast["--x"] == pytest.approx(now, abs=0.15)
    classes = [cells[f"p-0-node-{node}"]["c"] for node in range(4)]
    assert classes[:2] == ["mp-ms-node mp-ms-late", "mp-ms-node mp-ms-reached"]


def test_late_rows_take_turns_when_they_do_not_fit():
    rows = tuple(
        replace(views.ordinary().milestones[0], order=f"L-{number}") for number in range(14)
    )
    small = Place(prefix="p", width=40.0, height=8.0)
    slots, seen = milestones.capacity(small), set()
    for turn in range(4):
        at = shift.NOW + timedelta(seconds=milestones.TURN_S * turn)
        view = replace(views.ordinary(), milestones=rows, now=at)
        cells = milestones.render(view, small, T)
        seen |= {cells[f"p-{number}-order"]["t"] for number in range(slots)} - {""}
        assert milestones.render(view, small, T) == cells
    assert seen == {row.order for row in rows}


def test_the_horizon_moves_once_an_hour():
    view = views.ordinary()
    later = [
        milestones.horizon_of(view.milestones, view.now + timedelta(minutes=m)) for m in (1, 9)
    ]
    assert later[0] == later[1]
