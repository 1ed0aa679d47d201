"""People in SQL do what identity counts on, also when two processes ask at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import text

from data.domain.people import Link, Purpose
from data.domain.scope import Role, factory_scope
from data.services.identity import MOST_FAILED_LOGIN, Identity, Refused, hashed
from data.services.sealing import Box
from data.store.history import connect
from data.store.people import PeopleStore

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
GOOD = "correct horse battery"


@pytest.fixture
def engine(database_url):
    made = connect(database_url)
    yield made
    made.dispose()


@pytest.fixture
def store(engine):
    return PeopleStore(engine)


@pytest.fixture
def identity(store):
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    return Identity(store, lambda: NOW, Box(bytes(32)), hasher)


@pytest.fixture
def lin(identity):
    account = identity.create("lin@acme.example", "Lin", Role.SUPPLIER, ["s1", "s2"], "acme")
    return identity.set_password(identity.invite(account.id, "admin"), Purpose.INVITATION, GOOD)


def test_an_account_comes_back_as_it_was_stored(store, identity, lin):
    found = store.by_login("lin@acme.example")
    assert (found.role, found.sites, found.party) == (Role.SUPPLIER, ("s1", "s2"), "acme")
    assert store.by_id(lin.id) == found
    assert store.all() == [found]
    assert identity.create("LIN@acme.example", "L", Role.MANAGER, ["s1"]) is None


def test_a_session_is_found_until_it_is_revoked(store, identity, lin):
    signed = identity.sign_in("lin@acme.example", GOOD, None, "10.0.0.1")
    assert identity.whose(signed.token).id == lin.id
    assert len(store.sessions(lin.id, NOW - timedelta(days=1))) == 1
    identity.sign_out(signed.token)
    assert identity.whose(signed.token) is None
    assert store.sessions(lin.id, NOW - timedelta(days=1)) == []


def test_nothing_in_sql_opens_a_session_or_a_link(engine, identity, lin):
    token = identity.sign_in("lin@acme.example", GOOD, None, "10.0.0.1").token
    invitation = identity.invite(lin.id, "admin")
    with engine.connect() as connection:
        dump = str(
            [
                connection.execute(text(f"SELECT * FROM {table}")).all()
                for table in ("account", "session", "link", "sign_in_attempt")
            ]
        )
    for secret in (token, invitation, GOOD):
        assert secret not in dump


def test_failures_are_counted_over_all_processes(store, identity, lin):
    others = [Identity(store, lambda: NOW, identity._box, identity._hasher) for _ in range(3)]
    for number in range(MOST_FAILED_LOGIN):
        asked = others[number % 3]
        assert asked.sign_in("lin@acme.example", "wrong", None, "10.0.0.1") is Refused.WRONG
    assert identity.sign_in("lin@acme.example", GOOD, None, "10.0.0.2") is Refused.LOCKED


def test_of_many_guesses_at_once_no_more_are_looked_at_than_one_after_the_other(identity, lin):
    with ThreadPoolExecutor(16) as pool:
        guesses = [f"wrong {number}" for number in range(60)]
        told = [*pool.map(lambda g: identity.sign_in(lin.login, g, None, "10.0.0.1"), guesses)]
    assert told.count(Refused.WRONG) == MOST_FAILED_LOGIN
    assert told.count(Refused.LOCKED) == 60 - MOST_FAILED_LOGIN


def test_getting_in_forgets_the_failures_of_the_login_and_of_it_from_the_address(
    store, identity, lin
):
    since, here, there = NOW - timedelta(minutes=15), "10.0.0.1", "10.0.0.2"
    identity.sign_in(lin.login, "wrong", None, there)
    identity.sign_in("nobody", "wrong", None, here)
    identity.sign_in(lin.login, "wrong", None, here)
    identity.sign_in(lin.login, GOOD, None, here)
    assert store.failed(lin.login, here, since) == (0, 1)
    assert store.failed("nobody", there, since) == (1, 1)


def test_of_many_who_use_a_link_at_once_one_does(store, identity, lin):
    token = identity.invite(lin.id, "admin", Purpose.RESET)
    with ThreadPoolExecutor(5) as pool:
        used = list(pool.map(lambda _: store.use_link(hashed(token), NOW), range(5)))
    assert sorted(used) == [False] * 4 + [True]


def test_of_many_who_give_a_code_at_once_one_gets_in(store, lin):
    with ThreadPoolExecutor(5) as pool:
        taken = list(pool.map(lambda _: store.take_step(lin.id, 77), range(5)))
    assert sorted(taken) == [False] * 4 + [True]


def test_a_link_to_a_board_is_counted_and_can_be_revoked(store):
    made = Link(
        token_hash=hashed("t"), purpose=Purpose.BOARD, account=None, site="s1", party="acme",
        role=Role.SUPPLIER, created_by="admin", created_at=NOW, ends_at=NOW + timedelta(days=30),
    )  # fmt: skip
    store.add_link(made)
    store.count_use(made.token_hash, NOW)
    store.count_use(made.token_hash, NOW)
    (found,) = store.links(factory_scope("s1"), Purpose.BOARD)
    assert found.uses == 2 and found.opens(Purpose.BOARD, NOW)
    assert store.revoke_link(made.token_hash, NOW)
    assert not store.revoke_link(made.token_hash, NOW)
    assert not store.link(made.token_hash).opens(Purpose.BOARD, NOW)
