"""The watch beside 100,000 open operations: how soon all is forecast, and what an event moves.

Events come while it rests, and while everything is forecast anew because a new order came.

A process of its own watches; this one reads its facts as a web process does. The site's clock
stands at the instant that its orders are planned around.
"""

import itertools
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import msgspec
import psutil
from msgspec.structs import replace

from data.domain.events import Data, Event, EventType
from data.domain.forecast.conformal import Calibration
from data.domain.forecast.engine import Forecaster
from data.domain.forecast.runtimes import RunTimes
from data.domain.site import SiteClock
from data.services.facts_reader import FactsReader
from data.services.ingest import digest_of
from data.services.live import WATCH, LiveSite, utc_now
from data.services.ports import Claim
from data.services.recorder import Recorder
from data.store.recording import Recording
from data.stream.facts import FactsStream
from data.stream.log import EventLog, connect
from tests.bench.figures import Measurement, at_most, cpu_s, median, noted, percentile
from tests.bench.forecast_report import NOW, big_board
from tests.bench.stage import Ground, Stage, running, wait_until

SITE, SOURCE = "big", "urn:milepost:bench"
ORDERS, STEPS, EVENTS, RUNS = 5_000, 20, 40, 2
WITHIN_S = 120.0
APART_S, APART_IN_RUNS_S = 1.5, 0.3  # between an event's forecast and the next event


def measure(stage: Stage, quick: bool) -> list[Measurement]:
    ground, orders = stage.fresh(), 500 if quick else ORDERS
    alone_s, alone_cpu_s = _alone(orders)
    began = _fill(ground, orders)
    with running(ground, "watch", awaited=False) as program:
        facts = _Facts(ground)
        silent_s = facts.until_all(orders)
        whole_s = time.monotonic() - program.started_at
        used_s = cpu_s([psutil.Process(program.pid)])
        first_s = time.time() - began.timestamp() - (facts.as_of - NOW).total_seconds()
        endings = _endings(orders)
        delays, documents = facts.follow(endings, EVENTS // 4 if quick else EVENTS)
        runs = range(1 if quick else RUNS)
        beside = [delay for run in runs for delay in facts.follow_run(endings, run, alone_s)]
        facts.stop()
    said = f"{orders * STEPS:,} open operations"
    return [
        at_most(f"{said} forecast from scratch, tasks to quantiles", alone_s, "s", 10),
        noted("its processor time", alone_cpu_s, "s"),
        noted("the same in the watch, also stored, published and read", first_s, "s"),
        noted("from the start of the watch's process until then", whole_s, "s"),
        noted("processor time of the watch until then", used_s, "s"),
        at_most("longest that the watch's loop was held up meanwhile", silent_s, "s", 4),
        at_most("end of an operation → its order's new forecast, p50", median(delays), "s", 2),
        at_most("the same, p99", percentile(delays, 0.99), "s", 2),
        noted(f"the same while all is forecast anew, p50 of {len(beside)}", median(beside), "s"),
        at_most("the same, p99", percentile(beside, 0.99), "s", 2),
        noted("the same, longest", max(beside), "s"),
        noted("forecasts published for one such end, p50", median(documents), ""),
    ]


class _Facts:
    """The facts of the site as a web process has them, read in a thread."""

    def __init__(self, ground: Ground) -> None:
        self._log = EventLog(connect(ground.redis_url))
        self._live = LiveSite(SITE, self._log, ground.history(), utc_now)
        self._live.load()
        self._reader = FactsReader(self._live, FactsStream(connect(ground.redis_url)))
        self._stopped = threading.Event()
        self._counted: list[int] = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @property
    def as_of(self) -> datetime:
        """The site's instant that the first forecasts were made for."""
        return min(made.made_at for made in self._live.facts.forecasts.values())

    def until_all(self, orders: int) -> float:
        """Wait until every order has a forecast; return the watch's longest silence meanwhile."""
        longest, facts = 0.0, self._live.facts
        until = time.monotonic() + 120
        while len(facts.forecasts) < orders or facts.forecasting is None:
            note = self._log.readers(SITE).get(WATCH)
            longest = max(longest, time.time() - note[1]) if note else longest
            if time.monotonic() > until:
                raise TimeoutError(f"{len(facts.forecasts)} of {orders} orders are forecast")
            time.sleep(0.05)
        return longest

    def follow(self, endings: Iterator[str], count: int) -> tuple[list[float], list[float]]:
        """Report ends of operations; return how soon each was seen, and what was published."""
        delays, documents = [], list[float]()
        for subject in itertools.islice(endings, count):
            self._counted.clear()
            delays.append(self._delay_s(subject))
            time.sleep(APART_S)
            documents.append(float(sum(self._counted)))
        return delays, documents

    def follow_run(self, endings: Iterator[str], run: int, took_s: float) -> list[float]:
        """Plan a new order, so that all is forecast anew; return how soon ends were seen then.

        `took_s`: what that takes at the least; what was reported earlier than that before the
        new order's forecast is left out.
        """
        delays = list[tuple[float, float]]()
        plan = replace(big_board(1, STEPS).orders["o0"].plan, id=f"new{run}")
        self._say(EventType.PLAN_CHANGED, f"order/{plan.id}", Data(order=plan))
        while plan.id not in self._live.facts.forecasts:
            delays.append((time.monotonic(), self._delay_s(next(endings))))
            time.sleep(APART_IN_RUNS_S)
        begun = time.monotonic() - took_s
        return [delay for at, delay in delays if at >= begun]

    def _delay_s(self, subject: str) -> float:
        """Report the end of an operation; return how soon its order's new forecast was seen."""
        order = subject.split("/")[1]
        operations = len(self._live.facts.forecasts[order].operations)
        begun = time.monotonic()
        self._say(EventType.OPERATION_COMPLETED, subject, Data())
        wait_until(lambda: self._differs(order, operations), WITHIN_S, "a fact")
        return time.monotonic() - begun

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _differs(self, order: str, operations: int) -> bool:
        made = self._live.facts.forecasts.get(order)
        return made is None or len(made.operations) != operations

    def _say(self, kind: EventType, subject: str, data: Data) -> None:
        now = self._live.now
        event = Event(f"{kind}-{subject}", SOURCE, kind, subject, now, now, data)
        claim = Claim(event.source, event.id, digest_of(event), msgspec.json.encode(event))
        self._log.append(SITE, [claim])

    def _read(self) -> None:
        while not self._stopped.is_set():
            self._counted.append(self._reader.read(200))


def _endings(orders: int) -> Iterator[str]:
    """First operations of orders spread over all."""
    return (f"operation/o{number}/0" for first in range(7) for number in range(first, orders, 7))


def _alone(orders: int) -> tuple[float, float]:
    """Forecast everything in this process; return the time that took, and the processor's."""
    board, forecaster = big_board(orders, STEPS), Forecaster(RunTimes(), Calibration())
    begun, used = time.monotonic(), time.process_time()
    forecaster.run(board, NOW)
    for order in forecaster.orders():
        forecaster.order(order)
    return time.monotonic() - begun, time.process_time() - used


def _fill(ground: Ground, orders: int) -> datetime:
    """Store the orders as the recorder stores them; return the real instant of the site's NOW."""
    log, began = ground.log(), datetime.now(UTC)
    log.warm(SITE, "bench", {})
    writer = Recording(ground.database_url, SITE)
    recorder = Recorder(SITE, log, ground.history(), writer, utc_now)
    recorder.record_past([(event, digest_of(event)) for event in _documents(orders, began)])
    recorder.step(block_ms=None)
    recorder.close()
    log.announce(SITE)
    return began


def _documents(orders: int, began: datetime) -> Iterator[Event]:
    board = big_board(orders, STEPS)
    model = replace(board.site, clock=SiteClock(origin=NOW, started_at=began))
    documents: Mapping[str, Data] = {
        f"site/{SITE}": Data(site=model),
        **{f"order/{plan.id}": Data(order=plan) for plan in board.plans()},
    }
    for subject, data in documents.items():
        yield Event(f"plan-{subject}", SOURCE, EventType.PLAN_CHANGED, subject, NOW, NOW, data)
