"""The audit trail: whatever is done to it afterwards, the first bad record is named."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from data.domain.audit import Action, Break, Deed, Fault, Head, chained, verify

AT = datetime(2026, 11, 24, 8, tzinfo=UTC)
KEY = b"the key of the trail"


def deeds(count):
    return [
        Deed(
            at=AT + timedelta(minutes=number),
            actor=f"account/{number % 3}",
            action=Action.SAW,
            subject="/supplier",
            site="hsinchu",
            party="acme",
            detail={"rows": number, "columns": ["part", "need_by"]},
        )
        for number in range(count)
    ]


def trail(count=8):
    return chained(deeds(count), None, KEY)


def test_an_untouched_trail_verifies():
    records = trail()
    head, fault = verify(records, KEY)
    assert fault is None
    assert head == Head(number=8, code=records[-1].code)


def test_a_trail_goes_on_from_its_head():
    first = chained(deeds(3), None, KEY)
    rest = chained(deeds(5), Head(number=3, code=first[-1].code), KEY)
    assert verify([*first, *rest], KEY)[1] is None


def test_an_empty_trail_verifies():
    assert verify([], KEY) == (Head(number=0, code=bytes(32)), None)


@given(st.integers(0, 7), st.sampled_from(["actor", "subject", "party", "address"]))
def test_an_altered_record_is_the_first_bad_one(place, field):
    records = trail()
    changed = replace(records[place].deed, **{field: "someone else"})
    records[place] = replace(records[place], deed=changed)
    assert verify(records, KEY)[1] == Fault(number=place + 1, what=Break.ALTERED)


@given(st.integers(0, 6))
def test_a_dropped_record_is_missing(place):
    records = trail()
    del records[place]
    assert verify(records, KEY)[1] == Fault(number=place + 1, what=Break.MISSING)


@given(st.integers(0, 6))
def test_renumbering_after_a_drop_does_not_hide_it(place):
    records = trail()
    del records[place]
    renumbered = [replace(record, number=n + 1) for n, record in enumerate(records)]
    assert verify(renumbered, KEY)[1] == Fault(number=place + 1, what=Break.ALTERED)


@given(st.integers(0, 6))
def test_two_records_in_each_others_place_are_found(place):
    records = trail()
    one, other = records[place], records[place + 1]
    records[place] = replace(other, number=one.number)
    records[place + 1] = replace(one, number=other.number)
    assert verify(records, KEY)[1] == Fault(number=place + 1, what=Break.ALTERED)


@given(st.integers(0, 7))
def test_a_trail_cut_off_is_known_by_the_head_that_was_kept(left):
    records = trail()
    kept = Head(number=8, code=records[-1].code)
    assert verify(records[:left], KEY, kept)[1] == Fault(number=left + 1, what=Break.CUT_OFF)


def test_a_trail_made_anew_without_the_key_is_found_out():
    records = trail()
    assert verify(chained(deeds(8), None, b"another key"), KEY)[1].number == 1
    kept = Head(number=4, code=records[3].code)
    forged = chained([replace(deed, actor="x") for deed in deeds(8)], None, KEY)
    assert verify(forged, KEY, kept)[1] == Fault(number=4, what=Break.ALTERED)


@pytest.mark.parametrize("hours", [-5, 8])
def test_the_time_zone_in_which_an_instant_comes_back_changes_nothing(hours):
    records = trail()
    zone = timezone(timedelta(hours=hours))
    moved = [
        replace(record, deed=replace(record.deed, at=record.deed.at.astimezone(zone)))
        for record in records
    ]
    assert verify(moved, KEY)[1] is None


def test_a_part_under_another_key_is_looked_at_from_where_it_begins():
    first = chained(deeds(5), None, b"the key before")
    over = Head(number=5, code=first[-1].code)
    records = [*first, *chained(deeds(3), over, KEY)]
    assert verify(records, KEY)[1] == Fault(number=1, what=Break.ALTERED)
    assert verify(records, KEY, after=over) == (Head(number=8, code=records[-1].code), None)
    assert verify(records[:5], b"the key before", over) == (over, None)


@pytest.mark.parametrize("place", [4, 5, 7])
def test_nothing_is_changed_unseen_around_the_place_where_the_key_changes(place):
    first = chained(deeds(5), None, b"the key before")
    over = Head(number=5, code=first[-1].code)
    records = [*first, *chained(deeds(3), over, KEY)]
    records[place] = replace(records[place], code=bytes(32))
    assert verify(records, KEY, after=over)[1] == Fault(number=place + 1, what=Break.ALTERED)


def test_a_trail_that_ends_before_the_place_where_the_key_changed_was_cut_off():
    first = chained(deeds(5), None, b"the key before")
    over = Head(number=5, code=first[-1].code)
    assert verify(first[:4], KEY, after=over)[1] == Fault(number=5, what=Break.CUT_OFF)
