"""The schema that migrations make is the one the store works with; many may make it at once."""

from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from multiprocessing import get_context
from pkgutil import iter_modules

import psycopg
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine

import data.store
from data.store.migrate import upgrade
from data.store.tables import metadata
from tests.engines import conninfo

for module in iter_modules(data.store.__path__):  # each adds its tables to the same metadata
    if module.name.endswith("_tables"):
        import_module(f"data.store.{module.name}")


def test_migrations_make_exactly_the_tables_that_the_store_knows(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_partial_indexes_and_primary_keys_are_as_declared(database_url: str) -> None:
    with psycopg.connect(conninfo(database_url)) as connection:
        found = dict(
            connection.execute(
                "SELECT tablename, array_agg(a.attname::text ORDER BY k.n) FROM pg_tables t"
                " JOIN pg_constraint c ON c.conrelid = tablename::regclass AND contype = 'p'"
                " CROSS JOIN unnest(c.conkey) WITH ORDINALITY k (number, n)"
                " JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.number"
                " WHERE schemaname = 'public' GROUP BY tablename"
            ).fetchall()
        )
        (where,) = connection.execute(
            "SELECT pg_get_expr(indpred, indrelid) FROM pg_index"
            " WHERE indexrelid = 'work_order_open'::regclass"
        ).fetchone()
    keys = {table.name: [c.name for c in table.primary_key] for table in metadata.sorted_tables}
    assert not keys.pop("event")  # event_identity has its key
    declared = keys
    found.pop("alembic_version")
    assert found == declared
    assert "NOT cancelled" in where


def test_four_processes_that_start_together_migrate_once(empty_database_url: str) -> None:
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        list(pool.map(upgrade, [empty_database_url] * 4))
    with psycopg.connect(conninfo(empty_database_url)) as connection:
        assert len(connection.execute("SELECT * FROM alembic_version").fetchall()) == 1
        connection.execute("SELECT * FROM event, work_order, api_key")
        locks = "SELECT * FROM pg_locks WHERE locktype = 'advisory'"
        assert connection.execute(locks).fetchall() == []


def test_migrating_again_changes_nothing(database_url: str) -> None:
    upgrade(database_url)
    with psycopg.connect(conninfo(database_url)) as connection:
        assert connection.execute("SELECT count(*) FROM event").fetchone() == (0,)
