"""How a site stands at one look: what the start says of it before anybody opens a page.

Pure. Made from what every process that shows a board has at hand, so that it asks nothing of SQL.
Used by the start alone; the figures are those of the walls.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec import Struct

from data.domain.andon import unit_tiles
from data.domain.exceptions.audience import concerns
from data.domain.exceptions.listing import NEEDED
from data.domain.exceptions.records import Case, Severity
from data.domain.facts import Facts, LineBottleneck
from data.domain.figures import floor_age_s
from data.domain.indexes import Indexes
from data.domain.scope import Scope
from data.domain.site import Area
from data.domain.view import Readers

WATCH_SILENT_S = 15.0


class LineGlance(Struct, frozen=True, kw_only=True):
    """One line. `bottleneck`: None where the watch has said nothing of it.

    `stale_s`: how old the floor's figures are when none of its signals is fresh.
    """

    area: str
    name: str
    units: int
    late: int
    at_risk: int
    bottleneck: LineBottleneck | None
    stale_s: float | None


class SiteGlance(Struct, frozen=True, kw_only=True):
    """One site at one instant of its own time.

    `loaded`: its board is there; without it all else is empty. Late and at risk count a stopped
    order by what it will be, as the walls do. `severities`: of the exceptions that need somebody
    and that the viewer may know of; None: the watch has never been heard.
    """

    site: str
    name: str
    timezone: str
    now: datetime
    readers: Readers
    loaded: bool = True
    replay: bool = False
    open: int = 0
    late: int = 0
    at_risk: int = 0
    severities: Mapping[Severity, int] | None = None
    lines: tuple[LineGlance, ...] = ()

    @property
    def watch_silent_s(self) -> float | None:
        """How long nothing was heard of the watch; None while it is heard, or never was."""
        lag_s = self.readers.watch_lag_s
        return lag_s if lag_s is not None and lag_s > WATCH_SILENT_S else None


def site_glance(
    indexes: Indexes, facts: Facts, readers: Readers, signal_age_s: Mapping[str, float],
    scope: Scope, now: datetime,
) -> SiteGlance:  # fmt: skip
    """Return how a site stands; its book is taken as last refreshed."""
    site, counts = indexes.board.site, indexes.book.counts(None)
    heard = readers.watch_lag_s is not None
    return SiteGlance(
        site=site.id,
        name=site.name,
        timezone=site.timezone,
        now=now,
        readers=readers,
        replay=site.clock is not None,
        open=counts.open,
        late=counts.late,
        at_risk=counts.at_risk,
        severities=_severities(facts.exceptions.values(), scope) if heard else None,
        lines=tuple(_line(indexes, facts, readers, signal_age_s, a, now) for a in site.areas),
    )


def _severities(cases: Iterable[Case], scope: Scope) -> dict[Severity, int]:
    found = dict.fromkeys(Severity, 0)
    for case in cases:
        if case.parent is None and case.state in NEEDED and concerns(case, scope):
            found[case.severity] += 1
    return found


def _line(
    indexes: Indexes, facts: Facts, readers: Readers, signal_age_s: Mapping[str, float],
    area: Area, now: datetime,
) -> LineGlance:  # fmt: skip
    counts, line = indexes.book.counts(area.id), indexes.line(area.id)
    return LineGlance(
        area=area.id,
        name=area.name or area.id,
        units=len(line.units),
        late=counts.late,
        at_risk=counts.at_risk,
        bottleneck=facts.bottlenecks.get(area.id),
        stale_s=floor_age_s(unit_tiles(indexes, area.id, now, signal_age_s), line, readers),
    )
