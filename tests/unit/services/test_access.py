"""The access review names every way in, what is odd about it, and what is seen by whom."""

from datetime import UTC, datetime, timedelta

import pytest

from data.domain.access import Device, Mark
from data.domain.people import Account, Link, Purpose
from data.domain.policy import Kind, Treatment
from data.domain.role_policies import usual_policy
from data.domain.scope import Role, Scope
from data.services.access import Access
from data.services.errors import Forbidden
from data.services.ports import StoredKey

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
LONG_AGO, LATELY = NOW - timedelta(days=120), NOW - timedelta(days=3)
AUDITOR = Scope(role=Role.AUDITOR, sites=("s",))


def account(login, role=Role.PLANNER, party=None, sites=("s",), **more):
    more = {"created_at": LONG_AGO, "seen_at": LATELY, "password": "hash", **more}
    return Account(id=login, login=login, name=login, role=role, sites=sites, party=party, **more)


def link(name, site="s", **more):
    more = {"created_at": LONG_AGO, "ends_at": NOW + timedelta(days=9), "uses": 0, **more}
    return Link(
        token_hash=name.encode(), purpose=Purpose.BOARD, account=None, site=site, party="P1",
        role=Role.SUPPLIER, created_by="account/may", **more,
    )  # fmt: skip


def key(prefix, site="s", **more):
    more = {"source": f"urn:{prefix}", "created_at": LONG_AGO, "revoked_at": None, **more}
    return StoredKey(prefix=prefix, secret_hash=b"secret", site=site, rate_per_s=1, **more)


class Everything:
    """People, keys, screens and policies in memory."""

    def __init__(self, accounts=(), links=(), keys=(), devices=(), reported=None, acted=None):
        self.accounts, self.made, self.kept = accounts, links, keys
        self.screens, self.sources, self.actors = devices, reported or {}, acted or {}

    def all(self):
        return list(self.accounts)

    def links(self, scope, purpose):
        return [one for one in self.made if one.purpose is purpose]

    def devices(self, site):
        return list(self.screens)

    def reported(self, site, sources, since):
        return {s: at for s, at in self.sources.items() if s in sources and at > since}

    def acted(self, actors, since):
        return {a: at for a, at in self.actors.items() if a in actors and at > since}

    def policy(self, site, role, party):
        policy = usual_policy(role)
        hidden = {(Kind.NEED, "part"): Treatment.HIDE} if party == "P1" else {}
        return policy.changed(hidden)


class Keys:
    def __init__(self, keys):
        self.kept = keys

    def all(self):
        return list(self.kept)


def review(scope=AUDITOR, **what):
    every = Everything(**what)
    return Access(every, Keys(every.kept), every, every, lambda: NOW).review(scope, "s")


def marks(ways):
    return {way.id: set(way.marks) for way in ways}


def test_accounts_are_marked_by_their_use_and_their_second_factor():
    found = review(
        accounts=[
            account("used", totp_secret="x"),
            account("idle", seen_at=LONG_AGO),
            account("never", seen_at=None, created_at=LATELY, password=None),
            account("forgotten", seen_at=None, subject="issuer subject", password=None),
            account("gone", disabled_at=LATELY),
        ]
    ).accounts
    assert marks(found) == {
        "account/used": set(),
        "account/idle": {Mark.UNUSED, Mark.NO_AUTHENTICATOR},
        "account/never": {Mark.NEVER_USED, Mark.INVITED},
        "account/forgotten": {Mark.NEVER_USED, Mark.UNUSED},
        "account/gone": {Mark.DISABLED},
    }
    assert [way.id for way in found if not way.open] == ["account/gone"]


def test_links_say_whether_they_still_open_and_whether_anyone_uses_them():
    found = review(
        links=[
            link("a" * 8, used_at=LATELY, uses=3),
            link("b" * 8),
            link("c" * 8, ends_at=NOW),
            link("d" * 8, revoked_at=LATELY, used_at=LATELY),
            link("e" * 8, site="t"),
        ]
    ).links
    assert [way.id for way in found] == [f"link/{sign.encode().hex() * 4}" for sign in "abcd"]
    assert [set(way.marks) for way in found] == [
        set(), {Mark.NEVER_USED, Mark.UNUSED}, {Mark.ENDED, Mark.NEVER_USED, Mark.UNUSED},
        {Mark.REVOKED},
    ]  # fmt: skip
    assert [way.open for way in found] == [True, True, False, False]


def test_a_key_was_used_when_its_source_reported_or_it_was_answered():
    found = review(
        keys=[
            key("aa", source="urn:mes"), key("bb", source="", role=Role.MANAGER), key("cc"),
            key("dd", created_at=LATELY), key("ee", revoked_at=LATELY), key("ff", site="t"),
        ],
        reported={"urn:mes": LATELY}, acted={"key/bb": LATELY},
    ).keys  # fmt: skip
    assert marks(found) == {
        "key/aa": set(), "key/bb": set(), "key/cc": {Mark.UNUSED},
        "key/dd": {Mark.NEVER_USED}, "key/ee": {Mark.REVOKED},
    }  # fmt: skip
    assert [way.used_at for way in found][:2] == [LATELY, LATELY]


def test_screens_that_are_dark_for_long_are_marked():
    def device(name, seen_at, revoked_at=None):
        return Device(
            id=name, screen="s.A", enrolled_by="account/may", enrolled_at=LONG_AGO,
            seen_at=seen_at, revoked_at=revoked_at,
        )  # fmt: skip

    devices = [device("on", LATELY), device("dark", LONG_AGO), device("off", LATELY, LATELY)]
    found = review(devices=devices).screens
    assert marks(found) == {
        "screen/on": set(), "screen/dark": {Mark.UNUSED}, "screen/off": {Mark.REVOKED},
    }  # fmt: skip


def test_only_what_leads_into_this_site_is_listed():
    found = review(
        accounts=[account("here"), account("everywhere", sites=("*",)), account("t", sites=("t",))]
    )
    assert [way.id for way in found.accounts] == ["account/here", "account/everywhere"]


def test_what_each_role_and_each_party_with_a_way_in_may_see_is_told():
    found = review(
        accounts=[account("sue", Role.SUPPLIER, "P1"), account("sam", Role.SUPPLIER, "P2")],
        links=[link("a" * 8)],
        keys=[key("bb", source="", role=Role.SUPPLIER, party="P3")],
    ).sights
    suppliers = {one.party: one for one in found if one.role is Role.SUPPLIER}
    assert {party: one.ways for party, one in suppliers.items()} == {
        None: 4, "P1": 2, "P2": 1, "P3": 1,
    }  # fmt: skip
    assert "part" in suppliers["P2"].fields[Kind.NEED][Treatment.SHOW]
    assert "part" not in suppliers["P1"].fields[Kind.NEED][Treatment.SHOW]
    assert {one.role for one in found if one.whole} == {
        Role.ADMINISTRATOR, Role.MANAGER, Role.PLANNER, Role.AUDITOR,
    }  # fmt: skip


def test_a_way_that_is_closed_does_not_count():
    gone = account("sue", Role.SUPPLIER, "P1", disabled_at=LATELY)
    assert not any(one.ways for one in review(accounts=[gone]).sights)


def test_nothing_that_opens_anything_is_in_a_review():
    found = review(
        accounts=[account("ann", password="pass-hash", totp_secret="totp-secret")],
        links=[link("link-token")], keys=[key("aa")],
    )  # fmt: skip
    said = repr(found)
    assert "pass-hash" not in said
    assert "totp-secret" not in said
    assert b"link-token".hex() not in said
    assert "secret" not in said


@pytest.mark.parametrize(
    "scope",
    [
        Scope(role=Role.MANAGER, sites=("s",)),
        Scope(role=Role.SUPPLIER, sites=("s",), party="P1"),
        Scope(role=Role.ADMINISTRATOR, sites=("t",)),
    ],
)
def test_only_administrators_and_auditors_of_the_site_review(scope):
    with pytest.raises(Forbidden):
        review(scope)


def test_names_are_those_of_accounts_that_share_a_site():
    every = Everything(accounts=[account("here"), account("t", sites=("t",))])
    names = Access(every, Keys([]), every, every, lambda: NOW).names(AUDITOR)
    assert names == {"account/here": "here (here)"}
