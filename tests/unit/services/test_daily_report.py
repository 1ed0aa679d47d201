"""Gathering a report: as the site was at the shift's end, without what can't be had."""

from datetime import date, timedelta
from types import SimpleNamespace

import pytest

from data.domain.exceptions.search import Found
from data.domain.facts import Facts, LineBottleneck
from data.domain.kpis import Elements
from data.domain.policy import Kind
from data.domain.report import shift_of
from data.domain.scope import Role, Scope
from data.domain.shift_rows import FigureRow, FiguresReport
from data.services.daily_report import DailyReports, ReportViews, own_report
from data.services.errors import Forbidden, Unavailable
from tests.unit.callbacks.desk.places import NOW, live_site, need, order, site
from tests.unit.cases import ordinary

MANAGER = Scope(role=Role.MANAGER, sites=("north",))
TODAY = shift_of(site(), date(2026, 11, 24), "d")
BEFORE = shift_of(site(), date(2026, 11, 23), "d")
UNITS = [
    SimpleNamespace(work_unit=f"U{n}", work_center="CA", share=share)
    for n, share in enumerate((0.1, 0.5, 0.0, 0.2, 0.15))
]


class Views:
    """One live site, also as it was; remembers when."""

    def __init__(self, live):
        self.live, self.asked = live, []

    def now(self, scope, name):
        return self.live

    def at(self, scope, name, at):
        self.asked.append(at)
        return self.live


class Sources:
    """Answers for everything else; fails where it is told to."""

    def __init__(self, *fails):
        self.fails = fails

    def _of(self, name, answer):
        if name in self.fails:
            raise Unavailable(name)
        return answer

    def report(self, scope, view_or_site, *asked):
        if isinstance(view_or_site, str):
            row = FigureRow(key="A", elements=Elements(sq=7))
            found = FiguresReport(rows=(row,), total=row.elements, days=(), derived_at=NOW)
            return self._of("scrap", found)
        return self._of("bottlenecks", SimpleNamespace(units=UNITS))

    def search(self, name, wanted, limit, offset):
        self.wanted = wanted
        return self._of("exceptions", Found(cases=tuple(ordinary()), total=9))

    def top_causes(self, name, orders):
        return self._of("causes", dict.fromkeys(orders, "down"))


def reports(views, sources=None):
    source = sources or Sources()
    return DailyReports(views, source, source, source, source)


def late_site():
    orders = [
        order("late", due=timedelta(hours=-3)),
        order("soon", due=timedelta(hours=20), needs=(need("P-1"),)),
    ]
    return live_site(orders=orders)


def test_a_shift_that_is_over_is_told_as_the_site_was_at_its_end():
    views = Views(live_site())
    found = reports(views).of(MANAGER, "north", BEFORE)
    assert views.asked == [BEFORE.finish]
    assert (found.as_of, found.over) == (BEFORE.finish, True)


def test_a_shift_that_runs_is_told_as_the_site_is():
    views, sources = Views(live_site()), Sources()
    found = reports(views, sources).of(MANAGER, "north", TODAY)
    assert (views.asked, found.as_of, found.over) == ([], NOW, False)
    assert (sources.wanted.since, sources.wanted.until) == (TODAY.start, NOW)


def test_one_that_is_known_to_be_over_needs_no_live_board():
    views = Views(live_site())
    views.now = None
    assert reports(views).of(MANAGER, "north", BEFORE, over=True).over


def test_late_orders_have_their_causes_and_shares_their_order():
    found = reports(Views(late_site())).of(MANAGER, "north", TODAY)
    assert [(one.order, one.top_cause) for one in found.late] == [("late", "down")]
    assert found.late_total == 1
    assert [one.work_unit for one in found.bottlenecks[:3]] == ["U1", "U3", "U4"]
    assert (found.scrap, found.exceptions_total) == (7.0, 9)


def test_material_that_is_not_sure_is_told_once():
    found = reports(Views(late_site())).of(MANAGER, "north", TODAY)
    assert [(one.part, one.order) for one in found.needs] == [("P-1", "soon")]


@pytest.mark.parametrize("part", ["scrap", "bottlenecks", "exceptions", "causes"])
def test_what_can_not_be_had_is_named_and_the_rest_told(part):
    found = reports(Views(late_site()), Sources(part)).of(MANAGER, "north", TODAY)
    assert found.missing == (part,)
    assert [one.order for one in found.late] == ["late"]


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.PURCHASER, Role.SUPPLIER])
def test_who_does_not_see_all_of_a_site_has_no_report_of_it(role):
    scope = Scope(role=role, sites=("north",), party="P2" if role is Role.SUPPLIER else None)
    with pytest.raises(Forbidden):
        reports(Views(live_site())).of(scope, "north", TODAY)


def test_the_past_is_judged_by_what_was_forecast_then_and_the_newest_bottleneck():
    past = live_site()
    known = Facts()
    known.bottlenecks["A"] = fact = LineBottleneck(
        area="A", as_of=NOW, work_unit="U1", since=NOW, today=(), clear=None, reason=None
    )
    views = ReportViews(
        lambda scope, name: past, SimpleNamespace(at=lambda *asked: past), lambda *asked: known
    )
    found = views.at(MANAGER, "north", NOW)
    assert found.facts.bottlenecks == {"A": fact}
    assert found.indexes.book._forecasts is found.facts.forecasts


def test_a_party_s_report_asks_for_disclosed_rows_alone():
    asked = []

    def rows(kind):
        asked.append(kind)
        return [{"need": "n", "need_by": NOW, "reached_at": NOW}]

    found = own_report(site(), NOW, TODAY, rows)
    assert asked == [Kind.NEED, Kind.MILESTONE, Kind.EXCEPTION]
    assert (len(found.needs), len(found.milestones), len(found.exceptions)) == (1, 1, 1)
