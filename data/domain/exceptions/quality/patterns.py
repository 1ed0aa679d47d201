"""What makes alarms noise: the few sources of most, what stands for days, what comes and goes.

Pure. Imported by `assess`. Limits are those of EEMUA 191 and ISA-18.2;
docs/exceptions-quality.md says how each is counted.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from data.domain.exceptions.quality.records import (
    Chatter,
    Course,
    Opinion,
    Period,
    Precision,
    Source,
    Standing,
    Step,
)
from data.domain.exceptions.records import Move, State

STALE = timedelta(hours=24)
CHATTER, CHATTER_WITHIN = 3, timedelta(minutes=1)
TOP = 10


def top_sources(raised: Iterable[Course]) -> tuple[Source, ...]:
    """Return the ten rules and subjects that came up most often."""
    counts = Counter((one.rule, one.subject) for one in raised)
    total = counts.total()
    most = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:TOP]
    return tuple(
        Source(rule=rule, subject=subject, raised=n, share=n / total) for (rule, subject), n in most
    )


def stale(courses: Iterable[Course], period: Period) -> tuple[Standing, ...]:
    """Return what stood for more than a day of which a part lies in the period; longest first."""
    found = []
    for one in courses:
        for start, end in _stood(one.steps):
            until = min(end or period.finish, period.finish)
            if until - start > STALE and until > period.start:
                found.append(
                    Standing(
                        number=one.number, rule=one.rule, subject=one.subject, since=start,
                        stood_s=(until - start).total_seconds(),
                        over=end is not None and end <= period.finish,
                    )
                )  # fmt: skip
    return tuple(sorted(found, key=lambda one: (-one.stood_s, one.number)))


def _stood(steps: Iterable[Step]) -> list[tuple[datetime, datetime | None]]:
    """Return from when to when the condition held; None: it holds still."""
    spans: list[tuple[datetime, datetime | None]] = []
    since: datetime | None = None
    for step in steps:
        if step.move is Move.RAISE and since is None:
            since = step.at
        elif since is not None and (step.move is Move.CLEAR or step.after is State.CLOSED):
            spans.append((since, step.at))
            since = None
    return spans if since is None else [*spans, (since, None)]


def chattering(courses: Iterable[Course], period: Period) -> tuple[Chatter, ...]:
    """Return what came up at least three times within a minute; most often first."""
    times: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for one in courses:
        rises = (step.at for step in one.steps if step.move is Move.RAISE and period.has(step.at))
        times[one.rule, one.subject] += rises
    found = (_chatter(key, sorted(rises)) for key, rises in times.items())
    known = [one for one in found if one is not None]
    return tuple(sorted(known, key=lambda one: (-one.times, -one.minutes, one.rule, one.subject)))


def _chatter(key: tuple[str, str], rises: Sequence[datetime]) -> Chatter | None:
    most, at, first, minutes = 0, None, 0, set[datetime]()
    for last, rise in enumerate(rises):
        while rise - rises[first] > CHATTER_WITHIN:
            first += 1
        count = last - first + 1
        if count >= CHATTER:
            minutes.add(rise.replace(second=0, microsecond=0))
        if count > most:
            most, at = count, rises[first]
    if most < CHATTER or at is None:
        return None
    return Chatter(rule=key[0], subject=key[1], times=most, at=at, minutes=len(minutes))


def precision(opinions: Iterable[Opinion]) -> tuple[Precision, ...]:
    """Return what was said of each rule, the noisiest first."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for one in opinions:
        counts[one.rule][0 if one.useful else 1] += 1
    rules = [Precision(rule=rule, useful=u, noise=n) for rule, (u, n) in counts.items()]
    return tuple(sorted(rules, key=lambda one: (one.share, -one.noise, one.rule)))
