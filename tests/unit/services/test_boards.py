"""Boards disclose a party's own rows and nothing else, through its own policy."""

import pytest

from data.domain.disclosure import Eyes
from data.domain.facts import Facts
from data.domain.plan import Milestone
from data.domain.policy import Kind
from data.domain.role_policies import usual_policy
from data.domain.scope import Role, Scope
from data.services.boards import Boards
from data.services.errors import Forbidden
from tests.unit.domain.floor_events import h, indexes, need, order, plan_event, step


class Usual:
    """Disclosures as they are when no site says otherwise."""

    def eyes(self, scope, site):
        party = scope.party if scope.outside else None
        return Eyes(party=party, policy=usual_policy(scope.role), secret=b"0123456789abcdef")


class View:
    site = "s"

    def __init__(self, *events):
        self.indexes = indexes(*events)
        self.board = self.indexes.board
        self.facts = Facts()
        self.now = h(0)


def plan(name, supplier, customer):
    return plan_event(
        order(
            step("10", 0, 2),
            name=name,
            customer=customer,
            shipped_by="carrier",
            needs=(need(f"n-{name}", 1),),
            milestones=(Milestone(id="m", name="Packed", operation="10", baseline_at=h(2)),),
        )
    )


@pytest.fixture
def view():
    return View(plan("SO-1", "S", "buyer"), plan("SO-2", "S", "other"))


def scope(role, party=None, site="s"):
    return Scope(role=role, sites=(site,), party=party)


def rows(view, who, kind, **how):
    return Boards(Usual()).rows(who, view, view.indexes.parties, kind, **how)


def test_a_supplier_gets_its_needs_under_other_names_of_the_orders(view):
    found = rows(view, scope(Role.SUPPLIER, "S"), Kind.NEED)
    assert sorted(row["need"] for row in found) == ["n-SO-1", "n-SO-2"]
    assert not any("SO-" in str(row["order"]) for row in found)


def test_a_customer_gets_its_orders_and_no_needs(view):
    who = scope(Role.CUSTOMER, "buyer")
    assert [row["order"] for row in rows(view, who, Kind.ORDER)] == ["SO-1"]
    assert [row["order"] for row in rows(view, who, Kind.MILESTONE)] == ["SO-1"]
    assert rows(view, who, Kind.NEED) == []
    assert rows(view, who, Kind.OPERATION) == []


def test_asking_for_anothers_order_by_its_id_gives_nothing(view):
    who = scope(Role.CUSTOMER, "buyer")
    assert rows(view, who, Kind.ORDER, orders=["SO-2"]) == []
    assert not Boards(Usual()).concerns(who, view, "SO-2")
    assert Boards(Usual()).concerns(who, view, "SO-1")


def test_a_party_in_another_role_gets_nothing_of_what_it_is_not(view):
    assert rows(view, scope(Role.CUSTOMER, "S"), Kind.ORDER) == []
    assert rows(view, scope(Role.SUPPLIER, "buyer"), Kind.NEED) == []


def test_the_factorys_own_people_get_all_rows(view):
    assert len(rows(view, scope(Role.PLANNER), Kind.ORDER)) == 2
    assert len(rows(view, scope(Role.PURCHASER), Kind.NEED)) == 2


@pytest.mark.parametrize(
    "who",
    [
        scope(Role.SUPPLIER, "S", "t"),
        scope(Role.SUPPLIER),
        scope(Role.SCREEN),
        scope(Role.SOURCE),
    ],
)
def test_who_may_see_no_rows_of_the_site_is_refused(view, who):
    with pytest.raises(Forbidden):
        Boards(Usual()).orders(who, view, view.indexes.parties)


def test_the_parties_of_what_changed_are_told_once(view):
    view.indexes.take_concerned()
    view.indexes.touch(["SO-1"])
    assert view.indexes.take_concerned() == {"S", "buyer", "carrier"}
    assert view.indexes.take_concerned() == set()
