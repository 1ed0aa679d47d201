from datetime import timedelta

import pytest
from msgspec.structs import replace

from data.domain.exceptions.evidence import AFTERWARDS, asked_for
from data.domain.exceptions.rules import Condition
from data.domain.plan import Operation, Order
from data.domain.quarantine import QuarantineKind
from data.domain.scope import Role, Scope
from tests.unit.cases import NOW, SITE, ago, every_kind

ALL = Scope(role=Role.PLANNER, sites=(SITE,))
KINDS = {case.kind: case for case in every_kind()}
PLAN = Order(
    id="SO-1168", product="p", quantity=1, due_at=NOW,
    operations=tuple(
        Operation(id=name, work_center="C", planned_start=NOW, planned_finish=NOW)
        for name in ("10", "20")
    ),
)  # fmt: skip


def asked(kind: Condition, scope: Scope = ALL, **changes: object):
    return asked_for(replace(KINDS[kind], **changes), scope, PLAN, NOW)


def of(role: Role) -> Scope:
    return Scope(role=role, sites=(SITE,))


def test_an_operation_is_shown_by_its_own_events_and_the_plans_of_its_order() -> None:
    found = asked(Condition.NOT_STARTED)
    assert found.subjects == ("operation/SO-1168/30", "order/SO-1168")
    assert (found.since, found.until, found.aside) == (None, ago(19), None)


def test_a_late_order_is_shown_by_all_its_operations() -> None:
    found = asked(Condition.PAST_DUE)
    assert found.subjects == ("order/SO-1168", "operation/SO-1168/10", "operation/SO-1168/20")


def test_a_machine_is_shown_by_its_states_since_it_stands_in_them() -> None:
    found = asked(Condition.UNIT_STATE)
    assert (found.subjects, found.since) == (("work-unit/U1",), ago(27))


def test_scrap_is_shown_by_what_was_reported_at_the_machine_while_it_was_counted() -> None:
    found = asked(Condition.SCRAP, subject="work-unit/U1")
    assert (found.subjects, found.units) == ((), ("U1",))
    assert found.since == ago(19) - timedelta(seconds=14400)


def test_a_gap_is_shown_by_the_quarantine_up_to_what_was_put_back_after_it() -> None:
    found = asked(Condition.LOG_GAP)
    assert found.aside == (NOW - AFTERWARDS, NOW + AFTERWARDS)
    assert found.kind is QuarantineKind.GAP
    refused = asked(Condition.QUARANTINE)
    assert (refused.aside, refused.kind) == ((NOW - timedelta(hours=1), NOW), None)


@pytest.mark.parametrize(
    "kind", [Condition.READER_LAG, Condition.SCREEN_DARK, Condition.WAY_SHUT, Condition.NO_SIGNAL]
)
def test_what_no_event_tells_of_is_shown_by_none(kind: Condition) -> None:
    assert asked(kind).nothing


def test_whose_it_is_sees_events_of_their_own_kind_and_no_plans() -> None:
    need = {"subject": "need/SO-1168/n1", "owner_role": Role.PURCHASER}
    assert asked(Condition.NOT_SHIPPED, of(Role.PURCHASER), **need).subjects == ("need/SO-1168/n1",)
    late = asked(Condition.NOT_STARTED, of(Role.PURCHASER), owner_role=Role.PURCHASER)
    assert late.nothing
    down = asked(Condition.UNIT_STATE, of(Role.OPERATOR), owner_role=Role.OPERATOR)
    assert down.subjects == ("work-unit/U1",)
    gap = asked(Condition.LOG_GAP, of(Role.OPERATOR), informs=(Role.OPERATOR,))
    assert gap.nothing


def test_whom_it_does_not_concern_sees_none() -> None:
    assert asked(Condition.UNIT_STATE, of(Role.PURCHASER)).nothing
    assert asked(Condition.UNIT_STATE, replace(ALL, sites=("south",))).nothing
    party = Scope(role=Role.SUPPLIER, sites=(SITE,), party="P1")
    concerned = {"informs": (Role.SUPPLIER,), "parties": frozenset({"P1"})}
    assert asked(Condition.NOT_SHIPPED, party, **concerned).nothing


def test_a_kind_of_another_version_is_shown_by_none() -> None:
    assert asked_for(replace(KINDS[Condition.QUEUE], kind="melted"), ALL, None, NOW).nothing
