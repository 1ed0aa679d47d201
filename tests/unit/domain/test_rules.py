"""What the door takes and refuses; each refusal names the field and says why."""

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.domain.events import Event, EventType
from data.domain.rules import (
    FUTURE_LIMIT,
    MAX_ID,
    MAX_QUANTITY,
    MAX_TEXT,
    RULES,
    Refusal,
    Refused,
    parse_event,
)
from tests.unit.domain.envelopes import (
    INSPECTED,
    NOW,
    PLAN,
    PROGRESSED,
    PROMISED,
    SAID,
    SHIPPED,
    STATE,
    SUBJECTS,
    TIME,
    VOIDED,
    envelope,
    model_with,
    refusal,
    with_data,
)
from tests.unit.domain.strategies import RECORDED, SITE, events, fold

# What is taken


@pytest.mark.parametrize("event_type", EventType)
def test_each_type_is_taken_with_what_it_may_say(event_type):
    event = parse_event(envelope(event_type), NOW)
    assert (event.id, event.source, event.type) == ("e1", "mes", event_type)
    assert event.time == datetime(2026, 11, 22, 6, 30, tzinfo=UTC)
    assert event.recorded_at == NOW
    assert fold([event]).last_event_at == event.time


def test_data_may_be_left_out_where_nothing_is_required():
    given = envelope(EventType.OPERATION_STARTED)
    del given["data"]
    assert parse_event(given, NOW).subject == "operation/SO-1/10"
    assert parse_event(given | {"data": None}, NOW) == parse_event(given, NOW)


def test_all_instants_are_turned_to_utc():
    promised = parse_event(envelope(PROMISED), NOW)
    assert promised.data.promised_at.tzinfo is UTC
    order = parse_event(envelope(PLAN), NOW).data.order
    assert order.due_at.tzinfo is UTC
    assert order.operations[0].planned_start.tzinfo is UTC
    assert order.needs[0].need_by == datetime(2026, 11, 23, tzinfo=UTC)


def test_unknown_attributes_of_the_envelope_are_extensions():
    assert parse_event(envelope(PROGRESSED, traceparent="x", dataschema=3), NOW).data.good == 2


# The envelope


@pytest.mark.parametrize("given", [None, [], "text", 3, True])
def test_an_envelope_that_is_no_object_is_refused(given):
    assert refusal(given) == Refusal("$", "expected a JSON object")


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("specversion", "0.3", "1.0"),
        ("specversion", 1.0, "1.0"),
        ("id", None, "printable text"),
        ("id", "", "printable text"),
        ("id", 7, "printable text"),
        ("id", "x" * (MAX_ID + 1), "printable text"),
        ("id", "a\nb", "printable text"),
        ("source", "\ud800", "printable text"),
        ("source", ["mes"], "printable text"),
        ("type", None, "operation.started"),
        ("type", "operation.begun", "expected one of"),
        ("type", [10**5000], "expected one of"),
        ("type", ["operation.started"], "expected one of"),
        ("subject", None, "operation/<order>/<operation>"),
        ("subject", "operation/SO-1", "operation/<order>/<operation>"),
        ("subject", "operation/SO-1/10/11", "operation/<order>/<operation>"),
        ("subject", "operation//10", "operation/<order>/<operation>"),
        ("subject", "operation/ SO/10", "operation/<order>/<operation>"),
        ("subject", "operation/SO /10", "operation/<order>/<operation>"),
        ("subject", "operation/SO-1/\ud800", "operation/<order>/<operation>"),
        ("subject", "operation/SO\u202e1/10", "operation/<order>/<operation>"),
        ("subject", f"operation/{'x' * 101}/10", "operation/<order>/<operation>"),
        ("subject", "need/SO-1/10", "operation/<order>/<operation>"),
        ("subject", "work-unit/W1", "operation/<order>/<operation>"),
        ("time", None, "with its offset"),
        ("time", 1_790_000_000, "with its offset"),
        ("time", "yesterday", "with its offset"),
        ("time", "\ud800", "with its offset"),
        ("time", "2026-11-22T06:30:00", "with its offset"),
        ("time", "2026-11-22", "with its offset"),
        ("time", "2026-11-22T12:05:01Z", "future"),
        ("time", "9999-12-31T23:59:59-10:00", "future"),
        ("time", "1999-12-31T23:59:59Z", "after"),
        ("time", "0001-01-01T00:00:00+10:00", "after"),
        ("data", [], "JSON object"),
        ("data", "good", "JSON object"),
        ("data", False, "JSON object"),
    ],
)
def test_a_flaw_of_the_envelope_names_its_attribute(field, value, reason):
    refused = refusal(envelope(PROGRESSED, **{field: value}))
    assert refused.field == field
    assert reason in refused.reason


def test_a_time_up_to_the_limit_ahead_is_taken():
    ahead = (NOW + FUTURE_LIMIT).isoformat()
    assert parse_event(envelope(PROGRESSED, time=ahead), NOW).time == NOW + timedelta(minutes=5)


@pytest.mark.parametrize("event_type", EventType)
def test_each_type_refuses_a_subject_of_another_kind(event_type):
    kinds = RULES[event_type].kinds
    for kind, subject in SUBJECTS.items():
        if kind not in kinds:
            assert refusal(envelope(event_type, subject=subject)).field == "subject"


# Data


@pytest.mark.parametrize(
    ("event_type", "field"), [(t, f) for t, rule in RULES.items() for f in sorted(rule.required)]
)
def test_a_required_field_may_be_neither_missing_nor_null(event_type, field):
    data = {name: value for name, value in SAID[event_type].items() if name != field}
    required = Refusal(f"data.{field}", "is required")
    assert refusal(envelope(event_type, data=data)) == required
    assert refusal(envelope(event_type, data=data | {field: None})) == required


@pytest.mark.parametrize("event_type", EventType)
def test_each_type_refuses_the_fields_of_others_and_unknown_ones(event_type):
    rule = RULES[event_type]
    others = {name for r in RULES.values() for name in r.required | r.optional} | {"colour"}
    for name in sorted(others - rule.required - rule.optional):
        refused = refusal(with_data(event_type, **{name: 1}))
        assert refused.field == f"data.{name}"
        assert "isn't a field of this type" in refused.reason


def test_the_first_of_several_unknown_fields_is_named():
    assert refusal(with_data(PROGRESSED, zinc=1, alum=2)).field == "data.alum"


QUANTITIES = [
    (event_type, name)
    for event_type, rule in RULES.items()
    for name in sorted(rule.required | rule.optional)
    if name in {"good", "scrap", "rework", "inspected", "passed", "quantity"}
]


@pytest.mark.parametrize(("event_type", "name"), QUANTITIES)
@pytest.mark.parametrize(
    "value", [-1, MAX_QUANTITY + 1, 10**400, 1.5, float("nan"), True, "3", None, [], {}]
)
def test_a_quantity_is_a_whole_number_in_range(event_type, name, value):
    assert refusal(with_data(event_type, **{name: value})).field == f"data.{name}"


@pytest.mark.parametrize(
    ("event_type", "name", "value", "reason"),
    [
        (STATE, "state", "idle", "invalid enum value"),
        (STATE, "operation", "SO-1/10", "operation/<order>/<operation>"),
        (STATE, "operation", "need/SO-1/10", "operation/<order>/<operation>"),
        (STATE, "reason", "x" * (MAX_TEXT + 1), "at most"),
        (STATE, "reason", "a\nb", "one line"),
        (STATE, "reason", "a\x00b", "one line"),
        (STATE, "reason", "\udfff", "one line"),
        (PROGRESSED, "work_unit", "", "printable"),
        (PROGRESSED, "work_unit", "W/1", "without '/'"),
        (PROMISED, "promised_at", "2026-11-23T08:00:00", "offset"),
        (PROMISED, "promised_at", "2100-01-01T00:00:00Z", "expected a year"),
        (PROMISED, "promised_at", "1999-12-31T23:00:00Z", "expected a year"),
        (PROMISED, "promised_at", 1.0, "expected"),
        (INSPECTED, "passed", 4, "more than inspected"),
        (VOIDED, "event_id", "", "printable text"),
        (VOIDED, "event_id", "x" * (MAX_ID + 1), "printable text"),
        (VOIDED, "event_source", "", "printable text"),
        (VOIDED, "event_id", "e1", "this very event"),
    ],
)
def test_a_flaw_of_the_data_names_its_field(event_type, name, value, reason):
    refused = refusal(with_data(event_type, **{name: value}))
    assert refused.field == f"data.{name}"
    assert reason in refused.reason


def test_text_that_cannot_be_stored_is_refused_wherever_it_stands():
    assert refusal(with_data(STATE, state="\ud800")).field == "data"
    shown = refusal(with_data(STATE, **{"odd\ud800": 1}))
    assert msgspec.json.encode(shown)
    long = refusal(with_data(STATE, **{"x" * 10_000: 1}))
    assert len(long.field) <= MAX_TEXT


def test_an_event_may_void_one_of_another_source_with_its_own_id():
    assert parse_event(with_data(VOIDED, event_id="e1", event_source="other"), NOW).id == "e1"


# Anything at all

ODD = st.sampled_from(
    [float("nan"), float("inf"), 10**400, -(10**30), "\ud800", "\x00", TIME, "10"]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | ODD
JSON = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
WHOLE = [envelope(event_type) for event_type in EventType] + [model_with("name", "Plant")]


def places_in(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        items: Any = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    else:
        return [way]
    return [way, *(place for key, item in items for place in places_in(item, (*way, key)))]


@st.composite
def spoilt(draw: st.DrawFn) -> Any:
    """Draw a sound envelope with something else put in one place, or beside it."""
    whole = copy.deepcopy(draw(st.sampled_from(WHOLE)))
    way = draw(st.sampled_from([place for place in places_in(whole) if place]))
    place = whole
    for step in way[:-1]:
        place = place[step]
    if isinstance(place, dict) and draw(st.booleans()):
        place[draw(st.text(max_size=3))] = draw(JSON)
    else:
        place[way[-1]] = draw(JSON)
    return whole


@settings(max_examples=400, deadline=None)
@given(raw=JSON | spoilt())
def test_whatever_comes_is_refused_with_a_reason_or_folds_and_is_stored_unchanged(raw):
    try:
        event = parse_event(raw, NOW)
    except Refused as refused:
        assert refused.refusal.field
        assert refused.refusal.reason
        assert msgspec.json.encode(refused.refusal)
        return
    assert msgspec.json.decode(msgspec.json.encode(event), type=Event) == event
    fold([event])


@settings(deadline=None)
@given(event=events())
def test_an_event_read_back_from_its_envelope_is_the_same(event):
    given = {
        "id": event.id,
        "source": event.source,
        "type": event.type.value,
        "subject": event.subject,
        "time": event.time.isoformat(),
        "data": msgspec.to_builtins(event.data),
    }
    try:
        assert parse_event(given, RECORDED) == event
    except Refused as refused:
        assert refused.refusal.reason == "is required"
        assert event.type in (SHIPPED, EventType.MATERIAL_RECEIVED, INSPECTED)


@settings(deadline=None)
@given(event=events())
def test_a_drawn_event_is_stored_unchanged_and_folds(event):
    again = msgspec.json.decode(msgspec.json.encode(event), type=Event)
    assert again == event
    assert fold([again]).site_id == SITE
