"""Moves old events into files and back, by hand or, with MILEPOST_KEEP_MONTHS, by itself.

Imported by `app` and `data.commands.parts`. The login must own the tables; where the worker's own
doesn't, a timer of the administrator's runs the command (docs/operations.md).
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import structlog
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import DBAPIError

from data.services.errors import MilepostError
from data.services.live import utc_now
from data.settings import Settings
from data.store.migrate import make_months
from data.store.months import later, may_change, month_of

if TYPE_CHECKING:
    from data.store.archive import Archive

EVERY_S = 4 * 3600.0
_log = structlog.get_logger("archive")


class Outcome(NamedTuple):
    """What became of a site, or of the table of a month."""

    words: str
    done: bool = True


def archive(settings: Settings, options: argparse.Namespace) -> int:
    """Archive what the command line says, or bring the newest run of a site back."""
    with _engine(settings) as engine:
        kept = _archive(engine, options.folder or settings.var / "archive", time.sleep)
        if options.back:
            print(_brought(kept, options.back))
            return 0
        told = _month(options.before) if options.before else None
        if told is None and settings.keep_months is None:
            raise MilepostError("say --before YYYY-MM, or set MILEPOST_KEEP_MONTHS")
        sites, failed = [options.site] if options.site else kept.sites(), 0
        for outcome in take(kept, sites, told, settings.keep_months or 0):
            print(outcome.words, file=sys.stdout if outcome.done else sys.stderr)
            failed += not outcome.done
    return 1 if failed else 0


def take(
    kept: "Archive", sites: list[str], before: datetime | None, keep_months: int
) -> Iterator[Outcome]:
    """Archive sites up to a month, or all but their newest months; yield what became of each."""
    for site in sites:
        try:
            yield Outcome(_taken(kept, site, before, keep_months))
        except MilepostError as error:
            yield Outcome(str(error), done=False)
        except (DBAPIError, OSError) as error:
            yield Outcome(f"{site}: nothing was taken: {error}", done=False)
    for table in kept.give_up_months(before or kept.began(keep_months)):
        yield Outcome(f"{table} dropped")


def _taken(kept: "Archive", site: str, before: datetime | None, keep_months: int) -> str:
    upto = before or later(month_of(kept.now(site)), -keep_months)
    made = kept.take(site, upto)
    if made is None:
        return f"{site}: nothing to archive before {upto:%Y-%m}"
    return f"{site}: {made.events} events of {made.orders} orders, before {upto:%Y-%m}"


def _brought(kept: "Archive", site: str) -> str:
    brought = kept.bring_back(site)
    there = f"; {brought.there} were there already" if brought.there else ""
    return f"{site}: {brought.events} events are in SQL again{there}"


def keep_up(settings: Settings) -> None:
    """Make the months ahead, and archive if that is set, every few hours for ever."""
    while True:
        time.sleep(EVERY_S)
        try:
            tidy(settings)
        except (MilepostError, DBAPIError, OSError) as error:
            _log.warning("months not tended", reason=str(error))


def tidy(settings: Settings, pause: Callable[[float], None] = time.sleep) -> bool:
    """Do it once; False where the login owns no tables, so that somebody else has to."""
    with _engine(settings) as engine:
        with engine.begin() as connection:
            mine = may_change(connection)
        if not mine:
            return False
        with engine.connect() as connection:
            make_months(connection)
        if settings.keep_months is not None:
            kept = _archive(engine, settings.var / "archive", pause)
            for outcome in take(kept, kept.sites(), None, settings.keep_months):
                if outcome.done:
                    _log.info("archived", what=outcome.words)
                else:
                    _log.warning("not archived", reason=outcome.words)
    return True


def _archive(engine: Engine, folder: Path, pause: Callable[[float], None]) -> "Archive":
    from data.store.archive import Archive

    return Archive(engine, folder, utc_now, pause)


def _month(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
    except ValueError as error:
        raise MilepostError(f"--before: expected a month as in 2026-06, not {text!r}") from error


@contextmanager
def _engine(settings: Settings) -> Iterator[Engine]:
    engine = create_engine(settings.database_url or "")
    try:
        yield engine
    finally:
        engine.dispose()
