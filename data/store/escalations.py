"""What the escalation clock reads and sets of exceptions in SQL.

Imported by the wiring. The clock's instant is its own: setting it is no move and changes no
version, so nobody who looks at a case loses to it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Engine, Select, and_, cast, func, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import Text

from data.domain.exceptions.records import Case, Move, State
from data.services.escalations import Soonest
from data.services.staleness import EXCEPTION
from data.store.exception_tables import exception, exception_transition
from data.store.scoped import process
from data.store.stale import mark_now

_own = exception.c
_WAITS = and_(
    _own.state == State.UNACKNOWLEDGED,
    _own.parent.is_(None),
    func.coalesce(_own.document["quiet"].as_boolean(), False).is_(False),
)


class EscalationStore:
    """The clock of all sites' exceptions. Raises Unavailable from every method."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def soonest(self) -> dict[str, Soonest]:
        """Return what each site waits for that has an open case: one query for all of them."""
        query = (
            select(
                _own.site,
                func.bool_or(and_(_WAITS, _own.escalate_at.is_(None))),
                func.min(_own.escalate_at).filter(_WAITS),
                func.min(_own.shelved_until).filter(_own.state == State.SHELVED),
                func.min(_own.cleared_at).filter(_own.state == State.RETURNED),
            )
            .where(_own.state != State.CLOSED)
            .group_by(_own.site)
        )
        with process(self._engine) as connection:
            return {site: Soonest(*waits) for site, *waits in connection.execute(query)}

    def unset(self, site: str) -> list[tuple[int, int]]:
        """Return numbers and versions of cases that nobody has and that have no instant."""
        query = select(_own.number, _own.version).where(
            _own.site == site, _WAITS, _own.escalate_at.is_(None)
        )
        with process(self._engine) as connection:
            return [(number, version) for number, version in connection.execute(query)]

    def cases(self, site: str, numbers: Sequence[int]) -> list[Case]:
        """Return some cases; those that there aren't are left out."""
        return self._cases(_own.site == site, _own.number.in_(list(numbers)))

    def due(self, site: str, now: datetime, limit: int) -> list[Case]:
        """Return cases whose instant has come, those first that have waited for longest."""
        query = _query(_own.site == site, _WAITS, _own.escalate_at <= now)
        return self._read(query.order_by(_own.escalate_at, _own.number).limit(limit))

    def waiting_since(self, site: str, number: int) -> tuple[datetime, Move] | None:
        """Return when a case came to wait for somebody, or when a level was told since."""
        table = exception_transition.c
        came = and_(
            table.after == State.UNACKNOWLEDGED,
            or_(table.before.is_(None), table.before != table.after),
        )
        query = (
            select(table.at, table.move)
            .where(
                table.site == site, table.number == number, or_(came, table.move == Move.ESCALATE)
            )
            .order_by(table.version.desc())
            .limit(1)
        )  # fmt: skip
        with process(self._engine) as connection:
            row = connection.execute(query).first()
        return None if row is None else (row[0], Move(row[1]))

    def set_clock(self, case: Case, at: datetime | None) -> bool:
        """Set the instant of a case; False when somebody changed the case meanwhile."""
        value = cast(msgspec.to_builtins(at), JSONB)
        path = cast(["escalate_at"], ARRAY(Text))
        same = update(exception).where(
            _own.site == case.site, _own.number == case.number, _own.version == case.version
        )
        changed = same.values(
            escalate_at=at, document=func.jsonb_set(_own.document, path, value)
        )  # fmt: skip
        with process(self._engine, writes=True) as connection:
            if connection.execute(changed).rowcount != 1:
                return False
            mark_now(connection, case.site, EXCEPTION, [str(case.number)])
            return True

    def shelved(self, site: str, until: datetime, limit: int) -> list[Case]:
        """Return cases whose shelf has ended."""
        query = _query(_own.site == site, _own.state == State.SHELVED, _own.shelved_until <= until)
        return self._read(query.order_by(_own.shelved_until).limit(limit))

    def returned(self, site: str, before: datetime, limit: int) -> list[Case]:
        """Return cases that have been normal since before an instant, for longest first."""
        query = _query(_own.site == site, _own.state == State.RETURNED, _own.cleared_at <= before)
        return self._read(query.order_by(_own.cleared_at).limit(limit))

    def _cases(self, *where: Any) -> list[Case]:
        return self._read(_query(*where))

    def _read(self, query: Select[Any]) -> list[Case]:
        with process(self._engine) as connection:
            rows = connection.execute(query).all()
        return [msgspec.convert({**document, "number": number}, Case) for number, document in rows]


def _query(*where: Any) -> Select[Any]:
    return select(_own.number, _own.document).where(*where)
