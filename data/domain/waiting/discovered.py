"""Working hours read from what was done, where no calendar is known.

Pure. Source: López-Pintado, Dumas 2022, "Business process simulation with differentiated
resources": a quarter of an hour of a weekday is worked when the resource was seen to begin
or end something in it on a good share of the days on which it did that activity at all.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from data.domain.calendars import working_spans
from data.domain.site import Calendar, Shift
from data.domain.waiting.records import Execution
from data.domain.waiting.spans import Span, without

GRANULE_MIN = 15
CONFIDENCE = 0.1
SUPPORT = 0.7

_Granule = tuple[int, int]  # (ISO weekday, number of the granule in the day)


def discovered_calendars(
    executions: Iterable[Execution],
    timezone: str,
    granule_min: int = GRANULE_MIN,
    confidence: float = CONFIDENCE,
    support: float = SUPPORT,
) -> dict[str, Calendar]:
    """Return a weekly calendar for each resource.

    Granules below `confidence` are added, the most used first, until `support` of what was
    seen of the resource lies within its hours.
    """
    zone = ZoneInfo(timezone)
    seen: dict[str, list[tuple[str, datetime]]] = defaultdict(list)
    for one in executions:
        for at in (one.start, one.end):
            seen[one.resource].append((one.activity, at.astimezone(zone)))
    return {
        resource: _calendar(
            resource, _granules(marks, granule_min, confidence, support), granule_min
        )
        for resource, marks in seen.items()
    }


def closed_by(
    calendars: Mapping[str, Calendar], timezone: str
) -> Callable[[str, datetime, datetime], list[Span]]:
    """Return when a resource with a calendar doesn't work; one without never rests."""

    def closed(resource: str, start: datetime, end: datetime) -> list[Span]:
        calendar = calendars.get(resource)
        if calendar is None:
            return []
        return without([(start, end)], working_spans(calendar, timezone, start, end))

    return closed


def _granules(
    marks: Iterable[tuple[str, datetime]], granule_min: int, confidence: float, support: float
) -> set[_Granule]:
    days: dict[tuple[str, int], set[str]] = defaultdict(set)
    hits: dict[tuple[str, _Granule], set[str]] = defaultdict(set)
    often: Counter[_Granule] = Counter()
    for activity, at in marks:
        day, weekday = at.date().isoformat(), at.isoweekday()
        granule = (weekday, (at.hour * 60 + at.minute) // granule_min)
        days[activity, weekday].add(day)
        hits[activity, granule].add(day)
        often[granule] += 1
    best: dict[_Granule, float] = defaultdict(float)
    for (activity, granule), on in hits.items():
        best[granule] = max(best[granule], len(on) / len(days[activity, granule[0]]))
    taken = {granule for granule, share in best.items() if share >= confidence}
    return _supported(taken, often, support)


def _supported(taken: set[_Granule], often: Counter[_Granule], support: float) -> set[_Granule]:
    covered, wanted = sum(often[granule] for granule in taken), support * often.total()
    for granule, times in often.most_common():
        if covered >= wanted:
            break
        if granule not in taken:
            taken.add(granule)
            covered += times
    return taken


def _calendar(resource: str, granules: set[_Granule], granule_min: int) -> Calendar:
    shifts: list[Shift] = []
    for weekday in range(1, 8):
        numbers = sorted(number for day, number in granules if day == weekday)
        starts = [n for n in numbers if n - 1 not in numbers]
        ends = [n + 1 for n in numbers if n + 1 not in numbers]
        shifts += [
            Shift(
                name=f"{weekday}-{a}",
                start=_clock(a * granule_min),
                finish=_clock(b * granule_min),
                days=(weekday,),
            )
            for a, b in zip(starts, ends, strict=True)
        ]
    return Calendar(id=f"discovered/{resource}", shifts=tuple(shifts))


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
