"""What the door takes and refuses of the documents of orders and sites, with the flaw's path."""

import pytest
from hypothesis import given

from data.domain.rules import MAX_TEXT, parse_event
from data.domain.site import Site
from data.domain.site_rules import flaws, minutes_of
from tests.unit.domain.envelopes import (
    MODEL,
    NOW,
    ORDER,
    PLAN,
    envelope,
    in_brackets,
    model_with,
    order_with,
    refusal,
)
from tests.unit.domain.strategies import fold, site_documents


def test_a_site_model_is_taken():
    event = parse_event(envelope(PLAN, subject="site/plant", data={"site": MODEL}), NOW)
    assert fold([event]).site.timezone == "Asia/Shanghai"


@pytest.mark.parametrize("data", [{}, {"site": MODEL}, {"order": ORDER, "site": MODEL}])
def test_an_order_subject_brings_the_orders_document_and_no_other(data):
    assert refusal(envelope(PLAN, data=data)).field == "data.order"


def test_a_site_subject_brings_the_sites_document():
    assert refusal(envelope(PLAN, subject="site/plant")).field == "data.site"


def test_a_document_has_the_id_of_its_subject():
    assert refusal(envelope(PLAN, subject="order/SO-2")).field == "data.order.id"
    assert refusal(model_with("id", "other")).field == "data.site.id"


@pytest.mark.parametrize(
    "path",
    [
        "due_at",
        "released_at",
        "operations.0.planned_start",
        "operations.0.planned_finish",
        "milestones.0.baseline_at",
        "milestones.0.committed_at",
        "needs.0.need_by",
    ],
)
@pytest.mark.parametrize("value", ["2026-11-23T08:00:00", "2100-01-01T00:00:00Z", "soon", 5])
def test_an_instant_of_an_order_has_an_offset_and_a_sane_year(path, value):
    assert refusal(order_with(path, value)).field == f"data.order{in_brackets(path)}"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("quantity", -1),
        ("quantity", True),
        ("quantity", 10**30),
        ("needs.0.quantity", -1),
        ("operations.0.run_time_s", float("nan")),
        ("operations.0.run_time_s", float("inf")),
        ("operations.0.setup_s", -0.5),
        ("operations.0.critical", 1),
        ("operations.0.predecessors", "10"),
        ("operations.0.name", "\ud800"),
        ("product", "x" * (MAX_TEXT + 1)),
        ("customer", "\x00"),
        ("operations", {}),
    ],
)
def test_a_value_of_an_order_that_cannot_be_stored_is_refused_with_its_path(path, value):
    assert refusal(order_with(path, value)).field == f"data.order{in_brackets(path)}"


def test_a_field_that_a_document_lacks_or_does_not_have_is_named():
    lacking = {name: value for name, value in ORDER.items() if name != "product"}
    assert "`product`" in refusal(envelope(PLAN, data={"order": lacking})).reason
    refused = refusal(order_with("operations.0.colour", "red"))
    assert refused.field == "data.order.operations[0]"
    assert "`colour`" in refused.reason


SHIFT = "calendars.0.shifts.0"


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("timezone", "Asia/Atlantis", "timezone"),
        ("timezone", "America", "timezone"),
        ("timezone", "../../etc/passwd", "timezone"),
        ("timezone", "", "timezone"),
        ("timezone", "+08:00", "timezone"),
        ("areas.0.calendar", "X", "areas[0].calendar"),
        ("areas.0.output", ["C", "X"], "areas[0].output[1]"),
        ("areas.0.id", "a/b", "areas[0].id"),
        ("areas.+", {"id": "A", "calendar": "K"}, "areas[1].id"),
        ("work_centers.0.area", "X", "work_centers[0].area"),
        ("work_centers.+", {"id": "C", "area": "A"}, "work_centers[1].id"),
        ("work_units.0.work_center", "X", "work_units[0].work_center"),
        ("work_units.+", {"id": "W1", "work_center": "C"}, "work_units[1].id"),
        ("work_units.0.id", " W1", "work_units[0].id"),
        ("work_units.0.signal_limit_s", 0, "work_units[0].signal_limit_s"),
        ("calendars.+", {"id": "K", "shifts": []}, "calendars[1].id"),
        ("parties.+", {"id": "S", "name": "S", "kind": "customer"}, "parties[1].id"),
        ("parties.0.kind", "friend", "parties[0].kind"),
        ("calendars.0.holidays.0", "20261225", "calendars[0].holidays[0]"),
        ("calendars.0.holidays.0", "2026-02-30", "calendars[0].holidays[0]"),
        (f"{SHIFT}.start", "6:00", "calendars[0].shifts[0].start"),
        (f"{SHIFT}.start", "24:00", "calendars[0].shifts[0].start"),
        (f"{SHIFT}.start", "06:60", "calendars[0].shifts[0].start"),
        (f"{SHIFT}.start", "٠٦:٠٠", "calendars[0].shifts[0].start"),
        (f"{SHIFT}.finish", "24:30", "calendars[0].shifts[0].finish"),
        (f"{SHIFT}.finish", "14", "calendars[0].shifts[0].finish"),
        (f"{SHIFT}.days", [], "calendars[0].shifts[0].days"),
        (f"{SHIFT}.days", [0], "calendars[0].shifts[0].days"),
        (f"{SHIFT}.days", [8], "calendars[0].shifts[0].days"),
        (f"{SHIFT}.breaks.0.start", "x", "calendars[0].shifts[0].breaks[0].start"),
        (f"{SHIFT}.breaks.0.finish", "25:00", "calendars[0].shifts[0].breaks[0].finish"),
        (f"{SHIFT}.breaks.0.start", "05:00", "calendars[0].shifts[0].breaks[0]"),
        (f"{SHIFT}.breaks.0.finish", "10:00", "calendars[0].shifts[0].breaks[0]"),
        (f"{SHIFT}.breaks.0.finish", "14:30", "calendars[0].shifts[0].breaks[0]"),
        ("clock.rate", 0, "clock.rate"),
        ("clock.rate", -1, "clock.rate"),
        ("clock.rate", float("nan"), "clock.rate"),
        ("clock.rate", 10_001, "clock.rate"),
        ("clock.origin", "2026-11-22T06:00:00", "clock.origin"),
        ("clock.started_at", "2026-11-22T06:00:00", "clock.started_at"),
        ("clock.ends_at", "2026-11-22T06:00:00", "clock.ends_at"),
        ("clock.ends_at", "2026-11-01T06:00:00Z", "clock.ends_at"),
    ],
)  # fmt: skip
def test_a_flaw_of_a_site_model_names_its_path(path, value, field):
    assert refusal(model_with(path, value)).field == f"data.site.{field}"


@pytest.mark.parametrize(("clock", "minutes"), [("00:00", 0), ("23:59", 1439), ("24:00", 1440)])
def test_a_local_time_is_a_minute_of_the_day(clock, minutes):
    assert minutes_of(clock) == minutes


@given(site=site_documents())
def test_the_models_that_tests_draw_have_no_flaw(site):
    assert list(flaws(site)) == []
    assert isinstance(site, Site)
