"""Disclosure at a site: usual, changed for a role, changed for one party; only by those who may."""

import pytest

from data.domain.policy import Kind, PolicyError, Treatment
from data.domain.scope import Role, Scope
from data.services.disclosures import Disclosures
from data.services.errors import Forbidden, Unavailable
from data.store.disclosures import DisclosureStore
from data.store.history import connect

SECRET = b"a secret of the tests alone"
PART, NEED_BY = (Kind.NEED, "part"), (Kind.NEED, "need_by")
MANAGER = Scope(role=Role.MANAGER, sites=("s",))


def supplier(party="acme", site="s"):
    return Scope(role=Role.SUPPLIER, sites=(site,), party=party)


@pytest.fixture
def disclosures(database_url):
    engine = connect(database_url)
    yield Disclosures(DisclosureStore(engine), SECRET)
    engine.dispose()


def part_of(disclosures, scope):
    return disclosures.eyes(scope, "s").policy.of(*PART)


def test_the_usual_policy_holds_where_the_site_says_nothing(disclosures):
    eyes = disclosures.eyes(supplier(), "s")
    assert (eyes.party, part_of(disclosures, supplier())) == ("acme", Treatment.SHOW)


def test_a_change_for_a_role_is_for_all_its_parties_and_one_for_a_party_comes_over_it(disclosures):
    disclosures.change(MANAGER, "s", Role.SUPPLIER, None, {PART: Treatment.MASK})
    disclosures.change(MANAGER, "s", Role.SUPPLIER, "acme", {PART: Treatment.HIDE})
    assert part_of(disclosures, supplier("acme")) is Treatment.HIDE
    assert part_of(disclosures, supplier("bolts")) is Treatment.MASK
    disclosures.change(MANAGER, "s", Role.SUPPLIER, "acme", {PART: None})
    assert part_of(disclosures, supplier("acme")) is Treatment.MASK


def test_a_change_at_one_site_is_none_at_another(disclosures):
    disclosures.change(MANAGER, "s", Role.SUPPLIER, None, {PART: Treatment.HIDE})
    other = disclosures.eyes(supplier(site="t"), "t")
    assert other.policy.of(*PART) is Treatment.SHOW


@pytest.mark.parametrize(
    "scope",
    [
        supplier(),
        Scope(role=Role.PLANNER, sites=("s",)),
        Scope(role=Role.AUDITOR, sites=("s",)),
        Scope(role=Role.MANAGER, sites=("t",)),
    ],
)
def test_nobody_else_changes_a_policy(disclosures, scope):
    with pytest.raises(Forbidden):
        disclosures.change(scope, "s", Role.SUPPLIER, None, {PART: Treatment.SHOW})


def test_a_treatment_that_does_not_fit_is_refused_by_name(disclosures):
    with pytest.raises(PolicyError, match=r"need\.need_by"):
        disclosures.change(MANAGER, "s", Role.SUPPLIER, None, {NEED_BY: Treatment.MASK})


@pytest.mark.parametrize(
    "scope",
    [
        supplier(site="t"),
        supplier(party=None),
        Scope(role=Role.SOURCE, sites=("s",), source="x"),
        Scope(role=Role.SCREEN, sites=("s",)),
    ],
)
def test_who_gets_no_rows_has_no_eyes(disclosures, scope):
    with pytest.raises(Forbidden):
        disclosures.eyes(scope, "s")


def test_pseudonyms_of_two_sites_and_two_secrets_differ(disclosures):
    here, there = disclosures.eyes(supplier(), "s"), disclosures.eyes(supplier(site="t"), "t")
    assert here.secret != there.secret
    other = Disclosures(disclosures._store, b"another secret of the tests")
    assert other.eyes(supplier(), "s").secret != here.secret


class Broken:
    def changes(self, site, role, party):
        raise Unavailable("SQL is away")

    def set(self, site, role, party, changes):
        raise Unavailable("SQL is away")


def test_without_sql_nothing_is_disclosed_that_was_not_known_lately():
    with pytest.raises(Unavailable):
        Disclosures(Broken(), SECRET).eyes(supplier(), "s")


def test_without_sql_a_policy_known_lately_still_holds(disclosures, monkeypatch):
    assert part_of(disclosures, supplier()) is Treatment.SHOW
    monkeypatch.setattr("data.services.disclosures.KNOWN_FOR_S", 0.0)
    disclosures._store = Broken()
    assert part_of(disclosures, supplier()) is Treatment.SHOW
