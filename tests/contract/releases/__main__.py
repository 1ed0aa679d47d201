"""Makes the dump of a release: `python -m tests.contract.releases`, in a checkout of that release.

It lets two sites work for three months (`floor`) and people, screens and programs with them
(`office`), all through the product's own services, and writes every row of every table into
`at_VERSION.sql`, VERSION being the newest migration's. When a migration makes a table, let
something here fill it and run this: `test_upgrade_releases` asks for it. What is in a dump once it
is released is never made anew: those that are there are what people have.

`at_0014.sql` was made so in a checkout of the last version whose events didn't lie by month; it had
nothing of `later`.
"""

import logging
from contextlib import ExitStack, closing
from pathlib import Path

import structlog

from data.store.embedded import EmbeddedPostgres
from data.store.migrate import upgrade
from data.stream.embedded import EmbeddedRedis
from tests.contract.releases import floor, later
from tests.contract.releases.office import Office
from tests.contract.releases.rows import FOLDER, versions, written
from tests.contract.world import Clock, World, process
from tests.folders import short_folder


def lived(world: World, folder: Path) -> Office:
    """Let three months go by; return the office."""
    with closing(floor.Floor(world)) as sites:
        office = Office(sites)
        office.open()
        for month in (floor.september, floor.october, floor.november):
            sites.work(month())
            office.tell()
        office.speak()
        office.handle()
        sites.look(15)
        later.archived(office, folder)
        later.read(office)
        floor.aside(world)
        sites.accept(*floor.unseen(world.clock()))
        sites.record()
    return office


def main() -> None:
    """Write the dump."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with ExitStack() as stack:
        folder = stack.enter_context(short_folder())
        redis_url = stack.enter_context(EmbeddedRedis(folder / "redis"))
        database_url = stack.enter_context(EmbeddedPostgres(folder / "postgres"))
        upgrade(database_url)
        world = stack.enter_context(process(redis_url, database_url, Clock(floor.OPENED)))
        office = lived(world, folder / "archive")
        (FOLDER / f"at_{versions()[-1]}.sql").write_text(written(database_url, office.handed_out))


if __name__ == "__main__":
    main()
