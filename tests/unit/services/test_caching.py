"""Kept answers: the same for the same question alone; without a cache they are just made."""

import msgspec
import pytest
from msgspec import Struct

from data.domain.scope import Role, Scope, factory_scope
from data.services.caching import Cached, key_of
from data.services.errors import Unavailable

NORTH = factory_scope("north")


class Answer(Struct, frozen=True):
    value: int


class Question(Struct, frozen=True, kw_only=True):
    cause: str | None = None
    limit: int = 50


class Memory:
    def __init__(self):
        self.kept = {}
        self.gone = False

    def get(self, key):
        if self.gone:
            raise Unavailable("gone")
        return self.kept.get(key)

    def put(self, key, value, keep_s):
        if self.gone:
            raise Unavailable("gone")
        self.kept[key] = value


class Asking:
    """Asks the same cache and counts how often the answer had to be made."""

    def __init__(self, shelf):
        self.cached = Cached(shelf)
        self.made = 0

    def __call__(self, scope=NORTH, site="north", version=1, name="delays", parameters=None):
        return self.cached.get(scope, site, version, name, parameters, Answer, self._make)

    def _make(self):
        self.made += 1
        return Answer(self.made)


def test_the_same_question_is_answered_once():
    ask = Asking(Memory())
    assert ask(parameters=Question()) == ask(parameters=Question()) == Answer(1)
    assert ask.made == 1


@pytest.mark.parametrize(
    "other",
    [
        {"scope": factory_scope("north", "south")},
        {"scope": Scope(role=Role.SOURCE, sites=("north",), source="mes")},
        {"site": "south"},
        {"version": 2},
        {"name": "figures"},
        {"parameters": Question(cause="down")},
        {"parameters": Question(limit=51)},
    ],
)
def test_any_other_question_has_an_answer_of_its_own(other):
    ask = Asking(Memory())
    ask(parameters=Question())
    ask(**{"parameters": Question(), **other})
    assert ask.made == 2


def test_no_two_scopes_share_a_key_whatever_their_sites_are_called():
    keys = {
        key_of(factory_scope(*sites), site, 1, "x", None)
        for sites, site in [(("a", "b"), "c"), (("a",), "b,c"), (("a,b",), "c"), (("b", "a"), "d")]
    }
    assert len(keys) == 4


def test_what_is_kept_is_json():
    memory = Memory()
    Asking(memory)()
    assert [msgspec.json.decode(value) for value in memory.kept.values()] == [{"value": 1}]


def test_a_cache_out_of_reach_costs_no_answer():
    memory = Memory()
    memory.gone = True
    ask = Asking(memory)
    assert (ask(), ask()) == (Answer(1), Answer(2))


def test_without_a_cache_each_answer_is_made():
    ask = Asking(None)
    assert (ask(), ask()) == (Answer(1), Answer(2))


@pytest.mark.parametrize("junk", [b"{", b'{"value": "x"}', b"\x80\x04\x95"])
def test_what_is_kept_in_another_form_is_made_anew(junk):
    memory = Memory()
    ask = Asking(memory)
    ask()
    memory.kept = dict.fromkeys(memory.kept, junk)
    assert ask() == Answer(2)


def test_a_failure_is_not_kept():
    memory = Memory()
    cached = Cached(memory)
    with pytest.raises(ZeroDivisionError):
        cached.get(NORTH, "north", 1, "x", None, Answer, lambda: Answer(1 // 0))
    assert memory.kept == {}
