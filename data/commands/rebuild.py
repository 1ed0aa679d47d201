"""Compares what is derived with the events it comes from. Imported by `app`."""

from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta

from data.domain.indexes import Indexes
from data.domain.shift_rows import FigureFilter
from data.services import rebuild as compare
from data.services.live import utc_now
from data.services.rebuild import Difference
from data.services.recorder import restored
from data.settings import Settings
from data.store.accounts import AccountPast
from data.store.bottlenecks import BottleneckStore
from data.store.kept import Kept
from data.store.scoped import WORKER
from data.store.shift_figures import ShiftFigureStore
from data.wiring import Engines

MOST_SHOWN = 20
_DAY = timedelta(days=1)


def rebuild(settings: Settings, check: bool, only: str) -> int:
    """Say what differs at each site, and unless it is a check have the watch make it anew.

    Returns 1 where anything differs.
    """
    differs = 0
    with closing(Engines(settings, WORKER)) as engines:
        for site in [only] if only else [model.id for model in engines.history.sites()]:
            found = [*differences(engines, site)]
            differs += len(found)
            print(f"{site}: {len(found)} differences")
            for one in found[:MOST_SHOWN]:
                print(f"  {one.kind} {one.key}: {one.what}")
            if found and not check:
                Kept(engines.sql).mark(site, found)
                print("  marked: the watch works them out anew")
    return int(differs > 0)


def differences(engines: Engines, site: str) -> Iterator[Difference]:
    """Yield what is kept of a site and isn't what its events say."""
    kept, sql, history = Kept(engines.sql), engines.sql, engines.history
    board = restored(site, history.snapshot(site, utc_now()))
    model, kept_from = board.site, history.kept_from(site)
    now = model.now(utc_now())
    yield from compare.accounts(AccountPast(sql), site, kept.accounts(site), now)
    yield from compare.delay_days(*kept.days(site))
    figures = ShiftFigureStore(sql)
    progress = figures.progress(site)
    if progress is not None:
        first = progress.back_to if kept_from is None else max(
            progress.back_to, kept_from.date() + _DAY
        )  # fmt: skip
        days = [*_days(first, progress.upto.date() - 2 * _DAY)]
        rows = figures.shifts(site, FigureFilter(since=first, until=progress.upto.date()), 10**7)
        yield from compare.shift_figures(figures, model, rows, days, now)
    lines = Indexes(board)
    for area in model.areas:
        line = lines.line(area.id)
        yield from compare.bottlenecks(BottleneckStore(sql), site, line, kept_from)


def _days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += _DAY
