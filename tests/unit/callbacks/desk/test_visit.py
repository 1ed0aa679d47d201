"""What an address may say, and how one is changed."""

from datetime import UTC, date, datetime

import pytest

from callbacks.desk.visit import BadParameter, Visit, instant
from data.domain.scope import factory_scope
from layouts.text import translator
from layouts.urls import Address, address, segment
from tests.unit.callbacks.desk.places import NOW, TAIPEI, live_site


def visit(**query: str) -> Visit:
    return Visit(
        scope=factory_scope("north"), site="north", live=live_site(), at=None, now=NOW,
        timezone=TAIPEI, t=translator("en"), theme="light", path="/orders", query=query,
    )  # fmt: skip


def test_an_address_changes_one_parameter_and_keeps_the_others():
    assert visit(q="a", sort="due").href(sort="risk") == "/orders?q=a&sort=risk"


def test_none_takes_a_parameter_out():
    assert visit(q="a", sort="due").href(sort=None, q=None) == "/orders"


def test_values_are_quoted_so_that_none_can_add_a_parameter():
    assert visit().href(q="a&site=x#y?/") == "/orders?q=a%26site%3Dx%23y%3F%2F"


def test_a_name_in_a_path_cannot_leave_it():
    assert segment("../a/b?c") == "..%2Fa%2Fb%3Fc"


def test_the_same_parameters_always_make_the_same_address():
    assert address("/x", {"b": "1", "a": "2"}) == address("/x", {"a": "2", "b": "1"})


def test_variables_of_the_path_never_become_parameters():
    here = Address(path="/orders/SO-1", query={"order": "SO-1", "q": "x"}, variables=("order",))
    assert here.href() == "/orders/SO-1?q=x"


def test_a_choice_is_one_of_its_words_or_refused_by_name():
    assert visit(sort="due").choice("sort", ("risk", "due"), "risk") == "due"
    assert visit().choice("sort", ("risk", "due"), "risk") == "risk"
    with pytest.raises(BadParameter, match="sort"):
        visit(sort="x").choice("sort", ("risk", "due"), "risk")


def test_a_day_is_a_day():
    assert visit(since="2026-11-03").day("since") == date(2026, 11, 3)
    assert visit().day("since") is None


@pytest.mark.parametrize("value", ["x", "2026-13-01", "2026-02-30", "0001-01-01", "9999-12-31"])
def test_what_is_no_day_of_this_age_is_refused(value):
    with pytest.raises(BadParameter):
        visit(since=value).day("since")


def test_a_whole_number_stays_within_its_bounds():
    assert visit(page="7").whole("page", 1, 9, 1) == 7
    assert visit().whole("page", 1, 9, 1) == 1


@pytest.mark.parametrize("value", ["0", "10", "-1", "1.5", "x", "٣", "0" * 30 + "7", "9" * 30])
def test_what_is_no_whole_number_within_bounds_is_refused(value):
    with pytest.raises(BadParameter):
        visit(page=value).whole("page", 1, 9, 1)


def test_a_text_has_no_spaces_around_it():
    assert visit(q="  a b ").text("q") == "a b"
    assert visit(q="   ").text("q") is None


@pytest.mark.parametrize(
    "value", ["2026-11-24T11:42", "2026-11-24T03:42Z", "2026-11-24T04:42+01:00"]
)
def test_an_instant_is_read_with_its_offset_or_in_the_sites_time(value):
    assert instant(value, TAIPEI) == datetime(2026, 11, 24, 3, 42, tzinfo=UTC)
