"""Whose the databases are that tests bring up: as docs/production.md has it, of no superuser.

A login owns them that row security binds: a migration that doesn't see to it is blind to every row,
which a superuser would never notice. Imported by the tests of upgrades. The URLs of databases are
the superuser's; `as_owner` makes them the owner's own.
"""

from data.store.embedded import EmbeddedPostgres
from tests.databases import execute

_OWNER = "owner_of_releases"
_ROLES = f"""
DO $make$ DECLARE named text; BEGIN
    FOREACH named IN ARRAY ARRAY['milepost_web', 'milepost_worker'] LOOP
        IF to_regrole(named) IS NULL THEN EXECUTE 'CREATE ROLE ' || named || ' NOLOGIN'; END IF;
    END LOOP;
    IF to_regrole('{_OWNER}') IS NULL THEN
        CREATE ROLE {_OWNER} LOGIN NOSUPERUSER NOBYPASSRLS;
    END IF;
END $make$
"""


def let_own(server: EmbeddedPostgres, database: str) -> None:
    """Give a database to the owner, who is made with the product's roles when first needed."""
    execute(server, _ROLES)
    execute(server, f"ALTER DATABASE {database} OWNER TO {_OWNER}")


def as_owner(url: str) -> str:
    """Return the URL with which the owner of the tables comes."""
    return url.replace("postgres@", f"{_OWNER}@", 1)
