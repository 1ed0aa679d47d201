"""What two sides say about a date folds into what stands; nobody speaks out of turn."""

from datetime import UTC, datetime, timedelta

import pytest

from data.domain.dates import (
    MOST_WORDS,
    PICK_UP,
    DateError,
    Entry,
    Said,
    Side,
    Subject,
    check,
    key_of,
    standing_of,
)

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
MILESTONE = Subject("SO-1", "M-PCK", "buyer")
PICKED_UP = Subject("SO-1", PICK_UP, "carrier")
PARTY, FACTORY = Side.PARTY, Side.FACTORY


def says(said, side=PARTY, days=None, words="", at=NOW):
    date_at = None if days is None else NOW + timedelta(days=days)
    return Entry(said=said, side=side, at=at, author="Lin", date_at=date_at, words=words)


def refused(subject, entry, *before):
    with pytest.raises(DateError) as caught:
        check(subject, entry, standing_of(before))
    return caught.value.field, caught.value.expected


ASKED = says(Said.REQUESTED, days=3)
CONFIRMED = says(Said.CONFIRMED, FACTORY, 4)
DISPUTED = says(Said.DISPUTED, words="the photo shows an empty box")


def test_a_request_waits_until_it_is_confirmed():
    asked, agreed = standing_of([ASKED]), standing_of([ASKED, CONFIRMED])
    assert (asked.asked, asked.open, asked.confirmed_at) == (ASKED, True, None)
    assert (agreed.asked, agreed.open) == (None, False)
    assert (agreed.requested_at, agreed.confirmed_at) == (ASKED.date_at, CONFIRMED.date_at)


def test_what_was_confirmed_holds_while_something_else_is_asked_and_after_it_was_declined():
    again = says(Said.REQUESTED, days=5)
    declined = says(Said.DECLINED, FACTORY, words="the line is full")
    asked = standing_of([ASKED, CONFIRMED, again])
    after = standing_of([ASKED, CONFIRMED, again, declined])
    assert asked.confirmed_at == after.confirmed_at == CONFIRMED.date_at
    assert (after.asked, after.refused) == (None, declined)


def test_a_dispute_stays_open_until_it_is_answered_whatever_is_confirmed():
    answered = says(Said.ANSWERED, FACTORY, words="counted again")
    assert standing_of([DISPUTED, CONFIRMED]).disputed is DISPUTED
    assert standing_of([DISPUTED, CONFIRMED, answered]).disputed is None


@pytest.mark.parametrize("said", [Said.CONFIRMED, Said.DECLINED, Said.ANSWERED, Said.COLLECTED])
def test_a_customer_only_asks_and_disputes(said):
    assert refused(MILESTONE, says(said, PARTY, 1, "x"), ASKED) == ("said", "side")


@pytest.mark.parametrize("said", [Said.REQUESTED, Said.DISPUTED, Said.COLLECTED])
def test_the_factory_only_answers_customers(said):
    assert refused(MILESTONE, says(said, FACTORY, 1, "x")) == ("said", "side")


def test_of_a_pick_up_either_side_asks_and_the_other_one_confirms():
    wanted = says(Said.REQUESTED, FACTORY, 2)
    check(PICKED_UP, says(Said.CONFIRMED, PARTY, 2), standing_of([wanted]))
    check(PICKED_UP, says(Said.CONFIRMED, FACTORY, 3), standing_of([ASKED]))
    assert refused(PICKED_UP, says(Said.CONFIRMED, PARTY, 3), ASKED) == ("said", "turn")
    assert refused(PICKED_UP, says(Said.CONFIRMED, PARTY, 3)) == ("said", "open")


@pytest.mark.parametrize(
    ("entry", "what"),
    [
        (says(Said.DECLINED, FACTORY, words="no"), ("said", "open")),
        (says(Said.ANSWERED, FACTORY, words="no"), ("said", "open")),
        (says(Said.REQUESTED), ("date", "date")),
        (says(Said.DISPUTED), ("words", "words")),
        (says(Said.DISPUTED, words="x" * (MOST_WORDS + 1)), ("words", "short")),
        (says(Said.REQUESTED, days=-1), ("date", "ahead")),
        (says(Said.REQUESTED, days=5000), ("date", "near")),
    ],
)
def test_what_cannot_be_taken_is_named(entry, what):
    assert refused(MILESTONE, entry) == what


def test_a_date_is_named_by_what_is_disclosed_of_its_row():
    assert key_of({"order": "O-AB12", "milestone": "MS-9"}) == "O-AB12~MS-9"
    assert key_of({"order": "SO-1"}) == "SO-1~"
    assert key_of({"milestone": "M"}) is None
    assert key_of({"order": None}) is None
