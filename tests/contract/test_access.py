"""What the access review asks of SQL, and what is said of disclosure at one level alone."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert

from data.domain.audit import Action
from data.domain.people import Purpose
from data.domain.policy import Kind, Treatment
from data.domain.scope import Role, Scope
from data.services.access import Access
from data.services.audit import Audit
from data.services.disclosures import Disclosures
from data.services.identity import Identity
from data.services.keys import Keys
from data.services.sealing import Box
from data.store.access import AccessStore
from data.store.audit import AuditStore
from data.store.disclosures import DisclosureStore
from data.store.history import connect
from data.store.keys import KeyStore
from data.store.people import PeopleStore
from data.store.people_tables import screen_device
from data.store.tables import event

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
SINCE = NOW - timedelta(days=90)
PART = (Kind.NEED, "part")


@pytest.fixture
def engine(database_url):
    made = connect(database_url)
    yield made
    made.dispose()


def report(engine, source, at, site="s"):
    values = {
        "site": site, "source": source, "id": at.isoformat(), "type": "x", "subject": "order/1",
        "time": at, "recorded_at": at, "seq": 1, "digest": b"", "data": {},
    }  # fmt: skip
    with engine.begin() as connection:
        connection.execute(insert(event).values(values))


def put_up(engine, name, site="s", **more):
    values = {
        "id": name, "site": site, "screen": "s.A", "token_hash": name.encode(), "asked_at": NOW,
        "enrolled_by": "account/may", "enrolled_at": NOW, "seen_at": NOW, **more,
    }  # fmt: skip
    with engine.begin() as connection:
        connection.execute(insert(screen_device).values(values))


def test_a_source_reported_last_at_its_latest_event_of_this_site(engine):
    for source, at, site in (
        ("mes", NOW - timedelta(days=9), "s"), ("mes", NOW - timedelta(days=2), "s"),
        ("mes", NOW, "t"), ("old", SINCE - timedelta(days=1), "s"),
    ):  # fmt: skip
        report(engine, source, at, site)
    found = AccessStore(engine).reported("s", {"mes", "old", "none"}, SINCE)
    assert found == {"mes": NOW - timedelta(days=2)}
    assert AccessStore(engine).reported("s", set(), SINCE) == {}


def test_an_actor_acted_last_when_the_trail_says_so(engine):
    now = [SINCE - timedelta(days=1)]
    audit = Audit(AuditStore(engine), b"secret", lambda: now[0])
    audit.note("key/old", Action.SAW, "needs")
    for days in (3, 1):
        now[0] = NOW - timedelta(days=days)
        audit.note("key/aa", Action.SAW, "needs")
    found = AccessStore(engine).acted({"key/aa", "key/old"}, SINCE)
    assert found == {"key/aa": NOW - timedelta(days=1)}


def test_screens_are_those_that_were_let_in_at_the_site(engine):
    put_up(engine, "one")
    put_up(engine, "two", seen_at=NOW - timedelta(days=1), revoked_at=NOW)
    put_up(engine, "there", site="t")
    put_up(engine, "asks", site=None, screen=None, enrolled_at=None, enrolled_by=None)
    found = AccessStore(engine).devices("s")
    assert [(one.id, one.screen, one.revoked_at) for one in found] == [
        ("one", "s.A", None), ("two", "s.A", NOW),
    ]  # fmt: skip


def test_a_review_joins_everything_that_is_stored(engine):
    people = PeopleStore(engine)
    identity = Identity(people, lambda: NOW, Box(bytes(32)))
    made = identity.create("sue@acme.example", "Sue", Role.SUPPLIER, ["s"], "acme")
    identity.invite(made.id, "account/may", Purpose.INVITATION)
    Keys(KeyStore(engine), lambda: NOW).create("s", "urn:mes")
    put_up(engine, "one")
    disclosures = Disclosures(DisclosureStore(engine), b"a secret of the tests alone")
    access = Access(people, KeyStore(engine), AccessStore(engine), disclosures, lambda: NOW)
    found = access.review(Scope(role=Role.AUDITOR, sites=("s",)), "s")
    assert [way.name for way in found.accounts] == ["Sue (sue@acme.example)"]
    assert [way.name for way in found.keys] == ["urn:mes"]
    assert [way.id for way in found.screens] == ["screen/one"]
    assert found.links == ()  # an invitation is no way into a board
    assert ("acme", 1) in [(one.party, one.ways) for one in found.sights]


def test_what_is_said_for_a_role_and_for_one_party_is_told_apart(engine):
    store = DisclosureStore(engine)
    store.set("s", Role.SUPPLIER, None, {PART: Treatment.MASK})
    store.set("s", Role.SUPPLIER, "acme", {PART: Treatment.HIDE})
    assert store.own("s", Role.SUPPLIER, None) == {PART: Treatment.MASK}
    assert store.own("s", Role.SUPPLIER, "acme") == {PART: Treatment.HIDE}
    assert store.own("s", Role.SUPPLIER, "bolts") == {}
    assert store.changes("s", Role.SUPPLIER, "acme") == {PART: Treatment.HIDE}
    assert store.changes("s", Role.SUPPLIER, "bolts") == {PART: Treatment.MASK}
