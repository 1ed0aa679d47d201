"""Flapping against the published figures, and the book that looks once a minute."""

from datetime import UTC, datetime, timedelta

import pytest

from data.domain.exceptions.flapping import EVERY, FlapBook, flapping_percent

AT = datetime(2026, 11, 3, 6, tzinfo=UTC)
KEY = ("rule", "work-unit/W1")
STILL, FOUR = [False] * 16, [False, True, False, True, False]


@pytest.mark.parametrize(
    ("looks", "percent"),
    [
        ([place % 2 == 0 for place in range(21)], 100.0),
        (FOUR + STILL, 15.789),
        (STILL + FOUR, 24.211),
        ([True] * 21, 0.0),
    ],
)
def test_it_is_the_published_figure(looks: list[bool], percent: float) -> None:
    assert flapping_percent(looks) == pytest.approx(percent, abs=5e-4)


def test_few_looks_count_as_the_newest_of_many() -> None:
    assert flapping_percent(FOUR) == flapping_percent([False] * 16 + FOUR)


def test_it_begins_with_the_fourth_change_of_late_and_ends_when_it_has_been_quiet() -> None:
    book, at, began, ended = FlapBook(), AT, [], []
    for minute in range(60):
        if minute < 6:
            book.changed(KEY, minute % 2 == 0)
        turned = book.look({KEY} if minute < 6 and minute % 2 == 0 else set(), at)
        if turned:
            (began if book.flaps(KEY) else ended).append(minute)
        at += EVERY
    assert began == [3]
    assert len(ended) == 1
    assert 18 <= ended[0] <= 26


def test_what_came_and_went_between_two_looks_counts_as_two_changes() -> None:
    book = FlapBook()
    book.look(set(), AT)
    for minute in (1, 2):
        book.changed(KEY, True)
        book.changed(KEY, False)
        book.look(set(), AT + minute * EVERY)
    assert book.flaps(KEY)


def test_it_looks_no_more_than_once_a_minute() -> None:
    book = FlapBook()
    book.look(set(), AT)
    for second in range(1, 59):
        book.changed(KEY, second % 2 == 0)
        assert book.look(set(), AT + timedelta(seconds=second)) == set()
    assert not book.flaps(KEY)


def test_a_clock_that_goes_back_holds_no_look_up() -> None:
    book = FlapBook()
    book.look(set(), AT)
    for minute in (-120, -119):
        book.changed(KEY, True)
        book.changed(KEY, False)
        book.look(set(), AT + minute * EVERY)
    assert book.flaps(KEY)
