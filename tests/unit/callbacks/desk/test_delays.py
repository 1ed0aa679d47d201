"""What an address asks of the page on delays, and what the page asks of its service."""

import json
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from plotly.utils import PlotlyJSONEncoder

from callbacks.desk.delays import ROWS, DelaysPage, period_of, wanted_of
from callbacks.desk.visit import BadParameter, Visit
from data.domain.delays import DelayFilter
from data.domain.scope import factory_scope
from data.domain.topics import HISTORY
from data.domain.view import Readers
from data.services.errors import Forbidden, Unavailable
from layouts.text import translator
from tests.unit.callbacks.desk.places import hrefs, shell, texts
from tests.unit.layouts.reports import NOW, SITE, TODAY, Made, MadeUp, many, ordinary

READERS = Readers(
    log_connected=True, event_age_s=0.2, history_lag_s=0.1, history_stale=False, watch_stale=False
)


def visit(now: datetime = NOW, at: datetime | None = None, sees: str = "north", **query: str):
    live: Any = SimpleNamespace(board=SimpleNamespace(site=SITE), readers=lambda: READERS)
    query = {name.rstrip("_"): value for name, value in query.items()}
    return Visit(
        scope=factory_scope(sees), site="north", live=live, at=at, now=now,
        timezone=SITE.timezone, t=translator("en"), theme="light", path="/delays", query=query,
    )  # fmt: skip


def sent(body: Any) -> str:
    return json.dumps(body, cls=PlotlyJSONEncoder)


def days(**query: str) -> tuple[date, date]:
    wanted = wanted_of(visit(**query))
    return wanted.since, wanted.until


def test_without_parameters_the_last_thirty_days_count_by_the_sites_own_calendar():
    late_in_utc = datetime(2026, 11, 22, 17, tzinfo=UTC)  # the 23rd in Taipei
    wanted = wanted_of(visit(now=late_in_utc))
    assert wanted == DelayFilter(since=date(2026, 10, 25), until=date(2026, 11, 23))


@pytest.mark.parametrize(
    ("period", "since"),
    [("7d", date(2026, 11, 18)), ("90d", date(2026, 8, 27)), ("month", date(2026, 11, 1))],
)
def test_a_usual_period_ends_today(period, since):
    assert days(period=period) == (since, TODAY)
    assert period_of(visit(period=period)) == period


def test_days_win_over_a_usual_period():
    given = {"from_": "2026-11-01", "to": "2026-11-03", "period": "7d"}
    assert days(**given) == (date(2026, 11, 1), date(2026, 11, 3))
    assert period_of(visit(**given)) == "custom"


def test_of_two_days_one_may_be_left_out():
    assert days(from_="2026-11-20") == (date(2026, 11, 20), TODAY)
    assert days(from_="2027-01-01") == (date(2027, 1, 1), date(2027, 1, 1))
    assert days(to="2026-11-03") == (date(2026, 10, 5), date(2026, 11, 3))


def test_every_filter_is_taken_as_it_is_and_a_dash_stands_for_none():
    wanted = wanted_of(
        visit(cause="down", work_center="CA", party="-", product="a & b", customer="P1", area="A")
    )
    assert (wanted.cause, wanted.work_center, wanted.party) == ("down", "CA", "")
    assert (wanted.product, wanted.customer, wanted.area) == ("a & b", "P1", "A")


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ({"period": "decade"}, "period"),
        ({"from_": "yesterday"}, "from"),
        ({"to": "2026-13-01"}, "to"),
        ({"from_": "2026-11-03", "to": "2026-11-01"}, "from"),
        ({"from_": "2001-01-01"}, "from"),
        ({"cause": "weather"}, "cause"),
        ({"area": "C"}, "area"),
        ({"page": "0"}, "page"),
        ({"page": "two"}, "page"),
        ({"page": "9"}, "page"),
    ],
)
def test_what_cannot_be_used_is_named(query, name):
    with pytest.raises(BadParameter) as refused:
        DelaysPage(MadeUp(ordinary())).body(visit(**query))
    assert refused.value.name == name


def test_an_instant_of_the_past_is_refused_for_accounts_are_of_now():
    with pytest.raises(BadParameter, match="at"):
        DelaysPage(MadeUp(ordinary())).body(visit(at=NOW - timedelta(days=1)))


def test_a_page_of_the_list_is_asked_for_and_no_more():
    service = MadeUp(many())
    DelaysPage(service).body(visit(page="2"))
    assert service.asked[0][1:] == (ROWS, ROWS)
    assert all(limit == 1 for _, limit, _ in service.asked[1:])


def test_each_filter_costs_one_more_report_for_its_own_list():
    service = MadeUp(ordinary())
    DelaysPage(service).body(visit(cause="contention", work_center="PAINT"))
    asked = [(wanted.cause, wanted.work_center) for wanted, _, _ in service.asked]
    assert asked == [
        ("contention", "PAINT"),
        (None, "PAINT"),
        ("contention", None),
        ("contention", "PAINT"),  # the days before
    ]


def test_the_days_before_are_compared_when_as_much_as_half_was_completed_in_them():
    body = sent(DelaysPage(MadeUp(ordinary())).body(visit(period="7d")))
    assert "in the 7 days before" not in body
    earlier = [Made(f"E{i}", TODAY - timedelta(days=10), ("down", "CA", "", -1)) for i in range(3)]
    body = sent(DelaysPage(MadeUp([*ordinary(), *earlier])).body(visit(period="7d")))
    assert "100 % in the 7 days before" in body


def test_who_may_not_see_the_site_sees_nothing_of_it():
    with pytest.raises(Forbidden):
        DelaysPage(MadeUp(ordinary())).body(visit(sees="south"))
    with pytest.raises(Forbidden):
        DelaysPage(MadeUp(ordinary())).sheets(visit(sees="south"))


def test_the_export_holds_every_late_order_of_the_filters():
    sheets = DelaysPage(MadeUp(many())).sheets(visit(cause="down"))
    causes = {row["cause"] for row in sheets[0].rows}
    assert causes == {"work unit down"}
    assert len(DelaysPage(MadeUp(many())).sheets(visit())[0].rows) == 60


def test_the_page_is_renewed_when_accounts_change():
    assert DelaysPage(MadeUp([])).topics == HISTORY


def test_the_shell_says_that_history_cannot_be_reached():
    service = MadeUp(ordinary())
    service.reachable = False
    page = DelaysPage(service)
    drawn = shell(page).whole(page, {"cause": "contention"})
    assert "History can't be reached" in " ".join(texts(drawn))
    assert service.asked == []
    with pytest.raises(Unavailable):
        page.sheets(visit())


def test_the_shell_leads_from_a_bad_filter_to_the_page_without_it():
    page = DelaysPage(MadeUp(ordinary()))
    drawn = shell(page).whole(page, {"cause": "weather", "product": "pump"})
    assert "cause: expected one of" in " ".join(texts(drawn))
    assert "/delays?product=pump" in hrefs(drawn)


def test_the_page_says_how_many_orders_have_no_account_yet():
    assert "accounts of 7 orders" in sent(DelaysPage(MadeUp(ordinary(), missing=7)).body(visit()))
