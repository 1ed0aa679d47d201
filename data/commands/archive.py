"""Moves old events into files and back, by hand or, with MILEPOST_KEEP_MONTHS, by itself.

Imported by `app` and `data.commands.parts`. The login must own the tables; where the worker's own
doesn't, a timer of the administrator's runs the command (docs/operations.md).
"""

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

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


def archive(settings: Settings, options: argparse.Namespace) -> int:
    """Archive what the command line says, or bring the newest run of a site back."""
    with _engine(settings) as engine:
        kept = _archive(engine, options.folder or settings.var / "archive")
        if options.back:
            manifest = kept.bring_back(options.back)
            print(f"{manifest.site}: {manifest.events} events are in SQL again")
            return 0
        told = _month(options.before) if options.before else None
        if told is None and settings.keep_months is None:
            raise MilepostError("say --before YYYY-MM, or set MILEPOST_KEEP_MONTHS")
        for words in take(kept, [options.site] if options.site else kept.sites(), told,
                          settings.keep_months or 0):  # fmt: skip
            print(words)
    return 0


def take(
    kept: "Archive", sites: list[str], before: datetime | None, keep_months: int
) -> Iterator[str]:
    """Archive sites up to a month, or all but their newest months; yield what was done."""
    months = []
    for site in sites:
        latest = kept.latest(site)
        if latest is None:
            continue
        upto = before or later(month_of(latest), -keep_months)
        months.append(upto)
        made = kept.take(site, upto)
        if made is not None:
            yield f"{site}: {made.events} events of {made.orders} orders, before {upto:%Y-%m}"
        else:
            yield f"{site}: nothing to archive before {upto:%Y-%m}"
    if months:
        for table in kept.give_up_months(min(months)):
            yield f"{table} dropped"


def keep_up(settings: Settings) -> None:
    """Make the months ahead, and archive if that is set, every few hours for ever."""
    while True:
        time.sleep(EVERY_S)
        try:
            tidy(settings)
        except (MilepostError, DBAPIError, OSError) as error:
            _log.warning("months not tended", reason=str(error))


def tidy(settings: Settings) -> bool:
    """Do it once; False where the login owns no tables, so that somebody else has to."""
    with _engine(settings) as engine:
        with engine.begin() as connection:
            mine = may_change(connection)
        if not mine:
            return False
        with engine.connect() as connection:
            make_months(connection)
        if settings.keep_months is not None:
            kept = _archive(engine, settings.var / "archive")
            for words in take(kept, kept.sites(), None, settings.keep_months):
                _log.info("archived", what=words)
    return True


def _archive(engine: Engine, folder: Path) -> "Archive":
    from data.store.archive import Archive

    return Archive(engine, folder, utc_now)


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
