"""A book of rows says what became of them, costs by what changed, and never loses a change."""

from types import SimpleNamespace

import pytest

from data.domain.disclosure import Eyes
from data.domain.events import EventType
from data.domain.policy import Kind, Treatment
from data.domain.role_policies import usual_policy
from data.domain.scope import Role, Scope
from data.domain.topics import CLOCK, EVERYTHING, OPERATIONS
from data.services import row_book as module
from data.services.boards import Boards
from data.services.errors import Unavailable
from data.services.row_book import TURNS, RowBook
from tests.unit.domain.floor_events import did, h, need, order, plan_event, step
from tests.unit.services.test_boards import View, plan, scope


class Site(View):
    """A site whose board moves."""

    def renew(self):
        changed = tuple(self.board.changed_orders)
        self.board.changed_orders.clear()
        self.indexes.touch(changed)

    def happen(self, *events):
        for event in events:
            self.board.apply(event)


class Told:
    """Disclosures that can be changed, and be out of reach."""

    def __init__(self):
        self.changes = {}
        self.trouble = None

    def eyes(self, who, site):
        if self.trouble is not None:
            raise self.trouble
        party = who.party if who.outside else None
        policy = usual_policy(who.role).changed(self.changes)
        return Eyes(party=party, policy=policy, secret=b"0123456789abcdef")


@pytest.fixture
def site():
    made = Site(plan("SO-1", "S", "buyer"), plan("SO-2", "S", "other"))
    made.renew()
    return made


@pytest.fixture
def told():
    return Told()


def book(site, told, role=Role.PLANNER, party=None):
    return RowBook(Boards(told), scope(role, party), site)


def test_the_first_look_is_everything_and_the_next_nothing(site, told):
    one = book(site, told)
    assert {"order/SO-1", "operation/SO-2/10", "need/SO-1/n-SO-1", "milestone/SO-2/m"} <= {
        *one.moved(EVERYTHING)
    }
    assert one.moved(OPERATIONS) == {}


def test_what_happens_to_an_order_moves_its_rows_alone(site, told):
    one = book(site, told)
    one.moved(EVERYTHING)
    site.happen(did(EventType.OPERATION_COMPLETED, 0, plan="SO-1"))
    moved = one.moved(OPERATIONS)
    assert moved["operation/SO-1/10"]["status"] == "completed"
    assert moved["milestone/SO-1/m"]["reached_at"] == h(0)
    assert not any("SO-2" in name for name in moved)


def test_what_concerns_another_party_moves_nothing(site, told):
    one = book(site, told, Role.CUSTOMER, "buyer")
    one.moved(EVERYTHING)
    site.happen(did(EventType.OPERATION_COMPLETED, 0, plan="SO-2"))
    assert one.moved(OPERATIONS) == {}


def test_rows_go_when_their_order_goes_to_another_party(site, told):
    one = book(site, told, Role.CUSTOMER, "buyer")
    assert set(one.moved(EVERYTHING)) == {"order/SO-1", "milestone/SO-1/m"}
    given = order(step("10", 0, 2), name="SO-1", customer="other", needs=(need("n", 1),))
    site.happen(plan_event(given, -80))
    assert one.moved(OPERATIONS) == {"order/SO-1": None, "milestone/SO-1/m": None}


def test_another_policy_shows_at_once(site, told):
    one = book(site, told, Role.SUPPLIER, "S")
    before = one.moved(EVERYTHING)
    assert all("quantity" in row for row in before.values())
    told.changes = {(Kind.NEED, "quantity"): Treatment.HIDE}
    after = one.moved(OPERATIONS)
    assert set(after) == set(before)
    assert not any("quantity" in row for row in after.values())


def test_a_kind_whose_names_are_hidden_isnt_followed(site, told):
    told.changes = {(Kind.NEED, "order"): Treatment.HIDE}
    assert book(site, told, Role.SUPPLIER, "S").moved(EVERYTHING) == {}


def test_what_only_time_changes_comes_within_a_round_of_turns(site, told):
    one = book(site, told)
    one.moved(EVERYTHING)
    site.now = h(30)  # after both were due
    moved = {}
    for _ in range(TURNS):
        moved |= one.moved(CLOCK)
    assert {moved["order/SO-1"]["standing"], moved["order/SO-2"]["standing"]} == {"late"}


def test_nothing_is_lost_when_the_policy_cant_be_asked_for(site, told):
    one = book(site, told)
    one.moved(EVERYTHING)
    site.happen(did(EventType.OPERATION_COMPLETED, 0, plan="SO-1"))
    told.trouble = Unavailable("gone")
    with pytest.raises(Unavailable):
        one.moved(OPERATIONS)
    told.trouble = None
    assert "operation/SO-1/10" in one.moved(OPERATIONS)


def test_a_board_that_was_loaded_anew_is_looked_at_whole(site, told):
    one = book(site, told)
    one.moved(EVERYTHING)
    fresh = Site(plan("SO-1", "S", "buyer"))
    site.board, site.indexes = fresh.board, fresh.indexes
    moved = one.moved(OPERATIONS)
    assert moved == dict.fromkeys(moved) and all("SO-2" in name for name in moved)


def test_what_happens_to_nobody_costs_no_disclosure(site, told, monkeypatch):
    boards = Boards(told)
    one = RowBook(boards, Scope(role=Role.CUSTOMER, sites=("s",), party="buyer"), site)
    one.moved(EVERYTHING)
    asked = SimpleNamespace(times=0)
    monkeypatch.setattr(boards, "by_order", lambda *_: setattr(asked, "times", asked.times + 1))
    assert one.moved(OPERATIONS) == {}
    assert asked.times == 0


def test_a_first_look_in_pieces_is_the_same_and_misses_nothing_that_happens_meanwhile(
    site, told, monkeypatch
):
    monkeypatch.setattr(module, "PIECE", 1)
    one, pauses = book(site, told), []

    def meanwhile():
        pauses.append(1)
        if len(pauses) == 1:
            site.happen(did(EventType.OPERATION_COMPLETED, 0, plan="SO-1"))

    one.warm(meanwhile)
    assert len(pauses) == 2
    assert one.moved(EVERYTHING) == book(site, told).moved(EVERYTHING)
    assert one.moved(OPERATIONS) == {}
