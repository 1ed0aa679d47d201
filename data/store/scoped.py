"""Transactions within a scope: the one way from the stores to PostgreSQL.

Each transaction takes a role that owns nothing and is no superuser, and a scope; row security
(`data.store.protection`) shows it the rows that the scope reaches, and no row at all without
one. Both are gone with the transaction, so a connection of the pool remembers nobody. Imported
within `data.store`; `connect` and the roles also by whoever makes engines.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

from psycopg import Cursor
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from data.domain.scope import Role, Scope, factory_scope
from data.services.errors import Forbidden, Unavailable
from data.store.protection import BETWEEN, EVERYTHING, PARTY, SITES
from data.store.protection import WEB as WEB
from data.store.protection import WORKER as WORKER
from data.store.replica import Replica

_ROLE = "milepost_role"
_REPLICA = "milepost_replica"
_ENTER = (
    "SELECT set_config('role', {role}, true), set_config('transaction_read_only', {only}, true),"
    f" set_config('{SITES}', {{sites}}, true), set_config('{PARTY}', {{party}}, true)"
)
_BOUND = text(_ENTER.format(role=":role", only=":only", sites=":sites", party=":party"))
_PLACED = _ENTER.format(role="%s", only="%s", sites="%s", party="%s")
_SNAPSHOT = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
# Who may not look into SQL on their own account: the program does what they ask for.
_NOTHING = frozenset({Role.SOURCE, Role.SCREEN})


def connect(url: str, pool_size: int = 5, role: str = WEB) -> Engine:
    """Return an engine whose connections are checked before use.

    `role`: what its transactions run as: WEB, or WORKER for who records and watches.
    """
    engine = create_engine(
        url,
        pool_pre_ping=True,
        pool_size=pool_size,
        max_overflow=5,
        pool_timeout=5,
        connect_args={"connect_timeout": 5},
    )
    return engine.execution_options(**{_ROLE: role})


def beside(engine: Engine, replica_url: str) -> Engine:
    """Return an engine whose `reading` goes to a replica where that has everything by then."""
    replica = connect(replica_url, role=engine.get_execution_options()[_ROLE])
    return engine.execution_options(**{_REPLICA: Replica(engine, replica)})


def close(engine: Engine) -> None:
    """Let the connections of an engine go, and those to its replica."""
    replica: Replica | None = engine.get_execution_options().get(_REPLICA)
    if replica is not None:
        replica.close()
    engine.dispose()


def whole(site: str) -> Scope:
    """Return the scope of everything of a site, for a caller who has checked who asks."""
    return factory_scope(site)


@contextmanager
def reading(engine: Engine, scope: Scope, *, snapshot: bool = False) -> Iterator[Connection]:
    """Read what a scope reaches, in a transaction that can't write.

    `snapshot`: all of it as of one instant.
    Raises: Unavailable; Forbidden for a scope of names that stand for everything.
    """
    sites, party = _reach(scope)
    with ExitStack() as stack:
        connection = _near(engine, sites, party, snapshot, stack)
        if connection is None:
            entered = _entered(engine, sites, party, writes=False, snapshot=snapshot)
            connection = stack.enter_context(entered)
        yield connection


def writing(engine: Engine, scope: Scope) -> AbstractContextManager[Connection]:
    """Read and change what a scope reaches, all of it or nothing.

    Raises: Unavailable; Forbidden for a scope of names that stand for everything.
    """
    return _entered(engine, *_reach(scope), writes=True)


def process(engine: Engine, *, writes: bool = False) -> AbstractContextManager[Connection]:
    """Do what the program does on nobody's behalf: all sites, all parties.

    For following all sites, and for the door, where nobody is known yet. Raises: Unavailable.
    """
    return _entered(engine, EVERYTHING, EVERYTHING, writes=writes)


def enter(cursor: Cursor[Any], site: str) -> None:
    """Let a transaction of psycopg's write all of one site as the worker."""
    sites, party = _reach(whole(site))
    cursor.execute(_PLACED, (WORKER, "off", sites, party))


@contextmanager
def answering() -> Iterator[None]:
    """Turn a lost database into Unavailable."""
    try:
        yield
    except DBAPIError as error:
        raise Unavailable(f"the history can't be reached: {error.orig}") from error
    except PoolTimeout as error:
        raise Unavailable("the history is busy: no connection became free in time") from error


def _near(
    engine: Engine, sites: str, party: str, snapshot: bool, stack: ExitStack
) -> Connection | None:
    """Enter a transaction on the replica, if there is one that can be read now."""
    replica: Replica | None = engine.get_execution_options().get(_REPLICA)
    found = None if replica is None else replica.near()
    if replica is None or found is None:
        return None
    try:
        entered = _entered(found, sites, party, writes=False, snapshot=snapshot)
        return stack.enter_context(entered)
    except Unavailable as error:
        replica.rest(str(error))
        return None


@contextmanager
def _entered(
    engine: Engine, sites: str, party: str, *, writes: bool, snapshot: bool = False
) -> Iterator[Connection]:
    with answering(), engine.begin() as connection:
        if snapshot:
            connection.execute(_SNAPSHOT)
        role = engine.get_execution_options()[_ROLE]
        only = "off" if writes else "on"
        connection.execute(_BOUND, {"role": role, "only": only, "sites": sites, "party": party})
        yield connection


def _reach(scope: Scope) -> tuple[str, str]:
    """Return the sites and the party of a transaction."""
    if EVERYTHING in (*scope.sites, scope.party):
        raise Forbidden(EVERYTHING)
    if scope.role in _NOTHING:
        return "", ""
    party = (scope.party or "") if scope.outside else EVERYTHING
    return BETWEEN.join(scope.sites), party
