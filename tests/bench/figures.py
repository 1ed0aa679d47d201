"""Measurements with their limits, and the arithmetic that the groups share."""

import math
from collections.abc import Iterable, Sequence

import psutil
from msgspec import Struct


class Measurement(Struct, frozen=True, kw_only=True):
    """One measured figure; `must` is empty for one that only explains another."""

    name: str
    value: float
    unit: str
    must: str = ""
    holds: bool | None = None


def at_most(name: str, value: float, unit: str, limit: float) -> Measurement:
    return Measurement(
        name=name, value=rounded(value), unit=unit, must=f"≤ {limit:g}", holds=value <= limit
    )


def at_least(name: str, value: float, unit: str, limit: float) -> Measurement:
    return Measurement(
        name=name, value=rounded(value), unit=unit, must=f"≥ {limit:,g}", holds=value >= limit
    )


def noted(name: str, value: float, unit: str) -> Measurement:
    return Measurement(name=name, value=rounded(value), unit=unit)


def rounded(value: float) -> float:
    """Three digits that count; whole numbers stay whole."""
    if value == 0 or not math.isfinite(value):
        return value if math.isfinite(value) else 1e9
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return round(value, digits)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of all don't exceed; infinite when there is none."""
    if not values:
        return math.inf
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]


def median(values: Sequence[float]) -> float:
    return percentile(values, 0.5)


def cpu_s(processes: Iterable[psutil.Process]) -> float:
    """Seconds of processor time that the processes have used so far, their threads included."""
    total = 0.0
    for process in processes:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def process_tree(pid: int) -> list[psutil.Process]:
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]
