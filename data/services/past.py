"""The past as it was: a site's board at an instant, as its screens had it then.

What had been recorded by then is folded anew by the same fold, corrections that came later
left out. Such a board stands still: nobody moves it on, so it is kept for the next viewer.
Imported by callbacks and put together by the wiring; `data.store.past` is its reader.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct

from data.domain.board import Board
from data.domain.events import (
    Event,
    site_subject,
    work_unit_subject,
)
from data.domain.facts import Facts
from data.domain.forecast.quantiles import value_at
from data.domain.forecast.records import Finish, OrderForecast
from data.domain.indexes import Indexes
from data.domain.scope import Scope
from data.domain.site import Site
from data.domain.subjects import Fold
from data.domain.view import Readers
from data.services.errors import Archived, Forbidden, NoSuchInstant
from data.services.folding import completed_at
from data.services.ports import KEEP

KEPT = 6  # boards of the past a process keeps; each as large as the site's live one
SETTLED = timedelta(minutes=2)  # what happened longer ago is recorded, unless the recorder is down


class ForecastThen(Struct, frozen=True):
    """A forecast kept from then.

    `remaining_s`: quantiles of the order's remaining seconds from `made_at`, not calibrated.
    """

    order: str
    made_at: datetime
    remaining_s: tuple[float, ...]


class PastReader(Protocol):
    """What was recorded by an instant."""

    def first_at(self, site: str) -> datetime | None:
        """When the first event was recorded."""

    def kept_from(self, site: str) -> datetime | None:
        """Before when everything that isn't needed is archived; None: nothing is."""

    def latest_at(self, site: str, at: datetime) -> datetime | None:
        """Latest time of what was recorded by then."""

    def events_until(self, site: str, at: datetime, subjects: Sequence[str]) -> list[Event]:
        """Events of subjects."""

    def orders(self, site: str, at: datetime, since: datetime) -> tuple[list[Fold], list[Event]]:
        """What may have been on the board, as it stood; events of what moved on since."""

    def unit_events(self, site: str, at: datetime, subjects: Sequence[str]) -> list[Event]:
        """Events that the states of work units are folded from."""

    def output(
        self, site: str, at: datetime, since: datetime, units: Sequence[str]
    ) -> dict[tuple[str, int], list[int]]:
        """Counters of the board."""

    def forecasts(self, site: str, at: datetime, orders: Sequence[str]) -> list[ForecastThen]:
        """Forecasts kept from then."""


class PastSite:
    """One site as it was at an instant; fits where a live one is looked at.

    `now` is that instant. Facts hold what was forecast for whole orders then, where it is
    kept. How fresh each signal was isn't recorded: each counts as heard.
    """

    def __init__(self, board: Board, at: datetime, facts: Facts) -> None:
        self.site = board.site_id
        self.board = board
        self.facts = facts
        self.indexes = Indexes(board)
        self.indexes.refresh(at)
        self._at = at

    @property
    def now(self) -> datetime:
        """The instant that is looked back at."""
        return self._at

    def renew(self) -> None:
        """Do nothing: the past doesn't change."""

    def readers(self) -> Readers:
        """Say that nothing was missing, and how old the newest event was."""
        newest = self.board.last_event_at
        return Readers(
            log_connected=True,
            event_age_s=None if newest is None else (self._at - newest).total_seconds(),
            history_lag_s=0.0,
            history_stale=False,
        )

    def signal_age_s(self) -> Mapping[str, float]:
        """Return 0 for each work unit."""
        return {unit.id: 0.0 for unit in self.board.site.work_units}


class PastSites:
    """Makes boards as they were, and keeps the last few."""

    def __init__(self, store: PastReader, now: Callable[[str], datetime]) -> None:
        """`now`: each site's own."""
        self._store = store
        self._now = now
        self._kept: OrderedDict[tuple[str, datetime], PastSite] = OrderedDict()

    def at(self, scope: Scope, site: str, at: datetime) -> PastSite:
        """Return a site as it was known to be at an instant.

        Raises: Forbidden; NoSuchInstant when it lies ahead, or before the first event, Archived
        where it is archived; Unavailable.
        """
        if not scope.may_see(site):
            raise Forbidden(site)
        return self._at(site, at)

    def watched(self, scope: Scope, site: str, at: datetime) -> PastSite:
        """Return a site as it was, for its walls.

        Raises: as `at`.
        """
        if not scope.may_watch(site):
            raise Forbidden(site)
        return self._at(site, at)

    def _at(self, site: str, at: datetime) -> PastSite:
        now = self._now(site)
        if at > now:
            raise NoSuchInstant(f"{at.isoformat()} lies ahead of the site's now, {now.isoformat()}")
        key = (site, at)
        found = self._kept.pop(key, None) or self._made(site, at)
        if at < now - SETTLED:
            self._kept[key] = found
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found

    def _made(self, site: str, at: datetime) -> PastSite:
        kept_from = self._store.kept_from(site)
        if kept_from is not None and at < kept_from:
            raise Archived(f"what was recorded before {kept_from.isoformat()} is archived")
        first = self._store.first_at(site)
        if first is None or at < first:
            begins = "has none" if first is None else f"begins at {first.isoformat()}"
            raise NoSuchInstant(f"{at.isoformat()} lies before the site's history, which {begins}")
        board = past_board(self._store, site, at)
        return PastSite(board, at, self._facts(board, at))

    def _facts(self, board: Board, at: datetime) -> Facts:
        facts = Facts()
        orders = [plan.id for plan in board.plans() if not board.completed(plan)]
        for kept in self._store.forecasts(board.site_id, at, orders):
            facts.forecasts[kept.order] = as_forecast(kept)
        return facts


def past_board(store: PastReader, site: str, at: datetime) -> Board:
    """Return the board of a site as of an instant: what a start at that instant would load.

    Raises: Unavailable.
    """
    board, since = Board(site), at - KEEP
    _fold(board, store.events_until(site, at, [site_subject(site)]))
    settled, moved = store.orders(site, at, since)
    board.restore(settled)
    _fold(board, moved)
    units = [unit.id for unit in board.site.work_units]
    _fold(board, store.unit_events(site, at, [work_unit_subject(unit) for unit in units]))
    _forget(board, since)
    board.output = store.output(site, at, since, _output_units(board.site))
    board.output_from = since
    board.last_event_at = store.latest_at(site, at)
    return board


def _output_units(model: Site) -> list[str]:
    """Return the work units whose pieces count as a line's output: the others' aren't shown."""
    centers = {center for area in model.areas for center in area.output}
    return [unit.id for unit in model.work_units if unit.work_center in centers]


def _fold(board: Board, events: Sequence[Event]) -> None:
    for event in events:
        board.apply(event)


def _forget(board: Board, since: datetime) -> None:
    """Drop what had left the board by then, or had no plan: cancelled orders, long completed."""
    kept = {plan.id for plan in board.plans()}
    done = {plan.id: completed_at(board, plan) for plan in board.plans()}
    over = {order for order, at in done.items() if at is not None and at < since}
    members = {subject.split("/", 2)[1] for subject in (*board.operations, *board.needs)}
    board.forget_orders((members | board.orders.keys()) - (kept - over))
    board.changed_orders.clear()
    board.changed_output.clear()


def as_forecast(kept: ForecastThen) -> OrderForecast:
    """Return what is known of a forecast that was kept: when its order was to be done."""
    p50, p80, p95 = (
        kept.made_at + timedelta(seconds=float(value_at(kept.remaining_s, level)))
        for level in (0.5, 0.8, 0.95)
    )
    return OrderForecast(
        order=kept.order,
        made_at=kept.made_at,
        finish=Finish(p50_at=p50, p80_at=p80, p95_at=p95),
        calibrated=False,
        operations=(),
        milestones=(),
        needs=(),
        remaining_s=kept.remaining_s,
    )
