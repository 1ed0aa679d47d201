"""The boards of customers and carriers hold what is theirs, and not a word of others'."""

from datetime import timedelta

import pytest
from flask import Flask, g
from plotly.utils import PlotlyJSONEncoder

from callbacks.desk.customer import CustomerPage
from callbacks.desk.date_acts import DateActs
from callbacks.desk.dates import DatesPage
from callbacks.desk.exports import as_csv, as_xlsx
from callbacks.desk.logistics import LogisticsPage
from callbacks.desk.party_visit import Asking, PartyVisits
from callbacks.desk.visit import BadParameter, Visit
from callbacks.gate import Viewer
from callbacks.parties import SAID, PartyVersions
from data.domain.audit import Action
from data.domain.dates import Said
from data.domain.events import EventType
from data.domain.policy import Kind, Treatment
from data.domain.scope import Role
from data.domain.topics import EVERYTHING
from data.services.dates import Statement
from data.services.errors import Forbidden, Unavailable
from data.services.visits import Visits
from layouts.text import LOCALES, translator
from layouts.urls import Address
from tests.unit.callbacks.desk.agreeing import (
    AURELIA,
    BRIGHTWATER,
    KEY,
    OTHERS_KEY,
    PLANNER,
    SITE,
    STRAIT,
    SUBJECT,
    Works,
)
from tests.unit.callbacks.desk.places import NOW, TAIPEI
from tests.unit.domain.floor_events import event

LATER = NOW + timedelta(days=3)


class Looks:
    """Visits in memory; `lost`: SQL can't be asked."""

    def __init__(self):
        self.known, self.lost = {}, False

    def get(self, *key):
        if self.lost:
            raise Unavailable("no SQL")
        return self.known.get(key)

    def put(self, scope, viewer, site, board, known):
        self.known[scope, viewer, site, board] = known


class Desk:
    """Both boards over one works."""

    def __init__(self):
        self.works, self.looks = Works(), Looks()
        self.visits = PartyVisits(self.works.boards, self.works.audit)
        self.customer = CustomerPage(self.works.dates, Visits(self.looks))
        self.logistics = LogisticsPage(self.works.dates)

    def visit(self, page, who, locale="en", **query):
        asking = Asking(
            viewer=Viewer(scope=who.scope, actor=who.actor, name=who.name), address="10.0.0.1",
            csrf="the-token",
        )  # fmt: skip
        here = Address(path=page.path, query=query)
        t = translator(locale)
        return self.visits.visit(page.name, asking, self.works.live, here, t, "light")

    def shown(self, page, who, locale="en", **query):
        return PlotlyJSONEncoder(ensure_ascii=False).encode(
            page.body(self.visit(page, who, locale, **query))
        )

    def exported(self, page, who, **query):
        sheets = page.sheets(self.visit(page, who, **query))
        assert as_xlsx(sheets, TAIPEI)
        return "\n".join(as_csv(sheet, TAIPEI).decode() for sheet in sheets)

    def say(self, who, key, said=Said.REQUESTED, words="", at=LATER):
        self.works.dates.say(who, SITE, key, Statement(said=said, date_at=at, words=words))


@pytest.fixture
def desk():
    made = Desk()
    made.say(BRIGHTWATER, OTHERS_KEY, words="CANARY-WORDS")
    made.say(AURELIA, KEY, words="the truck leaves at ten")
    return made


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(
    "query", [{}, {"which": "all"}, {"order": "SO-1", "milestone": KEY}, {"q": "CANARY"}]
)
def test_a_customer_sees_its_orders_and_nothing_of_others(desk, locale, query):
    shown = desk.shown(desk.customer, AURELIA, locale, **query)
    assert ("SO-1" in shown) is ("q" not in query)
    for secret in ("CANARY-", "brightwater", "strait", "harbour"):
        assert secret not in shown, secret


@pytest.mark.parametrize("page", ["customer", "logistics"])
def test_exports_hold_nothing_of_others(desk, page):
    who, which = (AURELIA, "all") if page == "customer" else (STRAIT, "later")
    table = desk.exported(getattr(desk, page), who, which=which)
    assert "SO-1" in table
    for secret in ("CANARY", "brightwater", "harbour"):
        assert secret not in table
    assert ("the truck leaves at ten" in table) is (page == "customer")


@pytest.mark.parametrize("query", [{"order": "SO-1~"}, {"which": "later"}])
def test_a_carrier_sees_what_it_ships_and_no_words_of_its_customer(desk, query):
    shown = desk.shown(desk.logistics, STRAIT, **query)
    assert "SO-1" in shown
    for secret in ("CANARY", "brightwater", "harbour", "truck", "pump", "Lin"):
        assert secret not in shown, secret


@pytest.mark.parametrize(
    ("page", "who", "query"),
    [
        ("customer", AURELIA, {"order": "CANARY-2"}),
        ("customer", AURELIA, {"milestone": OTHERS_KEY}),
        ("customer", AURELIA, {"order": "SO-1", "milestone": OTHERS_KEY}),
        ("customer", AURELIA, {"order": "SO-404"}),
        ("logistics", STRAIT, {"order": "CANARY-2~"}),
        ("logistics", STRAIT, {"order": "SO-404~"}),
    ],
)
def test_keys_of_others_are_not_there(desk, page, who, query):
    with pytest.raises(Forbidden):
        desk.shown(getattr(desk, page), who, **query)


@pytest.mark.parametrize("query", [{"which": "mine"}, {"standing": "bad"}, {"said": "x"}])
def test_parameters_that_cannot_be_used_are_named(desk, query):
    with pytest.raises(BadParameter):
        desk.shown(desk.customer, AURELIA, **query)


@pytest.mark.parametrize("how", [Treatment.HIDE, Treatment.BUCKET])
def test_a_date_that_is_kept_back_is_nowhere(desk, how):
    assert "Wed, Nov 25 17:42" in desk.shown(desk.customer, AURELIA, order="SO-1")
    desk.works.policies.changes = {(Kind.MILESTONE, "baseline_at"): how}
    shown = desk.shown(desk.customer, AURELIA, order="SO-1", milestone=KEY)
    assert "Packed" in shown and "Wed, Nov 25 17:42" not in shown
    assert "2026-11-25T17:42" not in desk.exported(desk.customer, AURELIA)


def test_a_masked_order_is_a_pseudonym_wherever_it_stands(desk):
    desk.works.policies.changes = {
        (kind, "order"): Treatment.MASK for kind in (Kind.ORDER, Kind.MILESTONE)
    }
    shown = desk.shown(desk.customer, AURELIA)
    assert "O-" in shown and "SO-1" not in shown
    assert "SO-1" not in desk.exported(desk.customer, AURELIA)


def test_what_is_asked_and_disputed_is_on_the_line_of_its_milestone(desk):
    desk.say(AURELIA, KEY, Said.DISPUTED, "the photo shows an empty box", at=None)
    shown = desk.shown(desk.customer, AURELIA, milestone=KEY)
    assert "you asked for Fri, Nov 27 11:42" in shown
    assert "you dispute it" in shown
    assert "the photo shows an empty box" in shown


def test_what_changed_since_the_last_visit_is_marked(desk):
    first = desk.shown(desk.customer, AURELIA)
    (known,) = desk.looks.known.values()
    assert "last visit" not in first
    desk.looks.known = dict.fromkeys(
        desk.looks.known, type(known)(at=NOW - timedelta(days=1), seen=known.seen)
    )
    works = desk.works
    works.dates.answer(PLANNER, SITE, SUBJECT, Statement(said=Said.CONFIRMED, date_at=LATER))
    shown = desk.shown(desk.customer, AURELIA)
    assert "Packed confirmed for Fri, Nov 27 11:42" in shown
    assert "1 changed since your last visit" in shown
    assert "SO-1" in desk.shown(desk.customer, AURELIA, changed="1")


def test_without_sql_for_visits_the_board_still_stands(desk):
    desk.looks.lost = True
    assert "SO-1" in desk.shown(desk.customer, AURELIA)


def test_good_pieces_at_the_end_are_ready_to_ship(desk):
    done = event(EventType.OPERATION_PROGRESSED, "operation/SO-1/20", NOW, good=20)
    desk.works.live.board.apply(done)
    shown = desk.shown(desk.logistics, STRAIT, which="ready")
    assert "20 of 50" in shown
    desk.say(STRAIT, "SO-1~", Said.COLLECTED, at=NOW)
    assert "SO-1" not in desk.shown(desk.logistics, STRAIT, which="ready")
    assert "picked up" in desk.shown(desk.logistics, STRAIT, which="collected")


def test_looks_and_exports_are_written_down_with_columns_and_count(desk):
    desk.shown(desk.customer, AURELIA)
    saw = [deed for deed in desk.works.deeds() if deed.action is Action.SAW]
    assert {deed.detail["kind"] for deed in saw} == {"order", "milestone"}
    assert {deed.party for deed in saw} == {"aurelia"}
    assert {deed.detail["count"] for deed in saw} == {1, 2}


def visit_of(desk, **query):
    return Visit(
        scope=PLANNER.scope, site=SITE, live=desk.works.live, at=None, now=NOW, timezone=TAIPEI,
        t=translator("en"), theme="light", path="/dates", query=query,
    )  # fmt: skip


@pytest.fixture
def server(desk):
    made = Flask("test")
    made.secret_key = "x"
    made.register_blueprint(DateActs(desk.works.dates).blueprint())
    made.who = AURELIA

    @made.before_request
    def known():
        who = made.who
        g.viewer = Viewer(scope=who.scope, actor=who.actor, name=who.name)

    return made


def test_the_factory_sees_requests_with_the_words_and_answers_them(desk, server):
    page = DatesPage(desk.works.dates)
    with server.test_request_context():
        shown = PlotlyJSONEncoder().encode(page.body(visit_of(desk)))
    assert "the truck leaves at ten" in shown and "CANARY-WORDS" in shown
    assert "Confirm Fri, Nov 27 11:42" in shown
    assert "CANARY-WORDS" in as_csv(page.sheets(visit_of(desk))[0], TAIPEI).decode()


def posted(server, path, **form):
    return server.test_client().post(path, data={"site": SITE, "said": "requested", **form})


def test_a_form_says_it_and_goes_back_to_its_milestone(desk, server):
    answer = posted(server, "/customer/say", key=KEY, date="2026-11-26T08:00", words="sooner")
    assert answer.status_code == 303
    assert answer.headers["Location"] == (
        "/customer?milestone=SO-1~M-PCK&said=requested&site=north"
    )
    asked = desk.works.dates.history(AURELIA.scope, SITE, NOW)[KEY].standing
    assert asked.requested_at.isoformat() == "2026-11-26T00:00:00+00:00"


@pytest.mark.parametrize(
    ("form", "wrong"),
    [
        ({"date": "soon"}, "date"),
        ({}, "date"),
        ({"date": "2026-11-20T08:00"}, "ahead"),
        ({"date": "2010-11-20T08:00"}, "near"),
        ({"said": "disputed"}, "words"),
        ({"said": "confirmed", "date": "2026-11-26T08:00"}, "side"),
        ({"said": "nonsense"}, "side"),
    ],
)
def test_what_cannot_be_taken_is_said_where_it_came_from(desk, server, form, wrong):
    before = len(desk.works.table.rows)
    answer = posted(server, "/customer/say", key=KEY, **form)
    assert f"wrong={wrong}" in answer.headers["Location"]
    assert len(desk.works.table.rows) == before


@pytest.mark.parametrize(
    ("who", "path", "form"),
    [
        (AURELIA, "/customer/say", {"key": OTHERS_KEY}),
        (AURELIA, "/customer/say", {"key": "SO-404~M-PCK"}),
        (AURELIA, "/customer/say", {"key": KEY, "site": "south"}),
        (AURELIA, "/logistics/say", {"key": "SO-1~"}),
        (AURELIA, "/dates/say", {"order": "SO-1", "milestone": "M-PCK", "party": "aurelia"}),
        (STRAIT, "/customer/say", {"key": KEY}),
        (STRAIT, "/logistics/say", {"key": "CANARY-2~"}),
        (PLANNER, "/customer/say", {"key": KEY}),
        (PLANNER, "/dates/say", {"order": "SO-404", "milestone": "M-PCK", "party": "aurelia"}),
    ],
)
def test_what_is_not_ones_own_to_say_is_not_found(desk, server, who, path, form):
    server.who, before = who, len(desk.works.table.rows)
    answer = posted(server, path, date="2026-11-26T08:00", **form)
    assert answer.status_code == 404
    assert b"CANARY" not in answer.data
    assert len(desk.works.table.rows) == before


def test_without_the_history_nothing_is_said(desk, server):
    desk.works.table.lost = True
    answer = posted(server, "/customer/say", key=KEY, date="2026-11-26T08:00")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")


def test_roles_of_the_pages(desk):
    assert desk.customer.roles == {Role.CUSTOMER}
    assert desk.logistics.roles == {Role.LOGISTICS}
    assert desk.customer.party and desk.logistics.party


def test_a_party_is_told_of_an_answer_that_changes_no_row_and_of_nothing_else(desk):
    now = [100.0]
    versions = PartyVersions(AURELIA.scope, desk.works.live, desk.works.boards, lambda: now[0])
    first = versions.render()
    now[0] = 200.0
    desk.say(BRIGHTWATER, OTHERS_KEY, Said.DISPUTED, "CANARY", at=None)
    assert versions.render() == first
    assert versions.render(EVERYTHING | SAID) == first | {"4096": {"t": "200000"}}
    now[0] = 300.0
    desk.works.dates.answer(PLANNER, SITE, SUBJECT, Statement(said=Said.CONFIRMED, date_at=LATER))
    assert versions.render()["1"] == {"t": "300000"}
