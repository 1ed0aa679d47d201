"""Every reason that the rules give is said in the reader's language."""

from datetime import timedelta

import pytest

from data.domain.plan_rules import PlanRules
from data.domain.rules import Refused, parse_event
from data.domain.site import Site
from layouts.components.refusal_words import LONGEST, REASONS, said
from layouts.text import translator
from tests.unit.callbacks.desk.places import NOW, order, site

EN, HANT = translator("en"), translator("zh-Hant")
GOOD = {
    "specversion": "1.0", "id": "a", "source": "mes", "type": "operation.progressed",
    "subject": "operation/SO-1/10", "time": NOW.isoformat(), "data": {"good": 1},
}  # fmt: skip
STATE = {"type": "work_unit.state_changed", "subject": "work-unit/U1"}
PLAN = {"type": "plan.changed", "subject": "order/SO-1"}
BAD = [
    None,
    GOOD | {"specversion": "0.3"},
    GOOD | {"id": ""},
    GOOD | {"type": "x"},
    GOOD | {"subject": "x"},
    GOOD | {"time": "yesterday"},
    GOOD | {"time": (NOW + timedelta(hours=1)).isoformat()},
    GOOD | {"time": "1990-01-01T00:00:00Z"},
    GOOD | {"data": []},
    GOOD | STATE | {"data": {}},
    GOOD | {"data": {"state": "down"}},
    GOOD | {"data": {"good": -1}},
    GOOD | {"data": {"good": "1"}},
    GOOD | {"data": {"reason": "x" * 600}},
    GOOD | {"data": {"work_unit": "a/b"}},
    GOOD | STATE | {"data": {"state": "asleep"}},
    GOOD | {"type": "quality.inspected", "data": {"inspected": 1, "passed": 2}},
    GOOD | {"type": "event.voided", "data": {"event_id": "a"}},
    GOOD | PLAN | {"data": {}},
]
OTHERS = [
    "was recorded with another body before; correct it by event.voided",
    "was recorded with another body before",
    "no order SO-9 at north",
    "no work unit U9 at north",
    "order SO-1 has no operation 99",
    "order SO-1 has no need n9",
    "the site has no model yet; send its site document first",
    "expected 'plc', as the key's",
    "the order is archived; bring the archive back first",
    "recorded is what came until 17-0 (2026-11-24 03:42:00 UTC); the log was emptied",
    "recorded is what came until 17-0 (2026-11-24 03:42:00 UTC);"
    " the log is empty; its newest entry was 18-0",
    "recorded is what came until 17-0 (2026-11-24 03:42:00 UTC);"
    " the log goes on at 19-0 (2026-11-24 03:43:00 UTC)",
    "2 acknowledged events had vanished from the log before they were recorded,"
    " and were put back: a, b",
]


def reason_of(envelope):
    with pytest.raises(Refused) as caught:
        parse_event(envelope, NOW)
    return caught.value.refusal.reason


@pytest.mark.parametrize("envelope", BAD, ids=lambda bad: reason_of(bad)[:40])
def test_what_a_rule_says_is_translated_and_in_english_stays_as_it_is(envelope):
    reason = reason_of(envelope)
    assert said(reason, HANT) != reason
    assert said(reason, EN) == reason


@pytest.mark.parametrize("reason", OTHERS)
def test_what_the_log_and_the_plan_say_is_translated_too(reason):
    assert said(reason, HANT) != reason
    assert said(reason, EN) == reason


def test_what_is_wrong_with_a_plan_is_translated():
    for model, wrong in (
        (site(), order("SO-1", center="CAA")),
        (site(), order("SO-1", center="x", area="Z", customer="P9")),
        (Site(id="bare", name="Bare"), order("SO-1")),
    ):
        flaws = [*PlanRules(model).flaws(wrong)]
        assert flaws
        for flaw in flaws:
            assert said(flaw.reason, HANT) != flaw.reason, flaw


def test_values_are_put_where_they_belong():
    assert said("order SO-1 has no operation 99", HANT) == "工單 SO-1 沒有工序 99"
    assert said("isn't a work center of site 'n'; did you mean 'C'?", HANT) == (
        "不是廠區「n」的 work center；是否為「C」？"
    )


def test_what_nobody_knows_and_what_is_very_long_stays_as_it_is():
    assert said("out of range", HANT) == "out of range"
    long = "expected " + "x" * LONGEST
    assert said(long, HANT) == long
    assert said("{name} %s", HANT) == "{name} %s"


def test_no_reason_hides_one_that_is_said_more_exactly():
    for message in REASONS:
        assert said(message, EN) == message
        assert said(message, HANT) == HANT(message)
