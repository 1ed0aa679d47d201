from datetime import UTC, datetime, timedelta

import msgspec

from data.domain.exceptions.gaps import gaps_of, shortly
from data.domain.quarantine import Quarantined, QuarantineKind
from tests.unit.domain.floor_events import h

AFTER, FIRST = "1700000000000-0", "1700000007500-3"
GOES_ON = f"the log goes on at {FIRST} (2023-11-14 22:13:27 UTC)"
THEN = h(0)


def instant(offset: str) -> datetime:
    return datetime.fromtimestamp(int(offset.partition("-")[0]) / 1000, UTC)


def told(event_id: str, reason: str, at: datetime, raw: bytes = b"") -> Quarantined:
    return Quarantined(
        kind=QuarantineKind.GAP, source="", event_id=event_id, field="$", reason=reason, raw=raw,
        received_at=at,
    )  # fmt: skip


def noticed(at: datetime = THEN, then: str = GOES_ON) -> Quarantined:
    recorded = f"recorded is what came until {AFTER} (2023-11-14 22:13:20 UTC)"
    return told(AFTER, f"{recorded}; {then}", at)


def back(*names: str, at: datetime = THEN) -> Quarantined:
    return told(names[0], "put back", at, msgspec.json.encode(names))


def test_what_vanished_lies_between_the_place_recorded_and_where_the_log_goes_on() -> None:
    (gap,) = gaps_of([noticed()])
    assert (gap.name, gap.place, gap.put_back) == (AFTER, AFTER, ())
    assert (gap.recorded_at, gap.until_at) == (instant(AFTER), instant(FIRST))


def test_of_an_emptied_log_it_lies_before_the_gap_was_noticed() -> None:
    (gap,) = gaps_of([noticed(then="the log was emptied")])
    assert (gap.until_at, gap.noticed_at) == (h(0), h(0))


def test_what_is_put_back_belongs_to_the_gap_that_was_told_before_it_and_counts_once() -> None:
    late = h(0) + timedelta(seconds=8)
    (gap,) = gaps_of([noticed(), back("a", "b"), back("b", "c", at=late)])
    assert gap.put_back == ("a", "b", "c")
    assert gap.place == AFTER


def test_what_was_put_back_while_no_recorder_was_there_belongs_to_what_it_tells_then() -> None:
    (gap,) = gaps_of([noticed(at=h(1)), back("a", at=h(0))])
    assert gap.put_back == ("a",)


def test_what_is_put_back_long_after_a_gap_stands_by_itself() -> None:
    first, second = gaps_of([noticed(), back("a", at=h(0.1))])
    assert (first.put_back, second.put_back) == ((), ("a",))
    assert (second.name, second.place, second.recorded_at) == ("a", None, None)


def test_two_places_told_at_once_are_one_gap_up_to_the_later() -> None:
    """FLUSHALL: entries of the new log are recorded before the recorder sees that it is new."""
    later = h(0) + timedelta(seconds=1)
    again = told(FIRST, f"recorded is what came until {FIRST}; the log was emptied", later)
    (gap,) = gaps_of([noticed(), again, back("a", at=later)])
    assert (gap.name, gap.until_at, gap.put_back) == (AFTER, later, ("a",))


def test_each_place_is_a_gap_of_its_own() -> None:
    other = told("1700000009000-0", "recorded is what came until 1700000009000-0", h(0.2))
    assert [one.name for one in gaps_of([noticed(), other])] == [AFTER, "1700000009000-0"]


def test_words_that_are_not_understood_name_the_first_event() -> None:
    (gap,) = gaps_of([told("a", "put back", h(0), b"{")])
    assert gap.put_back == ("a",)


def test_many_names_are_counted_beyond_the_first_twenty() -> None:
    assert shortly(["a", "b"]) == "a, b"
    assert shortly([str(n) for n in range(25)]).endswith("18, 19 + 5")
    assert shortly([]) == ""
