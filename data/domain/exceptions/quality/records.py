"""What can be said of the alarms of a site: how many people get, how they answer, what is noise.

Pure records. Imported by the rest of this package, by the service and the store that find what it
is made from, and by the pages that show it. All instants are of the real clock: it is people's
attention that is measured.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from msgspec import Struct

from data.domain.exceptions.records import Move, Severity, State
from data.domain.scope import Role

WINDOW = timedelta(minutes=10)
FLOOD = 10  # more than so many in ten minutes are a flood
A_DAY = 150  # more than so many on one day are too many
TARGET = {Severity.CRITICAL: 0.05, Severity.HIGH: 0.15, Severity.LOW: 0.80}
_COMES = frozenset({Move.RAISE, Move.UNSUPPRESS})


class Band(StrEnum):
    """Whether the alarms that somebody gets can be dealt with."""

    MANAGEABLE = "manageable"
    OVER_DEMANDING = "over_demanding"
    FLOOD = "flood"


BANDS = list(Band)  # from the best to the worst


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

    def came_up(self, period: "Period") -> bool:
        """Whether somebody had to act from then on: what is shelved or suppressed says nothing."""
        new = self.move in _COMES and self.before is not State.UNACKNOWLEDGED
        return new and self.after is State.UNACKNOWLEDGED and period.has(self.at)


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
        return midnight(self.since, self.timezone)

    @property
    def finish(self) -> datetime:
        """Its last instant, or now."""
        end = midnight(self.until + timedelta(days=1), self.timezone)
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
        return max((one.band for one in self.people), key=BANDS.index, default=Band.MANAGEABLE)

    @property
    def floods(self) -> tuple[Flood, ...]:
        """Everybody's, the newest first."""
        found = (flood for one in self.people for flood in one.floods)
        return tuple(sorted(found, key=lambda flood: flood.start, reverse=True))


def midnight(day: date, timezone: str) -> datetime:
    """Return when a day begins at a site."""
    return datetime.combine(day, time(), ZoneInfo(timezone)).astimezone(UTC)
