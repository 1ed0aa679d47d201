"""The page on delays: every number adds up, every line filters, every order opens."""

from datetime import date, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from dash import html
from msgspec.structs import replace

from data.domain.delay_cells import zone_of
from data.domain.delays import DIMENSIONS, DelayBar, DelayDay, DelayFilter, FeverPoint
from data.domain.ledger.records import Cause
from layouts.components import day_columns, fever
from layouts.components.delay_words import Names, brief_moment, hours, percent
from layouts.components.pareto import SHOWN, pareto_of
from layouts.pages import delay_sheets, delays
from layouts.pages.delays import Shown, period_before
from layouts.text import LOCALES, translator
from layouts.urls import Address
from tests.unit.layouts.reports import FEVER, HOUR_S, NOW, SITE, TODAY, many, ordinary, report_of

EN = translator("en")
WANTED = DelayFilter(since=TODAY - timedelta(days=29), until=TODAY)


def shown(made=None, before=None, fever=FEVER, **filters):
    wanted = DelayFilter(since=WANTED.since, until=WANTED.until, **filters)
    report = report_of(ordinary() if made is None else made, wanted, fever=fever)
    every = report_of(ordinary() if made is None else made, WANTED)
    return Shown(
        wanted=wanted, period="30d", report=report, bars=every.bars, before=before, page=1,
        pages=1, site=SITE, now=NOW,
    )  # fmt: skip


def drawn(what=None, locale="en", **query):
    """Draw the page, and once more below it what of it is sent as one value."""
    here, what, t = Address(path="/delays", query=query), what or shown(**query), translator(locale)
    below = delays.sections(what, Names(SITE, t), here.href)
    return html.Div([delays.layout(what, here.href, t), *below])


def parts(tree, css):
    return [p for p in (tree, *tree._traverse()) if css in classes(p)]


def classes(part):
    return (getattr(part, "className", None) or "").split()


def words(tree):
    if isinstance(tree, str | int):
        return str(tree)
    if isinstance(tree, list | tuple):
        return " ".join(words(one) for one in tree)
    return words(getattr(tree, "children", None) or "")


def query_of(href):
    return {name: value[0] for name, value in parse_qs(urlsplit(href).query).items()}


def bar(key, late_h, orders=1):
    return DelayBar(key=key, late_s=late_h * HOUR_S, orders=orders)


# Pareto


def test_a_pareto_puts_the_most_hours_first_and_adds_its_shares_up_to_all():
    of = pareto_of("product", [bar("b", 3), bar("a", 6), bar("c", 1)])
    assert [line.bar.key for line in of.lines] == ["a", "b", "c"]
    assert [round(line.share, 9) for line in of.lines] == [0.6, 0.3, 0.1]
    assert [round(line.together, 9) for line in of.lines] == [0.6, 0.9, 1.0]


def test_the_few_that_matter_are_those_up_to_four_fifths():
    of = pareto_of("product", [bar("a", 6), bar("b", 2), bar("c", 1), bar("d", 1)])
    assert [line.vital for line in of.lines] == [True, True, False, False]


def test_time_that_was_made_up_stands_apart_and_the_sum_is_of_both():
    of = pareto_of("cause", [bar("down", 5), bar("running", -2), bar("slack", -1)])
    assert [line.bar.key for line in of.lines] == ["down"]
    assert [one.key for one in of.made_up] == ["running", "slack"]
    assert of.added_s + of.made_up_s == 2 * HOUR_S


def test_nothing_is_neither_added_nor_made_up():
    of = pareto_of("cause", [bar("down", 0)])
    assert (of.lines, of.made_up, of.added_s) == ((), (), 0)


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_every_list_adds_up_to_the_late_hours(dimension):
    report = report_of(many(), WANTED)
    of = pareto_of(dimension, report.bars[dimension])
    assert of.added_s + of.made_up_s == pytest.approx(report.late_s)


def test_each_line_is_a_link_that_sets_its_filter_and_begins_at_the_first_page():
    tree = drawn(shown(), page="3", product="pump")
    hrefs = [query_of(line.href) for line in parts(tree, "mp-pareto-line")]
    assert {"product": "pump", "cause": "material_missing"} in hrefs
    assert all("page" not in query for query in hrefs)


def test_the_line_that_is_chosen_is_marked_and_its_link_takes_the_filter_away():
    tree = drawn(cause="contention")
    chosen = [p for p in parts(tree, "mp-pareto-line") if getattr(p, "aria-current", "") == "true"]
    assert [query_of(line.href) for line in chosen] == [{}]
    assert "work unit busy" in words(chosen[0])


def test_the_other_lines_of_a_chosen_dimension_stay_to_be_chosen():
    causes = {query_of(line.href).get("cause") for line in parts(drawn(cause="contention"),
              "mp-pareto-line")}  # fmt: skip
    assert {"material_missing", "down"} <= causes


def test_steps_nobody_outside_answers_for_can_be_chosen_too():
    assert any(query_of(line.href).get("party") == "-" for line in parts(drawn(),
               "mp-pareto-line"))  # fmt: skip


def test_many_lines_fold_behind_the_first_and_open_when_one_of_them_is_chosen():
    tree = drawn(shown(many()))
    assert f"{10 - SHOWN} others" in words(parts(tree, "mp-pareto-others")[0])
    assert parts(tree, "mp-pareto-others")[0].open is None
    last = pareto_of("cause", shown(many()).bars["cause"]).lines[-1].bar.key
    opened = drawn(shown(many(), cause=last), cause=last)
    assert parts(opened, "mp-pareto-others")[0].open is True


def test_a_fold_of_a_single_line_is_not_made():
    bars = {"product": [bar(f"p{i}", 10 - i) for i in range(SHOWN + 1)]}
    tree = drawn(replace(shown(), bars=bars))
    assert "others" not in words(parts(tree, "mp-paretos")[0])


def test_a_cause_names_who_answers_for_it():
    assert Names(SITE, EN).note("cause", "down") == "upkeep"


def test_work_centers_that_share_a_name_are_told_apart_by_their_line():
    names = Names(SITE, EN)
    assert names.said("work_center", "CA") == "Assembly · Line A"
    assert names.said("work_center", "CB") == "Assembly · B"
    assert names.said("work_center", "PAINT") == "Painting"


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("cause", Cause)
def test_every_cause_has_a_name_a_meaning_and_an_owner(cause, locale):
    names = Names(SITE, translator(locale))
    said = (names.of("cause", cause), names.meaning("cause", cause), names.note("cause", cause))
    assert all(said)


def test_a_cause_of_another_version_is_shown_by_its_key():
    names = Names(SITE, EN)
    assert (names.of("cause", "weather"), names.note("cause", "weather")) == ("weather", "")


# Days


def test_every_day_of_a_period_has_a_column_whether_anything_happened_or_not():
    day = DelayDay(day=TODAY, late_s=HOUR_S, completed=4, on_time=3)
    spans = day_columns.spans_of([day], TODAY - timedelta(days=6), TODAY)
    assert len(spans) == 7
    assert [span.rate for span in spans] == [None] * 6 + [0.75]


def test_a_long_period_has_columns_of_weeks_that_lose_no_day():
    since = date(2026, 1, 1)
    every = [
        DelayDay(day=since + timedelta(days=i), late_s=i, completed=2, on_time=1)
        for i in range(100)
    ]
    spans = day_columns.spans_of(every, since, since + timedelta(days=99))
    assert len(spans) == 15
    assert sum(span.late_s for span in spans) == sum(range(100))
    assert sum(span.completed for span in spans) == 200
    assert (spans[0].since, spans[-1].until) == (since, since + timedelta(days=99))


def test_a_column_narrows_the_period_to_its_day_and_keeps_the_filters():
    columns = parts(drawn(shown(), period="7d", product="pump"), "mp-days-column")
    wanted = {"from": "2026-11-24", "to": "2026-11-24", "product": "pump"}
    assert query_of(columns[-1].href) == wanted
    assert all(column.tabIndex == -1 for column in columns)


def test_the_table_of_days_holds_the_same_links_for_the_keyboard():
    table = parts(drawn(), "mp-days-table")[0]
    links = [query_of(p.href) for p in parts(table, "mp-row-link")]
    assert {"from": "2026-11-24", "to": "2026-11-24"} in links


@pytest.mark.parametrize(
    ("most", "top"), [(0, 1), (0.03, 0.05), (1, 1), (1.1, 2), (4.9, 5), (73, 100), (101, 200)]
)
def test_a_scale_ends_at_a_round_number_that_is_not_less(most, top):
    assert day_columns.nice(most) == pytest.approx(top)


# Buffers


@pytest.mark.parametrize("done", [0.0, 0.3, 1.0])
def test_the_zones_are_drawn_where_the_domain_has_them(done):
    for zone, worse in (("green", "yellow"), ("yellow", "red")):
        edge = fever.border(zone, done)
        assert zone_of(done, edge - 0.001) == zone
        assert zone_of(done, edge + 0.001) == worse


def test_a_dot_has_the_shape_of_its_zone_and_opens_its_order():
    dots = parts(drawn(), "mp-fever-dot")
    assert {urlsplit(dot.href).path for dot in dots} == {f"/orders/SO-{i}" for i in range(6, 10)}
    by_order = {urlsplit(dot.href).path[-4:]: classes(dot) for dot in dots}
    assert "mp-is-late" in by_order["SO-9"]
    assert "mp-is-at-risk" in by_order["SO-7"]
    assert "mp-is-on-track" in by_order["SO-6"]


def test_a_dot_beyond_the_chart_stands_at_its_edge_and_says_how_far_it_is():
    dot = next(d for d in parts(drawn(), "mp-fever-dot") if "SO-9" in d.href)
    assert dot.style["top"] == "0.00%"
    assert "SO-9 ↑320 %" in words(dot)


def test_the_list_beside_the_chart_says_zone_and_shares_in_words():
    said = words(parts(drawn(), "mp-fever-item")[0])
    assert said == (
        " SO-9 red: act now 320 % of the buffer used 10 % of the critical chain done"
    )  # fmt: skip


def test_labels_of_dots_that_lie_close_are_left_out():
    close = [
        FeverPoint(order=f"O{i}", done=0.5, used=0.9 - i / 1000, zone="red", late_s=0)
        for i in range(9)
    ]
    assert fever.labelled(close, 1.2) == ("O0",)


def test_the_chart_is_no_higher_than_twice_the_buffer():
    assert fever.top_of(FEVER) == 2.0
    assert fever.top_of(FEVER[3:]) == 1.2
    assert fever.top_of(()) == 1.2


# Key figures, the list, filters


def test_key_figures_say_what_they_are_made_of():
    said = words(parts(drawn(), "mp-stats")[0])
    assert "Completed on time 40 % 2 of 5 completed orders" in said
    assert "Late orders" in said and "1 of them still open" in said
    assert "Late hours 46 h 12 h for each late order" in said
    assert "In the red zone" in said and "of 4 open orders" in said


def test_key_figures_stand_beside_those_of_the_days_before_where_these_are_known():
    before = report_of(ordinary()[:4], WANTED)
    said = words(parts(drawn(shown(before=before)), "mp-stats")[0])
    assert "0 % in the 30 days before" in said
    assert "days before" not in words(parts(drawn(), "mp-stats")[0])


def test_the_list_has_the_latest_first_and_links_order_and_proof():
    table = parts(drawn(), "mp-delayed")[0]
    opened = [urlsplit(p.href).path for p in parts(table, "mp-row-link")]
    assert opened == ["/orders/SO-4", "/orders/SO-1", "/orders/SO-2", "/orders/SO-3"]
    proof = parts(table, "mp-proof")[0]
    assert (urlsplit(proof.href).path, query_of(proof.href)) == (
        "/orders/SO-4",
        {"cause": "material_missing"},
    )


def test_a_forecast_is_told_from_a_completion():
    table = parts(drawn(), "mp-delayed")[0]
    assert len(parts(table, "mp-forecast")) == 1


def test_filters_that_are_set_are_named_and_each_can_be_taken_away():
    tree = drawn(cause="contention", work_center="PAINT")
    removable = {words(p): query_of(p.href) for p in parts(tree, "mp-set")}
    assert removable == {
        "Cause: work unit busy ×": {"work_center": "PAINT"},
        "Work center: Painting ×": {"cause": "contention"},
    }


def test_a_name_that_needs_quoting_stays_one_filter():
    made = ordinary()
    made[0].delay = replace(made[0].delay, product="a&b=c / ü")
    hrefs = [query_of(line.href) for line in parts(drawn(shown(made)), "mp-pareto-line")]
    assert {"product": "a&b=c / ü"} in hrefs


def test_the_period_that_is_shown_is_marked():
    chosen = [p for p in parts(drawn(), "mp-chip-link") if getattr(p, "aria-current", "")]
    assert [words(p) for p in chosen] == ["30 days"]


def test_every_section_says_how_it_is_counted():
    assert len(parts(drawn(), "mp-counted-so")) == 3


def test_when_nothing_was_completed_the_page_says_so_and_shows_a_longer_period():
    tree = drawn(shown([]))
    assert "No order was completed from" in words(tree)
    assert {"period": "90d"} in [query_of(p.href) for p in parts(tree, "mp-button")]
    assert not parts(tree, "mp-stats") and parts(tree, "mp-fever")


def test_filters_that_leave_nothing_offer_to_be_removed():
    tree = drawn(shown([], product="pump"), product="pump", period="7d")
    assert [query_of(p.href) for p in parts(tree, "mp-button")] == [{"period": "7d"}]


def test_without_any_account_the_page_says_where_they_come_from():
    report = report_of([], WANTED, fever=(), derived_at=None)
    assert "There are no accounts yet" in words(drawn(replace(shown([]), report=report)))


def test_while_the_first_accounts_are_made_the_page_says_so_and_how_many_are_to_do():
    report = report_of([], WANTED, fever=(), derived_at=None)
    text = words(drawn(replace(shown([]), report=report, missing=299)))
    assert "The accounts are being made" in text
    assert "299 orders are to do" in text
    assert "There are no accounts yet" not in text


def test_while_some_accounts_are_missing_no_figure_is_shown_as_if_it_were_whole():
    report = report_of(ordinary(), WANTED, fever=())
    text = words(drawn(replace(shown(ordinary()), report=report, missing=120)))
    assert "accounts of 120 orders are still being made" in text
    assert "accounts of open orders are being made" in text
    assert "of 0 open orders" not in text


def test_when_all_accounts_are_made_and_no_order_is_open_that_is_said():
    report = report_of(ordinary(), WANTED, fever=())
    text = words(drawn(replace(shown(ordinary()), report=report)))
    assert "no released order is open" in text
    assert "being made" not in text


def test_when_every_order_was_on_time_no_list_of_nothing_is_drawn():
    tree = drawn(shown(ordinary()[4:]))
    assert "No order is late" in words(tree)
    assert not parts(tree, "mp-paretos") and not parts(tree, "mp-delayed")


def test_accounts_of_a_watch_that_is_away_are_marked_as_old():
    assert parts(drawn(replace(shown(), stale=True)), "mp-stale")
    assert not parts(drawn(), "mp-stale")


@pytest.mark.parametrize("locale", LOCALES)
def test_the_page_is_drawn_in_every_language(locale):
    assert parts(drawn(locale=locale), "mp-paretos")


def test_what_the_browser_has_to_keep_as_components_stays_little():
    page = delays.layout(shown(many()), Address(path="/delays", query={}).href, EN)
    assert sum(not isinstance(part, str) for part in page._traverse()) < 60


# Words


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 h"), (30, "1 min"), (300, "5 min"), (1800, "0.5 h"), (-7200, "−2.0 h"),
     (36_000, "10 h"), (5_400_000, "1,500 h")],
)  # fmt: skip
def test_hours_are_one_unit_whatever_their_size(seconds, said):
    assert hours(seconds, EN) == said


def test_a_share_has_its_sign_and_none_has_none():
    assert (percent(0.5, EN), percent(None, EN)) == ("50 %", "–")


@pytest.mark.parametrize(
    ("days", "said"), [(0, "11:42"), (-2, "Nov 22 11:42"), (2, "Thu 11:42"), (-400, "Oct 20, 2025")]
)
def test_moments_in_columns_are_as_short_as_they_can_be(days, said):
    assert brief_moment(NOW + timedelta(days=days), "Asia/Taipei", NOW, EN) == said


def test_the_period_before_is_as_long_and_ends_the_day_before():
    assert period_before(date(2026, 11, 1), date(2026, 11, 24)) == (
        date(2026, 10, 8),
        date(2026, 10, 31),
    )


# Tables


def test_the_sheets_are_the_orders_a_pareto_each_the_days_and_the_buffers():
    made = delay_sheets.sheets(report_of(ordinary(), WANTED), SITE, EN)
    assert [sheet.name for sheet in made] == [
        "Late orders", "By cause", "By work center", "By supplier", "By product", "By customer",
        "Day by day", "Buffers of open orders",
    ]  # fmt: skip
    for sheet in made:
        keys = {column.key for column in sheet.columns}
        assert sheet.rows and all(row.keys() <= keys for row in sheet.rows)


def test_the_hours_of_a_pareto_sheet_add_up_to_the_late_hours():
    report = report_of(ordinary(), WANTED)
    for sheet in delay_sheets.sheets(report, SITE, EN)[1:6]:
        assert sum(row["late"] for row in sheet.rows) == pytest.approx(report.late_s)
