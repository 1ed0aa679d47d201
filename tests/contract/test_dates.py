"""What was said about dates comes back from SQL as it was said, in its order, of its site."""

from datetime import UTC, datetime, timedelta

import pytest

from data.domain.dates import PICK_UP, Entry, Said, Side, Subject
from data.domain.scope import factory_scope
from data.services.errors import Unavailable
from data.store.dates import DateStore
from data.store.history import connect

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
S, T = factory_scope("s"), factory_scope("t")
MILESTONE, PICKED_UP = Subject("SO-1", "M-PCK", "buyer"), Subject("SO-1", PICK_UP, "carrier")


@pytest.fixture
def store(database_url):
    engine = connect(database_url)
    yield DateStore(engine)
    engine.dispose()


def says(said, side, words="", date_at=NOW + timedelta(days=2)):
    return Entry(said=said, side=side, at=NOW, author="Lin", date_at=date_at, words=words)


def test_everything_comes_back_in_the_order_it_was_said(store):
    first = says(Said.REQUESTED, Side.PARTY, "提前\n一天 =1+1")
    second = says(Said.DISPUTED, Side.PARTY, "photo", date_at=None)
    third = says(Said.REQUESTED, Side.FACTORY)
    store.add(S, "s", MILESTONE, first)
    store.add(S, "s", PICKED_UP, third)
    store.add(S, "s", MILESTONE, second)
    wanted = [(MILESTONE, first), (PICKED_UP, third), (MILESTONE, second)]
    assert store.all(S, "s") == store.of(S, "s", ["SO-1", "SO-2"]) == wanted


def test_other_sites_and_orders_are_left_out(store):
    store.add(S, "s", MILESTONE, says(Said.REQUESTED, Side.PARTY))
    assert store.all(T, "t") == store.of(T, "t", ["SO-1"]) == store.of(S, "s", ["SO-2"]) == []
    assert store.of(S, "s", []) == []


def test_a_database_that_is_away_is_unavailable():
    away = connect("postgresql+psycopg://nobody@127.0.0.1:1/none")
    with pytest.raises(Unavailable):
        DateStore(away).all(S, "s")
