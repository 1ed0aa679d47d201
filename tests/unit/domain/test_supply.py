"""What was asked of suppliers: whose it is, what is urgent, what they did since."""

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from data.domain.policy import Kind
from data.domain.supply import News, compared, place, seen_of, supplies
from data.domain.view import Standing

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)


def need(name="n1", **more):
    return {
        "order": "SO-1", "need": name, "part": f"part {name}", "name": "", "supplier": "P1",
        "quantity": 10, "need_by": NOW + timedelta(days=1), "promised_at": None, "shipped": 0,
        "received": 0, "standing": Standing.AT_RISK, **more,
    }  # fmt: skip


def operation(party, **more):
    return {
        "order": "SO-1", "operation": "30", "name": "coating", "performed_by": party,
        "quantity": 10, "planned_finish": NOW, "status": "planned", "good": 0, "scrap": 0,
        "standing": Standing.ON_TRACK, **more,
    }  # fmt: skip


def only(*rows, kind=Kind.NEED):
    return supplies(kind, rows)


def test_work_of_the_factorys_own_is_asked_of_nobody():
    found = only(operation("P2"), operation(None), kind=Kind.OPERATION)
    assert [row.supplier for row in found] == ["P2"]


def test_a_need_without_a_promise_is_silent_unless_it_is_hidden_shipped_or_done():
    (open_,) = only(need())
    hidden = {name: value for name, value in need().items() if name != "promised_at"}
    others = only(
        need(promised_at=NOW), hidden, need(shipped=10), need(standing=Standing.DONE)
    )  # fmt: skip
    assert open_.silent and not any(row.silent for row in others)


def test_what_waits_for_an_answer_stands_first_then_what_is_late_then_what_is_silent():
    calm, silent, late = only(
        need("calm", promised_at=NOW, need_by=NOW), need("silent"),
        need("late", promised_at=NOW, standing=Standing.LATE, need_by=NOW + timedelta(days=9)),
    )  # fmt: skip
    asked = replace(only(need("asked", promised_at=NOW))[0], unanswered=True)
    rows = sorted((calm, silent, late, asked), key=place)
    assert [row.asked.item for row in rows] == [
        "part asked", "part late", "part silent", "part calm",
    ]  # fmt: skip


def test_what_a_supplier_did_since_is_named_and_a_new_row_is_not():
    seen = seen_of(
        [*only(need("a"), need("b"), need("c")), *only(operation("P2"), kind="operation")]
    )
    promised, shipped, same, new = compared(
        only(need("a", promised_at=NOW), need("b", shipped=3), need("c"), need("d")), seen
    )
    assert [row.news for row in (promised, shipped, same, new)] == [
        News.PROMISED, News.SHIPPED, None, None,
    ]  # fmt: skip
    (reported,) = compared(only(operation("P2", good=4), kind=Kind.OPERATION), seen)
    assert reported.news is News.REPORTED


def test_at_the_first_visit_nothing_is_marked():
    assert compared(only(need(promised_at=NOW)), None)[0].news is None
