"""Whatever comes in whatever order, looking step by step finds what looking once would find."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from data.domain.board import Board
from data.domain.events import Data, Event, EventType, order_subject, site_subject
from data.domain.exceptions.evaluate import Evaluator
from data.domain.exceptions.rules import Condition
from data.domain.forecast.records import Finish, MilestoneForecast, NeedForecast, OrderForecast
from data.domain.plan import MaterialNeed, Milestone, Operation, Order
from tests.unit.domain.exceptions.floor import outside, rule
from tests.unit.domain.strategies import (
    ORDERS,
    SITE,
    START,
    STEPS,
    UNITS,
    fold,
    restored_from,
    site_documents,
    streams,
)

RULES = (
    rule(Condition.NOT_STARTED, "started-at-once"),
    rule(Condition.NOT_STARTED, "started-in-half-an-hour", limit_s=1800),
    rule(Condition.NOT_STARTED, "started-critical", applies={"critical": ("true",)}),
    rule(Condition.NOT_FINISHED, "finished", limit_s=600),
    rule(Condition.PAST_DUE, "due", limit_s=3600, below_s=600),
    rule(Condition.MILESTONE_AT_RISK, "milestone", limit_s=1200),
    rule(Condition.UNIT_STATE, "down", states=("down",), limit_s=900),
    rule(Condition.UNIT_STATE, "any", states=("down", "processing"), limit_s=2400),
    rule(Condition.NO_SIGNAL, "silent", limit_s=60),
    rule(Condition.QUEUE, "queue", limit=2, below=1),
    rule(Condition.SCRAP, "scrap", limit=0.3, below=0.1, least=2, limit_s=1800),
    rule(Condition.NOT_PROMISED, "promised", limit_s=3600, below_s=900),
    rule(Condition.NOT_SHIPPED, "shipped", limit_s=1800),
    rule(Condition.NOT_RECEIVED, "received", applies={"product": ("pump",)}),
    rule(Condition.PROMISED_LATE, "promised-late", limit_s=600),
)
_CONTENT = EventType.PLAN_CHANGED


class Step(NamedTuple):
    """Events, forecasts that come or go, and how many minutes after the start is looked."""

    events: Sequence[Event]
    forecasts: Sequence[tuple[str, int | None]]
    minutes: int
    silent_s: float


@st.composite
def plans(draw: st.DrawFn) -> list[Event]:
    told = [(site_subject(SITE), Data(site=draw(site_documents())))]
    for name in ORDERS:
        told.append((order_subject(name), Data(order=draw(_order(name)))))
    at = START - timedelta(hours=1)
    return [Event(f"p{n}", "erp", _CONTENT, s, at, at, d) for n, (s, d) in enumerate(told)]


@st.composite
def _order(draw: st.DrawFn, name: str) -> Order:
    starts = [START + timedelta(minutes=10 * draw(st.integers(-3, 12))) for _ in STEPS]
    operations = tuple(
        Operation(
            id=step,
            work_center="C",
            planned_start=start,
            planned_finish=start + timedelta(minutes=30),
            critical=draw(st.booleans()),
            work_unit=draw(st.none() | st.sampled_from(UNITS)),
            predecessors=draw(st.sampled_from([None, ()])),
        )
        for step, start in zip(STEPS, starts, strict=True)
    )
    by = starts[0]
    return Order(
        id=name,
        product=draw(st.sampled_from(["pump", "valve"])),
        quantity=5,
        due_at=max(starts) + timedelta(hours=1),
        released_at=draw(st.none() | st.just(START + timedelta(minutes=20))),
        operations=operations,
        milestones=(Milestone(id="m1", name="first", operation=STEPS[0], baseline_at=starts[0]),),
        needs=(
            MaterialNeed(
                id="n1", part="P", operation=STEPS[1], supplier="P1", quantity=2, need_by=by
            ),
        ),
    )


@st.composite
def courses(draw: st.DrawFn) -> list[Step]:
    log = [*draw(plans()), *draw(streams(most=16))]
    steps = list[Step]()
    while log:
        taken, log = log[: draw(st.integers(1, 6))], log[:0] or log
        log = log[len(taken) :]
        moved = st.tuples(st.sampled_from(ORDERS), st.none() | st.integers(0, 30))
        steps.append(
            Step(
                taken,
                draw(st.lists(moved, max_size=2)),
                draw(st.integers(-2, 30)) * 10,
                draw(st.sampled_from([0.0, 100.0])),
            )
        )
    return steps


def _forecast(order: str, tens: int) -> OrderForecast:
    at = START + timedelta(minutes=10 * tens)
    finish = Finish(p50_at=at, p80_at=at + timedelta(minutes=20), p95_at=at + timedelta(hours=1))
    return OrderForecast(
        order=order,
        made_at=START,
        finish=finish,
        calibrated=True,
        operations=(),
        milestones=(MilestoneForecast(milestone="m1", finish=finish),),
        needs=(NeedForecast(need="n1", need_by=at, early_at=at),),
        remaining_s=(),
    )


def _move(
    forecasts: dict[str, OrderForecast], moves: Iterable[tuple[str, int | None]]
) -> list[str]:
    for order, tens in moves:
        if tens is None:
            forecasts.pop(order, None)
        else:
            forecasts[order] = _forecast(order, tens)
    return [order for order, _ in moves]


@settings(max_examples=60, deadline=None)
@given(courses())
def test_looking_step_by_step_finds_what_a_look_at_the_end_would(course: list[Step]) -> None:
    board, forecasts = Board(SITE), dict[str, OrderForecast]()
    evaluator = Evaluator(RULES, board, lambda: forecasts, dict)
    told = dict[tuple[str, str], object]()
    for step in course:
        for event in step.events:
            board.apply(event)
        evaluator.see(step.events)
        evaluator.touch_forecasts(_move(forecasts, step.forecasts))
        held = evaluator.held
        now, seen = _seen(step)
        changes = evaluator.look(now, seen)
        fresh = Evaluator(RULES, board, lambda: forecasts, dict, held)
        fresh.look(now, seen)
        assert dict(evaluator.standing) == dict(fresh.standing)
        told |= {found.key: found for found in changes.raised}
        for found in changes.cleared:
            del told[found.key]
        assert told.keys() == evaluator.standing.keys()


@settings(max_examples=15, deadline=None)
@given(courses())
def test_a_board_restored_from_its_outcome_goes_on_as_it_stood(course: list[Step]) -> None:
    log = [event for step in course for event in step.events]
    board, (now, seen) = fold(log), _seen(course[-1])
    before = Evaluator(RULES, board, dict, dict)
    before.look(now, seen)
    after = Evaluator(RULES, restored_from(board), dict, dict, before.held)
    after.look(now, seen)
    assert after.held == before.held


def _seen(step: Step) -> tuple[datetime, object]:
    now = START + timedelta(minutes=step.minutes)
    return now, outside(now, signal_age_s=dict.fromkeys(UNITS, step.silent_s))
