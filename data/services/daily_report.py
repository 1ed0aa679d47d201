"""Gathers the daily report: of a site for those who see all of it, of its own rows for a party.

What a shift came to is told by the site as it was at its end; a part that can't be had is named
and the rest told. Imported by the wiring, which hands it to the page and to what is mailed.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

import structlog
from msgspec.structs import replace

from data.domain.board import Board
from data.domain.bottleneck.report import BottleneckReport
from data.domain.disclosure import Value
from data.domain.exceptions.search import CaseFilter, Found
from data.domain.facts import Facts
from data.domain.material import need_rows
from data.domain.orders import OrderRow, completed_row, party_names, row_of
from data.domain.plan import Order
from data.domain.policy import Kind
from data.domain.report import (
    BottleneckShare,
    DailyReport,
    OwnReport,
    Shift,
    late_of,
    outputs,
    own_rows,
    risks_of,
    until_tomorrow,
)
from data.domain.scope import Scope
from data.domain.shift_rows import By, FigureFilter, FiguresReport
from data.domain.site import Site
from data.domain.view import NeedRow, Standing
from data.services.errors import Forbidden, Unavailable
from data.services.folding import completed_at
from data.services.views import PastSites, SiteView

MOST_ORDERS, MOST_LISTED, MOST_NEEDS = 100_000, 50, 30
MOST_EXCEPTIONS = 500
MOST_SHARES = 3
_SURE = frozenset({Standing.ON_TRACK, Standing.DONE})
T = TypeVar("T")
Rows = Callable[[Kind], Sequence[Mapping[str, Value]]]
_log = structlog.get_logger("report")


class Views(Protocol):
    """Sites as they are, and as they were."""

    def now(self, scope: Scope, site: str) -> SiteView:
        """A site now."""

    def at(self, scope: Scope, site: str, at: datetime) -> SiteView:
        """A site as it was, judged by what was forecast then."""


class Figures(Protocol):
    """The figures of shifts."""

    def report(self, scope: Scope, site: str, wanted: FigureFilter, by: By) -> FiguresReport:
        """Sums of elements."""


class Bottlenecks(Protocol):
    """The bottlenecks of the past."""

    def report(
        self, scope: Scope, view: SiteView, area: str, since: datetime, until: datetime
    ) -> BottleneckReport:
        """What there is to say of a line."""


class Exceptions(Protocol):
    """The exceptions of a site."""

    def search(self, site: str, wanted: CaseFilter, limit: int, offset: int) -> Found:
        """Those that are looked for."""


class Causes(Protocol):
    """Why orders were late."""

    def top_causes(self, site: str, orders: Sequence[str]) -> Mapping[str, str | None]:
        """What made orders late most."""


class ReportViews:
    """Sites as reports look at them: those of the past are judged by what was forecast then."""

    def __init__(
        self, live: Callable[[Scope, str], SiteView], past: PastSites,
        known: Callable[[Scope, str], Facts],
    ) -> None:  # fmt: skip
        """`past`: of reports alone, for what it keeps is judged anew; `known`: facts as of now."""
        self._live, self._past, self._known = live, past, known

    def now(self, scope: Scope, site: str) -> SiteView:
        """Return a site as it is.

        Raises: Forbidden.
        """
        return self._live(scope, site)

    def at(self, scope: Scope, site: str, at: datetime) -> SiteView:
        """Return a site as it was.

        Raises: Forbidden, NoSuchInstant, Unavailable.
        """
        view = self._past.at(scope, site, at)
        # Who was the bottleneck is decided only after a while; until then the newest is known.
        view.facts.bottlenecks = dict(self._known(scope, site).bottlenecks)
        view.indexes.trust(view.facts.forecasts)
        view.indexes.refresh(at)
        return view


class DailyReports:
    """Makes reports of shifts."""

    def __init__(
        self, views: Views, figures: Figures, bottlenecks: Bottlenecks, exceptions: Exceptions,
        causes: Causes,
    ) -> None:  # fmt: skip
        self._views = views
        self.figures, self.bottlenecks = figures, bottlenecks
        self.exceptions, self.causes = exceptions, causes

    def of(self, scope: Scope, site: str, shift: Shift, over: bool = False) -> DailyReport:
        """Return what a shift came to, or has come to so far. `over`: it is known to have ended.

        Raises: Forbidden; NoSuchInstant when the site's history doesn't reach there or the shift
        hasn't begun; Unavailable when the past can't be reached.
        """
        if not scope.may_see(site):
            raise Forbidden(site)
        view = self._views.at(scope, site, shift.finish) if over else self._view(scope, site, shift)
        view.renew()
        return _Making(self, scope, view, shift).report()

    def _view(self, scope: Scope, site: str, shift: Shift) -> SiteView:
        view = self._views.now(scope, site)
        if shift.start <= view.now < shift.finish:
            return view
        return self._views.at(scope, site, shift.finish if shift.start <= view.now else shift.start)


class _Making:
    """One report in the making; names what it couldn't have."""

    def __init__(self, reports: DailyReports, scope: Scope, view: SiteView, shift: Shift) -> None:
        self._reports, self._scope, self._view, self._shift = reports, scope, view, shift
        self._until = min(shift.finish, view.now)
        self._missing: list[str] = []

    def report(self) -> DailyReport:
        """Return it."""
        view, shift, model = self._view, self._shift, self._view.board.site
        names = party_names(view.board)
        rows = [row_of(one, names) for one in view.indexes.book.worst(None, MOST_ORDERS)]
        done = _completed(view.board, shift.start, self._until)
        in_time = [plan for plan, at in done if at <= plan.due_at]
        over = [completed_row(plan, at, names) for plan, at in done if at > plan.due_at]
        late = [*late_of(rows), *late_of(over)]
        found = self._had("exceptions", self._found, Found(cases=(), total=0))
        report = DailyReport(
            site=model.id,
            site_name=model.name,
            timezone=model.timezone,
            shift=shift,
            as_of=self._until,
            lines=outputs(model, view.indexes, shift),
            scrap=self._had("scrap", self._scrap, None),
            completed=len(done),
            in_time=len(in_time),
            on_time=view.indexes.book.counts(None).on_time,
            bottlenecks=self._had("bottlenecks", self._shares, ()),
            exceptions=found.cases,
            exceptions_total=found.total,
            late=self._caused(late[:MOST_LISTED]),
            late_total=len(late),
            risks=tuple(risks_of(rows, until_tomorrow(model, shift))[:MOST_LISTED]),
            needs=self._needs(),
        )
        return replace(report, missing=tuple(self._missing))

    def _had(self, name: str, find: Callable[[], T], otherwise: T) -> T:
        try:
            return find()
        except Unavailable as error:
            _log.warning("report without a part", part=name, reason=str(error))
            self._missing.append(name)
            return otherwise

    def _scrap(self) -> float | None:
        day, name = self._shift.day, self._shift.name or None
        wanted = FigureFilter(since=day, until=day, shift=name)
        found = self._reports.figures.report(self._scope, self._view.site, wanted, "line")
        return float(found.total.sq) if found.rows else None

    def _shares(self) -> tuple[BottleneckShare, ...]:
        found: list[BottleneckShare] = []
        for area in self._view.board.site.areas:
            report = self._reports.bottlenecks.report(
                self._scope, self._view, area.id, self._shift.start, self._until
            )
            best = sorted(report.units, key=lambda one: (-one.share, one.work_unit))
            found += (
                BottleneckShare(
                    area=area.id, work_unit=one.work_unit, work_center=one.work_center,
                    share=one.share,
                )
                for one in best[:MOST_SHARES]
                if one.share > 0
            )  # fmt: skip
        return tuple(found)

    def _found(self) -> Found:
        wanted = CaseFilter(since=self._shift.start, until=self._until)
        return self._reports.exceptions.search(self._view.site, wanted, MOST_EXCEPTIONS, 0)

    def _caused(self, late: Sequence[OrderRow]) -> tuple[OrderRow, ...]:
        def find() -> Mapping[str, str | None]:
            return self._reports.causes.top_causes(self._view.site, [one.order for one in late])

        none: Mapping[str, str | None] = {}
        causes = self._had("causes", find, none) if late else none
        return tuple(replace(one, top_cause=causes.get(one.order)) for one in late)

    def _needs(self) -> tuple[NeedRow, ...]:
        view, model = self._view, self._view.board.site
        within = until_tomorrow(model, self._shift) - view.now
        rows = [
            row
            for area in model.areas
            for row in need_rows(
                view.indexes.needs, area.id, view.now, max(within, timedelta()), MOST_NEEDS
            )
            if row.standing not in _SURE
        ]
        rows.sort(key=lambda row: (row.needed_at, row.order, row.need))
        return tuple(rows[:MOST_NEEDS])


def own_report(site: Site, now: datetime, shift: Shift, rows: Rows) -> OwnReport:
    """Return a party's report. `rows`: what is disclosed to it of a kind."""
    until = until_tomorrow(site, shift)
    return OwnReport(
        site=site.id,
        site_name=site.name,
        timezone=site.timezone,
        shift=shift,
        as_of=now,
        needs=own_rows(rows(Kind.NEED), ("need_by", "forecast_need_by"), shift.start, until),
        milestones=own_rows(
            rows(Kind.MILESTONE),
            ("reached_at", "committed_at", "forecast_p80_at"),
            shift.start,
            until,
        ),
        exceptions=tuple(rows(Kind.EXCEPTION)),
    )


def _completed(board: Board, start: datetime, until: datetime) -> list[tuple[Order, datetime]]:
    """Return the orders that were completed in a time, by when."""
    found = ((plan, completed_at(board, plan)) for plan in board.plans())
    done = [(plan, at) for plan, at in found if at is not None and start <= at < until]
    return sorted(done, key=lambda one: (one[1], one[0].id))
