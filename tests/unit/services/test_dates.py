"""Each side says what is its own to say, of its own dates; everything is kept and audited."""

from datetime import timedelta

import pytest

from data.domain.audit import Action
from data.domain.dates import PICK_UP, DateError, Said, Subject
from data.domain.policy import Kind, Treatment
from data.domain.scope import Role, Scope
from data.services.dates import KNOWN_FOR_S, DateBook, Statement
from data.services.errors import Forbidden, Unavailable
from tests.unit.callbacks.desk.agreeing import (
    AURELIA,
    BRIGHTWATER,
    KEY,
    OTHERS_KEY,
    PLANNER,
    SITE,
    STRAIT,
    SUBJECT,
    Table,
    Works,
    by,
)
from tests.unit.callbacks.desk.places import NOW

LATER = NOW + timedelta(days=3)


@pytest.fixture
def works():
    return Works()


def asks(works, who=AURELIA, key=KEY, said=Said.REQUESTED, at=LATER, words=""):
    works.dates.say(who, SITE, key, Statement(said=said, date_at=at, words=words))


def answers(works, said=Said.CONFIRMED, at=LATER, words="", subject=SUBJECT, who=PLANNER):
    works.dates.answer(who, SITE, subject, Statement(said=said, date_at=at, words=words))


def milestones(works, who=AURELIA, name="M-PCK"):
    scope, parties = who.scope, works.live.indexes.parties
    rows = works.boards.rows(scope, works.live, parties, Kind.MILESTONE)
    return next(row for row in rows if row["milestone"] == name)


def test_what_was_asked_and_confirmed_stands_in_the_milestones_row(works):
    asks(works)
    assert milestones(works)["requested_at"] == LATER
    assert milestones(works)["confirmed_at"] is None
    answers(works, at=LATER + timedelta(days=1))
    assert milestones(works)["confirmed_at"] == LATER + timedelta(days=1)
    assert milestones(works, name="M-TRN")["requested_at"] is None


def test_the_carrier_of_an_order_sees_the_dates_that_were_agreed(works):
    asks(works)
    assert milestones(works, STRAIT)["requested_at"] == LATER


def test_what_a_former_customer_asked_says_nothing_of_todays(works):
    former = Subject("SO-1", "M-PCK", "former")
    asks(works)
    works.table.rows = [(site, former, entry) for site, _, entry in works.table.rows]
    works.book = works.boards._dates = DateBook(works.table)
    assert milestones(works)["requested_at"] is None


def test_a_milestone_stands_against_what_was_confirmed(works):
    before = milestones(works)["standing"]
    asks(works, at=NOW + timedelta(days=9))
    works.dates.answer(
        PLANNER, SITE, SUBJECT, Statement(said=Said.CONFIRMED, date_at=NOW - timedelta(hours=1))
    )
    assert (before, milestones(works)["standing"]) == ("on_track", "late")


@pytest.mark.parametrize("key", [OTHERS_KEY, "CANARY-2~", "SO-1~", "SO-1~M-NONE", "", "~"])
def test_a_key_that_is_nobodys_or_anothers_is_not_found(works, key):
    with pytest.raises(Forbidden):
        asks(works, key=key)
    assert works.table.rows == [] and works.deeds() == []


@pytest.mark.parametrize(
    "who", [by(Role.PLANNER), by(Role.SUPPLIER, "aurelia"), by(Role.LOGISTICS, "strait")]
)
def test_nobody_but_the_customer_speaks_of_its_milestones(works, who):
    with pytest.raises(Forbidden):
        asks(works, who=who)


def test_a_carrier_speaks_of_pick_ups_of_what_it_ships_alone(works):
    asks(works, STRAIT, "SO-1~")
    assert works.table.rows[0][1] == Subject("SO-1", PICK_UP, "strait")
    for key in ("CANARY-2~", KEY):
        with pytest.raises(Forbidden):
            asks(works, STRAIT, key)


@pytest.mark.parametrize(
    "subject",
    [
        Subject("SO-1", "M-PCK", "brightwater"),
        Subject("SO-1", "M-NONE", "aurelia"),
        Subject("SO-9", "M-PCK", "aurelia"),
        Subject("SO-1", PICK_UP, "harbour"),
    ],
)
def test_the_factory_answers_only_of_dates_that_there_are(works, subject):
    with pytest.raises(Forbidden):
        answers(works, subject=subject)


@pytest.mark.parametrize(
    "who", [by(Role.AUDITOR), by(Role.PURCHASER), by(Role.OPERATOR), AURELIA, STRAIT]
)
def test_only_who_plans_answers_for_the_factory(works, who):
    asks(works)
    with pytest.raises(Forbidden):
        answers(works, who=who)


def test_every_change_is_in_the_trail_with_before_and_after(works):
    asks(works, words="the truck leaves at ten")
    answers(works)
    asks(works, at=LATER + timedelta(days=2))
    first, second, third = works.deeds()
    assert {deed.action for deed in works.deeds()} == {Action.DATE_CHANGED}
    assert (first.actor, first.party, first.address) == (AURELIA.actor, "aurelia", "10.0.0.1")
    assert first.subject == "order/SO-1/milestone/M-PCK"
    assert (first.detail["before"], first.detail["after"]) == (None, LATER.isoformat())
    assert (second.actor, second.party) == (PLANNER.actor, "aurelia")
    assert third.detail["before"] == LATER.isoformat()


def test_what_cannot_be_taken_is_neither_kept_nor_noted(works):
    with pytest.raises(DateError):
        asks(works, said=Said.CONFIRMED)
    with pytest.raises(DateError):
        asks(works, said=Said.DISPUTED, words=" \n\x00 ")
    assert works.table.rows == [] and works.deeds() == []


def test_the_party_and_its_carrier_are_told(works):
    asks(works)
    assert works.told == [(SITE, ("aurelia", "strait"))]


def test_the_history_of_a_date_keeps_everything_and_names_nobody_of_the_factory(works):
    asks(works, words="first")
    answers(works, Said.DECLINED, None, "the line is full")
    asks(works, at=LATER + timedelta(days=1), words="then this")
    said = works.dates.history(AURELIA.scope, SITE, NOW)[KEY].entries
    assert [entry.words for entry in said] == ["first", "the line is full", "then this"]
    assert [entry.author for entry in said] == ["Lin", "", "Lin"]


def test_what_others_said_is_in_nobody_elses_history(works):
    asks(works, BRIGHTWATER, OTHERS_KEY, words="CANARY-WORDS")
    asks(works)
    assert list(works.dates.history(AURELIA.scope, SITE, NOW)) == [KEY]
    assert works.dates.history(STRAIT.scope, SITE, NOW) == {}


def test_a_confirmed_date_that_the_policy_keeps_back_is_in_no_history_either(works):
    works.policies.changes = {(Kind.MILESTONE, "confirmed_at"): Treatment.HIDE}
    asks(works)
    answers(works, at=LATER + timedelta(days=1), words="instead")
    asked, confirmed = works.dates.history(AURELIA.scope, SITE, NOW)[KEY].entries
    assert (asked.date_at, confirmed.date_at) == (LATER, None)


def test_masked_orders_have_masked_keys(works):
    works.policies.changes = {(Kind.MILESTONE, "order"): Treatment.MASK}
    with pytest.raises(Forbidden):
        asks(works)
    masked = f"{milestones(works)['order']}~M-PCK"
    asks(works, key=masked)
    assert list(works.dates.history(AURELIA.scope, SITE, NOW)) == [masked]
    assert works.table.rows[0][1] == SUBJECT


def test_the_factory_sees_what_waits_and_of_one_order_everything(works):
    asks(works)
    asks(works, STRAIT, "SO-1~")
    answers(works)
    waiting = works.dates.waiting(PLANNER.scope, SITE)
    assert [one.subject.party for one in waiting] == ["strait"]
    every = works.dates.of_order(PLANNER.scope, SITE, "SO-1")
    assert [len(one.dated.entries) for one in every] == [2, 0, 1]
    with pytest.raises(Forbidden):
        works.dates.of_order(PLANNER.scope, SITE, "SO-404")
    with pytest.raises(Forbidden):
        works.dates.waiting(AURELIA.scope, SITE)


def test_what_a_former_customer_said_is_shown_but_waits_for_nobody(works):
    asks(works)
    former = Subject("SO-1", "M-PCK", "former")
    works.table.rows = [(site, former, entry) for site, _, entry in works.table.rows]
    works.dates._book = DateBook(works.table)
    assert works.dates.waiting(PLANNER.scope, SITE) == []
    every = works.dates.of_order(PLANNER.scope, SITE, "SO-1")
    assert [one.subject for one in every if not one.current] == [former]


def test_what_was_said_is_known_for_a_while_and_outlasts_a_lost_database(works):
    now = [0.0]
    table = Table()
    book = DateBook(table, lambda: now[0])
    with pytest.raises(Unavailable):
        table.lost = True
        book.all(PLANNER.scope, SITE, NOW)
    table.lost = False
    assert book.all(PLANNER.scope, SITE, NOW) == {} and book.all(PLANNER.scope, SITE, NOW) == {}
    assert table.asked == 2
    now[0], table.lost = KNOWN_FOR_S + 1, True
    assert book.all(PLANNER.scope, SITE, NOW) == {}


def test_what_was_said_in_another_process_is_asked_for_as_soon_as_it_is_heard_of(works):
    table = Table()
    book = DateBook(table, lambda: 0.0)
    book.all(PLANNER.scope, SITE, NOW)
    book.renew()
    book.all(PLANNER.scope, SITE, NOW)
    assert table.asked == 2
    book.renew()
    table.lost = True
    assert book.all(PLANNER.scope, SITE, NOW) == {}


class Asked(Table):
    """Notes of whom SQL was asked, and about which orders."""

    def __init__(self):
        super().__init__()
        self.whom = []

    def of(self, scope, site, orders):
        self.whom.append((scope.party, orders))
        return super().of(scope, site, orders)


def test_what_one_party_may_know_is_never_remembered_for_another(works):
    table = Asked()
    book = DateBook(table, lambda: 0.0)
    for party in ("buyer", "carrier", "buyer"):
        scope = Scope(role=Role.CUSTOMER, sites=(SITE,), party=party)
        book.of(scope, SITE, ["SO-1"], NOW)
    book.of(PLANNER.scope, SITE, ["SO-1"], NOW)
    assert table.whom == [("buyer", ["SO-1"]), ("carrier", ["SO-1"])]
    assert table.asked == 3


def test_a_party_that_asks_about_more_orders_is_told_of_them_and_then_of_both(works):
    table = Asked()
    book = DateBook(table, lambda: 0.0)
    scope = Scope(role=Role.LOGISTICS, sites=(SITE,), party="carrier")
    for orders in (["SO-1"], ["SO-2"], ["SO-1", "SO-2"], ["SO-1"], []):
        book.of(scope, SITE, orders, NOW)
    assert [orders for _, orders in table.whom] == [["SO-1"], ["SO-1", "SO-2"]]


def test_nothing_said_later_is_known_earlier(works):
    asks(works)
    assert works.book.of(PLANNER.scope, SITE, ["SO-1"], NOW - timedelta(hours=1)) == {}
