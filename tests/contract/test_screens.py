"""Browsers on walls and links in SQL do what their services count on, also two at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from data.domain.people import Link, Purpose
from data.domain.scope import Role
from data.domain.screens import ScreenDevice
from data.store.history import connect
from data.store.people import PeopleStore
from data.store.screens import ScreenStore

NOW = datetime(2026, 11, 24, 8, 0, 0, 123456, tzinfo=UTC)
EARLIER = NOW - timedelta(minutes=10)


@pytest.fixture
def engine(database_url):
    made = connect(database_url)
    with made.begin() as connection:
        connection.execute(text("DELETE FROM screen_device"))
    yield made
    made.dispose()


@pytest.fixture
def store(engine):
    return ScreenStore(engine)


def waiting(name="d1", code=b"c1", **more):
    more = {"asked_at": NOW, "seen_at": NOW, "screen": "north.A", **more}
    return ScreenDevice(id=name, token_hash=name.encode(), code_hash=code, **more)


def let_in(store, name="d1", screen="north.A"):
    store.add(waiting(name, name.encode()))
    assert store.enrol(name, name.encode(), screen.partition(".")[0], screen, "account/1", NOW)


def test_a_device_comes_back_as_it_was_stored_to_the_microsecond(store):
    store.add(waiting())
    assert store.by_token(b"d1") == waiting()
    assert store.by_token(b"d2") is None


def test_a_code_is_found_while_it_holds_and_waits(store):
    store.add(waiting())
    assert store.by_code(b"c1", EARLIER) == waiting()
    assert store.by_code(b"c2", EARLIER) is None
    assert store.by_code(b"c1", NOW + timedelta(seconds=1)) is None
    assert store.enrol("d1", b"c1", "north", "north.A", "account/1", NOW)
    assert store.by_code(b"c1", EARLIER) is None


def test_a_renewed_code_takes_the_place_of_the_old_one(store):
    store.add(waiting())
    later = NOW + timedelta(minutes=10)
    store.renew("d1", b"c2", later)
    assert store.by_code(b"c1", EARLIER) is None
    assert store.by_code(b"c2", EARLIER).asked_at == later
    assert not store.enrol("d1", b"c1", "north", "north.A", "account/1", later)


def test_of_many_who_type_a_code_at_once_one_lets_the_screen_in(store):
    store.add(waiting())

    def enrol(number):
        return store.enrol("d1", b"c1", "north", f"north.{number}", f"account/{number}", NOW)

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(enrol, range(8)))
    assert sum(done) == 1
    assert store.by_token(b"d1").screen == f"north.{done.index(True)}"


def test_screens_are_listed_by_site_until_they_are_kept_out(store):
    let_in(store, "d2", "north.B")
    let_in(store, "d1", "north.A")
    let_in(store, "d3", "south.A")
    store.add(waiting("d4", b"c4"))
    assert [one.screen for one in store.enrolled(["north"])] == ["north.A", "north.B"]
    assert store.enrolled([]) == []
    assert store.revoke("d1", NOW)
    assert not store.revoke("d1", NOW)
    assert not store.revoke("d4", NOW)
    assert [one.id for one in store.enrolled(["north"])] == ["d2"]
    assert store.by_id("d1") is None
    assert not store.by_token(b"d1").shows


def test_use_and_version_are_noted(store):
    let_in(store)
    store.touch("d1", NOW + timedelta(hours=1))
    store.note_version("d1", "b2")
    found = store.by_id("d1")
    assert (found.seen_at, found.version) == (NOW + timedelta(hours=1), "b2")


def test_those_that_asked_long_ago_are_dropped_and_no_others(store):
    let_in(store, "d1")
    store.add(waiting("d2", b"c2"))
    store.add(waiting("d3", b"c3", asked_at=NOW + timedelta(days=1)))
    store.forget(NOW + timedelta(hours=1))
    assert store.by_token(b"d1") and store.by_token(b"d3")
    assert store.by_token(b"d2") is None


def test_uses_of_a_link_are_counted_and_it_ends_once(engine):
    people = PeopleStore(engine)
    link = Link(
        token_hash=b"board", purpose=Purpose.BOARD, account=None, site="north", party="acme",
        role=Role.SUPPLIER, created_by="account/1", created_at=NOW,
        ends_at=NOW + timedelta(days=30),
    )  # fmt: skip
    people.add_link(link)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: people.count_use(b"board", NOW), range(8)))
    assert people.link(b"board").uses == 8
    assert people.revoke_link(b"board", NOW)
    assert not people.revoke_link(b"board", NOW)
    assert not people.link(b"board").opens(Purpose.BOARD, NOW)
