"""The order's page: what the address asks for, and what happens when the history is away."""

import json

import pytest
from flask import Flask
from msgspec.structs import replace

from callbacks.desk.order import OrderPage
from callbacks.desk.visit import BadParameter, Visit
from data.domain.facts import Facts
from data.domain.indexes import Indexes
from data.domain.ledger.records import Cause
from data.domain.scope import factory_scope
from data.services.comments import Comment
from data.services.errors import Forbidden, Unavailable
from data.services.order_boards import OrderBoards
from layouts.text import translator
from tests.unit.domain.order_records import FORECAST, NOW, at, board_of, ledger_of, tell
from tests.unit.layouts.orders import NEW, OLD, PROOFS

SCOPE = factory_scope("works")


class View:
    """A live site that stands still."""

    site = "works"

    def __init__(self, forecast=FORECAST):
        self.board = board_of()
        self.indexes = Indexes(self.board)
        self.indexes.refresh(NOW)
        self.facts = Facts()
        if forecast is not None:
            self.facts.forecasts["SO-1"] = forecast


class Accounts:
    """Accounts of the made-up order; `down` takes the history away."""

    def __init__(self, down=False, versions=(NEW,)):
        self.down, self.versions, self.asked = down, versions, {}

    def ledger(self, scope, site, order_id, now, forecast_at=None):
        self.check(scope, site)
        self.asked["ledger"] = (order_id, now, forecast_at)
        return ledger_of(now=now, forecast_at=forecast_at)

    def events(self, scope, site, identities):
        self.check(scope, site)
        self.asked["events"] = list(identities)
        return list(PROOFS)

    def plan_versions(self, scope, site, order_id):
        self.check(scope, site)
        return self.versions

    def check(self, scope, site):
        if not scope.may_see(site):
            raise Forbidden(site)
        if self.down:
            raise Unavailable("down")


class Nothing:
    """A history that knows no order."""

    def archived(self, site, orders, identities, before):
        return set(), set()

    def orders(self, site, order_ids):
        return []

    def events_until(self, site, when, subjects):
        return []


def visit(order="SO-1", now=NOW, view=None, at=None, **query):
    return Visit(
        scope=SCOPE, site="works", live=view or View(), at=at, now=now, timezone="UTC",
        t=translator("en"), theme="light", path=f"/orders/{order}",
        query={"order": order, **query}, variables=("order",),
    )  # fmt: skip


class Then:
    """Accounts of the past, each made for its instant."""

    def __init__(self):
        self.made = {}

    def at(self, instant):
        return self.made.setdefault(instant, Accounts())


class Silent:
    """A site at which nobody says anything to suppliers."""

    def of_order(self, scope, site, order, until):
        return {}

    def may_speak(self, scope):
        return False


def page_of(accounts=None, then=None, threads=None):
    boards = OrderBoards(Nothing(), Nothing())
    return OrderPage(accounts or Accounts(), then or Then(), boards, threads or Silent())


def said(page, visit):
    return json.dumps(json.loads(getattr(page.body(visit), "data-still")), ensure_ascii=False)


def step_of(cause):
    return next(i for i, s in enumerate(ledger_of().steps, 1) if s.cause is cause)


def test_the_account_of_an_open_order_goes_to_its_forecast():
    accounts = Accounts()
    said(page_of(accounts), visit())
    assert accounts.asked["ledger"] == ("SO-1", NOW, at(13))


def test_without_a_forecast_the_account_goes_to_the_projection():
    accounts = Accounts()
    said(page_of(accounts), visit(view=View(forecast=None)))
    assert accounts.asked["ledger"][2] >= NOW


def test_the_lateness_shown_is_the_one_accounted_for():
    body = said(page_of(), visit())
    assert '"5 h late"' in body
    assert "lateness +5 h" in body


def test_a_look_back_asks_the_accounts_of_that_instant_alone():
    accounts, then = Accounts(), Then()
    said(page_of(accounts, then), visit(now=at(6), at=at(6)))
    assert then.made[at(6)].asked["ledger"][1] == at(6)
    assert accounts.asked == {}


def test_no_events_are_read_until_a_step_is_opened():
    accounts = Accounts()
    said(page_of(accounts), visit())
    assert "events" not in accounts.asked


def test_an_open_steps_events_are_those_that_the_ledger_names():
    accounts = Accounts()
    body = said(page_of(accounts), visit(step=str(step_of(Cause.CONTENTION))))
    assert accounts.asked["events"] == [("floor", "other-started"), ("floor", "other-completed")]
    assert "/orders/SO-9" in body


def test_a_step_beyond_the_last_opens_none():
    assert "mp-step" not in said(page_of(), visit(step="99")).replace("mp-wf-step", "")


def test_with_the_history_down_the_live_part_still_shows():
    body = said(page_of(Accounts(down=True)), visit(step="2"))
    assert "The history can't be reached" in body
    assert "Finish milling" in body


def test_the_first_plan_is_the_one_compared_with_unless_another_is_asked_for():
    third = replace(NEW, number=3)
    accounts = Accounts(versions=(OLD, NEW, third))
    assert "Plan 1 by erp" in said(page_of(accounts), visit())
    assert "Plan 2 by erp" in said(page_of(accounts), visit(plan="2"))


def test_plans_that_came_later_than_the_instant_looked_at_dont_show():
    accounts = Accounts(versions=(OLD, replace(NEW, at=at(50))))
    assert "rescheduled" not in said(page_of(accounts), visit())


@pytest.mark.parametrize(
    ("name", "value"),
    [("cause", "bad luck"), ("step", "x"), ("step", "0"), ("step", "-1"), ("plan", "two"),
     ("plan", "7")],
)  # fmt: skip
def test_a_parameter_that_cant_be_used_is_named(name, value):
    accounts = Accounts(versions=(OLD, NEW))
    with pytest.raises(BadParameter) as refused:
        page_of(accounts).body(visit(**{name: value}))
    assert refused.value.name == name


def test_an_order_that_isnt_there_is_not_found():
    with pytest.raises(Forbidden):
        page_of().body(visit(order="SO-404"))


def test_an_export_without_an_open_step_holds_every_event_of_the_ledger_once():
    accounts = Accounts()
    tables = {sheet.name: sheet for sheet in page_of(accounts).sheets(visit())}
    named = [proof for step in ledger_of().steps for proof in step.evidence]
    assert sorted(accounts.asked["events"]) == sorted(set(named))
    assert len(tables["Events"].rows) == len(PROOFS)


def test_names_that_mean_something_in_html_or_addresses_stay_names():
    strange = 'SO-1"><b>&?#/'
    view = View()
    view.board.apply(
        tell("plan.changed", "order/" + strange, 0, order=replace(NEW.order, id=strange))
    )
    body = page_of().body(visit(order=strange, view=view))
    node = json.loads(getattr(body, "data-still"))
    assert strange in json.dumps(node, ensure_ascii=False).replace('\\"', '"')


class Talking(Silent):
    """A supplier that asked something about the order's first need, and a planner's view of it."""

    def __init__(self, speaks=True):
        self.speaks, self.until = speaks, None

    def of_order(self, scope, site, order, until):
        self.until = until
        asked = Comment(at=NOW, author="Jade", side="party", words="Is it so?")
        return {f"n~{order}~{board_of().orders[order].plan.needs[0].id}": [asked]}

    def may_speak(self, scope):
        return self.speaks


def test_threads_with_suppliers_stand_on_the_page_with_a_form_for_who_speaks():
    server = Flask(__name__)
    server.secret_key = "forms"
    with server.test_request_context():
        text = said(page_of(threads=Talking()), visit())
    assert "Is it so?" in text and "to answer" in text
    assert "/needs/act/comment" in text


def test_who_does_not_speak_reads_threads_without_a_form():
    text = said(page_of(threads=Talking(speaks=False)), visit())
    assert "Is it so?" in text and "/needs/act" not in text


def test_of_the_past_only_what_had_been_said_is_asked_for_and_nothing_can_be_added():
    threads = Talking()
    text = said(page_of(threads=threads), visit(now=at(2), at=at(2), view=View()))
    assert threads.until == at(2)
    assert "/needs/act" not in text
