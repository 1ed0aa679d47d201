from datetime import UTC, datetime
from typing import ClassVar

import pytest
from msgspec.structs import replace

from data.domain.exceptions.records import Severity
from data.domain.people import Account
from data.domain.preferences import Chosen, Duty, Preference, PreferenceError
from data.domain.scope import Role, Scope
from data.domain.site import Site
from data.services.accounts_desk import By
from data.services.errors import Forbidden
from data.services.preferences import Preferences, Roster

PLANT = Site(id="plant", name="Plant")
ANNA = Account(
    id="a1", login="anna@works.example", name="Anna", role=Role.OPERATOR, sites=("plant",),
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
)  # fmt: skip
BEN = replace(ANNA, id="b1", login="ben", name="Ben")
MANAGER = Scope(role=Role.MANAGER, sites=("plant",))


class Way:
    def __init__(self, kind, addressed):
        self.kind, self.addressed = kind, addressed


class Ways:
    known: ClassVar = {
        "mail": Way("email", True),
        "sms": Way("sms", True),
        "group": Way("wecom", False),
    }

    def find(self, name):
        return self.known.get(name)

    def names(self, kind=None):
        return tuple(name for name, way in self.known.items() if kind in {None, way.kind})


class Store:
    def __init__(self):
        self.said, self.lines = {}, []

    def accounts(self):
        return [ANNA, BEN, replace(ANNA, id="s1", role=Role.SUPPLIER, party="acme"),
                replace(ANNA, id="o1", sites=("other",))]  # fmt: skip

    def preference(self, of):
        return self.said.get(of)

    def keep_preference(self, said):
        self.said[said.account] = said

    def duties(self, site):
        return self.lines

    def keep_duties(self, site, duties):
        self.lines = list(duties)


class Audit:
    def __init__(self):
        self.deeds = []

    def note(self, actor, action, subject, **more):
        self.deeds.append((actor, subject, more["detail"]))


@pytest.fixture
def audit():
    return Audit()


@pytest.fixture
def preferences(audit):
    return Preferences(Store(), Ways(), audit)


@pytest.fixture
def roster(audit):
    return Roster(Store(), audit)


def test_who_never_said_is_told_by_mail_when_the_login_is_an_address(preferences):
    assert preferences.of(ANNA).ways == (Chosen(way="mail", address=ANNA.login),)
    assert preferences.of(BEN).ways == ()


def test_people_choose_ways_that_need_an_address_and_no_groups(preferences):
    assert preferences.ways() == {"mail": True, "sms": True}


def test_what_somebody_says_of_themselves_is_kept_and_audited(preferences, audit):
    said = Preference(account="a1", least=Severity.HIGH, ways=(Chosen(way="sms", address="1"),))
    assert preferences.change(By("account/a1"), ANNA, said) == said
    assert preferences.of(ANNA) == said
    assert audit.deeds == [
        ("account/a1", "account/a1", {"changed": "notifications", "least": "high", "ways": ["sms"]})
    ]


def test_nobody_speaks_for_another(preferences):
    with pytest.raises(Forbidden):
        preferences.change(By("account/a1"), BEN, Preference(account="b1"))
    with pytest.raises(Forbidden):
        preferences.change(By("account/a1"), ANNA, Preference(account="b1"))


def test_a_group_is_no_way_of_a_person(preferences, audit):
    with pytest.raises(PreferenceError, match="ways"):
        preferences.change(
            By("account/a1"), ANNA, Preference(account="a1", ways=(Chosen(way="group"),))
        )
    assert audit.deeds == []


def test_a_manager_keeps_the_roster_of_those_inside_who_have_the_role(roster, audit):
    assert [one.id for one in roster.staff(MANAGER, "plant")] == ["a1", "b1"]
    line = Duty(site="plant", role=Role.OPERATOR, account="a1")
    assert roster.change(MANAGER, By("account/m"), PLANT, [line]) == (line,)
    assert roster.of(MANAGER, "plant") == [line]
    assert audit.deeds == [("account/m", "roster/plant", {"changed": "roster", "lines": 1})]
    for account in ("s1", "o1", "nobody"):
        with pytest.raises(PreferenceError, match="account"):
            roster.change(MANAGER, By("account/m"), PLANT, [replace(line, account=account)])


@pytest.mark.parametrize(
    "stranger",
    [
        Scope(role=Role.OPERATOR, sites=("plant",)),
        Scope(role=Role.AUDITOR, sites=("plant",)),
        Scope(role=Role.MANAGER, sites=("other",)),
        Scope(role=Role.SUPPLIER, sites=("plant",), party="acme"),
    ],
)
def test_strangers_change_no_roster(roster, stranger):
    with pytest.raises(Forbidden):
        roster.change(stranger, By("account/x"), PLANT, [])
