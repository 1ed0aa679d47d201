"""What a message is to tell somebody, before it is put into words.

Pure. Whoever fills these in has asked disclosure already: everything here may be read by the one
who is told, and what they may not see is left out (None, empty). `layouts.messages` finds the
words. Instants are of the site's clock; names and titles are in the reader's language.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from data.domain.exceptions.records import Severity


class News(StrEnum):
    """What happened to an exception."""

    RAISED = "raised"
    ESCALATED = "escalated"
    RETURNED = "returned"
    MOVED = "moved"  # its dates slip on


class Moved(Struct, frozen=True, kw_only=True):
    """A date that moved. `kind`: order, milestone or need, as of a `Hit`."""

    kind: str
    name: str
    before_at: datetime | None = None
    after_at: datetime | None = None


class ExceptionTold(Struct, frozen=True, kw_only=True):
    """One exception. `at`: of the news; `more`: how many dates moved besides those listed.

    `inside`: how many exceptions stand inside of it. `owner`: who has it; `level`: how far it was
    escalated.
    """

    name: str
    news: News
    severity: Severity
    title: str
    site: str
    timezone: str
    since: datetime
    at: datetime
    subject: str = ""
    place: str = ""
    cause: str = ""
    owner: str | None = None
    level: int = 0
    inside: int = 0
    moved: tuple[Moved, ...] = ()
    more: int = 0
    url: str | None = None


class DigestTold(Struct, frozen=True, kw_only=True):
    """Several exceptions at once, of a span of time; `more`: how many besides those listed."""

    site: str
    timezone: str
    start: datetime
    finish: datetime
    items: tuple[ExceptionTold, ...]
    more: int = 0
    url: str | None = None


class MilestoneTold(Struct, frozen=True, kw_only=True):
    """A milestone that was reached, or is about to be."""

    name: str
    order: str
    site: str
    timezone: str
    at: datetime
    reached: bool
    product: str = ""
    committed_at: datetime | None = None
    forecast_at: datetime | None = None
    actual_at: datetime | None = None
    url: str | None = None


class LateTold(Struct, frozen=True, kw_only=True):
    """An order that is late, or may be."""

    order: str
    product: str = ""
    late_s: float | None = None
    cause: str = ""


class ShareTold(Struct, frozen=True, kw_only=True):
    """A work center, and for which share of the time it was the bottleneck."""

    name: str
    share: float


class ReportTold(Struct, frozen=True, kw_only=True):
    """What a shift came to. `on_time`: a share; `raised`: exceptions by severity in the shift."""

    site: str
    timezone: str
    shift: str
    start: datetime
    finish: datetime
    planned: float | None = None
    good: float | None = None
    scrap: float | None = None
    on_time: float | None = None
    bottlenecks: tuple[ShareTold, ...] = ()
    raised: Mapping[Severity, int] = {}
    open: int | None = None
    late: tuple[LateTold, ...] = ()
    late_more: int = 0
    risks: tuple[LateTold, ...] = ()
    risks_more: int = 0
    url: str | None = None
