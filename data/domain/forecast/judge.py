"""Forecasts of orders without a plan, fitted and judged so that no order informs its own.

Imported by services that learn from a log, by the bench and by the tests on real logs.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from data.domain.forecast.conformal import Calibration
from data.domain.forecast.quantiles import value_at
from data.domain.forecast.remaining import Passed, RemainingTime

Floats = NDArray[np.float64]
ByOrder = Mapping[str, Sequence[Passed]]

FOLDS = 5


class Judged(Struct, frozen=True, kw_only=True):
    """Every prefix judged by a model that never saw its order. Units: seconds; shape: prefixes."""

    actual_s: Floats
    p50_s: Floats
    p80_s: Floats
    p95_s: Floats
    raw_p80_s: Floats

    @property
    def error_s(self) -> float:
        """Mean absolute error of P50."""
        return float(np.abs(self.actual_s - self.p50_s).mean())


def folds_of(orders: Iterable[str], count: int = FOLDS, seed: int = 0) -> list[list[str]]:
    """Deal orders out to folds, in an order that the seed alone decides."""
    names = list(orders)
    dealt = np.random.default_rng(seed).permutation(len(names))
    return [[names[place] for place in dealt[fold::count]] for fold in range(count)]


def fitted(by_order: ByOrder, seed: int = 0) -> tuple[RemainingTime, Calibration]:
    """Return a model of all these orders and its calibration.

    Each order is scored by a model of the other folds: cross-fitting, so all of them teach
    and all of them calibrate.
    """
    calibration = Calibration(kept=max(1, len(by_order)))
    for held in folds_of(by_order, seed=seed):
        model = _model(by_order, set(by_order) - set(held))
        for order in held:
            calibration.add([model.level(past) for past in by_order[order]], watched=())
    return _model(by_order, set(by_order)), calibration


def judge(by_order: ByOrder, seed: int = 0) -> Judged:
    """Forecast every prefix of every order from the orders of the other folds alone."""
    parts: list[Floats] = []
    for held in folds_of(by_order, seed=seed):
        rest = {order: by_order[order] for order in by_order if order not in set(held)}
        model, calibration = fitted(rest, seed)
        levels = (0.5, calibration.level(0.8), calibration.level(0.95), 0.8)
        for order in held:
            parts += [_row(model, past, levels) for past in by_order[order]]
    actual, p50, p80, p95, raw = np.array(parts).T
    return Judged(actual_s=actual, p50_s=p50, p80_s=p80, p95_s=p95, raw_p80_s=raw)


def _model(by_order: ByOrder, orders: set[str]) -> RemainingTime:
    model = RemainingTime()
    model.add(past for order, own in by_order.items() if order in orders for past in own)
    return model


def _row(model: RemainingTime, past: Passed, levels: Sequence[float]) -> Floats:
    known = model.quantiles(past.prefix)
    return np.array([past.remaining_s, *(float(value_at(known, at)) for at in levels)])
