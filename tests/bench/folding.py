"""How fast a board folds events, on one core."""

import time
from datetime import UTC, datetime

from data.domain.board import Board
from tests.bench import workload
from tests.bench.figures import Measurement, at_least, median
from tests.bench.stage import Stage


def measure(stage: Stage, quick: bool) -> list[Measurement]:
    now, count = datetime.now(UTC), 30_000 if quick else 100_000
    plans, events = workload.plans(count, now), list(workload.reports(count, now))
    rates = []
    for _ in range(3 if quick else 5):
        board = Board(workload.SITE)
        for event in plans:
            board.apply(event)
        begun = time.perf_counter()
        for event in events:
            board.apply(event)
        rates.append(count / (time.perf_counter() - begun))
    return [at_least("fold, one core", median(rates), "events/s", 100_000)]
