"""Rules judged beside 100,000 open operations: how soon an event becomes a finding, and its cost.

The evaluator alone on a board in this process, as the watch uses it: events are folded as they
come, 1,000 a second, and looked at as often as the watch does. What is due by the time alone is
there too: orders begin all along, and nobody starts them.
"""

import gc
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random

import psutil
from msgspec.structs import replace

from data.domain.board import Board
from data.domain.events import Data, Event, EventType, WorkUnitState
from data.domain.exceptions.evaluate import Evaluator, Outside
from data.domain.exceptions.rules import Condition, Rule
from data.domain.forecast.records import Finish, OrderForecast
from data.domain.view import Readers
from data.services.exceptions import LOOK_S
from data.services.rules import usual_rules
from tests.bench.alarms import measure_day
from tests.bench.figures import Measurement, at_least, at_most, median, noted, percentile
from tests.bench.forecast_report import NOW, big_board
from tests.bench.stage import Stage

ORDERS, STEPS, RULES, RATE = 5_000, 20, 50, 1_000
BEGIN = NOW + timedelta(hours=6)
PROBE_EVERY = 25  # every so many events a work unit goes down, which a rule tells at once
WELL = Readers(log_connected=True, event_age_s=0.0, history_lag_s=0.0, history_stale=False)
_SOURCE = "urn:milepost:bench"


def measure(stage: Stage, quick: bool) -> list[Measurement]:
    orders, lasts_s = (500, 4.0) if quick else (ORDERS, 20.0)
    board, rules = big_board(orders, STEPS), _rules()
    forecasts = {order: _forecast(order, board) for order in board.orders}
    gc.collect()
    rss = psutil.Process().memory_info().rss
    evaluator = Evaluator(rules, board, lambda: forecasts, dict)
    first_s = _timed(lambda: evaluator.look(BEGIN, _outside(BEGIN)))
    stood = len(evaluator.standing)
    gc.collect()
    grown_mb = (psutil.Process().memory_info().rss - rss) / 2**20
    anew_s = min(_anew(rules, board, forecasts) for _ in range(2))
    idle_s = median([_idle(evaluator, BEGIN + timedelta(seconds=n)) for n in range(1, 20)])
    delays, busy = _paced(evaluator, board, lasts_s)
    raised, burst_s = _burst(evaluator)
    said = f"{len(rules)} rules, {orders * STEPS:,} open operations, {RATE:,} events/s"
    return [
        at_most(f"event → finding, {said}, p50", median(delays), "s", 1),
        at_most("the same, p99", percentile(delays, 0.99), "s", 1),
        at_most("share of a processor that judging takes, folding left out", busy, "", 0.5),
        noted("the same if everything were judged each second", anew_s, ""),
        noted("first look at all, indexes made", first_s, "s"),
        noted("a look at which nothing changed", idle_s, "s"),
        noted("memory of indexes and findings", grown_mb, "MiB"),
        noted("findings that stood then", stood, ""),
        at_least("findings a second when many come due at once", raised / burst_s, "/s", 1_000),
        *([] if quick else measure_day()),
    ]


def _rules() -> tuple[Rule, ...]:
    """The usual rules, and as many of the operations' with other tolerances as make 50."""
    usual = [replace(rule, applies={}) for rule in usual_rules()]
    probe = replace(_of(usual, Condition.UNIT_STATE), id="probe", states=("down",), limit_s=0.0)
    kinds = (Condition.NOT_STARTED, Condition.NOT_FINISHED, Condition.PAST_DUE)
    more = [
        replace(_of(usual, kinds[n % 3]), id=f"more-{n}", limit_s=7200.0 * (4 + n), below_s=0.0)
        for n in range(RULES - len(usual) - 1)
    ]
    return (*usual, probe, *more)


def _of(rules: Sequence[Rule], condition: Condition) -> Rule:
    return next(rule for rule in rules if rule.condition is condition)


def _forecast(order: str, board: Board) -> OrderForecast:
    plan = board.orders[order].plan
    assert plan is not None
    at = plan.due_at + timedelta(hours=int(order[1:]) % 5 - 3)
    finish = Finish(p50_at=at, p80_at=at + timedelta(hours=2), p95_at=at + timedelta(hours=4))
    return OrderForecast(
        order=order,
        made_at=NOW,
        finish=finish,
        calibrated=True,
        operations=(),
        milestones=(),
        needs=(),
        remaining_s=(),
    )


def _anew(rules: Sequence[Rule], board: Board, forecasts: dict[str, OrderForecast]) -> float:
    evaluator = Evaluator(rules, board, lambda: forecasts, dict)
    return _timed(lambda: evaluator.look(BEGIN, _outside(BEGIN)))


def _idle(evaluator: Evaluator, now: datetime) -> float:
    return _timed(lambda: evaluator.look(now, _outside(now)))


def _paced(evaluator: Evaluator, board: Board, lasts_s: float) -> tuple[list[float], float]:
    """Let events come for a while; return how soon probes were told, and the judging's share."""
    units = [unit.id for unit in board.site.work_units]
    stream = _reports(board, units)
    waiting: dict[str, float] = {}
    delays, judging_s, sent = list[float](), 0.0, 0
    begun = time.perf_counter()
    while (at_s := time.perf_counter() - begun) < lasts_s:
        came = [next(stream) for _ in range(int(at_s * RATE) - sent)]
        for place, event in enumerate(came):
            board.apply(event)
            if event.data.state is WorkUnitState.DOWN:
                waiting[event.subject] = begun + (sent + place) / RATE
        sent += len(came)
        now = BEGIN + timedelta(seconds=30 + at_s)
        looked, used = time.perf_counter(), time.process_time()
        evaluator.see(came)
        changes = evaluator.look(now, _outside(now))
        told = time.perf_counter()
        judging_s += time.process_time() - used
        raised = {found.subject for found in changes.raised if found.rule == "probe"}
        delays += [told - waiting.pop(subject) for subject in raised & waiting.keys()]
        time.sleep(max(0.0, LOOK_S - (told - looked)))
    return delays, judging_s / lasts_s


def _reports(board: Board, units: Sequence[str]) -> Iterator[Event]:
    """Yield what a floor says: pieces mostly, starts and ends, changes of state."""
    rng, number = Random(1), 0
    running = [f"operation/o{n}/0" for n in range(min(200, len(board.orders)))]
    plans = [state.plan for state in board.orders.values() if state.plan]
    while True:
        number += 1
        unit = units[number // PROBE_EVERY % len(units)]
        if number % PROBE_EVERY == 0:
            stop = number // PROBE_EVERY // len(units) % 2 == 0
            state = WorkUnitState.DOWN if stop else WorkUnitState.PROCESSING
            yield _event(number, EventType.WORK_UNIT_STATE_CHANGED, f"work-unit/{unit}",
                         Data(state=state))  # fmt: skip
        elif number % 20 == 0:
            plan = rng.choice(plans)
            subject = f"operation/{plan.id}/{rng.randrange(STEPS)}"
            kind = rng.choice((EventType.OPERATION_STARTED, EventType.OPERATION_COMPLETED))
            yield _event(number, kind, subject, Data(work_unit=unit))
        else:
            data = Data(work_unit=unit, good=1, scrap=int(number % 97 == 0))
            yield _event(number, EventType.OPERATION_PROGRESSED, rng.choice(running), data)


def _event(number: int, kind: EventType, subject: str, data: Data) -> Event:
    at = BEGIN + timedelta(seconds=30, milliseconds=number)
    return Event(f"b{number}", _SOURCE, kind, subject, at, at, data)


def _burst(evaluator: Evaluator) -> tuple[int, float]:
    """Let two days pass at once, so that thousands come due."""
    now, raised = BEGIN + timedelta(days=2), list[int]()
    took_s = _timed(lambda: raised.append(len(evaluator.look(now, _outside(now)).raised)))
    return raised[0], took_s


def _outside(now: datetime) -> Outside:
    return Outside(real_now=now, readers=WELL)


def _timed(act: object) -> float:
    assert callable(act)
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun
