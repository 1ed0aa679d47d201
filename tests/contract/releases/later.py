"""What only releases since events lay by month leave behind: archived orders, lists that were read.

Imported by `tests.contract.releases.__main__`.
"""

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import create_engine

from data.store.archive import Archive
from data.store.told import ToldStore
from tests.contract.releases.floor import PLANT
from tests.contract.releases.office import Office

FIRST, SECOND = (datetime(2026, month, 1, tzinfo=UTC) for month in (10, 11))


def archived(office: Office, folder: Path) -> None:
    """Archive the orders of September, and those of October into another run."""
    engine = create_engine(office.world.database_url)
    kept = Archive(engine, folder, office.clock, lambda _: None)
    for before in (FIRST, SECOND):
        assert kept.take(PLANT.id, before) is not None
    engine.dispose()


def read(office: Office) -> None:
    """Let two people see what they were told."""
    for login in ("anna", "bert"):
        ToldStore(office.world.sql).note_read(office.accounts[login].id, office.clock())
