"""A scope shows and allows nothing but what it names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.domain.scope import Role, Scope, factory_scope, party_source

KEY = Scope(role=Role.SOURCE, sites=("plant",), source="mes")
names = st.text("ab,:%=/", max_size=3)
scopes = st.builds(
    Scope,
    role=st.sampled_from(Role),
    sites=st.lists(names, max_size=2).map(tuple),
    source=st.none() | names,
    party=st.none() | names,
)


def test_a_factory_scope_sees_and_reports_at_its_sites_only():
    scope = factory_scope("plant", "annex")
    assert scope.may_see("plant")
    assert scope.may_report("annex", "mes")
    assert not scope.may_see("other")
    assert not scope.may_report("other", "mes")


def test_a_source_sees_nothing_and_reports_as_itself_only():
    assert KEY.may_report("plant", "mes")
    assert not KEY.may_see("plant")
    assert not KEY.may_report("plant", "scanner")
    assert not KEY.may_report("other", "mes")


@pytest.mark.parametrize("source", [None, ""])
def test_a_source_scope_without_a_source_reports_nothing(source):
    scope = Scope(role=Role.SOURCE, sites=("plant",), source=source)
    assert not scope.may_report("plant", "")
    assert not scope.may_report("plant", "mes")
    assert not scope.may_report("plant", None)  # type: ignore[arg-type]


@pytest.mark.parametrize("role", Role)
def test_a_scope_of_no_site_may_nothing(role):
    scope = Scope(role=role, sites=(), source="mes")
    assert not scope.may_see("plant")
    assert not scope.may_see("")
    assert not scope.may_report("plant", "mes")


def test_a_role_that_is_not_known_may_nothing():
    scope = Scope(role="visitor", sites=("plant",), source="mes")  # type: ignore[arg-type]
    assert not scope.may_see("plant")
    assert not scope.may_report("plant", "mes")


def test_sites_given_as_text_are_refused_since_its_parts_would_pass_for_sites():
    with pytest.raises(TypeError, match="sites: expected a tuple"):
        Scope(role=Role.FACTORY, sites="plant")  # type: ignore[arg-type]


@given(first=scopes, second=scopes)
def test_keys_are_equal_for_equal_scopes_only(first, second):
    meant = [(s.role, frozenset(s.sites), s.source, s.party) for s in (first, second)]
    assert (first.key == second.key) is (meant[0] == meant[1])


ALL_OF_A_SITE = {Role.FACTORY, Role.ADMINISTRATOR, Role.MANAGER, Role.PLANNER, Role.AUDITOR}
OUTSIDE = {Role.SUPPLIER, Role.CUSTOMER, Role.LOGISTICS}


@pytest.mark.parametrize("role", Role)
def test_who_sees_all_of_a_site_who_its_walls_and_who_what_is_disclosed(role):
    scope = Scope(role=role, sites=("plant",), party="acme")
    inside = ALL_OF_A_SITE | {Role.PURCHASER, Role.OPERATOR}
    assert scope.may_see("plant") is (role in ALL_OF_A_SITE)
    assert scope.may_watch("plant") is (role in inside | {Role.SCREEN})
    assert scope.may_see_rows("plant") is (role in inside | OUTSIDE)
    assert scope.outside is (role in OUTSIDE)
    assert not scope.may_see("other")
    assert not scope.may_watch("other")
    assert not scope.may_see_rows("other")


@pytest.mark.parametrize("role", sorted(OUTSIDE))
@pytest.mark.parametrize("party", [None, ""])
def test_an_outside_role_without_a_party_may_nothing(role, party):
    scope = Scope(role=role, sites=("plant",), party=party)
    assert not scope.may_see_rows("plant")
    assert not scope.may_report("plant", party_source(party))


@pytest.mark.parametrize("role", sorted(OUTSIDE))
def test_a_party_reports_as_itself_only(role):
    scope = Scope(role=role, sites=("plant",), party="acme")
    assert scope.may_report("plant", "urn:milepost:party:acme")
    assert not scope.may_report("plant", "urn:milepost:party:bolts")
    assert not scope.may_report("plant", "mes")


@pytest.mark.parametrize("role", sorted(set(Role) - OUTSIDE - {Role.FACTORY, Role.SOURCE}))
def test_people_of_the_factory_do_not_report_events_themselves(role):
    assert not Scope(role=role, sites=("plant",), source="mes").may_report("plant", "mes")
