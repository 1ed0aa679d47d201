"""The page on bottlenecks: its address says what it shows, and each number how it came about."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from dash.development.base_component import Component
from msgspec.structs import replace

from callbacks.desk.bottleneck import BottleneckPage, period_of
from callbacks.desk.visit import BadParameter, Visit
from data.domain.bottleneck.chain import BottleneckSegment, SegmentKind
from data.domain.bottleneck.opinions import (
    Method,
    Opinion,
    center_waiting,
    second_opinions,
    waits_reported,
)
from data.domain.bottleneck.queue import CenterQueue
from data.domain.bottleneck.report import (
    BottleneckReport,
    Pieces,
    pieces_of,
    unit_rows,
    window_reports,
)
from data.domain.bottleneck.sensitivity import line_model
from data.domain.bottleneck.timeline import Grain, past_of, windows
from data.domain.events import WorkUnitState as W
from data.domain.line import line_of
from data.domain.scope import factory_scope
from data.domain.site import Area, Calendar, Shift, Site, WorkCenter, WorkUnit
from data.services.errors import Forbidden
from layouts.text import LOCALES, translator
from tests.browser.harness.shift import BOTTLENECK
from tests.unit.stills import nodes

NOW = datetime(2026, 11, 22, 17, tzinfo=UTC)  # the 23rd, 01:00 in Taipei
SITE = Site(
    id="plant", name="Plant", timezone="Asia/Taipei",
    areas=(Area(id="A", calendar="c", name="Line A"), Area(id="B", calendar="c")),
    work_centers=(WorkCenter(id="C1", area="A"), WorkCenter(id="C2", area="A")),
    work_units=(
        WorkUnit(id="U1", work_center="C1"), WorkUnit(id="U2", work_center="C2", name="Tester"),
    ),
    calendars=(Calendar(id="c", shifts=(Shift(name="Day", start="08:00", finish="20:00"),)),),
)  # fmt: skip
LINE = line_of(SITE, "A")
HOUR = 3600.0
SOLE, SHIFTING = SegmentKind.SOLE, SegmentKind.SHIFTING


def made(since: datetime, until: datetime, grain: Grain = Grain.SHIFT) -> BottleneckReport:
    """A report in which U2 holds the line up three hours in four."""
    start, end = since.timestamp(), until.timestamp()
    rows, at = [], start
    while at < end:
        rows.append(BottleneckSegment("U1", SOLE, at, at + HOUR))
        rows.append(BottleneckSegment("U2", SOLE, at + HOUR, at + 4 * HOUR))
        at += 4 * HOUR
    past = past_of(rows, [])
    hours = (end - start) / HOUR
    times = {
        "U1": {W.PROCESSING: 0.7 * hours * HOUR, W.BLOCKED: 0.3 * hours * HOUR},
        "U2": {W.PROCESSING: 0.9 * hours * HOUR, W.STARVED: 0.1 * hours * HOUR},
    }
    good = {"U1": int(70 * hours), "U2": int(70 * hours)}
    model = line_model(LINE.units, times, good, 70.0)
    verdict, waiting = past.verdict(start, end), center_waiting(LINE.units, times)
    return BottleneckReport(
        area="A", since=since, until=until, counted_since=since, grain=grain,
        final_until=until, counted_s=end - start, segments=len(rows),
        pieces=pieces_of(rows[:-1], rows[-1:], (start, end)), off_shift=((start, start + HOUR),),
        windows=window_reports(past, windows(LINE, grain, since, until)), verdict=verdict,
        units=unit_rows(LINE.units, past.shares(start, end).shares, verdict, times,
                        Pieces(since=since, good=good, times=times), model),
        waiting=waiting, opinions=second_opinions(waiting, (), waits_reported(times)),
        model=model, model_since=since, lot=100.0,
        queues=(CenterQueue(work_center="C2", waiting=3, pieces=300, total_s=10800.0,
                            longest_s=7200.0),),
    )  # fmt: skip


class Reports:
    """Makes a report of what it is asked for, and remembers that."""

    def __init__(self, **changes: object) -> None:
        self.asked: list[tuple[object, ...]] = []
        self._changes = changes

    def report(self, scope, view, area, since, until, grain=Grain.SHIFT) -> BottleneckReport:
        self.asked.append((area, since, until, grain))
        return replace(made(since, until, grain), **self._changes)


def visit(locale: str = "en", site: Site = SITE, lag_s: float | None = 1.0, **query: str) -> Visit:
    fact = replace(BOTTLENECK, area="A", work_unit="U2", as_of=NOW - timedelta(minutes=9))
    live: Any = SimpleNamespace(
        site=site.id, board=SimpleNamespace(site=site), now=NOW,
        facts=SimpleNamespace(bottlenecks={"A": fact}),
        readers=lambda: SimpleNamespace(watch_lag_s=lag_s),
    )  # fmt: skip
    return Visit(
        scope=factory_scope(site.id), site=site.id, live=live, at=None, now=NOW,
        timezone=site.timezone, t=translator(locale), theme="light", path="/bottleneck",
        query=query,
    )  # fmt: skip


def texts(tree: Component) -> str:
    """Everything that a page says, in order."""
    parts = [getattr(part, "children", None) for part in (tree, *tree._traverse())]
    parts += [*(part for part in tree._traverse() if isinstance(part, str)), *nodes(tree)]
    return " | ".join(part for part in parts if isinstance(part, str))


def shown(**query: str) -> str:
    return texts(BottleneckPage(Reports()).body(visit(**{"period": "7d", **query})))


def taipei(day: int) -> datetime:
    return datetime(2026, 11, day - 1, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("query", "since", "until"),
    [
        ({}, taipei(23), NOW),
        ({"period": "yesterday"}, taipei(22), taipei(23)),
        ({"period": "7d"}, taipei(17), NOW),
        ({"since": "2026-11-10", "until": "2026-11-11"}, taipei(10), taipei(12)),
        ({"since": "2026-11-20"}, taipei(20), NOW),
        ({"until": "2026-11-11"}, taipei(11), taipei(12)),
    ],
)
def test_a_period_is_of_days_at_the_site_and_ends_now_at_the_latest(query, since, until):
    assert period_of(visit(**query)) == (since, until)


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ({"period": "quarter"}, "period"),
        ({"since": "2026-11-12", "until": "2026-11-11"}, "since"),
        ({"since": "2020-01-01", "until": "2026-11-11"}, "since"),
        ({"since": "soon"}, "since"),
        ({"area": "Z"}, "area"),
        ({"by": "year"}, "by"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(query, name):
    with pytest.raises(BadParameter) as raised:
        BottleneckPage(Reports()).body(visit(**query))
    assert raised.value.name == name


def test_the_first_line_of_today_by_shift_is_shown_unless_asked_otherwise():
    reports = Reports()
    BottleneckPage(reports).body(visit())
    BottleneckPage(reports).body(visit(area="B", period="30d"))
    BottleneckPage(reports).body(visit(period="30d", by="week"))
    assert [(one[0], one[3]) for one in reports.asked] == [
        ("A", Grain.SHIFT), ("B", Grain.DAY), ("A", Grain.WEEK),
    ]  # fmt: skip


def test_the_bottleneck_is_named_with_share_and_interval():
    said = shown()
    assert "U2 74 %" in said  # three hours in four, and one hour more of U1
    assert "Its interval lies above all others." in said


def test_every_number_says_how_it_came_about():
    said = shown()
    assert "share = (alone + shifting) ÷ counted time" in said
    assert "share = time in that state ÷ time on shift" in said
    assert "pieces = capacity × reach" in said
    assert "Operations before C2 that could start and haven't" in said


def test_the_methods_say_whether_they_agree():
    said = shown()
    assert "✓ agrees" in said and "arrow method" in said and "turning point" in said
    other = (Opinion(method=Method.QUEUE, work_centers=("C1",)),)
    page = BottleneckPage(Reports(opinions=other))
    assert "≠ points elsewhere" in texts(page.body(visit(period="7d")))


def test_without_a_model_no_gain_is_claimed():
    body = BottleneckPage(Reports(model=None)).body(visit(period="7d"))
    assert "Too little is known of this period" in texts(body)


def test_what_a_silent_watch_said_is_old():
    body = BottleneckPage(Reports()).body(visit(lag_s=540.0, period="7d"))
    assert "9 min old: the watch is silent" in texts(body)


def test_an_empty_period_says_why_and_offers_a_longer_one():
    body = BottleneckPage(Reports(pieces=())).body(visit(period="yesterday"))
    assert "No work unit was active in this period" in texts(body)
    links = [part.href for part in body._traverse() if getattr(part, "href", None)]
    assert "/bottleneck?period=7d" in links


def test_a_site_without_lines_says_so():
    page, bare = BottleneckPage(Reports()), visit(site=replace(SITE, areas=()))
    assert "This site has no lines yet" in texts(page.body(bare))
    assert page.sheets(bare) == ()


def test_what_may_not_be_seen_is_refused():
    class Refusing(Reports):
        def report(self, *_: object) -> BottleneckReport:
            raise Forbidden("plant")

    with pytest.raises(Forbidden):
        BottleneckPage(Refusing()).body(visit())


@pytest.mark.parametrize("locale", LOCALES)
def test_the_tables_hold_what_the_page_shows(locale):
    units, shares, timeline = BottleneckPage(Reports()).sheets(visit(locale, period="7d"))
    rows = {row["unit"]: row for row in units.rows}
    assert rows["U2"]["share"] == pytest.approx(0.75, abs=0.02)
    assert rows["U2"]["starved"] == pytest.approx(0.1)
    assert {row["unit"] for row in shares.rows} == {"U1", "U2"}
    assert timeline.rows[0]["start"] == taipei(17)
    for sheet in (units, shares, timeline):
        keys = {column.key for column in sheet.columns}
        assert all(set(row) == keys for row in sheet.rows)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_draws_in_every_language_and_theme(locale, theme):
    asked = replace(visit(locale, period="30d", by="day"), theme=theme)
    assert "U2" in texts(BottleneckPage(Reports()).body(asked))


def test_filters_stay_in_the_address():
    body = BottleneckPage(Reports()).body(visit(area="A", period="7d", by="day"))
    links = [part.href for part in body._traverse() if getattr(part, "href", None)]
    assert "/bottleneck?area=B&by=day&period=7d" in links
    assert "/bottleneck?area=A&by=week&period=7d" in links


def axis_of(**query: str) -> list[tuple[str, str]]:
    body = BottleneckPage(Reports()).body(visit(**query))
    axis = next(n for n in nodes(body) if n[0] == "div" and "mp-bt-axis" in n[1].get("class", ""))
    return [(tick[1]["style"]["left"], tick[2][0]) for tick in axis[2]]


def test_days_begin_on_the_timeline_where_they_begin_at_the_site() -> None:
    ticks = axis_of(since="2026-11-21", until="2026-11-22")
    assert ticks[0] == ("0.000%", "Sat, Nov 21")
    assert ("50.000%", "Sun, Nov 22") in ticks
    assert ("25.000%", "12:00") in ticks
