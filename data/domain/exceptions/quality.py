"""How good this program's alarms are: how many people get, how fast they answer, what is noise.

Pure. Imported by the service that sums up what SQL has, and by the page that shows it. Measures
and limits are those of EEMUA 191 and ISA-18.2; docs/exceptions-quality.md says how each is counted.
All instants are of the real clock: it is people's attention that is measured.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from math import ceil
from zoneinfo import ZoneInfo

from msgspec import Struct

from data.domain.exceptions.records import Move, Severity, State
from data.domain.scope import Role

WINDOW = timedelta(minutes=10)
FLOOD = 10  # more than so many in ten minutes are a flood
MANAGEABLE, A_DAY = 1.0, 150  # on average in ten minutes; on one day
STALE = timedelta(hours=24)
CHATTER, CHATTER_WITHIN = 3, timedelta(minutes=1)
TOP = 10
TARGET = {Severity.CRITICAL: 0.05, Severity.HIGH: 0.15, Severity.LOW: 0.80}


class Band(StrEnum):
    """Whether the alarms that somebody gets can be dealt with."""

    MANAGEABLE = "manageable"
    OVER_DEMANDING = "over_demanding"
    FLOOD = "flood"


_BANDS = list(Band)


class Told(Struct, frozen=True, kw_only=True):
    """One alarm that one person was told: it came up, or nobody had acted and it came to them."""

    at: datetime
    person: str
    name: str
    rule: str
    subject: str


class Step(Struct, frozen=True, kw_only=True):
    """One move of an exception."""

    at: datetime
    move: Move
    after: State
    before: State | None = None
    actor: str = ""


class Course(Struct, frozen=True, kw_only=True):
    """The moves of one exception, oldest first; those that only say what is known are left out."""

    number: int
    rule: str
    subject: str
    severity: Severity
    role: Role
    steps: tuple[Step, ...]


class Opinion(Struct, frozen=True, kw_only=True):
    """Whether one recipient found an exception of a rule useful, or noise."""

    rule: str
    useful: bool


class Period(Struct, frozen=True, kw_only=True):
    """From the first to the last of these days of a site, both included; `now` ends it sooner."""

    since: date
    until: date
    timezone: str
    now: datetime

    @property
    def start(self) -> datetime:
        """Its first instant."""
        return _midnight(self.since, self.timezone)

    @property
    def finish(self) -> datetime:
        """Its last instant, or now."""
        end = _midnight(self.until + timedelta(days=1), self.timezone)
        return max(self.start, min(end, self.now))

    def has(self, at: datetime) -> bool:
        """Whether an instant lies within."""
        return self.start <= at < self.finish

    def day(self, at: datetime) -> date:
        """Return the site's day of an instant."""
        return at.astimezone(ZoneInfo(self.timezone)).date()


class Flood(Struct, frozen=True, kw_only=True):
    """A time in which one person got more than ten alarms in any ten minutes."""

    person: str
    name: str
    start: datetime
    finish: datetime
    alarms: int


class PersonRate(Struct, frozen=True, kw_only=True):
    """What one person got. `mean`: in ten minutes, over the whole period; `peak`: the most."""

    person: str
    name: str
    alarms: int
    mean: float
    busiest: date
    on_busiest: int
    peak: int
    peak_at: datetime
    floods: tuple[Flood, ...]
    band: Band


class WorstDay(Struct, frozen=True, kw_only=True):
    """The alarms of one person on one day of the site, by ten minutes from `start` on."""

    person: str
    name: str
    day: date
    start: datetime
    slots: tuple[int, ...]


class Source(Struct, frozen=True, kw_only=True):
    """A rule at one subject: how often it came up, and the share of all that this is."""

    rule: str
    subject: str
    raised: int
    share: float


class Standing(Struct, frozen=True, kw_only=True):
    """An exception that stood for more than a day without a break; `over`: it does no more."""

    number: int
    rule: str
    subject: str
    since: datetime
    stood_s: float
    over: bool


class Chatter(Struct, frozen=True, kw_only=True):
    """A rule at one subject that came up several times within a minute; `times` at its worst."""

    rule: str
    subject: str
    times: int
    at: datetime
    minutes: int


class Delay(Struct, frozen=True, kw_only=True):
    """How long something took: of so many, on average, and in nine cases of ten at most."""

    count: int = 0
    mean_s: float | None = None
    p90_s: float | None = None


class Answers(Struct, frozen=True, kw_only=True):
    """How what came up of a rule, or for a role, was answered.

    `unseen`: back to normal and closed without anybody.
    """

    key: str
    raised: int
    acknowledged: Delay
    resolved: Delay
    unseen: int


class Precision(Struct, frozen=True, kw_only=True):
    """What recipients said of a rule's exceptions."""

    rule: str
    useful: int
    noise: int

    @property
    def share(self) -> float:
        """The share that was useful."""
        return self.useful / (self.useful + self.noise)


class Quality(Struct, frozen=True, kw_only=True):
    """All that can be said of the alarms of a site in a period."""

    period: Period
    raised: int
    people: tuple[PersonRate, ...]
    worst: WorstDay | None
    sources: tuple[Source, ...]
    stale: tuple[Standing, ...]
    chattering: tuple[Chatter, ...]
    by_rule: tuple[Answers, ...]
    by_role: tuple[Answers, ...]
    precision: tuple[Precision, ...]
    severities: Mapping[Severity, int]

    @property
    def band(self) -> Band:
        """That of the person who has it worst; manageable when nobody was told anything."""
        return max((one.band for one in self.people), key=_BANDS.index, default=Band.MANAGEABLE)

    @property
    def floods(self) -> tuple[Flood, ...]:
        """Everybody's, the newest first."""
        found = (flood for one in self.people for flood in one.floods)
        return tuple(sorted(found, key=lambda flood: flood.start, reverse=True))


def assess(
    told: Sequence[Told], courses: Sequence[Course], opinions: Iterable[Opinion], period: Period,
    person: str | None = None,
) -> Quality:  # fmt: skip
    """Sum up a period. `person`: whose worst day is shown; without, that of the one with the worst.

    Shape: `courses` hold every exception that moved in the period or was open in it.
    """
    within = sorted((one for one in told if period.has(one.at)), key=lambda one: one.at)
    raises = [(one, step) for one in courses for step in one.steps if _came_up(step, period)]
    return Quality(
        period=period,
        raised=len(raises),
        people=people_of(within, period),
        worst=worst_day(within, period, person),
        sources=top_sources(one for one, _ in raises),
        stale=stale(courses, period),
        chattering=chattering(courses, period),
        by_rule=answers(courses, period, lambda one: one.rule),
        by_role=answers(courses, period, lambda one: one.role.value),
        precision=precision(opinions),
        severities={s: sum(one.severity is s for one, _ in raises) for s in Severity},
    )


def people_of(told: Sequence[Told], period: Period) -> tuple[PersonRate, ...]:
    """Return everybody's rate, the worst first. `told`: of the period, by time."""
    by_person: dict[str, list[Told]] = defaultdict(list)
    for one in told:
        by_person[one.person].append(one)
    rates = (_rate(alarms, period) for alarms in by_person.values())
    return tuple(sorted(rates, key=lambda r: (-_BANDS.index(r.band), -r.peak, -r.alarms, r.name)))


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
    start = _midnight(day, period.timezone)
    count = ceil((_midnight(day + timedelta(days=1), period.timezone) - start) / WINDOW)
    slots = Counter(int((one.at - start) / WINDOW) for one in alarms)
    return WorstDay(
        person=whose, name=alarms[-1].name, day=day, start=start,
        slots=tuple(slots[slot] for slot in range(count)),
    )  # fmt: skip


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


def answers(
    courses: Iterable[Course], period: Period, key: Callable[[Course], str]
) -> tuple[Answers, ...]:
    """Return how what came up in the period was answered, by something, most often first."""
    groups: dict[str, list[_Answer]] = defaultdict(list)
    for one in courses:
        groups[key(one)] += _answered(one.steps, period)
    found = [
        Answers(
            key=name,
            raised=len(all_),
            acknowledged=delay(one.acknowledged_s for one in all_),
            resolved=delay(one.resolved_s for one in all_),
            unseen=sum(one.unseen for one in all_),
        )
        for name, all_ in groups.items()
        if all_
    ]
    return tuple(sorted(found, key=lambda one: (-one.raised, one.key)))


class _Answer(Struct):
    """What became of one time that an exception came up."""

    raised_at: datetime
    acknowledged_s: float | None = None
    resolved_s: float | None = None
    unseen: bool = False


_TAKES = frozenset({Move.ACKNOWLEDGE, Move.ASSIGN, Move.RESOLVE})
_COMES = frozenset({Move.RAISE, Move.UNSUPPRESS})


def _answered(steps: Iterable[Step], period: Period) -> list[_Answer]:
    found: list[_Answer] = []
    running: _Answer | None = None
    for step in steps:
        if _came_up(step, period):
            running = _Answer(step.at)
            found.append(running)
        elif running is not None:
            _answer(running, step)
            running = None if step.after is State.CLOSED else running
    return found


def _answer(running: _Answer, step: Step) -> None:
    took_s = (step.at - running.raised_at).total_seconds()
    if step.move in _TAKES and running.acknowledged_s is None:
        running.acknowledged_s = took_s
    if step.after is State.CLOSED and step.move is Move.EXPIRE:
        running.unseen = running.acknowledged_s is None
    elif step.after is State.CLOSED and step.move is not Move.SUPPRESS:
        running.resolved_s = took_s


def delay(seconds: Iterable[float | None]) -> Delay:
    """Return mean and 90th percentile (nearest rank) of those that are known."""
    known = sorted(one for one in seconds if one is not None)
    if not known:
        return Delay()
    rank = ceil(0.9 * len(known)) - 1
    return Delay(count=len(known), mean_s=sum(known) / len(known), p90_s=known[rank])


def precision(opinions: Iterable[Opinion]) -> tuple[Precision, ...]:
    """Return what was said of each rule, the noisiest first."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for one in opinions:
        counts[one.rule][0 if one.useful else 1] += 1
    rules = [Precision(rule=rule, useful=u, noise=n) for rule, (u, n) in counts.items()]
    return tuple(sorted(rules, key=lambda one: (one.share, -one.noise, one.rule)))


def _came_up(step: Step, period: Period) -> bool:
    """Whether somebody had to act from then on: one that is shelved or suppressed says nothing."""
    new = step.move in _COMES and step.before is not State.UNACKNOWLEDGED
    return new and step.after is State.UNACKNOWLEDGED and period.has(step.at)


def _midnight(day: date, timezone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(timezone)).astimezone(UTC)
