"""How many alarms people get, against what a person can deal with.

Pure. Imported by `assess`. Limits are those of EEMUA 191 and ISA-18.2;
docs/exceptions-quality.md says how each is counted.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil

from data.domain.exceptions.quality.records import (
    A_DAY,
    BANDS,
    FLOOD,
    WINDOW,
    Band,
    Flood,
    Period,
    PersonRate,
    Told,
    WorstDay,
    midnight,
)

MANAGEABLE = 1.0  # on average in ten minutes


def people_of(told: Sequence[Told], period: Period) -> tuple[PersonRate, ...]:
    """Return everybody's rate, the worst first. `told`: of the period, by time."""
    by_person: dict[str, list[Told]] = defaultdict(list)
    for one in told:
        by_person[one.person].append(one)
    rates = (_rate(alarms, period) for alarms in by_person.values())
    return tuple(sorted(rates, key=lambda r: (-BANDS.index(r.band), -r.peak, -r.alarms, r.name)))


def _rate(alarms: Sequence[Told], period: Period) -> PersonRate:
    windows = max(1.0, (period.finish - period.start) / WINDOW)
    days = Counter(period.day(one.at) for one in alarms)
    busiest, on_busiest = max(days.items(), key=lambda item: (item[1], item[0]))
    peak, peak_at = _peak(alarms)
    mean = len(alarms) / windows
    return PersonRate(
        person=alarms[0].person, name=alarms[-1].name, alarms=len(alarms), mean=mean,
        busiest=busiest, on_busiest=on_busiest, peak=peak, peak_at=peak_at,
        floods=floods(alarms), band=band(mean, on_busiest, peak),
    )  # fmt: skip


def band(mean: float, in_a_day: int, peak: int) -> Band:
    """Return what so many alarms mean: on average in ten minutes, on a day, at most in ten."""
    if peak > FLOOD:
        return Band.FLOOD
    if mean > MANAGEABLE or in_a_day > A_DAY:
        return Band.OVER_DEMANDING
    return Band.MANAGEABLE


def _peak(alarms: Sequence[Told]) -> tuple[int, datetime]:
    """Return the most alarms of any ten minutes, and when these began."""
    most, at, first = 0, alarms[0].at, 0
    for last, one in enumerate(alarms):
        while one.at - alarms[first].at >= WINDOW:
            first += 1
        if last - first + 1 > most:
            most, at = last - first + 1, alarms[first].at
    return most, at


def floods(alarms: Sequence[Told]) -> tuple[Flood, ...]:
    """Return the floods of one person: what spans of ten minutes with too many cover together."""
    spans: list[tuple[int, int]] = []
    first = 0
    for last, one in enumerate(alarms):
        while one.at - alarms[first].at >= WINDOW:
            first += 1
        if last - first + 1 <= FLOOD:
            continue
        if spans and first <= spans[-1][1]:
            spans[-1] = (spans[-1][0], last)
        else:
            spans.append((first, last))
    return tuple(
        Flood(
            person=alarms[a].person, name=alarms[a].name, start=alarms[a].at, finish=alarms[b].at,
            alarms=b - a + 1,
        )
        for a, b in spans
    )  # fmt: skip


def worst_day(told: Sequence[Told], period: Period, person: str | None) -> WorstDay | None:
    """Return the day of most alarms of somebody, or of whoever had the worst; None without any."""
    days = Counter((one.person, period.day(one.at)) for one in told)
    mine = [(n, key) for key, n in days.items() if person in (None, key[0])]
    if not mine:
        return None
    _, (whose, day) = max(mine, key=lambda item: (item[0], item[1][1], item[1][0]))
    alarms = [one for one in told if one.person == whose and period.day(one.at) == day]
    start = midnight(day, period.timezone)
    count = ceil((midnight(day + timedelta(days=1), period.timezone) - start) / WINDOW)
    slots = Counter(int((one.at - start) / WINDOW) for one in alarms)
    return WorstDay(
        person=whose, name=alarms[-1].name, day=day, start=start,
        slots=tuple(slots[slot] for slot in range(count)),
    )  # fmt: skip
