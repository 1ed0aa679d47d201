"""A link opens one party's board until it ends, and nothing else."""

from datetime import UTC, datetime, timedelta

import pytest

from data.domain.audit import Action
from data.domain.scope import Role, Scope
from data.services.accounts_desk import By
from data.services.audit import Audit
from data.services.errors import Forbidden
from data.services.links import MOST_DAYS, LinkError, Links, Wanted, actor_of, scope_of
from tests.unit.fakes import FakePeople, FakeTrail

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
MAY = By("account/may", "10.0.0.1")
MANAGER = Scope(role=Role.MANAGER, sites=("north",))
PURCHASER = Scope(role=Role.PURCHASER, sites=("north",))
PARTIES = {"north": [("acme", Role.SUPPLIER), ("zeta", Role.CUSTOMER)]}
ACME = Wanted("north", Role.SUPPLIER, "acme", 30)
ZETA = Wanted("north", Role.CUSTOMER, "zeta", 30)


class Clock:
    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def trail():
    return FakeTrail()


@pytest.fixture
def links(trail, clock):
    audit = Audit(trail, b"secret", clock)
    return Links(FakePeople(), audit, lambda site: PARTIES.get(site, []), clock)


def test_a_link_lets_in_as_its_party_and_nobody_else(links):
    found = links.take(links.make(MANAGER, MAY, ACME), "10.0.0.9")
    assert scope_of(found) == Scope(role=Role.SUPPLIER, sites=("north",), party="acme")
    assert actor_of(found) == f"link/{found.token_hash.hex()[:8]}"


def test_making_using_and_ending_a_link_is_written_down(links, trail):
    token = links.make(MANAGER, MAY, ACME)
    found = links.take(token, "10.0.0.9")
    links.revoke(MANAGER, MAY, found.token_hash.hex())
    deeds = [one.deed for one in trail.records]
    assert [one.action for one in deeds] == [
        Action.LINK_MADE, Action.LINK_USED, Action.LINK_REVOKED,
    ]  # fmt: skip
    assert {(one.site, one.party, one.subject) for one in deeds} == {
        ("north", "acme", actor_of(found))
    }
    assert (deeds[1].actor, deeds[1].address) == (actor_of(found), "10.0.0.9")
    assert all(token not in repr(one) for one in deeds)


def test_each_use_is_counted(links, clock):
    token = links.make(MANAGER, MAY, ACME)
    for _ in range(3):
        clock.now += timedelta(hours=1)
        links.take(token, "10.0.0.9")
    [listed] = links.listed(MANAGER)
    assert (listed.uses, listed.used_at) == (3, clock.now)


def test_a_link_ends_when_its_days_are_over(links, clock, trail):
    token = links.make(MANAGER, MAY, ACME)
    clock.now += timedelta(days=30)
    assert links.working(token) is None
    assert links.take(token, "10.0.0.9") is None
    assert len(trail.records) == 1


def test_a_link_that_is_taken_back_ends_at_once(links):
    token = links.make(MANAGER, MAY, ACME)
    name = links.working(token).token_hash.hex()
    assert links.revoke(MANAGER, MAY, name)
    assert links.working(token) is None
    assert not links.revoke(MANAGER, MAY, name)


@pytest.mark.parametrize("days", [0, -1, MOST_DAYS + 1])
def test_a_link_lasts_from_a_day_to_half_a_year(links, days):
    with pytest.raises(LinkError) as caught:
        links.make(MANAGER, MAY, ACME._replace(days=days))
    assert caught.value.field == "days"


@pytest.mark.parametrize("party", ["nobody", "zeta", ""])
def test_a_link_is_for_a_party_of_the_site_in_its_own_role(links, party):
    with pytest.raises(LinkError):
        links.make(MANAGER, MAY, ACME._replace(party=party))


def test_a_purchaser_makes_links_for_suppliers_and_sees_no_others(links):
    links.make(PURCHASER, MAY, ACME)
    token = links.make(MANAGER, MAY, ZETA)
    with pytest.raises(Forbidden):
        links.make(PURCHASER, MAY, ZETA)
    assert {one.party for one in links.listed(PURCHASER)} == {"acme"}
    assert not links.revoke(PURCHASER, MAY, links.working(token).token_hash.hex())


@pytest.mark.parametrize("role", set(Role) - {Role.ADMINISTRATOR, Role.MANAGER, Role.PURCHASER})
def test_nobody_else_makes_links(links, role):
    with pytest.raises(Forbidden):
        links.make(Scope(role=role, sites=("north",), party="acme"), MAY, ACME)


def test_a_manager_of_another_site_neither_makes_nor_sees_links(links):
    links.make(MANAGER, MAY, ACME)
    elsewhere = Scope(role=Role.MANAGER, sites=("south",))
    assert links.listed(elsewhere) == []
    with pytest.raises(Forbidden):
        links.make(elsewhere, MAY, ACME)


@pytest.mark.parametrize("token", [None, "", "x" * 43, "x" * 200])
def test_a_token_that_nobody_was_given_opens_nothing(links, token):
    links.make(MANAGER, MAY, ACME)
    assert links.working(token) is None


def test_no_link_makes_anybody_of_the_site_itself(links):
    with pytest.raises(Forbidden):
        links.make(MANAGER, MAY, Wanted("north", Role.ADMINISTRATOR, "acme", 30))
